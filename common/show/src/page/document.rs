//! The whole page: one file that loads nothing, and forbids the browser to load anything.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rustls::Side;

use super::facts::Facts;
use super::file_name::Name;
use super::names::{self, Look};
use super::origin::Origin;
use super::rows::{DATA_BYTES, FIRST_ROWS, HANDSHAKE_BYTES, LAST_ROWS, Rows};
use super::{glance, ladder, overhead};

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
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(STYLE, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (glance::title(facts)) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (PreEscaped(ICONS))
                a.skip href="#ladder" { "To the steps" }
                main {
                    (keys(facts))
                    (glance::of(facts, origin, has_reason))
                    (secret(facts))
                    (legend(facts))
                    (ladder)
                    (overhead::of(facts))
                }
                (search())
                footer {
                    p {
                        "Written by " code { "--illustrate" } ". This file loads nothing and sends nothing. "
                        @if facts.us.is_some() {
                            a href={ "index.html#" (name) } { "This session in the index of the folder" }
                            ", which links the page of its other end, and the page that shows both ends."
                        }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
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
        div.secret.keys role="alert" {
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
            " Any reader sees the encrypted messages of the handshake. The page does not have the keys."
        }
        _ => return html! {},
    };
    html! { p.secret { strong { "This page has decrypted data." } (says) } }
}

/// Returns a content security policy. It allows only this style, this script, and pictures inside the page.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        source(style),
        source(script)
    )
}

fn source(asset: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest(&SHA256, asset.as_bytes())))
}

/// Explains the signs and the calls.
fn legend(facts: &Facts) -> Markup {
    html! {
        details #legend open {
            summary { h2 { "Reading this page" } }
            ul.ways {
                @for side in [Side::Client, Side::Server] {
                    li.{ "from-" (names::side(side)) } {
                        span.sample aria-hidden="true" { span.line {} } span { "the " (names::side(side)) " sends" }
                    }
                }
                li.from-client.encrypted {
                    span.sample aria-hidden="true" { span.line {} } span { (ladder::icon("lock")) " encrypted" }
                }
                li.kernel.from-client { span.sample aria-hidden="true" { span.line {} } span { "TCP, by the kernel" } }
                li { span.sign { "S·hs" } span { "the key of an encrypted record: find the key with this sign to see why it exists" } }
            }
            ul.looks {
                @for look in Look::ALL {
                    li.(look.class()) { (shape(look, look.name())) }
                    @if look == Look::Alert { li.alert.peaceful { (shape(look, "alert without an error")) } }
                }
            }
            p.keyboard {
                kbd { "j" } " and " kbd { "k" } " walk the records, " kbd { "Enter" } " opens one, " kbd { "/" }
                " searches titles, fields and bytes, " kbd { "Esc" } " leaves."
            }
            details {
                summary { "The words of the keys" }
                dl.calls {
                    @for (word, meaning) in WORDS { div { dt { (word) } dd { (meaning) } } }
                }
            }
            @if facts.us.is_some() {
                details {
                    summary { "The steps of the event loop" }
                    dl.calls {
                        @for (verb, meaning) in CALLS { div { dt { code { (verb) } } dd { (meaning) } } }
                    }
                    p { "The time of a sleep includes the work of the turn before it." }
                }
            }
            p {
                "A page has the first " (FIRST_ROWS) " rows of the steps and the last " (LAST_ROWS) ", "
                (HANDSHAKE_BYTES / 1024) " KiB of handshake records, and " (DATA_BYTES) " bytes of each other record."
            }
        }
    }
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

/// Draws an empty chip with the shape of this look.
fn shape(look: Look, name: &str) -> Markup {
    html! { span.chip { (ladder::icon(look.class())) span.kind { (name) } } }
}

const WORDS: [(&str, &str); 8] = [
    (
        "Why there are many keys",
        "Each key protects one thing: one direction, and the handshake or the data. A stolen key opens nothing else, and an \
         attacker cannot send the records of an end back to it.",
    ),
    (
        "HKDF-Extract",
        "It mixes two secrets into one. An attacker needs both to compute the result (RFC 5869).",
    ),
    (
        "HKDF-Expand-Label",
        "It makes a new key from a secret. The label names the purpose, so keys for different purposes are different. The \
         secret cannot be computed from the key.",
    ),
    ("PRF", "It makes the keys of TLS 1.2 from a secret, a label and a seed, as HKDF does in TLS 1.3."),
    (
        "transcript hash",
        "A checksum over all handshake messages so far. One changed byte makes another checksum.",
    ),
    ("PSK", "Pre-shared key: both ends know it from an earlier session. The ticket in ClientHello names it."),
    (
        "nonce, IV",
        "The encryption of each record needs a number that is used once: the nonce. Both ends compute it from the IV, which \
         belongs to the key, and from the number of the record.",
    ),
    ("tag", "The checksum at the end of an encrypted record. Only the two ends can make it."),
];

const CALLS: [(&str, &str); 11] = [
    ("recv", "The kernel hands over what has arrived: part of a record, or many records."),
    ("read_tls", "rustls takes these bytes. Nothing is decrypted yet."),
    (
        "process_new_packets",
        "rustls decrypts, checks, and continues the handshake. It says how many bytes it wants to write, and how many \
         the application can read.",
    ),
    ("plaintext in", "The application reads what the peer sent, with reader().read()."),
    (
        "plaintext out",
        "The application sends, with writer().write(). rustls encrypts the data at once and keeps it until it is written.",
    ),
    (
        "write_tls",
        "All bytes that rustls keeps go to the kernel in one system call: handshake messages, tickets and data together.",
    ),
    (
        "blocked",
        "The kernel has no more bytes, or takes no more. The loop does not wait here: the poll says when to try again.",
    ),
    ("interest", "The events for which the poll wakes the loop."),
    ("deadline", "Every phase has one, so that no peer can make the session wait for ever."),
    ("phase", "The state that rustls does not keep: who closed first, and why the session failed."),
    ("FIN sent", "The FIN follows our close_notify: TLS has ended this direction, and now TCP ends it too."),
];
