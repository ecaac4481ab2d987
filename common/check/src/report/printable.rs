//! Escapes the texts of a target.

/// Returns the text with its control characters escaped, in one line. A text of more than `most` characters is cut.
///
/// Characters without a width are escaped too, since they change how a terminal shows the others (CVE-2021-42574).
pub fn printable(text: &str, most: usize) -> String {
    let mut printable = String::new();
    let mut chars = text.chars();
    for char in chars.by_ref().take(most) {
        match is_plain(char) {
            true => printable.push(char),
            false => printable.extend(char.escape_default()),
        }
    }
    match chars.count() {
        0 => printable,
        more => format!("{printable} … and {more} characters more"),
    }
}

fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        for (text, expected) in [
            ("plain – text … ü", "plain – text … ü"),
            ("\x1b[2J\x07", "\\u{1b}[2J\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}evil", "\\u{202e}evil"),
        ] {
            assert_eq!(printable(text, 100), expected);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(printable(&"é".repeat(5), 5), "ééééé");
        assert_eq!(printable(&"é".repeat(10_000), 3), "ééé … and 9997 characters more");
    }
}
