//! The parts of a session that are kept until its page is written. Their size is bounded, however long the session is.

use std::collections::VecDeque;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use decode::{Content, HEADER, Protection, Record};

use super::names;
use super::segments::Segment;
use crate::vocabulary::Entry;

/// The number of rows that are kept of the beginning of a session.
pub(super) const FIRST_ROWS: usize = 400;
/// The number of rows that are kept of its end.
pub(super) const LAST_ROWS: usize = 200;
/// The most bytes that are kept of a record that carries application data, or cannot be decrypted.
pub(super) const DATA_BYTES: usize = 128;
/// The most bytes that are kept of all other records of the beginning together. Later ones are cut like application data.
pub(super) const HANDSHAKE_BYTES: usize = 128 * 1024;
/// The most handshake messages of one record that are shown.
const PIECES: usize = 64;

/// One row of the ladder.
#[derive(Debug)]
pub(super) enum Row {
    /// A turn of the loop begins.
    Turn(Turn),
    /// A step of the session, or an event of the loop.
    Call(Entry),
    /// A read or a write. The records that it completed follow as rows.
    Carry(Carry),
    /// A record.
    Record(Box<Drawn>),
    /// An event of the TCP connection, and the time from the beginning of the session.
    Segment { at: Duration, segment: Segment },
}

/// A turn of the loop in which the session did something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// The time from the beginning of the session to that of the turn.
    pub(super) at: Duration,
    /// The time since the session's previous turn.
    pub(super) gap: Duration,
    /// The number of events of the poll, and whether the poll may have slept; `None` before the first poll.
    pub(super) woke: Option<(usize, bool)>,
    /// The number of turns since then in which only other sessions did something.
    pub(super) others: u64,
}

/// A read or a write, and its contents.
#[derive(Clone, Debug)]
pub(super) struct Carry {
    pub(super) call: Entry,
    /// The time of the system call, from the beginning of the session: before a write, after a read.
    pub(super) at: Duration,
    pub(super) records: usize,
    pub(super) messages: usize,
    /// The number of slices of a write.
    pub(super) slices: usize,
    /// Bytes at the end that belong to an incomplete record.
    pub(super) left_over: usize,
}

/// The kept part of a record.
#[derive(Debug)]
pub(super) struct Drawn {
    /// Its number among the records of the session, from 1. Links use it.
    pub(super) place: u64,
    /// The titles of all its messages.
    pub(super) titles: Vec<String>,
    /// The record. Its bytes may be cut.
    pub(super) record: Record,
    /// Its full length on the wire.
    pub(super) wire: usize,
    /// The full length of its payload.
    pub(super) payload: usize,
    /// The SHA-256 of its bytes on the wire. The page with both ends compares it.
    pub(super) digest: [u8; 32],
    /// The tag of an encrypted record, its last bytes on the wire.
    pub(super) tag: Vec<u8>,
    /// The number of its messages that are not kept.
    pub(super) messages_left_out: usize,
}

/// The first rows of a session, and the last ones.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) first: Vec<Row>,
    pub(super) last: VecDeque<Row>,
    /// The turn and the call above the first of the last rows.
    above: Above,
    omitted: Omitted,
    records: u64,
    handshake_bytes: usize,
}

/// The headings above a row: the turn of the loop, and the read or write that carried a record.
#[derive(Debug, Default)]
struct Above {
    turn: Option<Turn>,
    carry: Option<Carry>,
}

/// The contents of the rows between the first and the last ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Omitted {
    pub(super) rows: u64,
    /// Turns that are not shown, or not completely.
    pub(super) turns: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Rows {
    pub(super) fn push(&mut self, row: Row) {
        if self.first.len() < FIRST_ROWS {
            self.above.pass(&row);
            return self.first.push(row);
        }
        self.last.push_back(row);
        if self.last.len() > LAST_ROWS
            && let Some(row) = self.last.pop_front()
        {
            self.omitted.count(&row);
            self.above.pass(&row);
        }
    }

    /// Returns the headings that the last rows need: their turn, and their read or write. There are none if no row is
    /// left out.
    pub(super) fn repeated(&self) -> Vec<Row> {
        let Above { turn, carry } = &self.above;
        let next = self.last.front().filter(|_| self.omitted.rows > 0);
        let turn = turn.filter(|_| !matches!(next, None | Some(Row::Turn(_))));
        // The sleep before this turn is left out, or shown already.
        let turn = turn.map(|turn| Row::Turn(Turn { gap: Duration::ZERO, ..turn }));
        let carry = carry.clone().filter(|_| matches!(next, Some(Row::Record(_)))).map(Row::Carry);
        turn.into_iter().chain(carry).collect()
    }

    /// Adds a record, cut to its kept part.
    pub(super) fn push_record(&mut self, record: &Record) {
        let left = HANDSHAKE_BYTES.saturating_sub(self.handshake_bytes);
        let early = self.first.len() < FIRST_ROWS;
        self.records += 1;
        let drawn = Drawn::of(self.records, record, if early { left } else { 0 });
        if !is_data(record) {
            self.handshake_bytes += drawn.weight();
        }
        self.push(Row::Record(Box::new(drawn)));
    }

    /// Returns about how many bytes are kept.
    pub(super) fn size(&self) -> usize {
        self.first.iter().chain(&self.last).map(Row::size).sum()
    }

    /// Returns the omitted rows; `None` if all rows are kept.
    pub(super) fn omitted(&self) -> Option<Omitted> {
        (self.omitted.rows > 0).then_some(self.omitted)
    }
}

