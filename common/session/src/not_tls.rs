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
            Some(ForeignProtocol { protocol: protocol_of(shown), first, length: shown.len() })
        }
    }
}

/// A protocol, or several protocols that begin with the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/1.0 or HTTP/1.1.
    Http,
    /// HTTP/2 without TLS.
    Http2,
    /// SSH.
    Ssh,
    /// SMTP or FTP. The greeting of both begins with `220`.
    SmtpOrFtp,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// NNTP.
    Nntp,
    /// XMPP.
    Xmpp,
    /// The PROXY protocol of load balancers.
    Proxy,
    /// SSLv2.
    SslV2,
    /// MySQL.
    MySql,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Http2 => "HTTP/2",
            Self::Ssh => "SSH",
            Self::SmtpOrFtp => "SMTP or FTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Nntp => "NNTP",
            Self::Xmpp => "XMPP",
            Self::Proxy => "the PROXY protocol",
            Self::SslV2 => "SSLv2",
            Self::MySql => "MySQL",
        })
    }
}

impl Protocol {
    /// Returns advice for a protocol that begins without TLS and can change to TLS later (STARTTLS). A session cannot do
    /// that.
    fn starttls_hint(self) -> Option<&'static str> {
        match self {
            Self::SmtpOrFtp => Some("try its TLS port, 465 for SMTP or 990 for FTP"),
            Self::Imap => Some("try its TLS port, 993"),
            Self::Pop3 => Some("try its TLS port, 995"),
            Self::Nntp => Some("try its TLS port, 563"),
            Self::Xmpp => Some("try its TLS port, 5223"),
            Self::MySql => Some("`openssl s_client -starttls mysql` can do that"),
            Self::Http | Self::Http2 | Self::Ssh | Self::Proxy | Self::SslV2 => None,
        }
    }
}

fn protocol_of(beginning: &[u8]) -> Option<Protocol> {
    const PREFIXES: [(&[u8], Protocol); 17] = [
        (b"HTTP/", Protocol::Http),
        (b"GET ", Protocol::Http),
        (b"HEAD ", Protocol::Http),
        (b"POST ", Protocol::Http),
        (b"PUT ", Protocol::Http),
        (b"OPTIONS ", Protocol::Http),
        (b"CONNECT ", Protocol::Http),
        (b"PRI * HT", Protocol::Http2),
        (b"SSH-", Protocol::Ssh),
        (b"220", Protocol::SmtpOrFtp),
        (b"* OK", Protocol::Imap),
        (b"+OK", Protocol::Pop3),
        (b"200 ", Protocol::Nntp),
        (b"201 ", Protocol::Nntp),
        (b"<?xml", Protocol::Xmpp),
        (b"<stream:", Protocol::Xmpp),
        (b"PROXY ", Protocol::Proxy),
    ];
    // An SSLv2 ClientHello: a two-byte length with the high bit set, then message type 1 (RFC 5246, E.2).
    if let [0x80..=0xff, _, 1, ..] = beginning {
        return Some(Protocol::SslV2);
    }
    // MySQL's greeting: a length of three bytes, sequence number 0, protocol version 10.
    if let [_, _, 0, 0, 10, ..] = beginning {
        return Some(Protocol::MySql);
    }
    PREFIXES.iter().find(|(prefix, _)| beginning.starts_with(prefix)).map(|(_, protocol)| *protocol)
}

/// A protocol that is not TLS, and the first bytes of the peer that speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignProtocol {
    protocol: Option<Protocol>,
    first: [u8; SHOWN],
    length: usize,
}

impl ForeignProtocol {
    /// Returns the protocol. `None`: it is not known.
    pub fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }

    /// Returns the first bytes of the peer, at most 8.
    pub fn first_bytes(&self) -> &[u8] {
        self.first.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for ForeignProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = Escaped::new(self.first_bytes());
        let Some(protocol) = self.protocol else { return write!(f, "its first bytes are \"{first}\"") };
        write!(f, "it speaks {protocol} (its first bytes: \"{first}\")")?;
        match protocol.starttls_hint() {
            Some(hint) => write!(f, "; it begins without TLS, and may change to it with STARTTLS: {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::recognize;

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
