//! Parses names of application protocols (RFC 7301) on the command line.

/// Parses a protocol's name, such as `h2` or `http/1.1`.
///
/// # Errors
/// The name is empty, or longer than 255 bytes (RFC 7301, 3.1).
pub fn parse(name: &str) -> Result<Vec<u8>, String> {
    match name.len() {
        1..=255 => Ok(name.as_bytes().to_vec()),
        _ => Err("a protocol's name has 1 to 255 bytes, such as `h2` or `http/1.1`".to_owned()),
    }
}

/// Checks that one ClientHello has room for all names.
///
/// # Errors
/// The names have more than 16 KiB.
pub fn check(names: &[Vec<u8>]) -> Result<(), String> {
    let length: usize = names.iter().map(|name| 1 + name.len()).sum();
    if length > 16 * 1024 {
        Err("the names of --alpn are too long for a handshake".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, parse};

    #[test]
    fn a_limited_number_of_names_fits() {
        assert!(check(&vec![vec![b'a'; 255]; 64]).is_ok());
        assert!(check(&vec![vec![b'a'; 255]; 65]).is_err());
    }

    #[test]
    fn a_name_has_1_to_255_bytes() {
        assert_eq!(parse("http/1.1"), Ok(b"http/1.1".to_vec()));
        assert!(parse("").is_err());
        assert!(parse(&"a".repeat(255)).is_ok());
        assert!(parse(&"a".repeat(256)).is_err());
    }
}
