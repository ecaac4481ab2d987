//! Explains records and messages: each field with its bytes, its value and a sentence for people.
//!
//! The functions here never fail. A message that is cut short, or that has wrong lengths, yields the fields before the fault
//! and one field called [`MALFORMED`], which describes it. Unknown bytes are shown in hexadecimal.
//!
//! `field_reader` reads bytes and notes their places. Each message and each family of extensions has a file of functions
//! that use it. `names` has IANA's tables. `summary` sums up certificates.

mod certificate;
mod extensions;
mod field_reader;
mod finished;
mod handshake;
mod hello;
mod key_exchange;
mod names;
mod record;
mod shown;
mod summary;
mod ticket;
mod x509;

use std::borrow::Cow;
use std::ops::Range;

use self::field_reader::FieldReader;
pub use self::shown::beginning;
pub use self::summary::{Certificate, Certificates, certificates};
use crate::{Content, HEADER, Message, Record};

/// The name of a field that describes a fault in its bytes.
pub const MALFORMED: &str = "malformed";

/// The most entries of a list that have a field. One more field counts the others.
pub const LISTED: usize = 128;

/// A field: its bytes, its meaning, and the fields inside it.
///
/// The fields inside lie within its range, in order and without overlap. Bytes between them are not explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its bytes in the record, the payload or the message, as the function that returned it says.
    pub range: Range<usize>,
    /// Its name in the RFC: `legacy_version`, `key_share`.
    pub name: Cow<'static, str>,
    /// Its value for people: `TLS 1.2 (0x0303)`. Text from a peer is escaped. Empty if the fields inside have the value.
    pub value: String,
    /// Its purpose in a sentence; empty if the name is enough.
    pub says: Cow<'static, str>,
    /// The section that specifies it: `RFC 8446, 4.2.8`. Empty if it is the section of the field around it.
    pub rfc: &'static str,
    /// The fields inside it.
    pub fields: Vec<Field>,
}

/// Explains the header of a record. Ranges are in [`Record::wire`]. Bytes that are not a record, or less than a header, have
/// no header: [`content`] explains all of them.
pub fn header(record: &Record) -> Vec<Field> {
    if record.content == Content::NotTls
        || record.content == Content::Incomplete && record.wire.len() < HEADER
    {
        return Vec::new();
    }
    let header = record.wire.get(..HEADER).unwrap_or(&record.wire);
    FieldReader::explain(header, |r| record::header(r, record))
}

/// Explains the content of a record. Ranges are in [`Record::payload`]. The result is empty for handshake messages, because
/// [`message()`] explains them.
pub fn content(record: &Record) -> Vec<Field> {
    match record.content {
        Content::Handshake(_) => Vec::new(),
        _ => FieldReader::explain(record.payload(), |r| record::content(r, record)),
    }
}

/// Explains a handshake message and its header. Ranges are in [`Message::bytes`].
pub fn message(message: &Message) -> Vec<Field> {
    FieldReader::explain(&message.bytes, |r| handshake::message(r, message))
}
