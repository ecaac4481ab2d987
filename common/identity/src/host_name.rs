//! Host names in Unicode.

/// The form of a name in Unicode that DNS and certificates have: `xn--bcher-kva.example` for `bücher.example`
/// (UTS #46, without the transitional mapping).
///
/// # Errors
///
/// A sentence that says that the name has no such form.
pub fn to_ascii(name: &str) -> Result<String, String> {
    match idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL) {
        Ok(ascii) => Ok(ascii.into_owned()),
        Err(_) => Err("is no name that IDNA allows; write its xn-- form".to_owned()),
    }
}
