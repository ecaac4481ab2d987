//! The layout of the text trace.

use std::collections::HashMap;
use std::time::Duration;

use anstyle::Style;
use program::observer::LoopEvent;
use rustls::Side;
use tls_session::bytes::Count;
use tls_session::deadline::Timeout;
use tls_session::escaped::one_line;
use tls_session::observer::{SessionId, Step};

use super::contents;
use super::palette::{FAINT, paint, style_of};
use super::wrap::{Width, wrap};
use crate::sink::Carried;
use crate::vocabulary::{Entry, Tone};

/// The longest verb, so that all details begin in one column.
const VERB: usize = "process_new_packets".len();
/// Columns in front of the body: time, session, rule.
const BODY: usize = "+  812.401 loop │ ".len() - "│".len() + 1;
/// Columns of the direction: a glyph and a space.
const GLYPH: usize = 2;
/// Columns of the body in front of the details.
const DETAILS: usize = GLYPH + VERB + 1;
/// On a narrower terminal the lines are not broken here.
const NARROWEST: usize = 40;
/// On a narrower terminal the continued lines begin below the verb, not below the details.
const WIDE: usize = 72;

/// The state that a line depends on, besides its own step.
#[derive(Debug)]
pub(super) struct Text {
    local: Side,
    coloured: bool,
    /// The time on the line before. A repeated time is faint.
    shown: Option<Duration>,
    /// The loop has woken at least once. From then on a rule joins the lines of a turn.
    woken: bool,
    /// How often the idle deadline of each session was moved. Sessions without a running one are not in here.
    idle: HashMap<u64, u64>,
}

impl Text {
    pub(super) fn new(local: Side, coloured: bool) -> Self {
        Self { local, coloured, shown: None, woken: false, idle: HashMap::new() }
    }

    /// Returns the line of a step; `None` if a later line counts it. The line describes the records that it completed.
    pub(super) fn step(
        &mut self,
        since_start: Duration,
        id: SessionId,
        step: &Step<'_>,
        mut entry: Entry,
        carried: &Carried,
        width: &Width,
    ) -> Option<String> {
        match step {
            Step::Sent(_) => return None,
            Step::WroteTls(_) => {
                entry.details += &format!(" ({})", Count(carried.slices, "slice"));
            }
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
        let contents = contents::of(carried);
        if !contents.is_empty() {
            entry.details += &format!(": {contents}");
        }
        // The line of `read_tls` names the records of the peer.
        let tone = if let Step::ReadTls(_) = step { Tone::In } else { entry.tone };
        let style = style_of(tone, self.local);
        Some(self.line(since_start, &id.number.to_string(), &entry, style, width))
    }

    /// Returns the line of an event of the loop.
    pub(super) fn event_loop(
        &mut self,
        since_start: Duration,
        event: &LoopEvent<'_>,
        entry: &Entry,
        width: &Width,
    ) -> String {
        self.woken |= matches!(event, LoopEvent::Woke { .. });
        let style = style_of(entry.tone, self.local);
        self.line(since_start, "loop", entry, style, width)
    }

    fn line(
        &mut self,
        since_start: Duration,
        subject: &str,
        entry: &Entry,
        style: Style,
        width: &Width,
    ) -> String {
        let repeated = self.shown.replace(since_start) == Some(since_start);
        let time = format!("+{:>9}", milliseconds(since_start));
        let rule = match entry.tone {
            Tone::Woke => "┌",
            _ if self.woken => "│",
            _ => " ",
        };
        let mut line = String::new();
        paint(&mut line, self.coloured, if repeated { FAINT } else { Style::new() }, &time);
        paint(&mut line, self.coloured, Style::new(), &format!(" {subject:>4} "));
        paint(&mut line, self.coloured, FAINT, rule);
        line.push(' ');
        self.paint_wrapped(&mut line, style, rule, body(entry).trim_end(), **width);
        line
    }

    /// Breaks a body that is too wide. The continued lines are indented.
    fn paint_wrapped(&self, line: &mut String, style: Style, rule: &str, body: &str, width: Option<usize>) {
        let body = one_line(body);
        let Some(width) = width.filter(|width| *width >= NARROWEST) else {
            return paint(line, self.coloured, style, &body);
        };
        let indent = if width >= WIDE { BODY + DETAILS } else { BODY + GLYPH };
        let rule = if rule == "┌" { "│" } else { rule };
        for (index, piece) in wrap(&body, width - BODY, width - indent).into_iter().enumerate() {
            if index > 0 {
                *line += "\n";
                *line += &" ".repeat(BODY - GLYPH);
                paint(line, self.coloured, FAINT, rule);
                *line += &" ".repeat(indent + 1 - BODY);
            }
            paint(line, self.coloured, style, piece);
        }
    }
}

fn body(Entry { tone, verb, details, .. }: &Entry) -> String {
    match tone {
        Tone::Woke => format!("{verb:<width$} {details}", width = VERB + 2),
        Tone::In => format!("◀ {verb:<VERB$} {details}"),
        Tone::Out => format!("▶ {verb:<VERB$} {details}"),
        _ => format!("  {verb:<VERB$} {details}"),
    }
}

/// Formats a time in milliseconds with three decimals.
fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

fn count_moves(moves: Option<u64>) -> String {
    match moves {
        None | Some(0) => String::new(),
        Some(1) => " (moved once)".to_owned(),
        Some(moves) => format!(" (moved {moves} times)"),
    }
}
