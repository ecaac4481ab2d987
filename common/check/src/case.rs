//! The description of a case, and its code.

use std::fmt;

use rustls::SupportedProtocolVersion;

use crate::trial::Trial;
use crate::verdict::Judgement;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl Version {
    /// All versions, the newest first.
    pub const ALL: [Self; 2] = [Self::Tls13, Self::Tls12];

    /// rustls' name of this version.
    pub fn rustls(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::Tls12 => &rustls::version::TLS12,
            Self::Tls13 => &rustls::version::TLS13,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// The versions of TLS in which a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Once, in the highest version that the target speaks.
    Highest,
    /// Once for each version that the target speaks.
    Each,
    /// Only in TLS 1.2.
    Only12,
    /// Only in TLS 1.3.
    Only13,
}

impl Versions {
    /// Returns the versions in which the case is run, for a target that speaks these. They are sorted, the newest first.
    pub fn of(self, spoken: &[Version]) -> Vec<Version> {
        let only = |wanted| spoken.iter().copied().filter(|version| *version == wanted).collect();
        match self {
            Self::Highest => spoken.first().copied().into_iter().collect(),
            Self::Each => spoken.to_vec(),
            Self::Only12 => only(Version::Tls12),
            Self::Only13 => only(Version::Tls13),
        }
    }
}

/// The needs of a case: the abilities of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// TLS only.
    Nothing,
    /// A server that echoes.
    Echo,
    /// A server that serves several sessions at a time.
    Neighbours,
    /// Both.
    EchoAndNeighbours,
}

impl Needs {
    /// Whether the case needs an echo.
    pub fn echo(self) -> bool {
        matches!(self, Self::Echo | Self::EchoAndNeighbours)
    }

    /// Whether the case needs several sessions at a time.
    pub fn neighbours(self) -> bool {
        matches!(self, Self::Neighbours | Self::EchoAndNeighbours)
    }
}

/// The group of a case. The groups run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// How records and messages are cut and joined.
    Framing,
    /// How sessions end.
    End,
    /// The first bytes are not a ClientHello.
    FirstWords,
    /// Unusual and invalid hellos, and records that must not follow them.
    Hellos,
    /// Encrypted records that must not come.
    Sealed,
    /// Sessions that come back.
    Resumption,
    /// Clients that do not read.
    Backpressure,
    /// Other clients beside a hostile one, and many clients.
    Neighbours,
    /// Clients that do nothing.
    Deadlines,
}

/// The description of a case for its reader.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name on the command line: lower case, words joined by `-`.
    pub name: &'static str,
    /// The behaviour of the client or the server of the case, as a sentence.
    pub tries: &'static str,
    /// The behaviour of a good server or client, as a sentence.
    pub good: &'static str,
    /// The RFC section that demands it: "RFC 8446, 6.1".
    pub source: &'static str,
    /// The file and the anchor in `common/session/src/guide` that explains it: "05-the-end.md".
    pub guide: &'static str,
}

/// A table of cases writes each one as a chain: `About::new(…)`, these methods, and [`case`](Self::case) at the end.
impl About {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, tries: "", good: "", source: "", guide: "" }
    }

    pub(crate) const fn tries(self, tries: &'static str) -> Self {
        Self { tries, ..self }
    }

    pub(crate) const fn good(self, good: &'static str) -> Self {
        Self { good, ..self }
    }

    pub(crate) const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    pub(crate) const fn guide(self, guide: &'static str) -> Self {
        Self { guide, ..self }
    }

    /// The case against servers with this description.
    pub(crate) const fn case(
        self,
        group: Group,
        versions: Versions,
        needs: Needs,
        run: fn(&mut Trial<'_>) -> Judgement,
    ) -> Case {
        Case { about: self, group, versions, needs, run }
    }
}

/// A case against a server.
#[derive(Debug)]
pub struct Case {
    /// Its description.
    pub about: About,
    /// Its group.
    pub group: Group,
    /// The versions of TLS in which it runs.
    pub versions: Versions,
    /// Its needs.
    pub needs: Needs,
    /// Its code.
    pub run: fn(&mut Trial<'_>) -> Judgement,
}
