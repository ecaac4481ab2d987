//! HOST:PORT, and its addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::str::FromStr;
use std::time::Duration;

/// A host and a port, as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port. 0 only with COMMAND: a free port is chosen.
    pub port: u16,
}

impl FromStr for Place {
    type Err = String;

    /// Parses `HOST:PORT` and `[IPv6]:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") || text.contains('/') {
            return Err("is a URL or a path; write HOST:PORT, such as localhost:443".to_owned());
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("is an IPv6 address without a port; write [{text}]:443"));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(format!("has no port; write {text}:443"));
        };
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            None if host.contains(':') => {
                return Err("has several colons; an IPv6 address is written [::1]:443".to_owned());
            }
            None => host,
            Some(Some(host))
                if host.split('%').next().is_some_and(|host| host.parse::<Ipv6Addr>().is_ok()) =>
            {
                host
            }
            Some(_) => return Err("has brackets that hold no IPv6 address; write [::1]:443".to_owned()),
        };
        if host.is_empty() {
            return Err(format!("has no host; write localhost{text}"));
        }
        if host.contains(|char: char| char.is_whitespace() || char.is_control()) {
            return Err("has a space or a control character in its host".to_owned());
        }
        let port = match port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse()) {
            Some(Ok(port)) => port,
            _ => return Err("has a port that is no number up to 65535; write localhost:443".to_owned()),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Place {
    /// Returns the addresses to connect to, each once, in the order that the system prefers.
    ///
    /// # Errors
    /// The name has no address, or an address that only a server can use. The text names the next step.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let addresses = self.addresses_to_listen_at()?;
        match addresses.iter().find(|address| address.ip().is_unspecified()) {
            Some(address) => {
                let loopback = if address.is_ipv4() { "127.0.0.1" } else { "[::1]" };
                Err(format!("{} is no address to connect to; write {loopback}", self.host))
            }
            None => Ok(addresses),
        }
    }

    /// Returns the addresses of the host, each once, in the order that the system prefers. 0.0.0.0 and :: stand for every
    /// address of this computer.
    ///
    /// # Errors
    /// The name has no address.
    pub fn addresses_to_listen_at(&self) -> Result<Vec<SocketAddr>, String> {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        let found = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| format!("cannot resolve {}: {error}", self.host))?;
        for address in found {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        match addresses.is_empty() {
            true => Err(format!("{} has no address", self.host)),
            false => Ok(addresses),
        }
    }
}

/// Whether packets to this address stay on this computer.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Returns the first of these addresses that accepts a connection. Nothing is sent.
///
/// # Errors
/// None accepts: the error of the last one.
pub fn first_that_accepts(addresses: &[SocketAddr], limit: Duration) -> io::Result<SocketAddr> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(address, limit) {
            Ok(_) => return Ok(*address),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_parsed_and_printed() {
        for (text, host, port) in [
            ("localhost:8000", "localhost", 8000),
            ("127.0.0.1:0", "127.0.0.1", 0),
            ("[::1]:443", "::1", 443),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.host.as_str(), place.port), (host, port));
            assert_eq!(place.to_string(), text);
        }
    }

    #[test]
    fn each_mistake_says_what_to_write() {
        for (text, part) in [
            ("", "has no port"),
            ("localhost", "localhost:443"),
            (":80", "localhost:80"),
            ("::1", "[::1]:443"),
            ("a:b:1", "[::1]:443"),
            ("[localhost]:1", "[::1]:443"),
            ("https://localhost:1", "URL"),
            ("localhost:https", "65535"),
            ("localhost:65536", "65535"),
            ("localhost:+1", "65535"),
            ("my host:1", "space"),
        ] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn only_loopback_addresses_are_loopback() {
        for (address, loopback) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:10.0.0.1", false),
            ("10.0.0.1", false),
            ("192.168.0.1", false),
            ("0.0.0.0", false),
            ("::", false),
            ("fe80::1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_loopback(address.parse().unwrap()), loopback, "{address}");
        }
    }

    #[test]
    fn an_unspecified_address_is_refused() {
        let place: Place = "0.0.0.0:1".parse().unwrap();
        assert_eq!(place.addresses().unwrap_err(), "0.0.0.0 is no address to connect to; write 127.0.0.1");
        let place: Place = "127.0.0.1:1".parse().unwrap();
        assert_eq!(place.addresses().unwrap(), ["127.0.0.1:1".parse().unwrap()]);
    }
}
