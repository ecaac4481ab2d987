//! Explanations of messages with known bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use std::path::Path;

use check::wire::hello::handshake;
use decode::explain::{self, Field, LISTED, MALFORMED};
use rustls::ProtocolVersion;
use support::tree::{
    are_nested, are_readable, cover, known_messages, message, text, visit, with_length, wrong,
};

const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;
const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;

fn explained(bytes: &[u8], version: ProtocolVersion) -> Vec<Field> {
    explain::message(&message(bytes.to_vec(), version))
}

/// Makes a ClientHello with these suites and these extensions.
fn client_hello(suites: &[u8], extensions: &[u8]) -> Vec<u8> {
    let (suites, extensions) = (with_length(2, suites), with_length(2, extensions));
    handshake(1, &[&[3, 3], &[7; 32][..], &[0], &suites, &[1, 0], &extensions].concat()).unwrap()
}

/// Returns the field at this path.
fn at<'a>(fields: &'a [Field], path: &[&str]) -> &'a Field {
    let (name, rest) = path.split_first().unwrap();
    let field = fields.iter().find(|field| field.name == *name);
    let field = field.unwrap_or_else(|| panic!("no {name} in\n{}", text(fields)));
    if rest.is_empty() { field } else { at(&field.fields, rest) }
}

#[test]
fn known_messages_have_the_expected_trees() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explained");
    for (name, bytes) in known_messages() {
        let fields = explained(&bytes, TLS13);
        let expected = std::fs::read_to_string(directory.join(name).with_extension("txt")).unwrap();
        assert_eq!(text(&fields), expected, "{name}");
        assert_eq!(wrong(&fields), [""; 0]);
        are_nested(&fields, &(0..bytes.len()));
        cover(&fields, bytes.len());
        are_readable(&fields);
    }
}

#[test]
fn a_cut_message_has_its_complete_fields_and_one_malformed_field() {
    for (name, bytes) in known_messages() {
        let all = text(&explained(&bytes, TLS13));
        for length in 0..bytes.len() {
            let fields = explained(&bytes[..length], TLS13);
            assert_eq!(wrong(&fields).len(), 1, "{name} after {length}:\n{}", text(&fields));
            cover(&fields, length);
            are_nested(&fields, &(0..length));
            // Fields before the cut are the same as in the whole message. The first line is skipped, because only the random
            // tells a HelloRetryRequest from a ServerHello.
            for line in text(&fields).lines().skip(1).take_while(|line| !line.contains(MALFORMED)) {
                let is_cut = line.contains(&format!("..{length} "));
                assert!(is_cut || all.lines().any(|other| other == line), "{name} after {length}: {line}");
            }
        }
    }
}

#[test]
fn bytes_after_the_end_are_a_malformed_field() {
    for (_, mut bytes) in known_messages() {
        bytes.extend_from_slice(b"xy");
        let fields = explained(&bytes, TLS13);
        assert_eq!(wrong(&fields), ["2 bytes too many at the end."]);
        let last = fields.last().unwrap();
        assert_eq!((last.range.clone(), &*last.value), (bytes.len() - 2..bytes.len(), "7879"));
    }
}

#[test]
fn a_malformed_extension_does_not_hide_the_next_one() {
    let wrong_length = [0, 0, 0, 4, 0, 9, 0, 0]; // a list of nine bytes in four
    let fields = explained(&client_hello(&[], &[&wrong_length[..], &[0, 23, 0, 0]].concat()), TLS13);
    assert_eq!(wrong(&fields), ["Cut short: length needs 2 bytes, but there is 1."]);
    let wrong_length = [0, 0, 0, 6, 0, 9, 0, 0, 1, b'a'];
    let fields = explained(&client_hello(&[], &[&wrong_length[..], &[0, 23, 0, 0]].concat()), TLS13);
    assert_eq!(wrong(&fields), ["The length is too large: it announces 9 bytes, but there are 4."]);
    at(&fields, &["extensions", "extended_master_secret"]);
}

