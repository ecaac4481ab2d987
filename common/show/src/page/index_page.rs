//! Draws the index: a row for each session, the newest first.

use std::collections::HashSet;
use std::time::Duration;

use maud::{Markup, PreEscaped, html};

use super::document;
use super::entry::{Entry, Kind, Summary};
use super::facts::Grade;
use super::file_name::Role;
use super::ladder::icon;
use super::list::List;
use super::numbers::{count, duration, grouped};

const STYLE: &str = concat!(include_str!("style/base.css"), include_str!("style/index.css"));
/// The most rows.
const ROWS: usize = 2000;
/// The beginning of the file has this. Another file is not replaced.
pub(super) const MARK: &str = "<meta name=\"generator\" content=\"illustrated sessions\">";

/// A session, with the page of each end that drew it.
struct Session<'a> {
    pages: Vec<&'a Entry>,
    pair: Option<u32>,
}

impl Session<'_> {
    /// Returns the worst grade of its ends. A session without an end is doubtful.
    fn grade(&self) -> Grade {
        let of = |entry: &&Entry| entry.grade.unwrap_or(Grade::Doubtful);
        self.pages.iter().map(of).max().unwrap_or(Grade::Doubtful)
    }
}

/// Draws the index.
pub(super) fn of(list: &List) -> Markup {
    let sessions = sessions(list);
    let shown = sessions.get(..ROWS).unwrap_or(&sessions);
    let body = html! {
        main {
            header {
                h1 { "Illustrated TLS sessions" }
                (totals(&sessions, list))
            }
            table.sessions {
                thead {
                    tr {
                        th scope="col" { "Result" }
                        th scope="col" { "Began" }
                        th scope="col" { "Client and server" }
                        th scope="col" { "Agreed" }
                        th scope="col" { "Handshake" }
                        th scope="col" { "Bytes" }
                        th scope="col" { "Pages" }
                    }
                }
                tbody { @for session in shown { (row(session, list)) } }
            }
            @if sessions.len() > shown.len() {
                p.more { (count((sessions.len() - shown.len()) as u64, "older session")) " in this folder are not shown." }
            }
        }
        footer { p { "Written by " code { "--illustrate" } ". The newest page is first. Times of day are UTC." } }
    };
    let head = html! { title { "Illustrated TLS sessions" } (PreEscaped(MARK)) };
    document::page(&head, STYLE, "", &body)
}

/// Joins the pages that show the same session, the newest first.
fn sessions(list: &List) -> Vec<Session<'_>> {
    let mut drawn = HashSet::new();
    let mut sessions = Vec::new();
    for entry in list.entries().rev() {
        if !drawn.insert(entry.name) {
            continue;
        }
        let pair = list.pair_of(entry.name);
        let mut pages = vec![entry];
        if let Some(pair) = pair {
            pages.extend(
                pair.pages.iter().filter(|name| drawn.insert(**name)).filter_map(|name| list.get(*name)),
            );
        }
        pages.sort_by_key(|entry| entry.name.role != Role::Client);
        sessions.push(Session { pages, pair: pair.map(|pair| pair.number) });
    }
    sessions
}

fn totals(sessions: &[Session<'_>], list: &List) -> Markup {
    let of = |grade| sessions.iter().filter(|session| session.grade() == grade).count();
    let number = |grade| grouped(of(grade) as u64);
    html! {
        ul.totals {
            li { strong { (grouped(sessions.len() as u64)) } (if sessions.len() == 1 { " session" } else { " sessions" }) }
            li.clean { (icon("check")) strong { (number(Grade::Clean)) } " ended well" }
            @if of(Grade::Doubtful) > 0 { li.doubtful { (icon("warn")) strong { (number(Grade::Doubtful)) } " with a doubt" } }
            @if of(Grade::Failed) > 0 { li.failed { (icon("cross")) strong { (number(Grade::Failed)) } " failed" } }
            li { (size(list.size())) " in this folder" }
        }
    }
}

fn row(session: &Session<'_>, list: &List) -> Markup {
    let Some(first) = session.pages.first() else { return html! {} };
    let (class, picture, word) = match session.grade() {
        Grade::Clean => ("clean", "check", "ended well"),
        Grade::Doubtful => ("doubtful", "warn", "doubt"),
        Grade::Failed => ("failed", "cross", "failed"),
    };
    let date = super::date(Duration::from_micros(first.began_us));
    let (day, time) = date.split_once(' ').unwrap_or(("", &date));
    html! {
        tr.(class) {
            td.result {
                p { (icon(picture)) " " strong { (word) } }
                @for entry in &session.pages { (outcome(entry, session.pages.len() > 1)) }
            }
            td.began { time { (day) " " b { (time.trim_end_matches(" UTC")) } } }
            td.ends { span { (first.client) i { " →" } } " " span { (first.server) } }
            (agreed(session, list))
            td.bytes {
                @let [client, server] = first.bytes;
                span.from-client { (grouped(client)) i { " →" } } " " span.from-server { i { "← " } (grouped(server)) }
            }
            td.pages {
                @if let Some(number) = session.pair { a.pair href={ "pair-" (number) ".html" } { "both ends" } " " }
                @for entry in &session.pages { a #(entry.name) href={ (entry.name) ".html" } { (entry.name) } " " }
            }
        }
    }
}

/// Draws the sentence of one end about the end of the session.
fn outcome(entry: &Entry, is_one_of_two: bool) -> Markup {
    let says = if entry.grade.is_some() {
        entry.outcome.as_str()
    } else {
        "left open: the program ended before the session"
    };
    html! { p.why { @if is_one_of_two { b { (entry.name.role.word()) ": " } } (says) } }
}

/// Draws the columns of the handshake.
fn agreed(session: &Session<'_>, list: &List) -> Markup {
    let agreed = session.pages.iter().find_map(|entry| entry.agreed.as_ref());
    let chosen = session.pages.iter().find_map(|entry| entry.chosen.as_ref());
    html! {
        td.agreed {
            @match agreed.or(chosen) {
                None => em { "nothing" },
                Some(summary) => {
                    b { (summary.version()) } " " code { (summary.suite) }
                    @if agreed.is_none() { " " em { "chosen, not agreed" } }
                }
            }
        }
        td.handshake {
            @match agreed { None => em { "not done" }, Some(agreed) => (handshake(agreed, session, list)) }
        }
    }
}

fn handshake(agreed: &Summary, session: &Session<'_>, list: &List) -> Markup {
    let kind = match agreed.kind {
        Some(Kind::Full) => "full",
        Some(Kind::FullWithHelloRetryRequest) => "full, after a HelloRetryRequest",
        Some(Kind::Resumed) => "resumed",
        None => "not known",
    };
    let resumed = session.pages.iter().find_map(|entry| entry.resumes);
    html! {
        span.kind {
            @match resumed.filter(|name| list.get(*name).is_some()) {
                Some(name) => a href={ (name) ".html" } title={ "It resumes the session of " (name) } { (kind) " from " (name) },
                None => (kind),
            }
        }
        " "
        @if let Some(after) = agreed.after_us { span { (duration(Duration::from_micros(after))) } }
    }
}

/// Formats a number of bytes with a binary unit (IEC 80000-13).
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for next in UNITS {
        unit = next;
        if amount < 1000.0 {
            break;
        }
        amount /= 1024.0;
    }
    format!("{amount:.1}\u{a0}{unit}")
}
