//! The bytes that a server must echo.

/// The length of a line, with its end.
pub const LINE: usize = 64;

/// Returns so many bytes: lines with a number, so that lost, doubled and swapped bytes show. Every line is a palindrome,
/// because `openssl s_server -rev` echoes lines in reverse. The last byte ends a line, because some servers echo complete
/// lines only.
pub fn payload(length: usize) -> Vec<u8> {
    let full = (0..length / LINE).flat_map(|number| palindrome(number, LINE - 1));
    let rest = match length % LINE {
        0 => Vec::new(),
        rest => palindrome(length / LINE, rest - 1),
    };
    full.chain(rest).collect()
}

/// A line of this many letters, and its end.
fn palindrome(number: usize, letters: usize) -> Vec<u8> {
    let half: Vec<u8> =
        format!("{number:x}").bytes().chain(std::iter::repeat(b'.')).take(letters / 2).collect();
    let middle = (letters % 2 == 1).then_some(b'|');
    half.iter().copied().chain(middle).chain(half.iter().rev().copied()).chain([b'\n']).collect()
}

/// Says where two texts differ. `None` if they are equal.
pub fn difference(sent: &[u8], received: &[u8]) -> Option<String> {
    if sent == received {
        return None;
    }
    let equal = sent.iter().zip(received).take_while(|(one, other)| one == other).count();
    Some(if equal == received.len() {
        format!("{} of {} bytes came back", received.len(), sent.len())
    } else if equal == sent.len() {
        format!("{} bytes came back for {}", received.len(), sent.len())
    } else {
        format!("byte {equal} of {} came back changed", sent.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_palindrome() {
        for length in [1, 2, 63, 64, 65, 1000] {
            let bytes = payload(length);
            assert_eq!((bytes.len(), bytes.last()), (length, Some(&b'\n')));
            for line in bytes.split(|byte| *byte == b'\n') {
                assert!(line.iter().eq(line.iter().rev()), "{length}");
            }
        }
    }

    #[test]
    fn a_difference_is_named() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abc", b"ab").unwrap(), "2 of 3 bytes came back");
        assert_eq!(difference(b"abc", b"aXc").unwrap(), "byte 1 of 3 came back changed");
        assert_eq!(difference(b"abc", b"abcc").unwrap(), "4 bytes came back for 3");
    }
}
