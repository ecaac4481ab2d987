//! `--trace`: writes a line for each step of a session and each event of the loop, as they happen.
//!
//! ```text
//! +  812.401 loop ┌ woke                  1 event
//! +  812.401    1 │   ready               readable
//! +  812.401    1 │ ◀ recv                107 B
//! +  812.401    1 │   read_tls            107 B: ChangeCipherSpec, {Finished}, {application data 5 B}
//! +  812.401    1 │   process_new_packets → to write 242, plaintext 5
//! ```
//!
//! Read it beside `common/session/src/session.rs` and the loop's `event_loop.rs`: each line comes from one place there.
//! The columns are:
//!
//! - the time since the trace began, in milliseconds. All lines of one turn of the loop have the time at which the turn
//!   began, because the loop reads its clock once a turn;
//! - the number of the session, or `loop`;
//! - a rule, which begins at each `woke` and joins the lines of one turn;
//! - ◀ for bytes from the peer, ▶ for bytes to it;
//! - the name of the call or of the event, and its result.
//!
//! A read or a write lists the records that it completed, in the order of the bytes. Handshake messages and alerts
//! have their names in RFC 8446 and RFC 5246, application data has its length. Braces enclose a record that crossed
//! the wire encrypted and was decrypted with the session's own secrets. A record that could not be decrypted is
//! `{encrypted 1234 B}`. `×2` means twice in a row. A message that spans records is named in the record where it
//! ends. The records before that have `part of a message`. `+ 312 B of the next record` have arrived already.
//!
//! Plaintext is shown by its length and its escaped beginning. Key material is never shown.
//!
//! With `--trace=fields` the fields of the records follow each read and each write. [`fields`] has the format. These lines
//! do not begin with `+`. Nor does the first line, which explains the columns and signs.
//!
//! Two kinds of steps have no line in the text. The line of `write_tls` counts the slices that it handed to the
//! kernel. The idle deadline moves with every piece of application data. It has lines when it starts, stops and
//! fires, with the number of moves. [`json`] has all of them.

mod contents;
pub mod fields;
mod file;
pub mod json;
mod open;
mod palette;
mod text;
mod wrap;

use std::io::Write;
use std::time::Instant;

use program::ending::Endings;
use program::observer::LoopEvent;
use tls_session::observer::{SessionId, Step};

use self::fields::OpenSessions;
use self::json::Json;
pub(crate) use self::json::LogLines;
pub(crate) use self::open::{Form, open};
pub use self::palette::is_coloured;
use self::text::Text;
use self::wrap::Width;
use crate::clock::Clock;
use crate::lines::Lines;
use crate::sink::{Carried, Sink};
use crate::vocabulary;

/// The first line of the text.
const LEGEND: &str = "times in ms; ◀ from the peer, ▶ to it; {…} crossed the wire encrypted";

/// The most lines of fields that are written at once. stderr drops more than 64 KiB.
const CHUNK: usize = 64;

/// A sink that writes a line for each step and each event.
#[derive(Debug)]
pub struct Trace<W> {
    endings: Endings,
    start: Instant,
    layout: Layout,
    /// Returns the width of the terminal, if there is one.
    width: fn() -> Option<usize>,
    lines: Lines<W>,
}

#[derive(Debug)]
enum Layout {
    /// The text, and with `--trace=fields` the fields below it.
    Text(Text, Option<OpenSessions>),
    Json(Json),
}

impl<W: Write> Trace<W> {
    /// Makes a trace for people. Its times count from `start`. `writer` gets each line in one call.
    pub fn text(endings: Endings, start: Instant, writer: W, coloured: bool) -> Self {
        let layout = Layout::Text(Text::new(endings.local(), coloured), None);
        Self::new(endings, start, layout, writer)
    }

    /// Adds the fields of the records below each read and each write: [`fields`] has the format.
    pub fn fields(endings: Endings, start: Instant, writer: W, coloured: bool) -> Self {
        let fields = OpenSessions::new(endings.local(), coloured);
        let layout = Layout::Text(Text::new(endings.local(), coloured), Some(fields));
        Self::new(endings, start, layout, writer)
    }

    /// Makes a trace for programs. [`json`] has the schema. Its times count from that of `clock`.
    pub fn json(endings: Endings, clock: Clock, writer: W) -> Self {
        Self::new(endings, clock.instant, Layout::Json(Json::new(clock)), writer)
    }

    fn new(endings: Endings, start: Instant, layout: Layout, writer: W) -> Self {
        Self { endings, start, layout, width: || None, lines: Lines::new("the trace", writer) }
    }

    /// Breaks the lines of the text at the width of a terminal. `width` is called once for each step that has lines.
    pub fn wrapped(self, width: fn() -> Option<usize>) -> Self {
        Self { width, ..self }
    }

    /// Writes a line that explains the columns and the signs of the text. Call it before the first step.
    pub(crate) fn with_legend(mut self) -> Self {
        self.lines.write(self.start, LEGEND);
        self
    }

    /// Returns the writer; `None` if its reader is gone.
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
        let width = Width::new(self.width);
        let line = match &mut self.layout {
            Layout::Text(text, _) => {
                let entry = vocabulary::of_step(step, now, &self.endings);
                text.step(since_start, id, step, entry, carried, &width)
            }
            Layout::Json(json) => Some(json.step(id, step, now, &self.endings, carried)),
        };
        if let Some(line) = line {
            self.lines.write(now, &line);
        }
        if let Layout::Text(_, Some(fields)) = &mut self.layout {
            let fields = fields.lines(id, step, carried, &width);
            fields.chunks(CHUNK).for_each(|lines| self.lines.write(now, &lines.join("\n")));
        }
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        let since_start = now.saturating_duration_since(self.start);
        let line = match &mut self.layout {
            Layout::Text(text, _) => {
                let width = Width::new(self.width);
                text.event_loop(since_start, event, &vocabulary::of_event(event), &width)
            }
            Layout::Json(json) => json.event_loop(now, event),
        };
        self.lines.write(now, &line);
    }
}
