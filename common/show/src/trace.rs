//! `--trace`: a line for each step of a session and each event of the loop, live.
//!
//! ```text
//! +  812.401 loop ┌ woke                  1 event
//! +  812.401    1 │   ready               readable
//! +  812.401    1 │ ◀ recv                107 B
//! +  812.401    1 │   read_tls            107 B: ChangeCipherSpec, {Finished}, {application data 5 B}
//! +  812.401    1 │   process_new_packets → to write 242, plaintext 5
//! ```
//!
//! Read it beside `common/session/src/session.rs` and the loop's `event_loop.rs`: each line is one place there. The columns:
//!
//! - the time since the trace began, in milliseconds. All that happens in one turn of the loop has the time at which
//!   the turn began, because the loop reads its clock once a turn;
//! - the number of the session, or `loop`;
//! - a rule that begins at each `woke`: what it joins is one turn of the loop;
//! - ◀ for what comes from the peer, ▶ for what goes to it;
//! - what was done, by the name of the call where it is one, and what came of it.
//!
//! A read and a write say which records they completed, in the order of the bytes: handshake messages by their names in
//! RFC 8446 and RFC 5246, alerts by theirs, application data by its length. Braces are around a record that crossed the
//! wire encrypted, and was opened with the session's own secrets; `×` says how often the same came in a row. A message
//! that goes on in the next record is named where it ends, and `part of a message` before that;
//! `+ 312 B of the next record` are there already, and wait for the rest. What could not be opened is
//! `{encrypted 1234 B}`.
//!
//! Plaintext is shown by its length and its beginning, escaped. Key material is never shown.
//!
//! Two kinds of steps have no line of their own in the text. The slices that one `write_tls` handed to the kernel are
//! counted on its line; and the idle deadline, which every piece of application data moves, is told of when it starts,
//! stops and fires, with the number of moves. [`json`] has them all.

mod args;
mod contents;
mod file;
pub mod json;
mod palette;
mod text;
mod wrap;

use std::io::Write;
use std::time::Instant;

use program::ending::Endings;
use tls_session::observer::{LoopEvent, SessionId, Step};

pub use self::args::{Form, TraceArgs};
use self::text::Text;
use crate::lines::Lines;
use crate::sink::{Carried, Sink};
use crate::vocabulary;

/// A sink that writes a line for everything it is told.
#[derive(Debug)]
pub struct Trace<W> {
    /// The side that the other end of each session plays.
    endings: Endings,
    start: Instant,
    layout: Layout,
    lines: Lines<W>,
}

#[derive(Debug)]
enum Layout {
    Text(Text),
    Json,
}

impl<W: Write> Trace<W> {
    /// A trace for people: at the end whose peers play the side `peer`, with times that count from `start`, into
    /// `writer`, which gets each line in one call.
    pub fn text(endings: Endings, start: Instant, writer: W, coloured: bool) -> Self {
        Self {
            endings,
            start,
            layout: Layout::Text(Text::new(coloured)),
            lines: Lines::new("the trace", writer),
        }
    }

    /// The same, with lines that are broken at the width of a terminal, where this says how wide it is. It is asked for
    /// each line.
    pub fn wrapped(mut self, width: fn() -> Option<usize>) -> Self {
        if let Layout::Text(text) = &mut self.layout {
            text.width = width;
        }
        self
    }

    /// The same for programs; see [`json`] for the schema.
    pub fn json(endings: Endings, start: Instant, writer: W) -> Self {
        Self { endings, start, layout: Layout::Json, lines: Lines::new("the trace", writer) }
    }

    /// What was written to; `None` if nobody can read it any more.
    pub fn into_writer(self) -> Option<W> {
        self.lines.into_writer()
    }
}

impl<W: Write> Sink for Trace<W> {
    fn is_watching(&self) -> bool {
        self.lines.are_open()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        let since_start = now.saturating_duration_since(self.start);
        let line = match &mut self.layout {
            Layout::Text(text) => {
                let entry = vocabulary::of_step(step, now, &self.endings);
                text.step(since_start, id, step, entry, &contents::of(carried))
            }
            Layout::Json => Some(json::step(since_start, id, step, now, &self.endings, carried)),
        };
        if let Some(line) = line {
            self.lines.write(now, &line);
        }
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        let since_start = now.saturating_duration_since(self.start);
        let line = match &mut self.layout {
            Layout::Text(text) => text.event_loop(since_start, event, &vocabulary::of_event(event)),
            Layout::Json => json::event_loop(since_start, event),
        };
        self.lines.write(now, &line);
    }
}
