//! The addresses of the specifications that fields name.

/// Returns the address of a section: `RFC 8446, 4.2.8`, `RFC 8446, D.4` or `draft-ietf-tls-ecdhe-mlkem, 4`. If there are
/// several sections, separated by `;`, it is the address of the first one. `None` for other texts.
pub fn link(section: &str) -> Option<String> {
    let (document, section) = section.split_once(", ")?;
    let section = section.split(';').next()?;
    let kind = if section.starts_with(|c: char| c.is_ascii_alphabetic()) { "appendix" } else { "section" };
    match document.strip_prefix("RFC ") {
        Some(number) if number.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(format!("https://www.rfc-editor.org/rfc/rfc{number}#{kind}-{section}"))
        }
        _ if document.starts_with("draft-") => {
            Some(format!("https://datatracker.ietf.org/doc/html/{document}#{kind}-{section}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn sections_have_addresses() {
        for (section, address) in [
            ("RFC 8446, 4.1.2", "https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2"),
            ("RFC 8446, D.4", "https://www.rfc-editor.org/rfc/rfc8446#appendix-D.4"),
            ("RFC 5246, 7.4.3; 7.4.7", "https://www.rfc-editor.org/rfc/rfc5246#section-7.4.3"),
            (
                "draft-ietf-tls-ecdhe-mlkem, 4",
                "https://datatracker.ietf.org/doc/html/draft-ietf-tls-ecdhe-mlkem#section-4",
            ),
        ] {
            assert_eq!(link(section).as_deref(), Some(address));
        }
        for section in ["", "RFC 8446", "RFC x, 1", "a book, 3"] {
            assert_eq!(link(section), None, "{section}");
        }
    }
}
