//! The names of the pages in a folder: `server-3`, `client-1`, `capture-2`.

use std::fmt;
use std::str::FromStr;

use rustls::Side;
use serde::{Deserialize, Serialize};

/// The first part of a page's name: the origin of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A server drew its session.
    Server,
    /// A client drew its session.
    Client,
    /// The session is in a capture.
    Capture,
}

impl Role {
    const ALL: [Self; 3] = [Self::Server, Self::Client, Self::Capture];

    /// Returns the word in the names of its pages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Capture => "capture",
        }
    }

    /// Returns the role of the other end; `None` for a capture, which has both ends.
    pub(super) fn peer(self) -> Option<Self> {
        match self {
            Self::Server => Some(Self::Client),
            Self::Client => Some(Self::Server),
            Self::Capture => None,
        }
    }
}

impl From<Side> for Role {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

/// The name of a page without its extension. Text that is not exactly such a name is refused, so a name never leads out
/// of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name {
    /// The origin of the session.
    pub role: Role,
    /// Counts the pages of this role in the folder, from 1.
    pub number: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.role.word(), self.number)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.to_string()
    }
}

/// The text is not the name of a page.
#[derive(Debug, thiserror::Error)]
#[error("not the name of a page")]
pub struct NotAName;

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let (word, number) = text.split_once('-').ok_or(NotAName)?;
        let role = Role::ALL.into_iter().find(|role| role.word() == word).ok_or(NotAName)?;
        let name = Self { role, number: number.parse().map_err(|_| NotAName)? };
        // The parser of numbers also accepts a plus sign and zeros at the beginning.
        if name.to_string() == text { Ok(name) } else { Err(NotAName) }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_pages_are_parsed() {
        for text in ["server-1", "client-4294967295", "capture-12"] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "server",
            "server-",
            "server-+1",
            "server-01",
            "server--1",
            "server-1.html",
            "server-4294967296",
            "pair-1",
            "../server-1",
            "server-1/../../x",
            "server-1\0",
            " server-1",
            "Server-1",
        ] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
    }
}
