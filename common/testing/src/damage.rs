//! Damaged PEM files: the kinds of damage that happen when people copy, convert and edit them.

/// Returns many damaged forms of a PEM text, with a name for each. A few of them are still readable.
pub fn damaged(pem: &str) -> Vec<(String, Vec<u8>)> {
    let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
    let mut form = |name: &str, bytes: Vec<u8>| forms.push((name.to_owned(), bytes));
    for (name, line_end) in [
        ("on one line", ""),
        (r"with literal \n", r"\n"),
        (r"with literal \r\n", r"\r\n"),
        ("with spaces for line ends", " "),
        ("with tabs for line ends", "\t"),
        ("with CRLF", "\r\n"),
        ("with CR", "\r"),
        ("with empty lines", "\n\n"),
        ("with NUL for line ends", "\0"),
        ("indented", "\n    "),
        ("quoted in a mail", "\n> "),
        ("with spaces at the line ends", "  \n"),
        ("with U+2028 for line ends", "\u{2028}"),
    ] {
        form(name, pem.replace('\n', line_end).into_bytes());
    }
    for (name, from, to) in [
        ("with its first line joined", "KEY-----\n", "KEY-----"),
        ("with its last line joined", "\n-----END", "-----END"),
        ("with the label CERTIFICATE", "PRIVATE KEY", "CERTIFICATE"),
        ("with the label RSA PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY"),
        ("with the label EC PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"),
        ("with an unknown label", "PRIVATE KEY", "SOMETHING"),
        ("with two labels", "-----BEGIN PRIVATE KEY", "-----BEGIN CERTIFICATE"),
        ("with four dashes", "-----", "----"),
        ("with six dashes", "-----", "------"),
        ("with long dashes", "-----", "\u{2013}\u{2013}\u{2013}\u{2013}\u{2013}"),
        ("with small letters", "PRIVATE KEY", "private key"),
        ("without dashes after the label", "KEY-----", "KEY"),
        ("with a header", "KEY-----\n", "KEY-----\nProc-Type: 4,CLEAR\n\n"),
        ("with an encryption header", "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n"),
        ("without END", "-----END PRIVATE KEY-----\n", ""),
        ("without BEGIN", "-----BEGIN PRIVATE KEY-----\n", ""),
        ("with an invalid base64 letter", "M", "!"),
        ("with URL-safe base64", "\nM", "\n_"),
        ("with padding in the middle", "\nM", "\n=M"),
        ("with a comment inside", "KEY-----\n", "KEY-----\n# mine\n"),
    ] {
        form(name, pem.replace(from, to).into_bytes());
    }
    form("after other text", format!("key={pem}").into_bytes());
    form("in JSON", format!("{{\"key\":\"{}\"}}", pem.replace('\n', r"\n")).into_bytes());
    form("twice, glued", [pem.trim_end(), pem].concat().into_bytes());
    form("twice, the first without END", [pem.split("-----END").next().unwrap_or(pem), pem].concat().into());
    form("after a byte order mark", format!("\u{feff}{pem}").into_bytes());
    form("in UTF-16 with a mark", utf16(&format!("\u{feff}{pem}"), u16::to_le_bytes));
    form("in UTF-16LE", utf16(pem, u16::to_le_bytes));
    form("in UTF-16BE", utf16(pem, u16::to_be_bytes));
    form("with its bytes reversed", pem.bytes().rev().collect());
    for length in (1..pem.len()).step_by(7) {
        form(&format!("cut to {length} bytes"), pem.as_bytes()[..length].to_vec());
        form(&format!("from byte {length}"), pem.as_bytes()[length..].to_vec());
    }
    forms
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}
