//! What is kept of a session until its page is written. However long a session is, this is bounded.

use std::collections::VecDeque;
use std::time::Duration;

use decode::{Content, HEADER, Protection, Record};

use super::names;
use crate::vocabulary::Entry;

/// How many rows are kept of the beginning of a session.
pub(super) const FIRST_ROWS: usize = 400;
/// How many are kept of its end.
pub(super) const LAST_ROWS: usize = 200;
/// How many bytes are kept of a record that carries application data, or cannot be opened.
pub(super) const DATA_BYTES: usize = 128;
/// How many bytes are kept of all other records of the beginning; what comes later is cut like application data.
pub(super) const HANDSHAKE_BYTES: usize = 128 * 1024;
/// How many handshake messages of one record are shown.
const PIECES: usize = 64;

/// One row of the ladder.
#[derive(Debug)]
pub(super) enum Row {
    /// A turn of the loop begins.
    Turn(Turn),
    /// The machine did something.
    Call(Entry),
    /// A read or a write, and how many records it completed: they follow as rows of their own.
    Carry(Carry),
    /// A record.
    Record(Box<Drawn>),
}

/// One turn of the loop, as far as it concerns the session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// When it began, since the session did.
    pub(super) at: Duration,
    /// How long after the turn before.
    pub(super) gap: Duration,
    /// How many events the poll brought, and whether it may have slept; `None` before the first poll.
    pub(super) woke: Option<(usize, bool)>,
    /// How many turns since then were others'.
    pub(super) others: u64,
}

/// One system call, and what it carried.
#[derive(Clone, Debug)]
pub(super) struct Carry {
    pub(super) call: Entry,
    pub(super) records: usize,
    pub(super) messages: usize,
    /// How many slices a write had.
    pub(super) slices: usize,
    /// Bytes at the end that belong to a record which is not complete.
    pub(super) left_over: usize,
}

/// A record, as much of it as is kept.
#[derive(Debug)]
pub(super) struct Drawn {
    /// Its place among the records of the session, from 1. A link to it needs a number that stays.
    pub(super) place: u64,
    /// What is in it, all of it.
    pub(super) titles: Vec<String>,
    /// Its bytes may be cut.
    pub(super) record: Record,
    /// How long it is on the wire.
    pub(super) wire: usize,
    /// How long its payload is.
    pub(super) payload: usize,
    /// The tag of an encrypted record, its last bytes on the wire.
    pub(super) tag: Vec<u8>,
    /// How many of its messages are not kept.
    pub(super) messages_left_out: usize,
}

/// The rows of a session: all of the first, the last of the rest.
#[derive(Debug, Default)]
pub(super) struct Rows {
    first: Vec<Row>,
    last: VecDeque<Row>,
    /// What stands above the first of the last rows.
    above: Above,
    omitted: Omitted,
    records: u64,
    handshake_bytes: usize,
}

/// What a row belongs to: the turn of the loop, and for a record the read or the write that carried it.
#[derive(Debug, Default)]
struct Above {
    turn: Option<Turn>,
    carry: Option<Carry>,
}

/// What lies between the first and the last rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Omitted {
    pub(super) rows: u64,
    /// Turns of which something is left out.
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

    /// The rows that the last rows have to begin with, so that none is separated from its turn, nor from its read or
    /// write. None, unless something is left out.
    pub(super) fn repeated(&self) -> Vec<Row> {
        let Above { turn, carry } = &self.above;
        let next = self.last.front().filter(|_| self.omitted.rows > 0);
        let turn = turn.filter(|_| !matches!(next, None | Some(Row::Turn(_))));
        // The sleep before the turn is left out, or shown already.
        let turn = turn.map(|turn| Row::Turn(Turn { gap: Duration::ZERO, ..turn }));
        let carry = carry.clone().filter(|_| matches!(next, Some(Row::Record(_)))).map(Row::Carry);
        turn.into_iter().chain(carry).collect()
    }

    /// A record, cut to what is kept of it.
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

    pub(super) fn first(&self) -> &[Row] {
        &self.first
    }

    pub(super) fn last(&self) -> &VecDeque<Row> {
        &self.last
    }

    /// About how many bytes are kept.
    pub(super) fn size(&self) -> usize {
        self.first.iter().chain(&self.last).map(Row::size).sum()
    }

    /// `None` if everything is there.
    pub(super) fn omitted(&self) -> Option<Omitted> {
        (self.omitted.rows > 0).then_some(self.omitted)
    }
}

impl Row {
    fn size(&self) -> usize {
        let more = match self {
            Self::Turn(_) => 0,
            Self::Call(call) => call.details.len(),
            Self::Carry(carry) => carry.call.details.len(),
            Self::Record(drawn) => {
                let titles: usize = drawn.titles.iter().map(|title| title.len() + size_of::<String>()).sum();
                size_of::<Drawn>() + drawn.weight() + titles
            }
        };
        size_of::<Self>() + more
    }
}

impl Above {
    /// The rows go on behind this one.
    fn pass(&mut self, row: &Row) {
        match row {
            Row::Turn(turn) => *self = Self { turn: Some(*turn), carry: None },
            Row::Carry(carry) => self.carry = Some(carry.clone()),
            Row::Call(_) => self.carry = None,
            Row::Record(_) => {}
        }
    }
}

impl Omitted {
    fn count(&mut self, row: &Row) {
        // The first may be in the middle of a turn.
        self.turns += u64::from(self.rows == 0 || matches!(row, Row::Turn(_)));
        self.rows += 1;
        match row {
            Row::Record(drawn) => {
                self.records += 1;
                self.bytes += drawn.wire as u64;
            }
            Row::Turn(_) | Row::Call(_) | Row::Carry(_) => {}
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
    /// With at most `room` bytes of what is no application data.
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
            for piece in pieces {
                piece.message = piece.message.take().filter(|message| message.bytes.len() <= room);
            }
        }
        let Record { sender, number, version, sealing, .. } = *record;
        let kept = Record { sender, number, version, wire, sealing, protection, content };
        Self {
            place,
            titles: names::titles(record),
            wire: record.wire.len(),
            payload: record.payload().len(),
            messages_left_out: record.messages().count() - kept.messages().count(),
            tag: tag(record).to_vec(),
            record: kept,
        }
    }

    /// How many bytes are kept of it. Messages count, though the record shares them with its decoder: that is gone
    /// when the page is written.
    fn weight(&self) -> usize {
        let messages: usize = self.record.messages().map(|message| message.bytes.len()).sum();
        self.record.wire.len() + self.record.payload().len() + messages
    }
}

fn beginning(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.get(..length).unwrap_or(bytes).to_vec()
}
