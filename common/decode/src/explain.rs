//! Explains records and messages: each field with its bytes, its value and a sentence for people.
//!
//! The functions here never fail. A message that is cut short, or that has wrong lengths, yields the fields before the fault
//! and one field called [`MALFORMED`], which describes it. Unknown bytes are shown in hexadecimal.
//!
//! `field_reader` reads bytes and notes their places. Each message and each family of extensions has a file of functions
//! that use it. `names` has IANA's tables. `summary` sums up certificates. `choices` and `fault` know what the rest of the
//! session says about a field.

mod certificate;
mod choices;
mod extensions;
mod fault;
mod field_reader;
mod finished;
mod handshake;
mod hello;
mod key_exchange;
mod names;
mod record;
mod references;
mod shown;
mod summary;
mod ticket;
mod x509;

use std::borrow::Cow;
use std::ops::Range;

use rustls::{AlertDescription, HandshakeType, Side};

pub use self::choices::Choices;
pub use self::fault::Fault;
use self::field_reader::{FieldReader, Known};
pub use self::names::scheme_name;
pub use self::references::link;
pub use self::shown::beginning;
pub use self::summary::{Certificate, Certificates, certificates, chain};
use crate::{Content, HEADER, Message, Record};

/// The name of a field that describes a fault in its bytes.
pub const MALFORMED: &str = "malformed";

/// The most entries of a list that have a field. One more field counts the others.
pub const LISTED: usize = 128;

/// A field: its bytes, its meaning, and the fields inside it.
///
/// The fields inside lie within its range, in order and without overlap. Bytes between them are not explained.
#[derive(Clone, Debug, PartialEq)]
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
    /// What the rest of the session says about it.
    pub mark: Option<Mark>,
    /// The fields inside it.
    pub fields: Vec<Field>,
}

/// What the rest of a session says about a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// This end has chosen this entry from the list of the other end.
    ChosenBy(Side),
    /// The other end refused the certificate because of this field.
    Fault,
    /// The other end refused this certificate, and no field shows the reason.
    Refused,
    /// The other end found this signature wrong.
    WrongSignature,
}

/// Knowledge about a session that marks fields of its messages.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// The choices of both ends.
    pub choices: Choices,
    /// The end that the other end refused, and the reason.
    pub fault: Option<(Side, Fault)>,
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
    FieldReader::explain(header, Known::NOTHING, |r| record::header(r, record))
}

/// Explains the content of a record. Ranges are in [`Record::payload`]. The result is empty for handshake messages, because
/// [`message()`] explains them.
pub fn content(record: &Record) -> Vec<Field> {
    match record.content {
        Content::Handshake(_) => Vec::new(),
        _ => FieldReader::explain(record.payload(), Known::NOTHING, |r| record::content(r, record)),
    }
}

/// Returns the meaning of an alert in a sentence. Empty for an unknown alert.
pub fn meaning(alert: AlertDescription) -> Cow<'static, str> {
    names::alerts::alert(alert.into()).says
}

/// Explains a handshake message and its header. Ranges are in [`Message::bytes`].
pub fn message(message: &Message) -> Vec<Field> {
    FieldReader::explain(&message.bytes, Known::NOTHING, |r| handshake::message(r, message))
}

/// Explains a handshake message like [`message()`], and marks fields for which the rest of the session matters.
pub fn marked_message(message: &Message, marks: &Marks) -> Vec<Field> {
    let fault = marks.fault.filter(|(owner, _)| *owner == message.sender).map(|(_, fault)| fault);
    let refused = fault.filter(|_| message.kind == HandshakeType::Certificate);
    let known = Known {
        choices: &marks.choices,
        fault: refused.map(|fault| fault.place(message)),
        is_wrong_signature: fault == Some(Fault::Signature),
    };
    FieldReader::explain(&message.bytes, known, |r| handshake::message(r, message))
}
