//! The page with both ends of a session: `pair-1.html`. Time runs downwards. The client's loop is on the left, the
//! server's on the right, and between them each record is an arrow from its write to its read.

mod draw;
mod fold;
mod layout;

use std::io;
use std::path::Path;
use std::time::Duration;

use maud::{Markup, html};

use super::document;
use super::entry::Entry;
use super::facts::Grade;
use super::file_name::Name;
use super::folder;
use super::glance::capital;
use super::joined::{Arrow, Fate, Joined, join};
use super::ladder::icon;
use super::list::Pair;
use super::numbers::{count, duration};
use super::saved::{Moment, Saved};

const STYLE: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/glance.css"),
    include_str!("style/record.css"),
    include_str!("style/segments.css"),
    include_str!("style/pair.css"),
);
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
        match folder::write_new(&path, page.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            written => written?,
        }
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
    let layout = layout::of(&joined);
    let style = format!("{STYLE}{}", layout.style);
    let body = html! {
        main {
            (top(client, server, &joined))
            section #both aria-labelledby="both-title" {
                h2 #both-title { "Step by step, at both ends" }
                (lead(&joined))
                div.sides {
                    div.life.client.all {} div.life.server.all {}
                    (head("client", &client.entry.client)) (head("server", &server.entry.server))
                    (draw::rows(&layout, [client, server].map(|end| end.entry.name)))
                }
            }
        }
        footer {
            p {
                "Written by " code { "--illustrate" } ". This file loads nothing and sends nothing. "
                a href="index.html" { "All sessions of this folder" }
            }
        }
    };
    let title =
        html! { title { "Both ends of a session: " (client.entry.name) " and " (server.entry.name) } };
    document::page(&title, &style, "", &body)
}

// ---- the top -----------------------------------------------------------------------------------------------

fn top(client: &Saved, server: &Saved, joined: &Joined<'_>) -> Markup {
    let records = || joined.arrows.iter().filter(|arrow| arrow.record().is_some());
    let ways: Vec<Duration> = records().filter_map(Arrow::under_way).collect();
    let changed = records().filter(|arrow| matches!(arrow.fate(), Fate::Changed(_))).count();
    let entries = [&client.entry, &server.entry];
    let agreed = entries.iter().find_map(|entry| entry.agreed.as_ref());
    let chosen = entries.iter().find_map(|entry| entry.chosen.as_ref());
    let version = match (agreed, chosen) {
        (Some(agreed), _) => ("version", agreed.version()),
        (None, Some(chosen)) => ("version, chosen by the server", chosen.version()),
        (None, None) => ("version", "none agreed".to_owned()),
    };
    let handshake = |end: &Saved| {
        let after = end.entry.agreed.as_ref().and_then(|agreed| agreed.after_us);
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
                div { dt { (version.0) } dd { (version.1) } }
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

/// Returns whether the steps or the records of an end show application data.
fn has_data(end: &Saved) -> bool {
    end.moments.iter().any(|moment| match moment {
        Moment::Call(call) => call.verb.starts_with("plaintext"),
        Moment::Record(kept) => kept.preview.is_some(),
        _ => false,
    })
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
            the read that took it at the other end, with the time between both. Equal records of application data share one arrow. \
            It ends beside the read of the last one. Thin grey arrows are TCP, dashed if only one end knows of them. Follow an arrow to the page of an end to see its bytes. \
            These pages also show deadlines, interests and readiness."
        }
        p.lead {
            @if joined.is_one_host {
                "Both programs ran on one host. All times are those of its clock. They begin with the first step of both ends."
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

/// Formats the time between a write and a read.
fn under_way(way: Duration) -> String {
    match way.as_micros() {
        micros @ 0..1000 => format!("{micros}\u{a0}µs"),
        _ => duration(way),
    }
}
