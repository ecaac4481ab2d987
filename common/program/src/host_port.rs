//! Parses `HOST:PORT` on the command line.

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use identity::to_ascii;

use crate::count::between;

/// The default port of both programs.
pub const DEFAULT_PORT: u16 = 8000;

/// A host name or address, and a port, to connect to or to listen on.
///
/// A name in Unicode is converted to the form that DNS and certificates have: [`to_ascii`].
///
/// An IPv6 address is in brackets (RFC 3986, section 3.2.2). The brackets may be missing if no port follows:
///
/// ```
/// use program::host_port::HostPort;
///
/// for (typed, meant) in [
///     ("localhost", "localhost:8000"),
///     ("example.org:443", "example.org:443"),
///     ("[::1]:443", "[::1]:443"),
///     ("::1", "[::1]:8000"),
///     ("bücher.example", "xn--bcher-kva.example:8000"),
/// ] {
///     assert_eq!(typed.parse::<HostPort>()?.to_string(), meant);
/// }
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without brackets (but with its `%zone`, if any).
    pub host: String,
    /// The TCP port. 0 is only for listening. Then the system chooses a port.
    pub port: u16,
}

impl HostPort {
    /// Returns the addresses of the host, at least one, in the order that the system prefers.
    ///
    /// It blocks until the system's resolver has answered.
    ///
    /// # Errors
    ///
    /// The resolver does not know the name, or the name has no address.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }
}

impl FromStr for HostPort {
    type Err = String;

    /// Parses `HOST`, `HOST:PORT`, `[IPv6]:PORT`, `[IPv6]` or `IPv6`, with [`DEFAULT_PORT`].
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and gives an example.
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = split(text)?;
        // The ASCII form is checked again: full-width digits, for example, can become a number.
        let host = if host.is_ascii() || is_ipv6(host) { host.to_owned() } else { to_ascii(host)? };
        split(&host)?;
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => parse_port(port)?,
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if text.contains('/') {
        return Err("is a URL or a path; write HOST:PORT, such as localhost:8000".to_owned());
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        return split_bracketed(bracketed);
    }
    if is_ipv6(text) {
        return Ok((text, None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err("has no host; write HOST:PORT, such as localhost:8000".to_owned());
    }
    if host.contains(':') {
        return Err("has several colons; an IPv6 address is written [::1]:8000".to_owned());
    }
    if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("has a space or a control character in its host".to_owned());
    }
    // The resolver would read `8000` as the IPv4 address 0.0.31.64. No user means that.
    if host.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("is a number without a host; write localhost:{host} for the port"));
    }
    Ok((host, port))
}

/// Splits the text after the opening bracket: `::1]` or `::1]:8000`.
fn split_bracketed(text: &str) -> Result<(&str, Option<&str>), String> {
    match text.split_once(']') {
        Some((host, "")) if is_ipv6(host) => Ok((host, None)),
        Some((host, port)) if is_ipv6(host) && port.starts_with(':') => Ok((host, Some(&port[1..]))),
        _ => Err("brackets hold an IPv6 address, such as [::1]:8000".to_owned()),
    }
}

/// Returns whether it is an IPv6 address, perhaps with a zone: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "-"));
    address.parse::<Ipv6Addr>().is_ok() && is_zone(zone)
}

/// Returns whether it can be the name or the number of an interface, and can be in brackets.
fn is_zone(text: &str) -> bool {
    let strange = |c: char| c.is_whitespace() || c.is_control() || "[]:%".contains(c);
    !text.is_empty() && !text.contains(strange)
}

fn parse_port(text: &str) -> Result<u16, String> {
    between(0, u16::MAX)(text).map_err(|_| format!("`{text}` is no port: a port is a number up to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_parsed() {
        for (text, host, port) in [
            ("localhost", "localhost", 8000),
            ("localhost.", "localhost.", 8000),
            ("localhost:0", "localhost", 0),
            ("127.0.0.1:443", "127.0.0.1", 443),
            ("example.org:65535", "example.org", 65535),
            ("::1", "::1", 8000),
            ("[::1]", "::1", 8000),
            ("[::1]:443", "::1", 443),
            ("[::]:0", "::", 0),
            ("[fe80::1%eth0]:443", "fe80::1%eth0", 443),
            ("fe80::1%2", "fe80::1%2", 8000),
            ("bücher.example:443", "xn--bcher-kva.example", 443),
            ("BÜCHER.example.", "xn--bcher-kva.example.", 8000),
            ("faß.example", "xn--fa-hia.example", 8000),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah", 8000),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", 8000),
            ("１２７.0.0.1", "127.0.0.1", 8000),
        ] {
            assert_eq!(text.parse(), Ok(HostPort { host: host.to_owned(), port }), "{text}");
        }
    }

    #[test]
    fn a_displayed_host_and_port_can_be_parsed() {
        for text in ["localhost:8000", "127.0.0.1:1", "[::1]:8000", "[fe80::1%eth0]:443"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        for (text, part) in [
            ("", "no host"),
            (":8000", "no host"),
            ("8000", "localhost:8000"),
            ("a:b:c", "[::1]:8000"),
            ("::1::2", "[::1]:8000"),
            ("https://localhost:8000/", "URL"),
            ("localhost:", "`` is no port"),
            ("localhost:http", "`http` is no port"),
            ("localhost:65536", "up to 65535"),
            ("localhost:+1", "no port"),
            ("localhost:-1", "no port"),
            ("my host:1", "space"),
            ("host\n:1", "space"),
            ("my\u{3000}host", "space"),
            ("℀.example", "IDNA"),
            ("a：80", "IDNA"),
            ("xn--ü.example", "IDNA"),
            ("\u{200d}é.example", "IDNA"),
            ("８０００", "localhost:8000"),
            ("[::1", "brackets"),
            ("[::1]8000", "brackets"),
            ("[::1]é", "brackets"),
            ("[::1%]:1", "brackets"),
            ("[fe80::1%a b]:1", "brackets"),
            ("fe80::1%eth0]:40", "[::1]:8000"),
            ("fe80::1%eth0\0", "[::1]:8000"),
            ("[localhost]:8000", "brackets"),
            ("[]:8000", "brackets"),
        ] {
            let error = text.parse::<HostPort>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn addresses_resolve_without_a_network() {
        let resolved = |text: &str| text.parse::<HostPort>().unwrap().resolve();
        assert_eq!(resolved("127.0.0.1:1").unwrap(), ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(resolved("[::1]:2").unwrap(), ["[::1]:2".parse().unwrap()]);
    }
}
