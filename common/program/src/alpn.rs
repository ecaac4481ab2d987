//! Names of application protocols (RFC 7301) on the command line and in reports.

/// Parses a protocol's name, such as `h2` or `http/1.1`.
///
/// # Errors
/// A name that TLS has no room for: empty, or longer than 255 bytes (RFC 7301, 3.1).
pub fn parse(name: &str) -> Result<Vec<u8>, String> {
    match name.len() {
        1..=255 => Ok(name.as_bytes().to_vec()),
        _ => Err("a protocol's name has 1 to 255 bytes, such as `h2` or `http/1.1`".to_owned()),
    }
}

/// Whether there is room for all of them in one ClientHello, with room to spare for everything else in it.
///
/// # Errors
/// More than 16 KiB of names.
pub fn check(names: &[Vec<u8>]) -> Result<(), String> {
    let length: usize = names.iter().map(|name| 1 + name.len()).sum();
    if length > 16 * 1024 {
        Err("the names of --alpn are too many for a handshake".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, parse};

    #[test]
    fn there_is_room_for_many_but_not_for_all() {
        assert!(check(&vec![vec![b'a'; 255]; 64]).is_ok());
        assert!(check(&vec![vec![b'a'; 255]; 65]).is_err());
    }

    #[test]
    fn a_name_has_the_length_that_tls_has_room_for() {
        assert_eq!(parse("http/1.1"), Ok(b"http/1.1".to_vec()));
        assert!(parse("").is_err());
        assert!(parse(&"a".repeat(255)).is_ok());
        assert!(parse(&"a".repeat(256)).is_err());
    }
}
