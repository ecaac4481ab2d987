//! What the bytes mean: every field of a record and of its messages, with a sentence for people.
//!
//! The functions here never fail: a message that is cut short, or whose lengths do not fit, yields the fields up to
//! there and one called [`MALFORMED`] that says what is wrong. What is not known is shown as what it is.
//!
//! `reader` reads and notes places; each message and each family of extensions is a function over it, in a file of
//! its own; `names` has the tables of IANA.

mod certificate;
mod extensions;
mod finished;
mod handshake;
mod hello;
mod key_exchange;
mod names;
mod reader;
mod record;
mod shown;
mod ticket;
mod x509;

use std::borrow::Cow;
use std::ops::Range;

use self::reader::Reader;
use crate::{Content, HEADER, Message, Record};

/// The name of a field that says what is wrong with its bytes.
pub const MALFORMED: &str = "malformed";

/// How many entries of one list have a field; one more says how many there are beside.
pub const LISTED: usize = 128;

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

/// The header of a record: ranges are in [`Record::wire`]. Nothing for what is no record, or not even a whole header: all of
/// that is content.
pub fn header(record: &Record) -> Vec<Field> {
    if record.content == Content::NotTls
        || record.content == Content::Incomplete && record.wire.len() < HEADER
    {
        return Vec::new();
    }
    let header = record.wire.get(..HEADER).unwrap_or(&record.wire);
    Reader::explain(header, |r| record::header(r, record))
}

/// What is in a record that is not a handshake message: ranges are in [`Record::payload`]. Nothing for handshake
/// messages, which [`message()`] explains.
pub fn content(record: &Record) -> Vec<Field> {
    match record.content {
        Content::Handshake(_) => Vec::new(),
        _ => Reader::explain(record.payload(), |r| record::content(r, record)),
    }
}

/// A handshake message, its header included: ranges are in [`Message::bytes`].
pub fn message(message: &Message) -> Vec<Field> {
    Reader::explain(&message.bytes, |r| handshake::message(r, message))
}
