//! The ladder: an arrow for each record between two vertical lines, and the steps of our event loop beside ours.

use std::time::Duration;

use maud::{Markup, html};
use rustls::Side;
use tls_session::escaped::Escaped;

use super::bulk::{self, Run, Stretch, TurnRows};
use super::bytes::{AboutKey, Painter, readable};
use super::facts::Facts;
use super::flights::{self, Captions, caption};
use super::keys::{self, Chapter};
use super::names::{self, Look};
use super::numbers::{bytes, count, duration, grouped};
use super::origin::Origin;
use super::rows::{Carry, Drawn, Omitted, Row, Rows, Turn};
use super::segments::Segment;
use crate::vocabulary::{self, Entry, Tone};

/// The most bytes of a text that are shown beside the title of its record.
const PREVIEW: usize = 24;

/// The state that all rows of a ladder share.
struct Ladder<'a> {
    /// The end that this program is; `None` if it only has a capture of both.
    us: Option<Side>,
    flights: Captions,
    keys: Chapter<'a>,
    painter: Painter,
    /// The row with the first trouble is drawn. It has an anchor.
    troubled: bool,
}

/// Draws the ladder. `origin` is the session that this one resumes. Also returns whether the ladder has a field with the
/// reason of a failure.
pub(super) fn of(facts: &Facts, rows: &Rows, origin: Option<Origin>) -> (Markup, bool) {
    let repeated = rows.repeated();
    let all = || rows.first.iter().chain(&repeated).chain(&rows.last).enumerate();
    let us = facts.us;
    let mut ladder = Ladder {
        us,
        flights: flights::of(all(), facts, origin),
        keys: Chapter::of(all().map(|(_, row)| row), origin, facts.marks.fault),
        painter: Painter::new(facts.marks.clone()),
        troubled: false,
    };
    let before = rows.omitted().map_or(usize::MAX, |_| rows.first.len());
    let first = ladder.turns(&all().take(before).collect::<Vec<_>>());
    let last = ladder.turns(&all().skip(before).collect::<Vec<_>>());
    let drawn = html! {
        section #ladder aria-labelledby="ladder-title" {
            h2 #ladder-title { "Step by step" }
            p.lead {
                "Time runs downwards. Every arrow is a record on the wire. Open it to see its bytes. The trees between the \
                 arrows show which keys both ends can compute from there on. Open a key to see why it exists."
                @if let Some(us) = us {
                    " On the " (if us == Side::Client { "left" } else { "right" }) " are the steps of this "
                    (decode::side_name(us)) "’s event loop, turn by turn. All steps of one turn have the time at which the turn \
                    began."
                }
            }
            p.tools hidden { button type="button" data-open="" { "Open all" } " " button type="button" data-close="" { "Close all" } " " button type="button" data-search="" { "Search" } }
            div.ladder.(us.map_or("capture", decode::side_name)) {
                (ends(facts))
                ol.turns {
                    (first)
                    @if let Some(omitted) = rows.omitted() { (left_out(omitted, us)) }
                    (last)
                }
            }
        }
    };
    (drawn, ladder.painter.has_reason())
}

/// Draws the heads of the two lines.
fn ends(facts: &Facts) -> Markup {
    let end = |side: Side| {
        html! {
            div.end.(decode::side_name(side)) {
                strong { (decode::side_name(side)) @if Some(side) == facts.us { " (this end)" } }
                " " span { (facts.of(side).address) }
            }
        }
    };
    html! {
        div.ends { @if facts.us.is_some() { div.machine-head { "the event loop" } } (end(Side::Client)) (end(Side::Server)) }
    }
}

fn left_out(omitted: Omitted, us: Option<Side>) -> Markup {
    html! {
        li.omitted {
            strong { "Left out here: " (count(omitted.records, "record")) " of " (grouped(omitted.bytes)) "\u{a0}B, in "
            @if us.is_some() { (count(omitted.turns, "turn")) " of the loop." }
            @else { (count(omitted.turns, "packet")) "." } }
            " A page keeps the beginning and the end of a session."
        }
    }
}

