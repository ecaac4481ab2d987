//! Draws the rows of the page: the steps of both ends, and the arrows between them.

use std::time::Duration;

use decode::side_name;
use maud::{Markup, html};
use rustls::Side;

use super::super::file_name::Name;
use super::super::joined::{Arrow, Block, Fate, Load};
use super::super::ladder::{icon, step, tone};
use super::super::numbers::{bytes, count, duration, grouped};
use super::super::saved::{Kept, Said};
use super::fold::{self, Sum};
use super::layout::{Layout, Row, Run};
use super::under_way;
use crate::vocabulary::Tone;

/// Draws all rows. `pages` are the pages of the client and of the server.
pub(super) fn rows(layout: &Layout<'_>, pages: [Name; 2]) -> Markup {
    html! {
        @for (index, row) in layout.rows.iter().enumerate() {
            @let class = format!("r{index}");
            @match row {
                Row::Pause(length) => (pause(*length, &class)),
                Row::Steps(blocks) => (steps(blocks, &class)),
                Row::Begin(place) | Row::End(place) => {
                    @if let Some(run) = layout.runs.get(*place) {
                        (arrow(run, matches!(row, Row::Begin(_)), [&class, &format!("a{place}")], pages))
                    }
                }
            }
        }
    }
}

fn pause(length: Duration, class: &str) -> Markup {
    let depth = match length {
        length if length < Duration::from_millis(100) => "short",
        length if length < Duration::from_secs(1) => "medium",
        _ => "long",
    };
    html! { p.pause.(class).(depth) { span { (duration(length)) " without a step" } } }
}

// ---- the steps ---------------------------------------------------------------------------------------------