impl Row {
    /// Returns its record, if it is one.
    pub(super) fn record(&self) -> Option<&Drawn> {
        if let Self::Record(drawn) = self { Some(drawn) } else { None }
    }

    fn size(&self) -> usize {
        let more = match self {
            Self::Turn(_) | Self::Segment { .. } => 0,
            Self::Call(call) => call.details.len(),
            Self::Carry(carry) => carry.call.details.len(),
            Self::Record(drawn) => {
                let titles: usize = drawn.titles.iter().map(|title| title.len() + size_of::<String>()).sum();
                size_of::<Drawn>() + drawn.weight() + titles + drawn.record.schedule_size()
            }
        };
        size_of::<Self>() + more
    }
}

impl Above {
    /// Updates the headings after this row.
    fn pass(&mut self, row: &Row) {
        match row {
            Row::Turn(turn) => *self = Self { turn: Some(*turn), carry: None },
            Row::Carry(carry) => self.carry = Some(carry.clone()),
            Row::Call(_) | Row::Segment { .. } => self.carry = None,
            Row::Record(_) => {}
        }
    }
}

impl Omitted {
    fn count(&mut self, row: &Row) {
        // The first omitted row may be in the middle of a turn.
        self.turns += u64::from(self.rows == 0 || matches!(row, Row::Turn(_)));
        self.rows += 1;
        if let Some(drawn) = row.record() {
            self.records += 1;
            self.bytes += drawn.wire as u64;
        }
    }
}

fn tag(record: &Record) -> &[u8] {
    let length = record.sealing.map_or(0, |sealing| sealing.tag);
    let start = record.wire.len().saturating_sub(length);
    record.wire.get(start..).unwrap_or_default()
}

fn is_data(record: &Record) -> bool {
    matches!(record.content, Content::ApplicationData(_) | Content::Hidden | Content::NotTls)
}

impl Drawn {
    /// Keeps all of a record.
    pub(super) fn whole(record: &Record) -> Self {
        Self::new(0, record, record.clone())
    }

    /// Cuts a record. It keeps at most `room` bytes if the record does not carry application data.
    fn of(place: u64, record: &Record, room: usize) -> Self {
        let kept = if is_data(record) { DATA_BYTES } else { DATA_BYTES.max(room) };
        let protection = match &record.protection {
            Protection::Opened { plaintext, padding } => {
                Protection::Opened { plaintext: beginning(plaintext, kept), padding: *padding }
            }
            other => other.clone(),
        };
        let wire = beginning(&record.wire, kept.saturating_add(HEADER));
        let mut content = record.content.clone();
        if let Content::Handshake(pieces) = &mut content {
            pieces.truncate(PIECES);
            pieces.shrink_to_fit(); // a record has room for thousands of messages
            for piece in pieces {
                piece.message = piece.message.take().filter(|message| message.bytes.len() <= room);
            }
        }
        let (derivations, checks) = (record.derivations.clone(), record.checks.clone());
        Self::new(place, record, Record { wire, protection, content, derivations, checks, ..*record })
    }

    /// Keeps this part of a record.
    fn new(place: u64, record: &Record, kept: Record) -> Self {
        Self {
            place,
            titles: names::titles(record),
            wire: record.wire.len(),
            payload: record.payload().len(),
            messages_left_out: record.messages().count() - kept.messages().count(),
            digest: sha256(&record.wire),
            tag: tag(record).to_vec(),
            record: kept,
        }
    }

    /// Returns the number of its kept bytes. This includes the messages, although the decoder shares them: the decoder is
    /// gone when the page is written.
    fn weight(&self) -> usize {
        let messages: usize = self.record.messages().map(|message| message.bytes.len()).sum();
        self.record.wire.len() + self.record.payload().len() + messages
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap_or_default()
}

fn beginning(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.get(..length).unwrap_or(bytes).to_vec()
}