impl<'a> Ladder<'a> {
    /// Draws rows, turn by turn.
    fn turns(&mut self, rows: &[(usize, &'a Row)]) -> Markup {
        let turns = rows.chunk_by(|_, (_, next)| !matches!(next, Row::Turn(_)));
        let drawn: Vec<Markup> = if self.us.is_some() {
            turns.map(|turn| self.turn(turn, true)).collect()
        } else {
            let stretches = Stretch::of(turns, |index| self.flights.contains_key(&index));
            stretches.iter().map(|stretch| self.stretch(stretch)).collect()
        };
        html! { @for drawn in &drawn { (drawn) } }
    }

    /// Folds the turns of a stretch, if this makes them shorter.
    fn stretch(&mut self, stretch: &Stretch<'_, 'a>) -> Markup {
        let runs = stretch.runs();
        let turns = stretch.turns.iter().enumerate();
        let turns: Vec<Markup> =
            turns.map(|(index, turn)| self.turn(turn, runs.is_none() || index > 0)).collect();
        let turns = html! { @for turn in &turns { (turn) } };
        match (runs, stretch.turns.first()) {
            (Some(runs), Some(first)) => {
                self.row(bulk::head(first), true, &[bulk::fold(&runs, &html! { ol.turns { (turns) } })])
            }
            _ => turns,
        }
    }

    fn turn(&mut self, rows: TurnRows<'_, 'a>, with_gap: bool) -> Markup {
        let turn = bulk::head(rows);
        let rows = rows.get(usize::from(turn.is_some())..).unwrap_or_default();
        let items = rows.chunk_by(|(_, row), (_, next)| belongs(row, next));
        let items: Vec<Markup> = items.map(|item| self.item(item)).collect();
        self.row(turn, with_gap, &items)
    }

    /// Draws a turn: the gap before it, its time, and its items.
    fn row(&self, turn: Option<&Turn>, with_gap: bool, items: &[Markup]) -> Markup {
        html! {
            @if let Some(turn) = turn.filter(|_| with_gap) { (asleep(turn, self.us)) }
            li.turn {
                div.wake {
                    @match turn {
                        Some(turn) => {
                            time { "+" (duration(turn.at)) }
                            @if let Some((events, slept)) = turn.woke { span { "woke: " (vocabulary::woke(events, slept)) } }
                        }
                        None => time { "…" },
                    }
                }
                ol.rows { @for item in items { (item) } }
            }
        }
    }

    /// Draws a call, or a read or write, with its records or its segment.
    fn item(&mut self, rows: &[(usize, &'a Row)]) -> Markup {
        match rows {
            [(_, Row::Call(call))] => self.call(call),
            [(_, Row::Call(call)), (index, Row::Segment { segment, .. })] if call.tone == Tone::Trouble => {
                html! { (self.call(call)) (self.segment(*index, None, *segment)) }
            }
            [(_, Row::Call(call)), (index, Row::Segment { segment, .. })] => {
                self.segment(*index, Some(call), *segment)
            }
            [(index, Row::Segment { segment, .. })] => self.segment(*index, None, *segment),
            [(_, Row::Call(call)), records @ ..] => html! { (self.call(call)) (self.carry(None, records)) },
            [(_, Row::Carry(carry))] => html! {
                li.call.(tone(carry.call.tone)) { (self.step(&carry.call)) (incomplete(carry)) }
            },
            [(_, Row::Carry(carry)), records @ ..] => self.carry(Some(carry), records),
            records => self.carry(None, records),
        }
    }

    fn step(&self, call: &Entry) -> Markup {
        step(call.tone, call.verb, &call.details, self.us)
    }

    fn call(&mut self, call: &Entry) -> Markup {
        let first_trouble = call.tone == Tone::Trouble && !std::mem::replace(&mut self.troubled, true);
        html! {
            li.call.(tone(call.tone)) id=[first_trouble.then_some("trouble")] { (self.step(call)) }
        }
    }

    /// Draws a segment with its captions, and with the call that revealed it.
    fn segment(&self, row: usize, call: Option<&Entry>, segment: Segment) -> Markup {
        html! {
            @if self.flights.contains_key(&row) { li { (self.captions(row)) } }
            li.tcp {
                @if let Some(call) = call { div.call.(tone(call.tone)) { (self.step(call)) } }
                (segment.draw())
            }
        }
    }

    fn carry(&mut self, carry: Option<&Carry>, records: &[(usize, &'a Row)]) -> Markup {
        let parts = records.chunk_by(|_, (next, _)| !self.flights.contains_key(next));
        let parts: Vec<&[(usize, &'a Row)]> = parts.collect();
        let parts: Vec<Markup> = parts.into_iter().map(|part| self.part(part)).collect();
        html! {
            li.carry {
                @if let Some(carry) = carry {
                    div.call.(tone(carry.call.tone)) { (self.step(&carry.call)) (carried(carry)) }
                }
                @for part in &parts { (part) }
            }
        }
    }

    /// Draws records of one read or write. Only the first one may have captions.
    fn part(&mut self, records: &[(usize, &'a Row)]) -> Markup {
        let captions = records.first().map(|(index, _)| self.captions(*index));
        let drawn: Vec<&'a Drawn> = records.iter().filter_map(|(_, row)| row.record()).collect();
        let runs = drawn.chunk_by(|one, next| bulk::continues(one, next));
        let arrows: Vec<Markup> = runs.map(|run| self.run(run)).collect();
        html! {
            @if let Some(captions) = captions { (captions) }
            ol.arrows { @for arrow in &arrows { (arrow) } }
        }
    }

    /// Draws the captions of a row, if it has any.
    fn captions(&self, row: usize) -> Markup {
        let has_reason = self.painter.has_reason();
        html! { @if let Some(captions) = self.flights.get(&row) { (caption(captions, has_reason)) } }
    }

    /// Draws one record, or folds the records of a run.
    fn run(&mut self, run: &[&'a Drawn]) -> Markup {
        let arrows: Vec<Markup> = run.iter().map(|drawn| self.arrow(drawn)).collect();
        let arrows = html! { @for arrow in &arrows { (arrow) } };
        match Run::of_turn(run) {
            Some(run) => bulk::fold(&[run], &html! { ol.arrows { (arrows) } }),
            None => arrows,
        }
    }

    fn arrow(&mut self, drawn: &'a Drawn) -> Markup {
        let record = &drawn.record;
        let (look, sender) = (Look::of(record), record.sender);
        let receiver = decode::other_side(sender);
        let about =
            AboutKey { protection: self.keys.protection(drawn), decryption: self.keys.decryption(drawn) };
        let inside = self.painter.record(drawn, &about);
        let (sign, key) = (keys::sign_of(drawn), keys::anchor_of(drawn));
        let behind = self.keys.behind(drawn);
        html! {
            li.arrow.(look.class()).{ "from-" (decode::side_name(sender)) }
                .encrypted[record.is_encrypted()] .peaceful[names::is_peaceful(record)] data-key=[key] {
                details #{ "record-" (drawn.place) } {
                    summary {
                        span.sr { (decode::side_name(sender)) " to " (decode::side_name(receiver)) ": " }
                        span.line aria-hidden="true" {}
                        span.chip {
                            (icon(look.class()))
                            span.titles { @for title in &drawn.titles { span { (title) } " " } }
                            @if let Some(text) = preview(drawn) { code.preview { (text) } " " }
                            @if record.is_encrypted() { (icon("lock")) span.sr { "encrypted, " } }
                            @if let Some(sign) = sign { span.sign { span.sr { "key " } (sign) } }
                            span.size { (bytes(drawn.wire)) }
                        }
                    }
                    (inside)
                }
                a.anchor href={ "#record-" (drawn.place) } aria-label={ "Link to record " (drawn.place) } {
                    "#" (drawn.place)
                }
            }
            @if let Some(behind) = behind { (behind) }
        }
    }
}

/// Returns the beginning of the text of a record in quotation marks; `None` if it cannot be read.
pub(super) fn preview(drawn: &Drawn) -> Option<String> {
    let (bytes, whole) = readable(drawn)?;
    let beginning = bytes.get(..PREVIEW).unwrap_or(bytes);
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let more = if whole > beginning.len() { "…" } else { "" };
    beginning.iter().all(is_text).then(|| format!("“{}”{more}", Escaped::new(beginning)))
}

/// Returns whether the next row is drawn together with this one.
fn belongs(row: &Row, next: &Row) -> bool {
    match next {
        Row::Record(next) => match row {
            Row::Record(drawn) => drawn.record.sender == next.record.sender,
            Row::Turn(_) | Row::Call(_) | Row::Carry(_) => true,
            Row::Segment { .. } => false,
        },
        Row::Segment { .. } => matches!(row, Row::Call(_)),
        Row::Turn(_) | Row::Call(_) | Row::Carry(_) => false,
    }
}

/// Draws an icon of the page by its name.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg.icon.{ "i-" (name) } viewBox="0 0 16 16" aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// Draws a step with its direction. The client's steps are on the left of the wire, the server's on its right.
pub(super) fn step(tone: Tone, verb: &str, details: &str, us: Option<Side>) -> Markup {
    let glyph = match (tone, us) {
        (Tone::In, Some(Side::Client)) | (Tone::Out, Some(Side::Server)) => "←",
        (Tone::In | Tone::Out, _) => "→",
        (Tone::Trouble, _) => "✖",
        (Tone::Stalled, _) => "◼",
        (Tone::Phase, _) => "◆",
        (Tone::Woke | Tone::Tls | Tone::Quiet, _) => "·",
    };
    html! { i aria-hidden="true" { (glyph) } code { (verb) } " " span { (details) } }
}

/// Counts the contents of a read or a write.
fn carried(carry: &Carry) -> Markup {
    let name = if carry.call.tone == Tone::Out { "write" } else { "read" };
    html! {
        small.carried {
            "one " (name) ": " (count(carry.records as u64, "record"))
            @if carry.messages > 0 { ", " (count(carry.messages as u64, "message")) }
            @if carry.slices > 1 { ", " (count(carry.slices as u64, "slice")) }
            @if carry.left_over > 0 { ", and " (bytes(carry.left_over)) " of the next" }
        }
    }
}

/// Counts the bytes of a read or a write that completed no record.
fn incomplete(carry: &Carry) -> Markup {
    html! {
        @if carry.left_over > 0 {
            small.carried { (bytes(carry.left_over)) " of a record that is still incomplete" }
        }
    }
}

/// Draws the gap of a sleep. A longer sleep has a taller gap. A capture has no loop: its gaps are the times without a
/// record.
fn asleep(turn: &Turn, us: Option<Side>) -> Markup {
    let slept = match us {
        Some(_) => turn.woke.is_some_and(|(_, slept)| slept) && !turn.gap.is_zero(),
        None => turn.gap >= Duration::from_millis(1),
    };
    let what = match us {
        Some(_) if turn.others > 0 => "nothing to do, ",
        Some(_) => "asleep, ",
        None => "no record, ",
    };
    let depth = match turn.gap {
        gap if gap < Duration::from_millis(1) => "gap-1",
        gap if gap < Duration::from_millis(100) => "gap-2",
        gap if gap < Duration::from_secs(1) => "gap-3",
        _ => "gap-4",
    };
    html! {
        @if slept {
            li.gap.(depth) {
                p {
                    span { (what) (duration(turn.gap)) }
                    @if turn.others > 0 { small { (count(turn.others, "turn")) " for other sessions" } }
                }
            }
        }
    }
}

/// Returns the class of a tone in the style sheet.
pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::In => "in",
        Tone::Out => "out",
        Tone::Tls => "tls",
        Tone::Phase => "phase",
        Tone::Woke | Tone::Quiet => "quiet",
        Tone::Stalled => "stalled",
        Tone::Trouble => "trouble",
    }
}
