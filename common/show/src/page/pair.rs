//! The page with both ends of a session: `pair-1.html`. Time runs downwards. The client's loop is on the left, the
//! server's on the right, and between them each record is an arrow from its write to its read.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use program::offer::version_name;
use rustls::ProtocolVersion;

use super::document::policy;
use super::entry::Entry;
use super::facts::Grade;
use super::file_name::Name;
use super::folder;
use super::glance::capital;
use super::joined::{Arrow, Block, Fate, Joined, join};
use super::ladder::{icon, tone};
use super::list::Pair;
use super::numbers::{bytes, count, duration, grouped};
use super::saved::{Kept, Moment, Said, Saved};
use crate::vocabulary::Tone;

const STYLE: &str =
    concat!(include_str!("style/base.css"), include_str!("style/glance.css"), include_str!("style/pair.css"));
const ICONS: &str = include_str!("icons.svg");
/// A pause that is at least this long has a row.
const PAUSE: Duration = Duration::from_millis(5);
/// The most names that are tried.
const TRIES: u32 = 10_000;

/// Reads what both pages were drawn from, and writes the page of the pair under the next free number from `number` on.
///
/// # Errors
/// The data of a page cannot be read, or the page cannot be written.
pub(super) fn write(folder: &Path, pages: [Name; 2], number: u32) -> io::Result<Pair> {
    let read = |name: Name| {
        Saved::read(folder, name)
            .map_err(|error| io::Error::new(error.kind(), format!("{name}.json {error}")))
    };
    let [client, server] = pages;
    let (client, server) = (read(client)?, read(server)?);
    if client.entry.random != server.entry.random {
        return Err(io::Error::other(format!(
            "{} and {} have different sessions",
            client.entry.name, server.entry.name
        )));
    }
    let page = of(&client, &server).into_string();
    for number in number..number.saturating_add(TRIES) {
        let path = folder.join(format!("pair-{number}.html"));
        let mut file = match folder::create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        file.write_all(page.as_bytes()).inspect_err(|_| {
            // The error of the write says more.
            let _ = fs::remove_file(&path);
        })?;
        return Ok(Pair { number, pages, size: page.len() as u64 });
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("pair-{number}.html and the next names are taken"),
    ))
}

/// Draws the page.
fn of(client: &Saved, server: &Saved) -> Markup {
    let joined = join(client, server);
    let (rows, style) = lay_out(&joined);
    let style = format!("{STYLE}{style}");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&style, ""));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Both ends of a session: " (client.entry.name) " and " (server.entry.name) }
                link rel="icon" href="data:,";
                style { (PreEscaped(&style)) }
            }
            body {
                (PreEscaped(ICONS))
                main {
                    (top(client, server, &joined))
                    section #both aria-labelledby="both-title" {
                        h2 #both-title { "Step by step, at both ends" }
                        (lead(&joined))
                        div.both {
                            div.life.client.all {} div.life.server.all {}
                            (head("client", &client.entry.client)) (head("server", &server.entry.server))
                            @for (index, row) in rows.iter().enumerate() { (draw(index, row, &joined, client, server)) }
                        }
                    }
                }
                footer {
                    p {
                        "Written by " code { "--illustrate" } ". This file loads nothing and sends nothing. "
                        a href="index.html" { "All sessions of this folder" }
                    }
                }
            }
        }
    }
}

// ---- the top -----------------------------------------------------------------------------------------------

