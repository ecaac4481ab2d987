//! What a page was drawn from: `server-3.json` beside `server-3.html`. The program at the other end of the session reads
//! it, and draws a page with both ends.
//!
//! Its content is that of the page, without the explained fields: the calls with their times, and for each record its titles, the
//! beginning of its text, its length, a hash of its bytes, and its first bytes on the wire. It has no keys.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use decode::{Content, hex};
use rustls::Side;
use serde::{Deserialize, Serialize};

use super::closure::Closure;
use super::entry::Entry;
use super::file_name::Name;
use super::ladder::preview;
use super::names::{self, Look};
use super::rows::{self, Drawn, Row};
use super::segments::Segment;
use super::story::Story;
use crate::vocabulary::{Entry as Call, Tone, woke};

/// The most bytes of a file that is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The most moments of a file that are shown.
const MAX_MOMENTS: usize = rows::FIRST_ROWS + rows::LAST_ROWS + 10;
/// The most bytes of a record that are kept.
const HEAD: usize = 64;
/// Version 1 had no segments. Version 2 did not say how far a record closes its direction, and how many bytes a call
/// moved.
const VERSION: u32 = 3;

/// One end of a session.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    pub(super) entry: Entry,
    pub(super) clock: Clock,
    /// The number of records of the client and of the server.
    pub(super) records: [u64; 2],
    pub(super) moments: Vec<Moment>,
}

/// The beginning of a session on the clock of its host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Clock {
    /// Names the host, and the time since it was started. `None` if the system has no such name.
    boot: Option<String>,
    /// The time since then, in nanoseconds. All programs of a host have the same clock.
    since_boot_ns: u64,
}

/// One step of an end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Moment {
    /// A turn of the loop begins.
    Turn { at_ns: u64, woke: Option<String> },
    /// A call, or an event.
    Call(Said),
    /// One read or one write. Its records follow.
    Carry { at_ns: u64, call: Said },
    /// A record.
    Record(Kept),
    /// An event of the TCP connection. The call before it revealed it.
    Segment { at_ns: u64, segment: Segment },
    /// Rows are left out here.
    LeftOut { records: u64, turns: u64 },
}

/// A call and its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) tone: Tone,
    pub(super) verb: String,
    pub(super) details: String,
    /// The number of bytes that it moved. Version 2 did not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
}

/// A record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its number on the page of this end. Links use it.
    pub(super) place: u64,
    pub(super) from_client: bool,
    /// Its number among the records of its direction, from 0.
    pub(super) number: u64,
    pub(super) titles: Vec<String>,
    /// The beginning of its application data, if this is text that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) preview: Option<String>,
    pub(super) look: Look,
    pub(super) encrypted: bool,
    /// The alert reports no error.
    pub(super) peaceful: bool,
    /// How far the record closes its direction. Version 2 did not have it.
    #[serde(default)]
    pub(super) closure: Closure,
    /// The session ended before the rest of the record was read or written.
    pub(super) incomplete: bool,
    /// The number of bytes on the wire.
    pub(super) length: u64,
    /// The SHA-256 of the bytes on the wire, in hexadecimal.
    pub(super) digest: String,
    /// The first bytes on the wire, in hexadecimal.
    pub(super) head: String,
}

impl Saved {
    /// Returns what the page of a session is drawn from. `boot` is the result of [`boot`].
    pub(super) fn of(entry: Entry, story: &Story, boot: Option<&str>) -> Self {
        let rows = &story.rows;
        let mut moments: Vec<Moment> = rows.first.iter().map(Moment::of).collect();
        if let Some(omitted) = rows.omitted() {
            moments.push(Moment::LeftOut { records: omitted.records, turns: omitted.turns });
        }
        let repeated = rows.repeated();
        moments.extend(repeated.iter().chain(&rows.last).map(Moment::of));
        let clock = Clock { boot: boot.map(str::to_owned), since_boot_ns: nanos(story.monotonic) };
        let records = [Side::Client, Side::Server].map(|side| story.facts.of(side).records);
        Self { version: VERSION, entry, clock, records, moments }
    }

    /// Reads the data of a page.
    ///
    /// # Errors
    /// The file is not a regular file, is too large, is damaged, has another version, or belongs to another page.
    pub(super) fn read(folder: &Path, name: Name) -> io::Result<Self> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file =
            OpenOptions::new().read(true).custom_flags(flags).open(folder.join(format!("{name}.json")))?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            return Err(io::Error::other(format!("is not a regular file of at most {MAX_BYTES} bytes")));
        }
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text)?;
        let mut saved: Self = serde_json::from_slice(&text)?;
        if !(1..=VERSION).contains(&saved.version) {
            return Err(io::Error::other(format!(
                "has version {} of the format, not {VERSION} or an earlier one",
                saved.version
            )));
        }
        if saved.entry.name != name {
            return Err(io::Error::other(format!("belongs to {}", saved.entry.name)));
        }
        saved.moments.truncate(MAX_MOMENTS);
        Ok(saved)
    }

    /// Returns the beginnings of two sessions on one clock, and whether that is the clock of one host. Otherwise they
    /// are times of day, which two hosts may have set differently.
    pub(super) fn beginnings(client: &Self, server: &Self) -> ([Duration; 2], bool) {
        let same = client.clock.boot.is_some() && client.clock.boot == server.clock.boot;
        let of = |end: &Self| match same {
            true => Duration::from_nanos(end.clock.since_boot_ns),
            false => Duration::from_micros(end.entry.began_us),
        };
        ([of(client), of(server)], same)
    }

    /// Returns the number of records of a direction.
    pub(super) fn count(&self, from_client: bool) -> u64 {
        let [client, server] = self.records;
        if from_client { client } else { server }
    }
}

impl Moment {
    fn of(row: &Row) -> Self {
        match row {
            Row::Turn(turn) => Self::Turn {
                at_ns: nanos(turn.at),
                woke: turn.woke.map(|(events, slept)| woke(events, slept)),
            },
            Row::Call(call) => Self::Call(Said::of(call)),
            Row::Carry(carry) => Self::Carry { at_ns: nanos(carry.at), call: Said::of(&carry.call) },
            Row::Record(drawn) => Self::Record(Kept::of(drawn)),
            Row::Segment { at, segment } => Self::Segment { at_ns: nanos(*at), segment: *segment },
        }
    }
}

impl Said {
    fn of(call: &Call) -> Self {
        // The details of this call lead to the top of its page.
        let details = if call.verb == "established" { String::new() } else { call.details.clone() };
        Self { tone: call.tone, verb: call.verb.to_owned(), details, bytes: call.bytes }
    }
}

impl Kept {
    fn of(drawn: &Drawn) -> Self {
        let record = &drawn.record;
        Self {
            place: drawn.place,
            from_client: record.sender == Side::Client,
            number: record.number,
            titles: drawn.titles.clone(),
            preview: preview(drawn),
            look: Look::of(record),
            encrypted: record.is_encrypted(),
            peaceful: names::is_peaceful(record),
            closure: Closure::by(record),
            incomplete: record.content == Content::Incomplete,
            length: drawn.wire as u64,
            digest: hex(&drawn.digest),
            head: hex(record.wire.get(..HEAD).unwrap_or(&record.wire)),
        }
    }
}

/// Returns the name that Linux gives to the time since the host was started. All programs of the host see the same one.
pub(super) fn boot() -> Option<String> {
    let file = OpenOptions::new().read(true).open("/proc/sys/kernel/random/boot_id").ok()?;
    let mut text = String::new();
    file.take(64).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
