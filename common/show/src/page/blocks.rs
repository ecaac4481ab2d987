//! The blocks of bytes inside an arrow: on the wire, decrypted, and messages that are joined from several records.

use std::borrow::Cow;
use std::ops::Range;

use super::rows::Drawn;
use super::sealed;
use crate::vocabulary::message_name;
use decode::explain::{self, Field, Marks};
use decode::{Content, HEADER, Message, Protection, Record};

/// A sequence of bytes that is shown together.
pub(super) struct Block<'a> {
    pub(super) title: String,
    pub(super) bytes: Cow<'a, [u8]>,
    /// Their number, including those that are not kept.
    pub(super) whole: usize,
    pub(super) fields: Vec<Field>,
}

/// A block without its bytes.
pub(crate) struct Explained {
    pub(crate) title: String,
    /// The number of its bytes.
    pub(crate) length: usize,
    pub(crate) fields: Vec<Field>,
}

/// Explains a record as its page does: on the wire, decrypted, and the messages that end in it.
pub(crate) fn explained(record: &Record) -> Vec<Explained> {
    if record.content == Content::NotTls {
        let (title, length) = ("On the wire".to_owned(), record.wire.len());
        return vec![Explained { title, length, fields: explain::content(record) }];
    }
    let explained =
        |block: Block<'_>| Explained { title: block.title, length: block.whole, fields: block.fields };
    blocks(&Drawn::whole(record), &Marks::default()).into_iter().map(explained).collect()
}

/// Returns the blocks inside the arrow of a record. `marks` marks the fields of its messages.
pub(super) fn blocks<'a>(drawn: &'a Drawn, marks: &Marks) -> Vec<Block<'a>> {
    let record = &drawn.record;
    let mut fields = explain::header(record);
    if !fields.is_empty() {
        fields = vec![around("record header", 0..HEADER, fields)];
    }
    let mut blocks = Vec::new();
    let wire = |title: &str, fields| Block {
        title: title.to_owned(),
        bytes: Cow::Borrowed(record.wire.as_slice()),
        whole: drawn.wire,
        fields,
    };
    let mut inside = payload_fields(record, marks);
    let is_cut = record.pieces().is_empty() && record.payload().len() < drawn.payload;
    if let Some(field) = inside.last_mut().filter(|_| is_cut) {
        (field.range.end, field.value) = (drawn.payload, String::new());
    }
    match record.protection {
        Protection::Clear | Protection::Sealed(_) => {
            let before = record.wire.len() - record.payload().len();
            fields.extend(inside.into_iter().map(|field| shifted(field, before)));
            blocks.push(wire("On the wire", fields));
        }
        Protection::Opened { .. } => {
            fields.extend(sealed::fields(drawn));
            blocks.push(wire("On the wire, encrypted", fields));
            blocks.push(sealed::decrypted(drawn, inside));
        }
    }
    // The messages that began in an earlier record.
    let joined = ends(record).filter(|(range, message)| !is_whole(range, message));
    blocks.extend(joined.map(|(_, message)| Block {
        title: format!("{}, joined from several records", message_name(message)),
        bytes: Cow::Borrowed(message.bytes.as_slice()),
        whole: message.bytes.len(),
        fields: explain::marked_message(message, marks),
    }));
    blocks
}

/// Returns the fields of the payload. Those of a handshake record are its complete messages.
fn payload_fields(record: &Record, marks: &Marks) -> Vec<Field> {
    if record.content == Content::NotTls {
        return Vec::new(); // the fields of the header cover all bytes
    }
    let mut fields = explain::content(record);
    for (range, message) in ends(record).filter(|(range, message)| is_whole(range, message)) {
        let fields_inside = explain::marked_message(message, marks);
        let whole = around(message_name(message), 0..message.bytes.len(), fields_inside);
        fields.push(shifted(whole, range.start));
    }
    fields
}

/// Makes a field that only groups others.
pub(super) fn around(name: impl Into<Cow<'static, str>>, range: Range<usize>, fields: Vec<Field>) -> Field {
    Field {
        range,
        name: name.into(),
        value: String::new(),
        says: Cow::Borrowed(""),
        rfc: "",
        mark: None,
        fields,
    }
}

/// Returns the messages that end in this record, and the range of the end.
fn ends(record: &Record) -> impl Iterator<Item = (&Range<usize>, &Message)> {
    record.pieces().iter().filter_map(|piece| Some((&piece.range, piece.message.as_deref()?)))
}

fn is_whole(range: &Range<usize>, message: &Message) -> bool {
    range.len() == message.bytes.len()
}

fn shifted(mut field: Field, by: usize) -> Field {
    field.range = field.range.start + by..field.range.end + by;
    field.fields = field.fields.into_iter().map(|field| shifted(field, by)).collect();
    field
}
