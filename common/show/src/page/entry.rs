//! One page in the list of a folder, with the facts that the index shows.

use std::time::Duration;

use program::offer::version_name;
use rustls::{HandshakeKind, ProtocolVersion, Side};
use serde::{Deserialize, Serialize};
use tls_session::handshake::suite_name;

use super::facts::{Facts, Grade};
use super::file_name::Name;

/// The most characters of a sentence or a name that are kept.
const TEXT: usize = 400;

/// A page, and the facts of its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: Name,
    /// The random of the ClientHello, in hexadecimal. Both ends of a session have the same.
    pub(super) random: Option<String>,
    /// The time of day at which the session began, in microseconds since 1970.
    pub(super) began_us: u64,
    pub(super) client: String,
    pub(super) server: String,
    pub(super) agreed: Option<Summary>,
    /// The choices of the server in a handshake that did not finish.
    #[serde(default)]
    pub(super) chosen: Option<Summary>,
    /// The page of the session that a resumed one continues, if this program drew it before.
    #[serde(default)]
    pub(super) resumes: Option<Name>,
    pub(super) lasted_us: u64,
    /// The bytes on the wire: of the client, and of the server.
    pub(super) bytes: [u64; 2],
    /// `None` if the program ended before the session.
    pub(super) grade: Option<Grade>,
    /// The sentence about its end.
    pub(super) outcome: String,
    /// The number of bytes of its files.
    pub(super) size: u64,
}

/// The result of a handshake, or the choices of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// The number of the version (RFC 8446, 4.1.2).
    pub(super) version: Option<u16>,
    pub(super) suite: String,
    pub(super) kind: Option<Kind>,
    /// The time of the handshake, in microseconds, if it is known.
    pub(super) after_us: Option<u64>,
}

/// The kind of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Full,
    FullWithHelloRetryRequest,
    Resumed,
}

impl Entry {
    /// Returns the entry of a page. `began` is the time of day, since 1970.
    pub(super) fn of(name: Name, facts: &Facts, began: Duration, random: Option<String>, size: u64) -> Self {
        let agreed = facts.agreed.as_ref().map(|agreed| Summary {
            version: agreed.version.map(u16::from),
            suite: beginning(&agreed.suite),
            kind: agreed.kind.map(Kind::from),
            after_us: facts.handshake().map(micros),
        });
        let choices = &facts.marks.choices;
        let chosen = choices.version().filter(|_| agreed.is_none()).map(|version| Summary {
            version: Some(version.into()),
            suite: choices.suite().map_or("", suite_name).to_owned(),
            kind: None,
            after_us: None,
        });
        let outcome = facts.outcome.as_ref();
        Self {
            name,
            random,
            began_us: micros(began),
            client: facts.client.address.to_string(),
            server: facts.server.address.to_string(),
            agreed,
            chosen,
            resumes: None,
            lasted_us: micros(facts.lasted),
            bytes: [Side::Client, Side::Server].map(|side| facts.of(side).bytes),
            grade: outcome.map(|outcome| outcome.grade),
            outcome: outcome.map_or_else(String::new, |outcome| beginning(&outcome.sentence)),
            size,
        }
    }
}

impl Summary {
    /// Returns the name of the version.
    pub(super) fn version(&self) -> String {
        let name = |number| version_name(ProtocolVersion::from(number));
        self.version.map_or_else(|| "not known".to_owned(), name)
    }
}

impl From<HandshakeKind> for Kind {
    fn from(kind: HandshakeKind) -> Self {
        match kind {
            HandshakeKind::Full => Self::Full,
            HandshakeKind::FullWithHelloRetryRequest => Self::FullWithHelloRetryRequest,
            HandshakeKind::Resumed => Self::Resumed,
        }
    }
}

/// Returns a duration in microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn beginning(text: &str) -> String {
    text.chars().take(TEXT).collect()
}