fn top(client: &Saved, server: &Saved, joined: &Joined<'_>) -> Markup {
    let ways: Vec<Duration> = joined.arrows.iter().filter_map(Arrow::under_way).collect();
    let changed = joined.arrows.iter().filter(|arrow| matches!(arrow.fate(), Fate::Changed(_))).count();
    let agreed = |end: &Saved| end.entry.agreed.clone();
    let version = agreed(client).or(agreed(server)).and_then(|agreed| agreed.version);
    let handshake = |end: &Saved| {
        let after = agreed(end).and_then(|agreed| agreed.after_us);
        after.map_or_else(|| "not done".to_owned(), |after| duration(Duration::from_micros(after)))
    };
    html! {
        header.top {
            p.eyebrow { "Both ends of an illustrated TLS session" }
            h1 { "One session, seen by its client and by its server" }
            div.outcomes { (outcome(&client.entry)) (outcome(&server.entry)) }
            @if changed > 0 {
                div.outcome.failed role="note" {
                    p { (icon("cross")) strong { "The bytes differ." } }
                    p.why {
                        (count(changed as u64, "record")) " arrived with other bytes than its sender wrote. "
                        "Something between both ends changed the bytes, or the link damaged them."
                    }
                }
            }
            dl.tiles {
                div { dt { "version" } dd { (version.map_or_else(|| "none agreed".to_owned(), |version| version_name(ProtocolVersion::from(version)))) } }
                div { dt { "handshake, at the client" } dd { (handshake(client)) } }
                div { dt { "handshake, at the server" } dd { (handshake(server)) } }
                @if let Some(fastest) = ways.iter().min() {
                    div { dt { "fastest record" } dd { (under_way(*fastest)) } }
                }
            }
            @let (from, to) = (&client.entry.server, &server.entry.client);
            @if (&client.entry.client, from) != (to, &server.entry.server) {
                p.between {
                    "The two ends name different addresses, so something between them passed the bytes on. The client connected from "
                    (client.entry.client) " to " (from) ". The server at " (server.entry.server) " saw a client at " (to) "."
                }
            }
            @if has_data(client) || has_data(server) {
                p.secret { strong { "This page has decrypted data." } " It shows the first characters of the application data." }
            }
        }
    }
}

/// Returns whether the steps of an end show application data.
fn has_data(end: &Saved) -> bool {
    let is_data =
        |moment: &Moment| matches!(moment, Moment::Call(call) if call.verb.starts_with("plaintext"));
    end.moments.iter().any(is_data)
}

fn outcome(entry: &Entry) -> Markup {
    let (class, picture, says) = match entry.grade {
        Some(Grade::Clean) => ("clean", "check", "ended well"),
        Some(Grade::Doubtful) => ("doubtful", "warn", "ended with a doubt"),
        Some(Grade::Failed) => ("failed", "cross", "failed"),
        None => ("doubtful", "warn", "did not end before its program"),
    };
    html! {
        div.outcome.(class) role="note" {
            p { (icon(picture)) strong { "The " (entry.name.role.word()) "’s end " (says) "." } }
            @if !entry.outcome.is_empty() { p.why { (capital(&entry.outcome)) "." } }
            p.when { a href={ (entry.name) ".html" } { "All about this end: " (entry.name) } }
        }
    }
}

fn lead(joined: &Joined<'_>) -> Markup {
    html! {
        p.lead {
            "Time runs downwards. Each arrow is one record. It begins beside the write that gave it to the kernel, and ends beside \
            the read that took it at the other end, with the time between both. Follow an arrow to the page of an end to see its bytes. Deadlines, interests and \
            readiness are on these pages, too."
        }
        p.lead {
            @if joined.is_one_host {
                "Both programs ran on one host. All times are those of its clock, from the first step of either end."
            } @else {
                "The programs did not run on one host, as far as they know. The times are times of day. If the clocks of the hosts \
                differ, all arrows of one direction are too long, and those of the other are too short."
            }
        }
    }
}

fn head(side: &str, address: &str) -> Markup {
    html! { div.head.(side) { strong { "the " (side) "’s loop" } " " span { (address) } } }
}

// ---- the rows ----------------------------------------------------------------------------------------------

/// A row of the page.
enum Row<'a> {
    Pause(Duration),
    Block(&'a Block<'a>),
    /// An arrow begins or ends.
    Begin(usize),
    End(usize),
}