#[test]
fn grease_numbers_are_recognised_everywhere() {
    let extensions = [
        &[0x1a, 0x1a, 0, 1, 0][..],
        &[0, 10, 0, 4, 0, 2, 0x2a, 0x2a],
        &[0, 13, 0, 4, 0, 2, 0x3a, 0x3a],
        &[0, 16, 0, 5, 0, 3, 2, 0x4a, 0x4a],
        &[0, 43, 0, 3, 2, 0x5a, 0x5a],
        &[0, 45, 0, 2, 1, 0x2a],
        &[0, 51, 0, 7, 0, 5, 0x6a, 0x6a, 0, 1, 0],
    ];
    let fields = explained(&client_hello(&[0x0a, 0x0a], &extensions.concat()), TLS13);
    assert_eq!(wrong(&fields), [""; 0]);
    let mut grease = Vec::new();
    visit(&fields, 0, &mut |_, field| {
        if field.value.starts_with("GREASE") {
            assert_eq!(field.rfc, "RFC 8701, 2");
            grease.push(format!("{} = {}", field.name, field.value));
        }
    });
    let expected = [
        "cipher_suite = GREASE (0x0a0a)",
        "extension_type = GREASE (0x1a1a)",
        "group = GREASE (0x2a2a)",
        "scheme = GREASE (0x3a3a)",
        "protocol_name = GREASE (0x4a4a)",
        "version = GREASE (0x5a5a)",
        "mode = GREASE (42)",
        "group = GREASE (0x6a6a)",
    ];
    assert_eq!(grease, expected);
}

#[test]
fn unknown_values_have_their_numbers_and_bytes() {
    let fields = explained(&client_hello(&[0x12, 0x34], &[0x12, 0x34, 0, 2, 0xab, 0xcd]), TLS13);
    assert_eq!(at(&fields, &["cipher_suites", "cipher_suite"]).value, "unknown (0x1234)");
    let extension = at(&fields, &["extensions", "unknown extension"]);
    assert_eq!(at(&extension.fields, &["extension_type"]).value, "unknown (0x1234)");
    assert_eq!(at(&extension.fields, &["extension_data"]).value, "abcd");

    let fields = explained(&handshake(77, b"\x01\x02").unwrap(), TLS13);
    assert_eq!(at(&fields, &["msg_type"]).value, "unknown (77)");
    assert_eq!(at(&fields, &["body"]).value, "0102");
}

#[test]
fn text_of_a_peer_is_escaped_and_bounded() {
    let name = [&b"\x1b[2J\xe2\x80\xae"[..], &[b'a'; 300]].concat();
    let list = with_length(2, &[&[0], &with_length(2, &name)[..]].concat());
    let extension = [&[0, 0], &with_length(2, &list)[..]].concat();
    let fields = explained(&client_hello(&[], &extension), TLS13);
    let shown =
        &at(&fields, &["extensions", "server_name", "server_name_list", "ServerName", "host_name"]).value;
    assert!(shown.starts_with(r"\x1b[2J\xe2\x80\xaeaaa"), "{shown}");
    assert!(shown.ends_with("aaa… and 63 more"), "{shown}");
    are_readable(&fields);
}

#[test]
fn long_lists_are_shortened() {
    let fields = explained(&client_hello(&[0x13, 0x01].repeat(5000), &[]), TLS13);
    let suites = &at(&fields, &["cipher_suites"]).fields;
    assert_eq!(suites.len(), 1 + LISTED + 1); // with their length
    assert_eq!(suites.last().unwrap().value, "4872 more");
    cover(&fields, 5000 * 2 + 45);

    let odd = explained(&client_hello(&[1; 601], &[]), TLS13);
    assert_eq!(at(&odd, &["cipher_suites", "more"]).value, "172 more");
    assert_eq!(wrong(&odd), ["The last entry is cut short."]);
    assert_eq!(at(&odd, &["cipher_suites", MALFORMED]).value, "01");
}

#[test]
fn hybrids_of_the_right_length_have_two_halves() {
    let share = |length| {
        let share = [&[0x11, 0xec], &with_length(2, &vec![5; length])[..]].concat();
        [&[0, 51], &with_length(2, &with_length(2, &share))[..]].concat()
    };
    let path = ["extensions", "key_share", "client_shares", "KeyShareEntry", "key_exchange"];
    let names = |fields: &[Field]| {
        at(fields, &path).fields.iter().map(|field| field.name.clone().into_owned()).collect::<Vec<_>>()
    };
    let fields = explained(&client_hello(&[], &share(1216)), TLS13);
    assert_eq!(names(&fields), ["length", "ML-KEM encapsulation key", "X25519 public key"]);
    assert_eq!(at(&fields, &path).fields[1].range.len(), 1184);
    let fields = explained(&client_hello(&[], &share(1217)), TLS13);
    assert_eq!(names(&fields), ["length", "content"]);
}

#[test]
fn the_downgrade_signal_in_a_random_is_explained() {
    let hello =
        |end: &[u8]| handshake(2, &[&[3, 3], &[7; 24][..], end, &[0, 0xc0, 0x2b, 0]].concat()).unwrap();
    let says = |end| at(&explained(&hello(end), TLS12), &["random"]).says.clone();
    assert!(says(b"DOWNGRD\x01").contains("agreed on TLS 1.2"));
    assert!(says(b"DOWNGRD\x00").contains("agreed on something older"));
    assert!(!says(b"DOWNGRD\x02").contains("DOWNGRD"));
}
