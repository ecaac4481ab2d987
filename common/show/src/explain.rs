//! What the bytes mean: every field of a record and of its messages, with a sentence for people.

use std::borrow::Cow;
use std::ops::Range;

use crate::decode::{HEADER, Message, Record};

/// Some bytes that mean something, and what they are made of.
///
/// The fields inside lie within the range, in order and without overlap. What lies between them is of no further
/// interest, or could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where: in the record, in its payload or in the message, by which function gave it.
    pub range: Range<usize>,
    /// What it is, as its RFC calls it: `legacy_version`, `key_share`.
    pub name: Cow<'static, str>,
    /// Its value for people, what a peer chose escaped: `TLS 1.2 (0x0303)`. Empty if the fields inside say it.
    pub value: String,
    /// What it is for, in one plain sentence; empty if the name says it all.
    pub says: Cow<'static, str>,
    /// Where that is specified: `RFC 8446, 4.2.8`. Empty if it is where the one around it is.
    pub rfc: &'static str,
    /// What it is made of.
    pub fields: Vec<Field>,
}

/// The header of a record: ranges are in [`Record::wire`].
pub fn header(record: &Record) -> Vec<Field> {
    let _ = (record, HEADER);
    Vec::new()
}

/// What is in a record that is not a handshake message: ranges are in [`Record::payload`].
pub fn content(record: &Record) -> Vec<Field> {
    let _ = record;
    Vec::new()
}

/// A handshake message, its header included: ranges are in [`Message::bytes`].
pub fn message(message: &Message) -> Vec<Field> {
    let _ = message;
    Vec::new()
}
