//! The layout of the text.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use tls_session::deadline::Timeout;
use tls_session::escaped::one_line;
use tls_session::observer::{LoopEvent, SessionId, Step};

use super::palette::{FAINT, style_of};
use super::wrap::wrap;
use crate::vocabulary::{Entry, Tone};

/// The longest verb, so that all details begin in one column.
const VERB: usize = "process_new_packets".len();
/// Columns in front of the body: the time, the session, the rule.
const BODY: usize = "+  812.401 loop │ ".len() - "│".len() + 1;
/// The glyph of a direction, and a space.
const GLYPH: usize = 2;
/// Columns of the body in front of the details.
const DETAILS: usize = GLYPH + VERB + 1;
/// A narrower terminal breaks the lines itself.
const NARROWEST: usize = 40;
/// A narrower terminal has no room for details in a column of their own.
const WIDE: usize = 72;

/// What a line depends on beside its own step: the lines before it.
#[derive(Debug)]
pub(super) struct Text {
    coloured: bool,
    /// Says how wide a line may be.
    pub(super) width: fn() -> Option<usize>,
    /// The time on the line before, which is faint when it is repeated.
    shown: Option<Duration>,
    /// Whether the loop has woken at all: turns are joined by a rule from then on.
    woken: bool,
    /// The slices of the write that is going on.
    slices: usize,
    /// The sessions whose idle deadline runs, and how often it was moved.
    idle: HashMap<u64, u64>,
}

impl Text {
    pub(super) fn new(coloured: bool) -> Self {
        Self { coloured, width: || None, shown: None, woken: false, slices: 0, idle: HashMap::new() }
    }

    /// The line of a step that carried these contents; `None` if a later line tells of it.
    pub(super) fn step(
        &mut self,
        since_start: Duration,
        id: SessionId,
        step: &Step<'_>,
        mut entry: Entry,
        contents: &str,
    ) -> Option<String> {
        match step {
            Step::Sent(_) => {
                self.slices += 1;
                return None;
            }
            Step::WroteTls(_) => entry.details += &count(std::mem::take(&mut self.slices), "slice"),
            Step::DeadlineSet(Timeout::Idle, Some(_)) => {
                if let Some(moves) = self.idle.get_mut(&id.number) {
                    *moves += 1;
                    return None;
                }
                self.idle.insert(id.number, 0);
            }
            Step::DeadlineSet(Timeout::Idle, None) | Step::DeadlineFired(Timeout::Idle) => {
                entry.details += &count_moves(self.idle.remove(&id.number));
            }
            Step::Closed { .. } => drop(self.idle.remove(&id.number)),
            _ => {}
        }
        if !contents.is_empty() {
            entry.details += &format!(": {contents}");
        }
        Some(self.line(since_start, &id.number.to_string(), &entry))
    }

    /// The line of an event of the loop.
    pub(super) fn event_loop(
        &mut self,
        since_start: Duration,
        event: &LoopEvent<'_>,
        entry: &Entry,
    ) -> String {
        self.woken |= matches!(event, LoopEvent::Woke { .. });
        self.line(since_start, "loop", entry)
    }

    fn line(&mut self, since_start: Duration, whose: &str, entry: &Entry) -> String {
        let repeated = self.shown.replace(since_start) == Some(since_start);
        let time = format!("+{:>9}", milliseconds(since_start));
        let rule = match entry.tone {
            Tone::Woke => "┌",
            _ if self.woken => "│",
            _ => " ",
        };
        let mut line = String::new();
        self.paint(&mut line, if repeated { FAINT } else { Style::new() }, &time);
        self.paint(&mut line, Style::new(), &format!(" {whose:>4} "));
        self.paint(&mut line, FAINT, rule);
        line.push(' ');
        self.paint_wrapped(&mut line, style_of(entry.tone), rule, body(entry).trim_end());
        line
    }

    /// What does not fit goes on in lines of its own, below its beginning.
    fn paint_wrapped(&self, line: &mut String, style: Style, rule: &str, body: &str) {
        let body = one_line(body);
        let Some(width) = (self.width)().filter(|width| *width >= NARROWEST) else {
            return self.paint(line, style, &body);
        };
        let indent = if width >= WIDE { BODY + DETAILS } else { BODY + GLYPH };
        let rule = if rule == "┌" { "│" } else { rule };
        for (index, piece) in wrap(&body, width - BODY, width - indent).into_iter().enumerate() {
            if index > 0 {
                *line += "\n";
                *line += &" ".repeat(BODY - GLYPH);
                self.paint(line, FAINT, rule);
                *line += &" ".repeat(indent + 1 - BODY);
            }
            self.paint(line, style, piece);
        }
    }

    /// Nothing but this writes an escape sequence: what is painted has lost its own.
    fn paint(&self, line: &mut String, style: Style, text: &str) {
        let text = one_line(text);
        // Writing to a String does not fail.
        let _ = match self.coloured && style != Style::new() {
            true => write!(line, "{style}{text}{style:#}"),
            false => write!(line, "{text}"),
        };
    }
}

fn body(Entry { tone, verb, details }: &Entry) -> String {
    match tone {
        Tone::Woke => format!("{verb:<width$} {details}", width = VERB + 2),
        Tone::In => format!("◀ {verb:<VERB$} {details}"),
        Tone::Out => format!("▶ {verb:<VERB$} {details}"),
        _ => format!("  {verb:<VERB$} {details}"),
    }
}

/// With three decimals, microseconds.
fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!(" ({number} {what}{plural})")
}

fn count_moves(moves: Option<u64>) -> String {
    match moves {
        None | Some(0) => String::new(),
        Some(1) => " (moved once)".to_owned(),
        Some(moves) => format!(" (moved {moves} times)"),
    }
}