/// Returns the rows, and the style that puts them in their places. An arrow covers the rows from its beginning to its end.
fn lay_out<'a>(joined: &'a Joined<'a>) -> (Vec<Row<'a>>, String) {
    let mut rows = Vec::new();
    // The first and the last row of each arrow.
    let mut spans: Vec<[Option<usize>; 2]> = vec![[None; 2]; joined.arrows.len()];
    let mut style = String::new();
    let mut before = Duration::ZERO;
    for block in &joined.blocks {
        let pause = block.at.saturating_sub(before);
        if pause >= PAUSE && !rows.is_empty() {
            place(&mut style, 'r', rows.len(), rows.len(), rows.len());
            rows.push(Row::Pause(pause));
        }
        before = before.max(block.at);
        let first = rows.len();
        rows.push(Row::Block(block));
        for index in &block.arrows {
            let Some(arrow) = joined.arrows.get(*index) else { continue };
            let begins = arrow.from_client == block.of_client;
            let at = rows.len();
            place(&mut style, 'r', at, at, at);
            if let Some([first, last]) = spans.get_mut(*index) {
                *if begins { first } else { last } = Some(at);
            }
            rows.push(if begins { Row::Begin(*index) } else { Row::End(*index) });
        }
        place(&mut style, 'r', first, first, rows.len() - 1);
    }
    let _ = write!(style, ".all{{grid-row:1/{}}}", rows.len() + 2);
    for (index, span) in spans.into_iter().enumerate() {
        // A record that only one end has gets an arrow in one row.
        let rows = span.into_iter().flatten();
        if let (Some(first), Some(last)) = (rows.clone().min(), rows.max()) {
            place(&mut style, 'a', index, first, last);
        }
    }
    (rows, style)
}

/// Adds a rule that gives an element the rows from `first` to `last`. The heads of the columns are above row 0.
fn place(style: &mut String, kind: char, index: usize, first: usize, last: usize) {
    // Writing to a string cannot fail.
    let _ = write!(style, ".{kind}{index}{{--s:{};--e:{}}}", first + 2, last + 3);
}

fn draw(index: usize, row: &Row<'_>, joined: &Joined<'_>, client: &Saved, server: &Saved) -> Markup {
    let class = format!("r{index}");
    match row {
        Row::Pause(pause) => {
            let depth = match pause {
                pause if *pause < Duration::from_millis(100) => "short",
                pause if *pause < Duration::from_secs(1) => "medium",
                _ => "long",
            };
            html! { p.pause.(class).(depth) { span { (duration(*pause)) " without a step" } } }
        }
        Row::Block(block) => self::block(block, &class),
        Row::Begin(arrow) => joined.arrows.get(*arrow).map_or_else(Markup::default, |found| {
            let (from, to) = if found.from_client { (client, server) } else { (server, client) };
            begin(found, &class, &format!("a{arrow}"), [from.entry.name, to.entry.name])
        }),
        Row::End(arrow) => joined.arrows.get(*arrow).map_or_else(Markup::default, |found| {
            let (from, to) = if found.from_client { (client, server) } else { (server, client) };
            end(found, &class, &format!("a{arrow}"), [from.entry.name, to.entry.name])
        }),
    }
}

fn block(block: &Block<'_>, class: &str) -> Markup {
    let side = if block.of_client { "client" } else { "server" };
    html! {
        div.steps.(side).(class) {
            p.wake {
                time { "+" (duration(block.at)) }
                @if let Some(woke) = block.woke { " " span { "woke: " (woke) } }
            }
            @if let Some((records, turns)) = block.left_out {
                p.left-out { "Left out on the page of the " (side) ": " (count(records, "record")) " in " (count(turns, "turn")) " of its loop." }
            }
            @if !block.calls.is_empty() { ul { @for call in &block.calls { (said(call, block.of_client)) } } }
        }
    }
}