/// Draws one block, or the sum of several ones.
fn steps(blocks: &[Block<'_>], class: &str) -> Markup {
    let side = if blocks.iter().any(|block| block.of_client) { Side::Client } else { Side::Server };
    html! {
        div.steps.(side_name(side)).(class) {
            @match blocks {
                [block] => (self::block(block, side)),
                [first, .., last] => {
                    p.wake {
                        time { "+" (duration(first.at)) }
                        @if first.at < last.at { " to " time { "+" (duration(last.at)) } }
                    }
                    ul { @for sum in fold::sums(blocks) { (added(&sum, side)) } }
                    details {
                        summary { "Each step" }
                        @for block in blocks { div.step { (self::block(block, side)) } }
                    }
                }
                [] => {}
            }
        }
    }
}

fn block(block: &Block<'_>, side: Side) -> Markup {
    html! {
        p.wake {
            time { "+" (duration(block.at)) }
            @if let Some(woke) = block.woke { " " span { "woke: " (woke) } }
        }
        @if let Some((records, turns)) = block.left_out {
            p.left-out { "Left out on the page of the " (side_name(side)) ": " (count(records, "record")) " in " (count(turns, "turn")) " of its loop." }
        }
        @if !block.calls.is_empty() {
            ul { @for Said { tone, verb, details, .. } in &block.calls { (said(*tone, verb, details, side)) } }
        }
    }
}

/// Draws the sum of equal calls.
fn added(sum: &Sum<'_>, side: Side) -> Markup {
    let bytes = sum.bytes.map_or_else(String::new, |bytes| format!(", {}\u{a0}B", grouped(bytes)));
    said(sum.tone, sum.verb, &format!("{}{bytes}", count(sum.times, "time")), side)
}

fn said(kind: Tone, verb: &str, details: &str, side: Side) -> Markup {
    html! { li.(tone(kind)) { (step(kind, verb, details, Some(side))) } }
}

// ---- the arrows --------------------------------------------------------------------------------------------

/// Draws the beginning or the end of an arrow. `places` are the classes of this row, and of the line from the beginning to
/// the end.
fn arrow(run: &Run<'_>, begins: bool, [class, place]: [&str; 2], [client, server]: [Name; 2]) -> Markup {
    let from_client = run.first.from_client;
    let ends = if from_client { [client, server] } else { [server, client] };
    let has_line = begins || run.first.written.is_none();
    match run.first.load() {
        Some(Load::Record(record)) => html! {
            @if has_line && run.first.fate() != Fate::LeftOut { (line(run.first, place)) }
            @if begins { (begin(run, record, class, ends)) } @else { (end(run, record, class, ends)) }
        },
        Some(Load::Segment(segment)) => {
            let is_joined = run.first.written.is_some() && run.first.read.is_some();
            html! {
                @if begins && is_joined { (line(run.first, place)) }
                @if has_line {
                    div.tcp.slanted[is_joined].lone[!is_joined && segment.sender().is_some()].(class) { (segment.draw()) }
                } @else {
                    div.arrival.tcp.(from(run.first)).(class) {
                        span { strong { "FIN" } @if let Some(way) = run.first.under_way() { " within " (under_way(way)) } }
                    }
                }
            }
        }
        None => html! {},
    }
}

/// Draws the beginning of the arrow of records.
fn begin(run: &Run<'_>, record: &Kept, class: &str, [here, there]: [Name; 2]) -> Markup {
    let (from_role, to) = (here.role.word(), there.role.word());
    let length = record.length.saturating_mul(run.count);
    html! {
        div.chip-row.(from(run.first)).(record.look.class()).(class).stub[run.first.read.is_none()].changed[is_changed(run.first)].peaceful[record.peaceful].encrypted[record.encrypted] {
            span.line aria-hidden="true" {}
            span.sr { (from_role) " to " (to) ": " }
            a.chip.stack[run.count > 1] href={ (here) ".html#record-" (record.place) } {
                (icon(record.look.class()))
                span.titles {
                    @for (index, title) in record.titles.iter().enumerate() {
                        span { @if index == 0 && run.count > 1 { (run.count) "\u{a0}× " } (title) } " "
                    }
                }
                @if run.count == 1 && let Some(text) = run.first.preview() { code.preview { (text) } " " }
                @if record.encrypted { (icon("lock")) span.sr { "encrypted, " } }
                span.size { (grouped(length)) "\u{a0}B" }
                @if let (Some((at, _)), Some(way)) = (run.last.read, run.last.under_way()) {
                    span.route {
                        (from_role) " → " (to) @if run.count > 1 { ", the last" }
                        " at +" (duration(at)) ", within " (under_way(way))
                    }
                }
            }
            @match run.first.fate() {
                Fate::NotRead => span.fate { (icon("cross")) " the " (to) " did not read it" },
                Fate::LeftOut => span.fate.quiet { "left out on the page of the " (to) },
                _ => {}
            }
        }
    }
}

/// Draws the end of the arrow of records: the time and the place of the last read.
fn end(run: &Run<'_>, record: &Kept, class: &str, [here, there]: [Name; 2]) -> Markup {
    let Some((at, Load::Record(read))) = run.last.read else { return html! {} };
    let mut name = record.titles.join(" + ");
    if run.count > 1 {
        name.insert_str(0, &format!("{}\u{a0}× ", run.count));
    }
    html! {
        div.arrival.(from(run.last)).(class) {
            @match run.last.fate() {
                Fate::Changed(how) => strong.fate { (icon("cross")) " the bytes differ: " (how) },
                Fate::Cut { arrived } => strong.fate { "only " (bytes(usize::try_from(arrived).unwrap_or(usize::MAX))) " of it arrived" },
                Fate::NotWritten => strong.fate { (name) ": the " (here.role.word()) " did not write it" },
                Fate::LeftOut => span.fate.quiet { (name) ", left out on the page of the " (here.role.word()) },
                _ => {}
            }
            " "
            a href={ (there) ".html#record-" (read.place) } {
                span.sr { "read by the " (there.role.word()) " " }
                @match run.last.under_way() {
                    Some(way) => {
                        span.name { (name) ", " }
                        @if run.count > 1 { "the last " }
                        "within " (under_way(way))
                    }
                    None => { "+" (duration(at)) }
                }
            }
        }
    }
}

/// Draws the line of an arrow. It is stretched over the rows from its beginning to its end.
fn line(arrow: &Arrow<'_>, place: &str) -> Markup {
    let (from_x, to_x) = if arrow.from_client { ("0", "100") } else { ("100", "0") };
    let (written, read) = (arrow.written.is_some(), arrow.read.is_some());
    let encrypted = arrow.record().is_some_and(|record| record.encrypted);
    html! {
        div.slant.(from(arrow)).(place).thin[arrow.record().is_none()].changed[is_changed(arrow)].stub[!(written && read)].written[written].read[read].encrypted[encrypted] aria-hidden="true" {
            svg viewBox="0 0 100 100" preserveAspectRatio="none" {
                @for class in ["outer", "inner"] { line.(class) x1=(from_x) y1="0" x2=(to_x) y2="100" {} }
            }
        }
    }
}

/// Returns whether other bytes arrived than were written.
fn is_changed(arrow: &Arrow<'_>) -> bool {
    matches!(arrow.fate(), Fate::Changed(_) | Fate::Cut { .. })
}

/// Returns the class of a direction in the style sheet.
fn from(arrow: &Arrow<'_>) -> &'static str {
    if arrow.from_client { "from-client" } else { "from-server" }
}
