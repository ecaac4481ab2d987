//! Which bytes came, and when, as an arrow chart.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of events that are kept: half of them the first ones, half of them the last ones.
const KEPT: usize = 400;
/// The number of first events and of last events in a chart that has more.
const SHOWN: (usize, usize) = (24, 24);

/// The direction of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From us to the target.
    Sent,
    /// From the target to us.
    Received,
}

/// The content of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// Bytes: their number, and the records that began in them, as words.
    Bytes(Direction, usize, String),
    /// A FIN or a reset.
    Mark(Direction, &'static str),
    /// A sentence about the connection, or about the whole case.
    Note(String),
}

#[derive(Clone, Debug)]
struct Event {
    at: Duration,
    connection: Option<u32>,
    what: What,
}

/// The events of a case. Clones share them.
#[derive(Clone, Debug)]
pub struct Evidence {
    start: Instant,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    connections: u32,
    events: Vec<Event>,
    /// Events that were not kept, between the first and the last ones.
    more: usize,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { start: Instant::now(), log: Arc::default() }
    }
}

impl Evidence {
    /// Returns the number of a new connection. The first one is 1.
    pub fn new_connection(&self) -> u32 {
        let mut log = self.log();
        log.connections += 1;
        log.connections
    }

    /// Adds a sentence.
    pub fn note(&self, text: impl Into<String>) {
        self.push(None, What::Note(text.into()));
    }

    /// Adds a sentence about a connection.
    pub fn note_on(&self, connection: u32, text: impl Into<String>) {
        self.push(Some(connection), What::Note(text.into()));
    }

    /// Adds bytes. `records` says which records begin in them.
    pub fn bytes(&self, connection: u32, direction: Direction, length: usize, records: String) {
        self.push(Some(connection), What::Bytes(direction, length, records));
    }

    /// Adds a FIN or a reset.
    pub fn mark(&self, connection: u32, direction: Direction, what: &'static str) {
        self.push(Some(connection), What::Mark(direction, what));
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, connection: Option<u32>, what: What) {
        let at = self.start.elapsed();
        let mut log = self.log();
        // Bytes without a new record continue the line before.
        if let (What::Bytes(direction, more, records), Some(last)) = (&what, log.events.last_mut())
            && last.connection == connection
            && let What::Bytes(before, length, known) = &mut last.what
            && before == direction
            && (records.is_empty() || known == records)
        {
            *length += more;
            return;
        }
        if log.events.len() == KEPT {
            log.events.remove(KEPT / 2);
            log.more += 1;
        }
        log.events.push(Event { at, connection, what });
    }
}

/// Prints the arrow chart, one event a line. A long chart shows its beginning and its end.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log();
        let (first, last) = SHOWN;
        let hidden = log.events.len().saturating_sub(first + last);
        for (index, event) in log.events.iter().enumerate() {
            if index == first && hidden > 0 {
                writeln!(f, "              … {} lines more …", hidden + log.more)?;
            }
            if index < first || index >= first + hidden {
                writeln!(f, "{}", line(event))?;
            }
        }
        Ok(())
    }
}

fn line(event: &Event) -> String {
    let mut line = format!("{:>9.3} s  ", event.at.as_secs_f64());
    let _ = match event.connection {
        Some(connection) => write!(line, "{connection:>4}  "),
        None => write!(line, "      "),
    };
    let _ = match &event.what {
        What::Bytes(direction, length, records) => {
            let records = if records.is_empty() { "the rest of a record" } else { records };
            write!(line, "{} {records} ({length} bytes)", arrow(*direction))
        }
        What::Mark(direction, what) => write!(line, "{} {what}", arrow(*direction)),
        What::Note(text) => write!(line, "     {text}"),
    };
    line
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "--->",
        Direction::Received => "<---",
    }
}

/// Names the records that begin in a stream of bytes.
#[derive(Debug, Default)]
pub struct Namer {
    /// The first bytes of an incomplete header.
    header: Vec<u8>,
    /// How many bytes of the current record are still to come.
    left: usize,
    /// The bytes are not TLS.
    lost: bool,
}

impl Namer {
    /// Returns the records that begin in these bytes, which follow the bytes of the last call: "handshake,
    /// 3 x application_data".
    pub fn name(&mut self, mut bytes: &[u8]) -> String {
        let mut names: Vec<(String, usize)> = Vec::new();
        while !bytes.is_empty() && !self.lost {
            let body = self.left.min(bytes.len());
            self.left -= body;
            bytes = &bytes[body..];
            let Some((byte, rest)) = bytes.split_first().filter(|_| self.left == 0) else { continue };
            self.header.push(*byte);
            bytes = rest;
            let [kind, _, _, high, low] = self.header[..] else { continue };
            self.header.clear();
            self.left = usize::from(u16::from_be_bytes([high, low]));
            let name = record_name(kind, bytes, self.left);
            self.lost = name.is_none();
            let name = name.unwrap_or_else(|| "bytes that are not TLS".to_owned());
            match names.last_mut() {
                Some((last, count)) if *last == name => *count += 1,
                _ => names.push((name, 1)),
            }
        }
        let mut parts: Vec<String> = names
            .into_iter()
            .map(|(name, count)| if count == 1 { name } else { format!("{count} x {name}") })
            .collect();
        if parts.len() > 8 {
            let more = parts.len() - 8;
            parts.truncate(8);
            parts.push(format!("{more} more"));
        }
        if self.lost && parts.is_empty() {
            return "bytes that are not TLS".to_owned();
        }
        parts.join(", ")
    }
}

/// The name of a record with this type and length. The first bytes of its body tell an unencrypted message: its type
/// and its length. An encrypted message rarely looks like one.
fn record_name(kind: u8, body: &[u8], length: usize) -> Option<String> {
    let is_hello = match body {
        [_, 0, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])) >= length,
        _ => body.len() < 4, // The rest has not come.
    };
    Some(match (kind, body) {
        (20, _) => "change_cipher_spec".to_owned(),
        (21, [1, description]) => format!("warning alert {description}"),
        (21, [2, description]) => format!("fatal alert {description}"),
        (21, _) => "alert".to_owned(),
        (22, [1, ..]) if is_hello => "ClientHello".to_owned(),
        (22, [2, ..]) if is_hello => "ServerHello".to_owned(),
        (22, _) => "handshake".to_owned(),
        (23, _) => "application_data".to_owned(),
        (24, _) => "heartbeat".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_across_calls() {
        let mut namer = Namer::default();
        assert_eq!(namer.name(&[22, 3, 1]), "");
        assert_eq!(namer.name(&[0, 2, 1, 0, 23, 3, 3, 0, 1]), "ClientHello, application_data");
        assert_eq!(namer.name(&[9, 21, 3, 3, 0, 2, 2, 50]), "fatal alert 50");
        assert_eq!(namer.name(b"HTTP/1.1"), "bytes that are not TLS");
    }

    #[test]
    fn a_long_chart_is_bounded() {
        let evidence = Evidence::default();
        for number in 0..10_000 {
            evidence.note(format!("line {number}"));
        }
        let chart = evidence.to_string();
        assert!(chart.lines().count() < 60, "{chart}");
        assert!(chart.contains("line 0\n") && chart.contains("… 9952 lines more …"), "{chart}");
        assert!(chart.ends_with("line 9999\n"), "{chart}");
    }
}
