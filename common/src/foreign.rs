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
    const SIGNS: [(&[u8], &str); 17] = [
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
        (b"200 ", "NNTP"),
        (b"201 ", "NNTP"),
        (b"<?xml", "XMPP"),
        (b"<stream:", "XMPP"),
        (b"PROXY ", "the PROXY protocol"),
    ];
    // An SSLv2 ClientHello: a two-byte length with the high bit set, then message type 1 (RFC 5246, E.2).
    if let [0x80..=0xff, _, 1, ..] = heard {
        return Some("SSLv2");
    }
    // MySQL's greeting: a length of three bytes, sequence number 0, protocol version 10.
    if let [_, _, 0, 0, 10, ..] = heard {
        return Some("MySQL");
    }
    SIGNS.iter().find(|(sign, _)| heard.starts_with(sign)).map(|(_, name)| *name)
}

/// What to do about a server that begins in clear and can change to TLS later (STARTTLS). This client cannot.
fn starttls_hint(protocol: &str) -> Option<&'static str> {
    match protocol {
        "SMTP or FTP" => Some("try its TLS port, 465 for SMTP or 990 for FTP"),
        "IMAP" => Some("try its TLS port, 993"),
        "POP3" => Some("try its TLS port, 995"),
        "NNTP" => Some("try its TLS port, 563"),
        "XMPP" => Some("try its TLS port, 5223"),
        "MySQL" => Some("`openssl s_client -starttls mysql` can"),
        _ => None,
    }
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
                write!(f, "it speaks {protocol} (its first bytes: \"{}\")", Escaped::new(heard))?;
                match starttls_hint(protocol) {
                    Some(hint) => {
                        write!(f, "; it begins without TLS, and this client cannot ask for STARTTLS: {hint}")
                    }
                    None => Ok(()),
                }
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
    fn a_protocol_with_starttls_is_told_its_tls_port() {
        for (greeting, hint) in [
            (&b"220 mail.example.org ESMTP"[..], "465 for SMTP"),
            (b"* OK IMAP4rev1 ready", "993"),
            (b"+OK POP3 ready", "995"),
            (b"200 news.example.org", "563"),
            (b"<?xml version='1.0'?><stream:stream", "5223"),
            (b"\x4a\0\0\0\x0a8.0.36", "openssl s_client -starttls mysql"),
        ] {
            let said = heard(greeting).foreign().unwrap().to_string();
            assert!(said.contains("STARTTLS") && said.contains(hint), "{said}");
        }
        assert!(!heard(b"SSH-2.0-OpenSSH").foreign().unwrap().to_string().contains("STARTTLS"));
    }

    #[test]
    fn what_could_be_tls_is_not_foreign() {
        assert!(heard(&[22, 3, 1, 0xff, 0xff]).foreign().is_none());
        assert!(heard(b"").foreign().is_none());
    }
}
