//! Recognising a peer that speaks another protocol at us.

use std::fmt;

use crate::escaped::Escaped;

/// How many bytes of what a peer says first are kept until the handshake is done.
const KEPT: usize = 8;

/// The first bytes that a peer sent, kept only while the handshake lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    bytes: [u8; KEPT],
    length: usize,
}

impl Opening {
    /// Keeps what there is room for.
    pub fn hear(&mut self, bytes: &[u8]) {
        let room = &mut self.bytes[self.length..];
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }

    /// Whether the peer has said nothing yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What this is instead of TLS; `None` if it could be TLS. Asked once rustls has refused it.
    ///
    /// A TLS record starts with a content type from 20 to 24 (RFC 8446, 5.1; RFC 6520 for 24), so anything else
    /// is foreign, and the well-known ones have a name.
    pub fn foreign(&self) -> Option<Foreign> {
        let heard = &self.bytes[..self.length];
        match heard.first() {
            None | Some(20..=24) => None,
            Some(_) => Some(Foreign { protocol: protocol_of(heard), opening: *self }),
        }
    }
}

fn protocol_of(heard: &[u8]) -> Option<&'static str> {
    const SIGNS: [(&[u8], &str); 13] = [
        (b"HTTP/", "HTTP"),
        (b"GET ", "HTTP"),
        (b"HEAD ", "HTTP"),
        (b"POST ", "HTTP"),
        (b"PUT ", "HTTP"),
        (b"OPTIONS ", "HTTP"),
        (b"CONNECT ", "HTTP"),
        (b"PRI * HT", "HTTP/2"),
        (b"SSH-", "SSH"),
        (b"220", "SMTP or FTP"),
        (b"* OK", "IMAP"),
        (b"+OK", "POP3"),
        (b"PROXY ", "the PROXY protocol"),
    ];
    // An SSLv2 ClientHello: a two-byte length with the high bit set, then message type 1 (RFC 5246, E.2).
    if let [0x80..=0xff, _, 1, ..] = heard {
        return Some("SSLv2");
    }
    SIGNS.iter().find(|(sign, _)| heard.starts_with(sign)).map(|(_, name)| *name)
}

/// Something that is not TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    protocol: Option<&'static str>,
    opening: Opening,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heard = &self.opening.bytes[..self.opening.length];
        match self.protocol {
            Some(protocol) => {
                write!(f, "it speaks {protocol} (its first bytes: \"{}\")", Escaped::new(heard))
            }
            None => write!(f, "its first bytes are \"{}\"", Escaped::new(heard)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Opening;

    fn heard(bytes: &[u8]) -> Opening {
        let mut opening = Opening::default();
        bytes.iter().for_each(|byte| opening.hear(&[*byte]));
        opening
    }

    #[test]
    fn well_known_protocols_are_named() {
        let named = |bytes| heard(bytes).foreign().map(|foreign| foreign.to_string()).unwrap_or_default();
        assert!(named(b"GET / HTTP/1.1\r\n").contains("HTTP (its first bytes: \"GET / HT\")"));
        assert!(named(b"HTTP/1.1 400 Bad Request").contains("HTTP"));
        assert!(named(b"SSH-2.0-OpenSSH_9.2").contains("SSH"));
        assert!(named(b"\x80\x2e\x01\x00\x02").contains("SSLv2"));
        assert!(named(b"\x1b[2J").contains(r"\x1b[2J"));
    }

    #[test]
    fn what_could_be_tls_is_not_foreign() {
        assert!(heard(&[22, 3, 1, 0xff, 0xff]).foreign().is_none());
        assert!(heard(b"").foreign().is_none());
    }
}
