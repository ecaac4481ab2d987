//! The whole page: one file that loads nothing, and forbids the browser to load anything.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::facts::Facts;
use super::file_name::Name;
use super::origin::Origin;
use super::rows::Rows;
use super::{glance, ladder, legend, overhead};

const STYLE: &str = concat!(
    include_str!("style/base.css"),
    include_str!("style/glance.css"),
    include_str!("style/strip.css"),
    include_str!("style/ladder.css"),
    include_str!("style/record.css"),
    include_str!("style/segments.css"),
    include_str!("style/bytes.css"),
    include_str!("style/keys.css"),
    include_str!("style/legend.css"),
    include_str!("style/tools.css"),
    include_str!("style/narrow.css"),
    include_str!("style/print.css"),
);
/// The page works without this script: `<details>` need none. A block for each file, so that their names stay apart.
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    "{\n",
    include_str!("script/fields.js"),
    "}\n{\n",
    include_str!("script/ladder.js"),
    "}\n{\n",
    include_str!("script/walk.js"),
    "}\n{\n",
    include_str!("script/copy.js"),
    "}\n{\n",
    include_str!("script/print.js"),
    "}\n{\n",
    include_str!("script/keys.js"),
    "}\n",
);
const ICONS: &str = include_str!("icons.svg");

/// Draws the page of a session under this name. `origin` is the session that this one resumes.
pub(super) fn of(facts: &Facts, rows: &Rows, name: Name, origin: Option<Origin>) -> Markup {
    let (ladder, has_reason) = ladder::of(facts, rows, origin);
    let body = html! {
        a.skip href="#ladder" { "To the steps" }
        main {
            (keys(facts))
            (glance::of(facts, origin, has_reason))
            (secret(facts))
            (legend::of(facts.us))
            (ladder)
            (overhead::of(facts))
        }
        (search())
        footer {
            p {
                "Written by " code { "--illustrate" } ". This file loads nothing and sends nothing. "
                a href={ "index.html#" (name) } { "The index of the folder" }
                @if facts.us.is_some() { " links to the page of the other end and to the page of both ends, if they were drawn." }
                @else { " has a row for this session." }
            }
        }
    };
    page(&html! { title { (glance::title(facts)) } }, STYLE, SCRIPT, &body)
}

/// Draws a whole page. `head` has its title. `script` may be empty.
pub(super) fn page(head: &Markup, style: &str, script: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(style, script));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                (head)
                link rel="icon" href="data:,";
                style { (PreEscaped(style)) }
            }
            body {
                (PreEscaped(ICONS))
                (body)
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    }
}

/// Warns of the keys in the page, if it has any.
fn keys(facts: &Facts) -> Markup {
    if !facts.has_keys {
        return html! {};
    }
    html! {
        div.secret.has-keys role="alert" {
            strong { "This page has the KEYS of its session." }
            p {
                "Any reader of this page can decrypt the session, and can use its tickets. "
                code { "--illustrate-keys" } " wrote the keys into it. Do not publish it, and delete it when you have read \
                 it. Private keys are not in it."
            }
        }
    }
}

/// Warns of the decrypted data in the page, if it has any but no keys.
fn secret(facts: &Facts) -> Markup {
    let says = match facts {
        Facts { has_keys: true, .. } => return html! {},
        Facts { has_data: true, .. } => {
            " Any reader sees the session's application data, so protect the page like that data. It does not have the keys."
        }
        Facts { opened: true, .. } => {
            " It shows handshake messages that were encrypted on the wire. It does not have the keys."
        }
        _ => return html! {},
    };
    html! { p.secret { strong { "This page has decrypted data." } (says) } }
}

/// Returns a content security policy. It allows only this style, this script, and pictures inside the page.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        source(style),
        source(script)
    )
}

fn source(asset: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest(&SHA256, asset.as_bytes())))
}

/// Draws the search box. The script shows it.
fn search() -> Markup {
    html! {
        div.search role="search" hidden {
            input type="search" aria-label="Search the records" placeholder="Search" spellcheck="false" autocomplete="off";
            output aria-live="polite" {}
            button type="button" data-step="-1" aria-label="Previous match" { "↑" }
            button type="button" data-step="1" aria-label="Next match" { "↓" }
            button type="button" aria-label="Close the search" { "×" }
        }
    }
}