fn said(call: &Said, of_client: bool) -> Markup {
    let glyph = match (call.tone, of_client) {
        (Tone::In, true) | (Tone::Out, false) => "←",
        (Tone::In | Tone::Out, _) => "→",
        (Tone::Trouble, _) => "✖",
        (Tone::Stalled, _) => "◼",
        (Tone::Phase, _) => "◆",
        (Tone::Woke | Tone::Tls | Tone::Quiet, _) => "·",
    };
    html! { li.(tone(call.tone)) { i aria-hidden="true" { (glyph) } code { (call.verb) } " " span { (call.details) } } }
}

/// Draws the beginning of an arrow: its line down to its end, and its names.
fn begin(arrow: &Arrow<'_>, class: &str, place: &str, [from, to]: [Name; 2]) -> Markup {
    let Some(record) = arrow.record() else { return html! {} };
    let side = if arrow.from_client { "from-client" } else { "from-server" };
    let fate = arrow.fate();
    html! {
        (line(arrow, record, place, &fate))
        div.chip-row.(side).(class) {
            span.sr { (from.role.word()) " to " (to.role.word()) ": " }
            a.chip.(record.look.class()).peaceful[record.peaceful].encrypted[record.encrypted] href={ (from) ".html#record-" (record.place) } {
                (icon(record.look.class()))
                span.titles { @for title in &record.titles { span { (title) } " " } }
                @if record.encrypted { (icon("lock")) span.sr { "encrypted, " } }
                span.size { (grouped(record.length)) "\u{a0}B" }
            }
            @match fate {
                Fate::NotRead => span.fate { "the " (to.role.word()) " did not read it" },
                Fate::LeftOut => span.fate.quiet { "left out on the page of the " (to.role.word()) },
                _ => {}
            }
        }
    }
}

/// Draws the end of an arrow: the time and the place of its read.
fn end(arrow: &Arrow<'_>, class: &str, place: &str, [from, to]: [Name; 2]) -> Markup {
    let Some((at, read)) = arrow.read else { return html! {} };
    let side = if arrow.from_client { "from-client" } else { "from-server" };
    let fate = arrow.fate();
    html! {
        @if arrow.written.is_none() { (line(arrow, read, place, &fate)) }
        div.arrival.(side).(class) {
            @match fate {
                Fate::Changed(how) => strong.fate { (icon("cross")) " the bytes differ: " (how) },
                Fate::Cut { arrived } => strong.fate { "only " (bytes(usize::try_from(arrived).unwrap_or(usize::MAX))) " of it arrived" },
                Fate::NotWritten => strong.fate { (read.titles.join(" + ")) ": the " (from.role.word()) " did not write it" },
                Fate::LeftOut => span.fate.quiet { (read.titles.join(" + ")) ", left out on the page of the " (from.role.word()) },
                _ => {}
            }
            " "
            a href={ (to) ".html#record-" (read.place) } {
                span.sr { "read by the " (to.role.word()) " " }
                @match arrow.under_way() {
                    Some(way) => { "within " (under_way(way)) }
                    None => { "+" (duration(at)) }
                }
            }
        }
    }
}

/// Draws the line of an arrow. It is stretched over the rows from its beginning to its end.
fn line(arrow: &Arrow<'_>, record: &Kept, place: &str, fate: &Fate) -> Markup {
    let side = if arrow.from_client { "from-client" } else { "from-server" };
    let (from, to) = if arrow.from_client { ("0", "100") } else { ("100", "0") };
    let (written, read) = (arrow.written.is_some(), arrow.read.is_some());
    let changed = matches!(fate, Fate::Changed(_) | Fate::Cut { .. });
    html! {
        div.slant.(side).(place).changed[changed].stub[!(written && read)].written[written].read[read].encrypted[record.encrypted] aria-hidden="true" {
            svg viewBox="0 0 100 100" preserveAspectRatio="none" {
                @for class in ["outer", "inner"] { line.(class) x1=(from) y1="0" x2=(to) y2="100" {} }
            }
        }
    }
}

/// Formats the time between a write and a read.
fn under_way(way: Duration) -> String {
    match way.as_micros() {
        micros @ 0..1000 => format!("{micros}\u{a0}µs"),
        _ => duration(way),
    }
}
