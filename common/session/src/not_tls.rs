//! Recognises a peer that speaks another protocol than TLS.

use std::fmt;

use crate::escaped::Escaped;

/// The number of the peer's first bytes that are shown.
const SHOWN: usize = 8;

/// Returns the protocol that the peer speaks instead of TLS, by its first bytes. `None`: it could be TLS. Call this
/// after rustls has rejected the bytes.
///
/// A TLS record starts with a content type from 20 to 24 (RFC 8446, 5.1; RFC 6520 for 24). Any other first byte
/// belongs to another protocol. Well-known protocols are named.
pub fn recognize(beginning: &[u8]) -> Option<ForeignProtocol> {
    let shown = &beginning[..beginning.len().min(SHOWN)];
    match shown.first() {
        None | Some(20..=24) => None,
        Some(_) => {
            let mut first = [0; SHOWN];
            first[..shown.len()].copy_from_slice(shown);
            Some(ForeignProtocol { name: name_of(shown), first, length: shown.len() })
        }
    }
}

fn name_of(beginning: &[u8]) -> Option<&'static str> {
    const PREFIXES: [(&[u8], &str); 17] = [
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
    if let [0x80..=0xff, _, 1, ..] = beginning {
        return Some("SSLv2");
    }
    // MySQL's greeting: a length of three bytes, sequence number 0, protocol version 10.
    if let [_, _, 0, 0, 10, ..] = beginning {
        return Some("MySQL");
    }
    PREFIXES.iter().find(|(prefix, _)| beginning.starts_with(prefix)).map(|(_, name)| *name)
}

/// Returns advice for a protocol that begins without TLS and can change to TLS later (STARTTLS). A session cannot do that.
fn starttls_hint(protocol: &str) -> Option<&'static str> {
    match protocol {
        "SMTP or FTP" => Some("try its TLS port, 465 for SMTP or 990 for FTP"),
        "IMAP" => Some("try its TLS port, 993"),
        "POP3" => Some("try its TLS port, 995"),
        "NNTP" => Some("try its TLS port, 563"),
        "XMPP" => Some("try its TLS port, 5223"),
        "MySQL" => Some("`openssl s_client -starttls mysql` can do that"),
        _ => None,
    }
}

/// A protocol that is not TLS, and the first bytes of the peer that speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignProtocol {
    name: Option<&'static str>,
    first: [u8; SHOWN],
    length: usize,
}

impl ForeignProtocol {
    /// Returns the name of the protocol, or of the protocols that begin with the same bytes. `None`: it is not known.
    pub fn name(&self) -> Option<&'static str> {
        self.name
    }
}

impl fmt::Display for ForeignProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = Escaped::new(&self.first[..self.length]);
        match self.name {
            Some(name) => {
                write!(f, "it speaks {name} (its first bytes: \"{first}\")")?;
                match starttls_hint(name) {
                    Some(hint) => {
                        write!(f, "; it begins without TLS, and may change to it with STARTTLS: {hint}")
                    }
                    None => Ok(()),
                }
            }
            None => write!(f, "its first bytes are \"{first}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::recognize;

    #[test]
    fn well_known_protocols_are_named() {
        let named = |bytes| recognize(bytes).map(|foreign| foreign.to_string()).unwrap_or_default();
        assert!(named(b"GET / HTTP/1.1\r\n").contains("HTTP (its first bytes: \"GET / HT\")"));
        assert!(named(b"HTTP/1.1 400 Bad Request").contains("HTTP"));
        assert!(named(b"SSH-2.0-OpenSSH_9.2").contains("SSH"));
        assert!(named(b"\x80\x2e\x01\x00\x02").contains("SSLv2"));
        assert!(named(b"\x1b[2J").contains(r"\x1b[2J"));
    }

    #[test]
    fn a_protocol_with_starttls_gets_the_hint_with_its_tls_port() {
        for (greeting, hint) in [
            (&b"220 mail.example.org ESMTP"[..], "465 for SMTP"),
            (b"* OK IMAP4rev1 ready", "993"),
            (b"+OK POP3 ready", "995"),
            (b"200 news.example.org", "563"),
            (b"<?xml version='1.0'?><stream:stream", "5223"),
            (b"\x4a\0\0\0\x0a8.0.36", "openssl s_client -starttls mysql"),
        ] {
            let said = recognize(greeting).unwrap().to_string();
            assert!(said.contains("STARTTLS") && said.contains(hint), "{said}");
        }
        assert!(!recognize(b"SSH-2.0-OpenSSH").unwrap().to_string().contains("STARTTLS"));
    }

    #[test]
    fn bytes_that_could_be_tls_are_not_another_protocol() {
        assert!(recognize(&[22, 3, 1, 0xff, 0xff]).is_none());
        assert!(recognize(b"").is_none());
    }
}
