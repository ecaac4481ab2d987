//! Explanations of extensions that rustls does not send, from handmade bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use decode::explain::{self, Field};
use rustls::ProtocolVersion;
use support::tree::{are_readable, cover, message, message_with, with_length, wrong};
use testing::from_hex;

fn extension(fields: &[Field]) -> Option<&Field> {
    let is_extension =
        |field: &Field| field.fields.first().is_some_and(|first| first.name == "extension_type");
    fields.iter().find_map(|field| if is_extension(field) { Some(field) } else { extension(&field.fields) })
}

fn values(fields: &[Field]) -> String {
    let value = |field: &Field| match &*field.name {
        "extension_type" | "length" => String::new(),
        _ if field.value.is_empty() => values(&field.fields),
        name => format!("{name} = {}\n{}", field.value, values(&field.fields)),
    };
    fields.iter().map(value).collect()
}

/// The number of cases in `extensions.txt`.
const CASES: usize = 38;

#[test]
fn extensions_have_the_expected_values() {
    let cases: Vec<&str> = include_str!("explained/extensions.txt").split("\n\n").skip(1).collect();
    assert_eq!(cases.len(), CASES, "cases in extensions.txt");
    for case in cases {
        let (title, expected) = case.split_once('\n').unwrap_or((case, ""));
        let [place, number, content] = [0, 1, 2].map(|at| title.splitn(3, ' ').nth(at).unwrap_or_default());
        let number: u16 = number.parse().unwrap();
        let extension_bytes = [&number.to_be_bytes(), &with_length(2, &from_hex(content))[..]].concat();
        let bytes = message_with(place, &extension_bytes);
        let fields = explain::message(&message(bytes.clone(), ProtocolVersion::TLSv1_3));
        cover(&fields, bytes.len());
        are_readable(&fields);
        assert_eq!(values(&extension(&fields).unwrap().fields).trim_end(), expected.trim_end(), "{title}");
        // The Certificate message has an empty certificate.
        assert!(wrong(&fields).iter().all(|says| says.contains("X.509")), "{title}: {fields:?}");
    }
}
