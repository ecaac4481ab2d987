//! `--illustrate`: a page for each session, for who wants to understand it, or TLS.
//!
//! On top what it came to; then a ladder: client and server are two life lines, each record is an arrow between them,
//! and beside this end's line stands what its machine did, turn by turn, down to where it slept. Every arrow opens into
//! its bytes, as they crossed the wire and as they were meant, with a sentence for each field.
//!
//! A page is one file without anything from elsewhere, and says so to the browser: its content security policy allows
//! its own style and script, by their hashes, and nothing else. It is written when the session ends. What it keeps is
//! bounded, however long a session is: the first 400 rows of the ladder and the last 200, 128 KiB of handshake records,
//! and 128 bytes of each record that carries application data; the page says what is left out.
//!
//! It holds what was decrypted. It never holds what decrypts: no secret reaches it.

mod args;
mod bytes;
mod certificate;
mod document;
mod facts;
mod flights;
mod folder;
mod glance;
mod ladder;
mod names;
mod numbers;
mod story;
mod words;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::escaped::one_line;
use common::identity::Moment;
use common::observer::{LoopEvent, SessionId, Step};
use log::warn;
use rustls::Side;
use rustls::pki_types::UnixTime;

pub use self::args::PageArgs;
use self::facts::Facts;
pub use self::folder::{Folder, FolderError};
use self::story::{Carry, Row, Rows, Turn};
use self::words::Call;
use crate::sink::{Carried, Sink};

/// How many events of the loop are kept for a session that is about to begin.
const PRELUDE: usize = 32;

/// One moment by both clocks, from which the time of day of all others follows.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// By the clock that the loop reads.
    pub instant: Instant,
    /// By the wall's.
    pub utc: SystemTime,
}

impl Clock {
    /// `2026-11-23 14:02:11 UTC`.
    fn date(self, instant: Instant) -> String {
        let utc = self.utc + instant.saturating_duration_since(self.instant);
        let since_1970 = utc.duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment::from(UnixTime::since_unix_epoch(since_1970)).to_string()
    }
}

/// The sink that draws sessions.
#[derive(Debug)]
pub struct Illustrator {
    /// The side that the other end of each session plays.
    peer: Side,
    clock: Clock,
    /// `None` once a page could not be written.
    folder: Option<Folder>,
    round: Round,
    stories: HashMap<u64, Story>,
}

/// The turn of the loop that is going on.
#[derive(Debug)]
struct Round {
    number: u64,
    woke: Option<(Instant, usize, bool)>,
    /// What the loop did before a session began, and whose it is, if it is one peer's.
    events: Vec<(Option<SocketAddr>, Call)>,
}

/// A session that goes on.
#[derive(Debug)]
struct Story {
    began: Instant,
    facts: Facts,
    rows: Rows,
    /// The turn that its last rows belong to.
    round: u64,
    turned: Duration,
    /// The slices of the write that is going on.
    slices: usize,
}

impl Illustrator {
    /// At the end whose peers play the side `peer`, pages into `folder`.
    pub fn new(peer: Side, clock: Clock, folder: Folder) -> Self {
        let round = Round { number: 0, woke: None, events: Vec::new() };
        Self { peer, clock, folder: Some(folder), round, stories: HashMap::new() }
    }

    fn begin(&mut self, now: Instant, id: SessionId, local: SocketAddr) {
        let facts = Facts::new(id, self.peer, local, self.clock.date(now));
        let mut story =
            Story { began: now, facts, rows: Rows::default(), round: 0, turned: Duration::ZERO, slices: 0 };
        story.turn(&self.round, now);
        let its = |(peer, _): &mut (Option<SocketAddr>, Call)| peer.is_none_or(|peer| peer == id.peer);
        for (_, call) in self.round.events.extract_if(.., its) {
            story.rows.push(Row::Call(call));
        }
        self.stories.insert(id.number, story);
    }

