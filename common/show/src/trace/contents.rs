//! Describes the records of a read or a write, for people.

use rustls::ContentType;
use tls_session::alert_name::AlertName;

use crate::preview::quoted;
use crate::sink::Carried;
use crate::vocabulary::message_name;
use decode::{Alert, Content, Piece, Protection, Record, Sealed};

/// The most entries of a list. A peer can put four thousand empty messages into one record.
const SHOWN: usize = 16;

/// Describes the records in the order of the bytes. Braces enclose each record that was encrypted. The result is empty if
/// there are no bytes.
pub(super) fn of(carried: &Carried) -> String {
    let items: Vec<Item> = carried.records.iter().map(Item::of).collect();
    let groups = items.chunk_by(Item::joins).flat_map(describe);
    let mut line = list(groups.collect());
    match (carried.left_over, line.is_empty()) {
        (0, _) => {}
        (length, true) => line = format!("{length} B of the next record so far"),
        (length, false) => line += &format!(" + {length} B of the next record"),
    }
    line
}

/// Describes one record.
pub(super) fn of_record(record: &Record) -> String {
    braced(&words(record), record.is_encrypted())
}

/// One record in words.
struct Item {
    words: String,
    encrypted: bool,
    /// The length of its application data.
    data: Option<usize>,
}

impl Item {
    fn of(record: &Record) -> Self {
        let data = match record.content {
            Content::ApplicationData(length) => Some(length),
            _ => None,
        };
        Self { words: words(record), encrypted: record.is_encrypted(), data }
    }

    /// Returns whether the next record is described together with this one: if it has the same words, or if both carry
    /// application data.
    fn joins(&self, next: &Self) -> bool {
        let same = self.words == next.words || self.data.is_some() && next.data.is_some();
        same && self.encrypted == next.encrypted
    }
}

fn describe(items: &[Item]) -> Vec<String> {
    let runs: Vec<&[Item]> = items.chunk_by(|one, next| one.words == next.words).collect();
    if runs.len() > 2 {
        let sum: usize = items.iter().filter_map(|item| item.data).sum();
        let encrypted = items.iter().any(|item| item.encrypted);
        return vec![braced(&format!("application data {sum} B in {} records", items.len()), encrypted)];
    }
    let run = |run: &&[Item]| run.first().map(|item| times(&braced(&item.words, item.encrypted), run.len()));
    runs.iter().filter_map(run).collect()
}

fn braced(words: &str, encrypted: bool) -> String {
    if encrypted { format!("{{{words}}}") } else { words.to_owned() }
}

fn times(words: &str, number: usize) -> String {
    if number == 1 { words.to_owned() } else { format!("{words} ×{number}") }
}

fn list(mut words: Vec<String>) -> String {
    if let Some(more) = words.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        words.truncate(SHOWN);
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}

fn words(record: &Record) -> String {
    let length = record.payload().len();
    let mut words = match &record.content {
        Content::Handshake(pieces) => messages(pieces),
        Content::Alert(alert) => self::alert(*alert),
        Content::ChangeCipherSpec => "ChangeCipherSpec".to_owned(),
        Content::ApplicationData(length) => format!("application data {length} B"),
        Content::Unprotected => format!("handshake record in clear text {length} B"),
        Content::Other(kind) => other(*kind, length),
        Content::Hidden if record.protection == Protection::Sealed(Sealed::DoesNotOpen) => {
            format!("encrypted {length} B, does not open")
        }
        Content::Hidden => format!("encrypted {length} B"),
        Content::Incomplete => format!("incomplete record {} B", record.wire.len()),
        Content::NotTls => format!("no TLS {}", quoted(record.payload())),
    };
    if let Protection::Opened { padding: padding @ 1.., .. } = record.protection {
        words += &format!(", padded by {padding} B");
    }
    words
}

/// Lists the messages of a record. A message is named in the record where it ends.
fn messages(pieces: &[Piece]) -> String {
    let name = |piece: &Piece| match &piece.message {
        None => "part of a message".to_owned(),
        Some(message) => message_name(message),
    };
    let names: Vec<String> = pieces.iter().map(name).collect();
    let run = |run: &[String]| run.first().map(|name| times(name, run.len()));
    list(names.chunk_by(String::eq).filter_map(run).collect())
}

/// Describes an alert. close_notify has the level of a warning but is not one, so its level is not shown.
fn alert(Alert { level, description, .. }: Alert) -> String {
    let level = match (level, description) {
        (1, rustls::AlertDescription::CloseNotify) => String::new(),
        (1, _) => "warning ".to_owned(),
        (2, _) => "fatal ".to_owned(),
        (level, _) => format!("level {level} "),
    };
    let name = AlertName(description).name().map_or_else(|| u8::from(description).to_string(), str::to_owned);
    format!("Alert: {level}{name}")
}

fn other(kind: ContentType, length: usize) -> String {
    match kind {
        ContentType::ChangeCipherSpec | ContentType::Alert | ContentType::Handshake => {
            format!("malformed {kind:?} {length} B")
        }
        ContentType::Unknown(number) => format!("content type {number}, {length} B"),
        kind => format!("{kind:?} {length} B"),
    }
}
