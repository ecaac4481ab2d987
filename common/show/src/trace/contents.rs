//! What a read or a write carried, for people.

use rustls::ContentType;
use tls_session::alert_name::AlertName;

use crate::preview::Preview;
use crate::sink::Carried;
use crate::vocabulary::message_name;
use decode::{Alert, Content, Piece, Protection, Record, Sealed};

/// How much of one list is shown. A peer can put four thousand empty messages into one record.
const SHOWN: usize = 16;

/// What was carried, in the order of the bytes: a comma between things, braces around each record that was encrypted.
/// Empty if it was nothing.
pub(super) fn of(carried: &Carried) -> String {
    let items: Vec<Item> = carried.records.iter().map(Item::of).collect();
    let groups = items.chunk_by(Item::may_be_told_with).flat_map(tell);
    let mut told = list(groups.collect());
    match (carried.left_over, told.is_empty()) {
        (0, _) => {}
        (waiting, true) => told = format!("{waiting} B of the next record so far"),
        (waiting, false) => told += &format!(" + {waiting} B of the next record"),
    }
    told
}

/// What one record carried.
struct Item {
    words: String,
    encrypted: bool,
    /// How much application data it is.
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

    /// Neighbours that say the same are told together, and application data is whatever its lengths.
    fn may_be_told_with(&self, next: &Self) -> bool {
        let same = self.words == next.words || self.data.is_some() && next.data.is_some();
        same && self.encrypted == next.encrypted
    }
}

fn tell(items: &[Item]) -> Vec<String> {
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
        Content::Other(kind) => other(*kind, length),
        Content::Hidden if record.protection == Protection::Sealed(Sealed::DoesNotOpen) => {
            format!("encrypted {length} B, does not open")
        }
        Content::Hidden => format!("encrypted {length} B"),
        Content::Incomplete => format!("incomplete record {} B", record.wire.len()),
        Content::NotTls => not_tls(record.payload()),
    };
    if let Protection::Opened { padding: padding @ 1.., .. } = record.protection {
        words += &format!(", padded by {padding} B");
    }
    words
}

/// A message is named where it ends.
fn messages(pieces: &[Piece]) -> String {
    let name = |piece: &Piece| match &piece.message {
        None => "part of a message".to_owned(),
        Some(message) => message_name(message),
    };
    let names: Vec<String> = pieces.iter().map(name).collect();
    let run = |run: &[String]| run.first().map(|name| times(name, run.len()));
    list(names.chunk_by(String::eq).filter_map(run).collect())
}

/// A close_notify has the level of a warning and is none, so its level is not shown.
fn alert(Alert { level, description }: Alert) -> String {
    let level = match (level, description) {
        (1, rustls::AlertDescription::CloseNotify) => String::new(),
        (1, _) => "warning ".to_owned(),
        (2, _) => "fatal ".to_owned(),
        (level, _) => format!("level {level} "),
    };
    let name = AlertName(description).word().map_or_else(|| u8::from(description).to_string(), str::to_owned);
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

fn not_tls(bytes: &[u8]) -> String {
    let preview = Preview::of(bytes);
    format!("no TLS \"{preview}\"{}", preview.more())
}
