//! The fields that describe the records of a read or a write.

use rustls::ContentType;
use serde_json::{Value, json};
use tls_session::alert_name::AlertName;

use crate::sink::Carried;
use decode::{Alert, Content, Message, Protection, Record, Sealed};

pub(super) fn of(bytes: usize, carried: &Carried) -> Value {
    let records: Vec<Value> = carried.records.iter().map(record).collect();
    json!({ "bytes": bytes, "records": records, "left_over": carried.left_over })
}

fn record(record: &Record) -> Value {
    let (sealed, padding) = match record.protection {
        Protection::Clear => (None, None),
        Protection::Opened { padding, .. } => (None, Some(padding)),
        Protection::Sealed(Sealed::NoSecret) => (Some("no_secret"), None),
        Protection::Sealed(Sealed::DoesNotOpen) => (Some("does_not_open"), None),
    };
    let (content_type, malformed) = content_type(&record.content);
    json!({
        "content_type": content_type,
        "encrypted": record.is_encrypted(),
        "length": record.payload().len(),
        "wire_length": record.wire.len(),
        "padding": padding,
        "messages": record.messages().map(message).collect::<Vec<_>>(),
        "alert": alert(&record.content),
        "sealed": sealed,
        "malformed": malformed,
    })
}

/// Returns the content type by its name in RFC 8446, 5.1, and whether the content is malformed.
fn content_type(content: &Content) -> (Value, bool) {
    let kind = match content {
        Content::Handshake(_) => ContentType::Handshake,
        Content::Alert(_) => ContentType::Alert,
        Content::ChangeCipherSpec => ContentType::ChangeCipherSpec,
        Content::ApplicationData(_) => ContentType::ApplicationData,
        Content::Other(kind) => *kind,
        Content::Hidden => return (Value::Null, false),
        Content::Incomplete => return ("incomplete".into(), false),
        Content::NotTls => return ("not_tls".into(), false),
    };
    let malformed = matches!(content, Content::Other(_));
    let name = match kind {
        ContentType::Handshake => "handshake",
        ContentType::Alert => "alert",
        ContentType::ChangeCipherSpec => "change_cipher_spec",
        ContentType::ApplicationData => "application_data",
        ContentType::Heartbeat => "heartbeat",
        _ => return (u8::from(kind).into(), malformed),
    };
    (name.into(), malformed)
}

fn message(message: &Message) -> Value {
    message.name().map_or_else(|| u8::from(message.kind).into(), Value::from)
}

fn alert(content: &Content) -> Value {
    let Content::Alert(Alert { level, description }) = content else { return Value::Null };
    let level = match level {
        1 => Value::from("warning"),
        2 => "fatal".into(),
        level => (*level).into(),
    };
    let description =
        AlertName(*description).name().map_or_else(|| u8::from(*description).into(), Value::from);
    json!({ "level": level, "description": description })
}
