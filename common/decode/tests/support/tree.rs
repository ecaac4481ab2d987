//! Trees of fields as text, and checks that hold for all of them.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::ops::Range;

use check::wire::hello::handshake;
use decode::Message;
use decode::explain::{Field, MALFORMED};
use rustls::{HandshakeType, ProtocolVersion, Side};
use testing::from_hex;

/// Makes a handshake message of these bytes.
pub fn message(bytes: Vec<u8>, version: ProtocolVersion) -> Message {
    let kind = HandshakeType::from(bytes.first().copied().unwrap_or_default());
    Message { sender: Side::Client, kind, version: Some(version), bytes }
}

/// Returns the messages in `explained/messages.txt` with their names.
pub fn known_messages() -> Vec<(&'static str, Vec<u8>)> {
    let lines = include_str!("../explained/messages.txt").lines().filter(|line| !line.starts_with('#'));
    let messages = lines.map(|line| line.split_once(' ').unwrap()).map(|(name, hex)| (name, from_hex(hex)));
    let messages: Vec<_> = messages.collect();
    assert_eq!(messages.len(), 13, "messages in messages.txt");
    messages
}

/// Puts a length of `width` bytes in front of some bytes.
pub fn with_length(width: usize, bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[8 - width..], bytes].concat()
}

/// The messages that can have extensions.
pub const PLACES: [&str; 7] = [
    "ClientHello",
    "ServerHello",
    "HelloRetryRequest",
    "NewSessionTicket",
    "EncryptedExtensions",
    "Certificate",
    "CertificateRequest",
];

/// Makes one of these messages with these extensions.
pub fn message_with(place: &str, extensions: &[u8]) -> Vec<u8> {
    const RANDOM: &str = "0707070707070707070707070707070707070707070707070707070707070707";
    const RETRY: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    let extensions = with_length(2, extensions);
    let (kind, before) = match place {
        "ClientHello" => (1, format!("0303 {RANDOM} 00 0002 1301 01 00")),
        "ServerHello" => (2, format!("0303 {RANDOM} 00 1301 00")),
        "HelloRetryRequest" => (2, format!("0303 {RETRY} 00 1301 00")),
        "NewSessionTicket" => (4, "00000000 00000000 00 0000".to_owned()),
        "EncryptedExtensions" => (8, String::new()),
        "CertificateRequest" => (13, "00".to_owned()),
        _ => {
            let entry = with_length(3, &[&[0, 0, 0], &extensions[..]].concat());
            return handshake(11, &[&[0], &entry[..]].concat()).unwrap();
        }
    };
    handshake(kind, &[from_hex(&before), extensions].concat()).unwrap()
}

/// Writes a line for each field: its range, name and value.
pub fn text(fields: &[Field]) -> String {
    let mut lines = String::new();
    visit(fields, 0, &mut |depth, field| {
        let Range { start, end } = field.range;
        let line = format!("{}{start}..{end} {}: {}", "  ".repeat(depth), field.name, field.value);
        lines += line.trim_end_matches([':', ' ']);
        lines.push('\n');
    });
    lines
}

pub fn visit<'a>(fields: &'a [Field], depth: usize, see: &mut dyn FnMut(usize, &'a Field)) {
    for field in fields {
        see(depth, field);
        visit(&field.fields, depth + 1, see);
    }
}

/// Returns the sentences of malformed fields.
pub fn wrong(fields: &[Field]) -> Vec<&str> {
    let mut wrong = Vec::new();
    visit(fields, 0, &mut |_, field| {
        if field.name == MALFORMED {
            wrong.push(&*field.says);
        }
    });
    wrong
}

/// Asserts that fields lie inside the enclosing range, in order and without overlap.
pub fn are_nested(fields: &[Field], around: &Range<usize>) {
    let mut at = around.start;
    for field in fields {
        let range = &field.range;
        assert!(
            at <= range.start && range.start <= range.end && range.end <= around.end,
            "{field:?} in {around:?}"
        );
        at = range.end;
        are_nested(&field.fields, range);
    }
}

/// Asserts that each byte is in a field without fields inside.
pub fn cover(fields: &[Field], length: usize) {
    let mut at = 0;
    visit(fields, 0, &mut |_, field| {
        if field.fields.is_empty() {
            assert_eq!(at, field.range.start, "before {field:?}");
            at = field.range.end;
        }
    });
    assert_eq!(at, length, "at the end");
}

/// Asserts that values are short, printable and on one line, and that sentences end with a full stop.
pub fn are_readable(fields: &[Field]) {
    visit(fields, 0, &mut |_, field| {
        for (text, bound) in [(&*field.name, 160), (&field.value, 6000), (&field.says, 400)] {
            assert!(text.chars().count() <= bound, "too long: {field:?}");
            assert!(text.chars().all(|c| !c.is_control() && (c.is_ascii() || c == '…')), "{field:?}");
        }
        assert!(field.says.is_empty() || field.says.ends_with('.'), "{field:?}");
    });
}