    /// The session is over, or the program ends before it is.
    fn draw(&mut self, story: &Story) {
        let Some(folder) = &self.folder else { return };
        let page = document::of(&story.facts, &story.rows).into_string();
        if let Err(error) = folder.write(story.facts.id.number, &page) {
            warn!("no more sessions are drawn: {}", one_line(&error.to_string()));
            self.folder = None;
            self.stories.clear();
        }
    }
}

impl Sink for Illustrator {
    fn is_watching(&self) -> bool {
        self.folder.is_some()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        if let Step::Began { local } = step {
            self.begin(now, id, *local);
        }
        let Some(story) = self.stories.get_mut(&id.number) else { return };
        story.turn(&self.round, now);
        story.step(now, step, carried);
        if let Step::Closed { .. } = step
            && let Some(story) = self.stories.remove(&id.number)
        {
            self.draw(&story);
        }
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        if let LoopEvent::Woke { events, timeout } = event {
            self.round.number += 1;
            self.round.woke = Some((now, *events, words::slept(*timeout)));
            // A client connects in turns of its own before its session begins.
            self.round.events.retain(|(_, call)| call.verb.starts_with("connect"));
            return;
        }
        let Some(call) = words::of_event(event) else { return };
        // All that a client's loop does, it does for its one session.
        let everybodys = self.peer == Side::Server || matches!(event, LoopEvent::Stopping { .. });
        if everybodys && !self.stories.is_empty() {
            for story in self.stories.values_mut() {
                story.turn(&self.round, now);
                story.rows.push(Row::Call(call.clone()));
            }
        } else if self.round.events.len() < PRELUDE {
            self.round.events.push((words::whose(event), call));
        }
    }
}

/// A session that the program left, rather than ended, is drawn as far as it went.
impl Drop for Illustrator {
    fn drop(&mut self) {
        for (_, story) in std::mem::take(&mut self.stories) {
            self.draw(&story);
        }
    }
}

impl Story {
    /// Notes that the loop has turned, once a turn.
    fn turn(&mut self, round: &Round, now: Instant) {
        if self.round == round.number && !self.rows.first().is_empty() {
            return;
        }
        let at = round.woke.map_or(now, |(woke, ..)| woke).saturating_duration_since(self.began);
        let others = round.number.saturating_sub(self.round + 1);
        let first = self.rows.first().is_empty();
        self.rows.push(Row::Turn(Turn {
            at,
            gap: at.saturating_sub(self.turned),
            woke: round.woke.map(|(_, events, slept)| (events, slept)),
            others: if first { 0 } else { others },
        }));
        self.round = round.number;
        self.turned = at;
    }

    fn step(&mut self, now: Instant, step: &Step<'_>, carried: &Carried) {
        self.facts.lasted = now.saturating_duration_since(self.began);
        match step {
            Step::Sent(_) => self.slices += 1,
            Step::Received(bytes) => {
                let peer = self.facts.peer;
                self.facts.sent_by(peer).bytes += bytes.len() as u64;
            }
            Step::WroteTls(length) => {
                let us = self.facts.us();
                self.facts.sent_by(us).bytes += *length as u64;
            }
            Step::Established(handshake) => self.facts.agree(handshake),
            Step::Closed { reason, received, sent } => self.facts.close(reason, *received, *sent),
            _ => {}
        }
        let Some(call) = words::of_step(step, now, self.facts.peer) else { return };
        match step {
            Step::ReadTls([_, ..]) | Step::WroteTls(_) => self.carry(call, carried),
            _ => self.rows.push(Row::Call(call)),
        }
    }

    fn carry(&mut self, call: Call, carried: &Carried) {
        let records = &carried.records;
        self.rows.push(Row::Carry(Carry {
            call,
            records: records.len(),
            messages: records.iter().map(|record| record.messages().count()).sum(),
            slices: std::mem::take(&mut self.slices),
            left_over: carried.left_over,
        }));
        for record in records {
            self.facts.record(record);
            self.rows.push_record(record);
        }
    }
}
