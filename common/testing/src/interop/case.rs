//! One cell of the table: a version and a check.

use std::fmt;

use super::chains::Key;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// Both versions.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// Returns one of two texts.
    pub(super) fn pick(self, tls12: &'static str, tls13: &'static str) -> &'static str {
        match self {
            Self::Tls12 => tls12,
            Self::Tls13 => tls13,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("1.2", "1.3"))
    }
}

/// A check: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A short session. The server has a key of this kind, the client has none.
    Key(Key),
    /// A short session. The server requires a client certificate.
    ClientCertificate,
    /// A second session, which is resumed.
    Resumption,
    /// An echo of a megabyte.
    Megabyte,
    /// The client sends its close_notify first, and the server answers it.
    ClientCloses,
    /// The server sends its close_notify first, and the client answers it.
    ServerCloses,
}

impl Check {
    /// All checks, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Key(Key::Rsa2048),
        Self::Key(Key::P256),
        Self::Key(Key::P384),
        Self::Key(Key::Ed25519),
        Self::ClientCertificate,
        Self::Resumption,
        Self::Megabyte,
        Self::ClientCloses,
        Self::ServerCloses,
    ];

    /// The title of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Key(key) => key.name(),
            Self::ClientCertificate => "client certificate",
            Self::Resumption => "resumption",
            Self::Megabyte => "1 MB echo",
            Self::ClientCloses => "client closes",
            Self::ServerCloses => "server closes",
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The only version that the other program offers. Our program offers both, its default.
    pub version: Version,
    /// The check.
    pub check: Check,
}

impl Case {
    pub(super) fn key(self) -> Key {
        if let Check::Key(key) = self.check { key } else { Key::P256 }
    }

    pub(super) fn has_client_certificate(self) -> bool {
        self.check == Check::ClientCertificate
    }

    pub(super) fn is_resumed(self) -> bool {
        self.check == Check::Resumption
    }

    /// The message of the client, which the server echoes.
    pub(super) fn message(self) -> Vec<u8> {
        if self.check == Check::Megabyte { megabyte() } else { b"hello\n".to_vec() }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS {}, {}", self.version, self.check.title())
    }
}

/// A megabyte of all byte values, with a pattern that does not repeat.
fn megabyte() -> Vec<u8> {
    (0u32..).flat_map(|number| number.wrapping_mul(0x9e37_79b1).to_be_bytes()).take(1 << 20).collect()
}

/// A megabyte of lines, for programs that read lines.
pub(super) fn lines() -> Vec<u8> {
    (0..1 << 14).flat_map(|number| format!("{number:063}\n").into_bytes()).collect()
}
