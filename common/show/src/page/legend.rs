//! The legend of a page: its signs, the words of the keys, and the steps of the event loop.

use maud::{Markup, html};
use rustls::Side;

use super::ladder::icon;
use super::names::Look;
use super::rows;

/// Draws the legend. `us` is the end that this program is; `None` if it only has a capture of both.
pub(super) fn of(us: Option<Side>) -> Markup {
    html! {
        details #legend open {
            summary { h2 { "Reading this page" } }
            ul.ways {
                @for side in [Side::Client, Side::Server] {
                    li.{ "from-" (decode::side_name(side)) } {
                        span.sample aria-hidden="true" { span.line {} } span { "the " (decode::side_name(side)) " sends" }
                    }
                }
                li.from-client.encrypted {
                    span.sample aria-hidden="true" { span.line {} } span { (icon("lock")) " encrypted" }
                }
                li.kernel.from-client { span.sample aria-hidden="true" { span.line {} } span { "TCP, by the kernel" } }
                li { span.sign { "#9" } span { "the number of a record in the session, counted from 1 for both ends together" } }
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
            @if us.is_some() {
                details {
                    summary { "The steps of the event loop" }
                    dl.calls {
                        @for (verbs, meaning) in STEPS { div { dt { code { (verbs) } } dd { (meaning) } } }
                    }
                    p { "The time of a sleep includes the work of the turn before it." }
                }
            }
            p {
                "A page has the first " (rows::FIRST_ROWS) " rows of the steps and the last " (rows::LAST_ROWS) ", "
                (rows::HANDSHAKE_BYTES / 1024) " KiB of handshake records, and " (rows::DATA_BYTES) " bytes of each other record."
            }
        }
    }
}

/// Draws an empty chip with the shape of this look.
fn shape(look: Look, name: &str) -> Markup {
    html! { span.chip { (icon(look.class())) span.kind { (name) } } }
}

const WORDS: [(&str, &str); 9] = [
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
         belongs to the key, and from the sequence number of the record. Each key has its own sequence numbers, from 0.",
    ),
    (
        "C·app0, client_write_key 0, …_traffic_secret_0",
        "The number counts the updates of a key. 0 is the first key after the handshake. Each KeyUpdate makes the next one.",
    ),
    ("tag", "The checksum at the end of an encrypted record. Only the two ends can make it."),
];

/// The words beside the ladder, and their meanings. Words with one meaning have a comma between them.
const STEPS: [(&str, &str); 29] = [
    ("woke", "The poll returned with this number of events, and a turn of the loop begins."),
    ("asleep", "The poll waited this long, because there was nothing to do."),
    ("connecting", "The client begins a TCP connection to this address. The loop does not wait for it."),
    ("connected", "The kernel reports that TCP is connected."),
    (
        "connect failed",
        "TCP cannot connect to this address. The client tries the next address of the name, if it has one.",
    ),
    (
        "accepted",
        "The server takes a client from the backlog of the kernel, in which new TCP connections wait.",
    ),
    (
        "promoted",
        "A client leaves the accept queue and gets a slot. Each session has a slot, and their number is fixed. Clients \
         without a slot wait in the accept queue.",
    ),
    (
        "preamble in, preamble out",
        "Text of another protocol before TLS begins, for example STARTTLS of SMTP.",
    ),
    ("preamble failed", "The client ends the connection before TLS begins."),
    ("began", "The session begins. TCP is connected, and TLS has not begun."),
    ("ready", "The poll reports that this socket, or another source of events, can be read or written."),
    ("interest", "The events for which the poll wakes the loop."),
    ("recv", "The kernel hands over what has arrived: part of a record, or many records."),
    ("read_tls", "rustls takes these bytes. Nothing is decrypted yet."),
    (
        "process_new_packets",
        "rustls decrypts, checks, and continues the handshake. It says how many bytes it wants to write, and how many \
         the application can read.",
    ),
    ("established", "The handshake is done, and application data can follow."),
    ("plaintext in", "The application reads what the peer sent, with reader().read()."),
    (
        "plaintext out",
        "The application sends, with writer().write(). rustls encrypts the data at once and keeps it until it is written.",
    ),
    ("stdin read", "The client reads its input. It sends these bytes as application data."),
    (
        "write_tls",
        "All bytes that rustls keeps go to the kernel in one system call: handshake messages, tickets and data together.",
    ),
    (
        "slices",
        "rustls keeps its bytes in several pieces of memory. One write takes them all, without copying them first.",
    ),
    (
        "read blocked, write blocked",
        "The kernel has no more bytes, or takes no more. The loop does not wait here: the poll says when to try again.",
    ),
    ("yield", "The session has done enough in this turn. Other sessions run before it continues."),
    ("deadline", "Every phase has one, so that no peer can make the session wait for ever."),
    ("timer, timer fired", "A deadline of the application, for its own purposes."),
    ("phase", "The state that rustls does not keep: which end closed first, and why the session failed."),
    (
        "FIN sent, FIN not sent",
        "TCP ends our direction. The FIN follows our close_notify, unless the session failed. The kernel cannot send it if the \
         connection is broken.",
    ),
    ("closed", "The session has ended. The sentence says why."),
    ("stopping", "The program begins no more sessions. It ends after the sessions that are open."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Words of the trace that no page shows.
    const NOT_SHOWN: [&str; 15] = [
        "listening",
        "waiting",
        "queue full",
        "queue has room",
        "accept failed",
        "skipped",
        "slot held",
        "slot given up",
        "session failed",
        "freed",
        "drained",
        "reloaded",
        "reload postponed",
        "not reloaded",
        "send",
    ];
    /// Words of the ladder itself.
    const OF_LADDER: [&str; 2] = ["asleep", "slices"];

    #[test]
    fn the_legend_has_each_word_of_the_steps() {
        let source = include_str!("../vocabulary.rs");
        let calls = ["entry(", "moved(", "plaintext("].map(|made| source.split(made).skip(1));
        let verb =
            |call: &'static str| call.split_once(',')?.1.trim_start().strip_prefix('"')?.split('"').next();
        let words: BTreeSet<&str> = calls.into_iter().flatten().filter_map(verb).chain(OF_LADDER).collect();
        let explained = STEPS.iter().flat_map(|(verbs, _)| verbs.split(", "));
        let known: Vec<&str> = explained.chain(NOT_SHOWN).collect();
        assert_eq!(known.iter().copied().collect::<BTreeSet<_>>(), words);
        assert_eq!(known.len(), words.len(), "no word has two meanings");
    }
}
