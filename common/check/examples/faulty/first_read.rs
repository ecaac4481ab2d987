//! The decisions of some servers from the bytes of the first read alone.

use crate::fault::Fault;

/// Returns whether the server refuses a client whose first read returned these bytes.
pub fn is_refused(fault: Fault, bytes: &[u8]) -> bool {
    match fault {
        // TCP has no messages: the hello can come in any number of reads.
        Fault::HelloInOneRead => bytes.len() < 5 || bytes.len() - 5 < number(&bytes[3..5]),
        // TLS has none either: a message can be spread over records (RFC 8446, 5.1).
        Fault::HelloInOneRecord => bytes.len() >= 9 && number(&bytes[3..5]) < 4 + number(&bytes[6..9]),
        // The empty extension early_data (RFC 8446, 4.2.10). A server that wants none has to ignore it.
        Fault::EarlyDataDropped => bytes.windows(4).any(|bytes| bytes == [0, 42, 0, 0]),
        Fault::HttpUnwrapped => {
            assert!(!bytes.starts_with(b"GET "), "a client of this port speaks TLS");
            false
        }
        _ => false,
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
