//! The fields that describe the records of a read or a write.

use serde_json::{Value, json};
use tls_session::alert_name::AlertName;

use crate::sink::Carried;
use decode::{Alert, Content, Message, Protection, Record, Sealed, content_type_name};

pub(super) fn of(bytes: usize, carried: &Carried) -> Value {
    let records: Vec<Value> = carried.records.iter().map(record).collect();
    json!({ "bytes": bytes, "records": records, "left_over": carried.left_over })
}

pub(super) fn record(record: &Record) -> Value {
    let (sealed, padding) = match record.protection {
        Protection::Clear => (None, None),
        Protection::Opened { padding, .. } => (None, Some(padding)),
        Protection::Sealed(Sealed::NoSecret) => (Some("no_secret"), None),
        Protection::Sealed(Sealed::DoesNotOpen) => (Some("does_not_open"), None),
    };
    json!({
        "content_type": content_type(&record.content),
        "encrypted": record.is_encrypted(),
        "length": record.payload().len(),
        "wire_length": record.wire.len(),
        "padding": padding,
        "messages": record.messages().map(message).collect::<Vec<_>>(),
        "alert": alert(&record.content),
        "sealed": sealed,
        "malformed": matches!(record.content, Content::Other(_)),
    })
}

/// Returns the content type by its name in RFC 8446, 5.1.
fn content_type(content: &Content) -> Value {
    match content {
        Content::Incomplete => "incomplete".into(),
        Content::NotTls => "not_tls".into(),
        content => content.kind().map_or(Value::Null, |kind| {
            content_type_name(kind).map_or_else(|| u8::from(kind).into(), Value::from)
        }),
    }
}

fn message(message: &Message) -> Value {
    message.name().map_or_else(|| u8::from(message.kind).into(), Value::from)
}

fn alert(content: &Content) -> Value {
    let Content::Alert(Alert { level, description, .. }) = content else { return Value::Null };
    let level = match level {
        1 => Value::from("warning"),
        2 => "fatal".into(),
        level => (*level).into(),
    };
    let description =
        AlertName(*description).name().map_or_else(|| u8::from(*description).into(), Value::from);
    json!({ "level": level, "description": description })
}
