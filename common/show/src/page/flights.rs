//! The captions between the arrows: why a flight is sent, and what protects it.
//!
//! A flight has the messages that one end sends before the other answers (RFC 8446, 2).

mod purpose;

use std::collections::HashMap;

use decode::explain::{self, Fault};
use decode::{Alert, Content, Record};
use maud::{Markup, html};
use rustls::{ProtocolVersion, Side};

use self::purpose::Flight;
use super::bytes::REASON;
use super::closure::Closure;
use super::facts::Facts;
use super::keys;
use super::names::{self, Look};
use super::origin::Origin;
use super::rows::{Drawn, Row};
use super::segments::Segment;

/// A text above an arrow.
#[derive(Debug)]
pub(super) struct Caption {
    title: String,
    text: Markup,
    /// The label of a link to the refused certificate, or to the wrong signature.
    link: Option<&'static str>,
}

/// The captions of a page. The key is the index of the row below them: a record, or a FIN.
pub(super) type Captions = HashMap<usize, Vec<Caption>>;

/// The parts of a session that have a caption only once.
#[derive(Debug, Default)]
struct Told {
    data_of_client: bool,
    data_of_server: bool,
    close: bool,
    alert: bool,
}

/// Returns the captions of the rows of a page. `origin` is the session that this one resumes.
pub(super) fn of<'a>(
    rows: impl Iterator<Item = (usize, &'a Row)> + Clone,
    facts: &Facts,
    origin: Option<Origin>,
) -> Captions {
    let records: Vec<(usize, &Drawn)> =
        rows.clone().filter_map(|(index, row)| Some((index, row.record()?))).collect();
    let mut captions = Captions::new();
    let (mut number, mut told) = (0, Told::default());
    for records in records.chunk_by(|(_, one), (_, next)| one.record.sender == next.record.sender) {
        let looks = || records.iter().map(|(index, drawn)| (*index, Look::of(&drawn.record)));
        let mut start = looks().filter(|(_, look)| matches!(look, Look::Handshake | Look::ChangeCipherSpec));
        if let (Some((start, _)), Some((_, first)), true) =
            (start.next(), records.first(), looks().any(|(_, look)| look == Look::Handshake))
        {
            number += 1;
            let sender = first.record.sender;
            let title = format!("Flight {number}, the {}’s.", decode::side_name(sender));
            let flight = Flight {
                number,
                sender,
                records: records.iter().map(|(_, drawn)| &drawn.record).collect(),
                titles: records.iter().flat_map(|(_, drawn)| &drawn.titles).map(String::as_str).collect(),
                facts,
                origin,
            };
            captions.entry(start).or_default().push(Caption { title, text: flight.purpose(), link: None });
        }
        for (index, drawn) in records {
            if let Some(caption) = told.next(drawn, facts) {
                captions.entry(*index).or_default().push(caption);
            }
        }
    }
    if let Some((index, sender)) = cut_off(rows, facts) {
        captions.entry(index).or_default().push(leaves(sender));
    }
    captions
}

/// Finds the first FIN of a session after the handshake, unless an alert has announced it.
fn cut_off<'a>(mut rows: impl Iterator<Item = (usize, &'a Row)>, facts: &Facts) -> Option<(usize, Side)> {
    facts.agreed.as_ref()?;
    rows.find_map(|(index, row)| match row {
        Row::Segment { segment: Segment::Fin { sender, own, other }, .. } => {
            let is_cut = *own == Closure::Open && *other != Closure::Closed;
            Some(is_cut.then_some((index, *sender)))
        }
        _ => None,
    })?
}

/// Says what a FIN without close_notify means.
fn leaves(sender: Side) -> Caption {
    let end = decode::side_name(sender);
    Caption {
        title: format!("The {end} leaves without close_notify."),
        text: html! {
            "TCP ends this direction, but TLS does not. A crash of the " (end) ", a broken line, and an attacker that sends \
             this FIN look alike. So the data of the " (end) " may be incomplete."
        },
        link: None,
    }
}

/// Draws the captions above an arrow. `has_reason` says that a field above has the anchor [`REASON`].
pub(super) fn caption(captions: &[Caption], has_reason: bool) -> Markup {
    html! {
        div.flight {
            @for Caption { title, text, link } in captions {
                p {
                    strong { (title) } " " (text)
                    @if has_reason && let Some(label) = link { " " a href={ "#" (REASON) } { (label) } "." }
                }
            }
        }
    }
}

impl Told {
    /// Returns the caption of the first record of its kind.
    fn next(&mut self, drawn: &Drawn, facts: &Facts) -> Option<Caption> {
        let record = &drawn.record;
        let sender = record.sender;
        let told = match &record.content {
            Content::ApplicationData(1..) if sender == Side::Client => &mut self.data_of_client,
            Content::ApplicationData(1..) => &mut self.data_of_server,
            Content::Alert(_) if record.is_warning() => return None,
            Content::Alert(_) if names::is_peaceful(record) => &mut self.close,
            Content::Alert(_) => &mut self.alert,
            _ => return None,
        };
        if std::mem::replace(told, true) {
            return None;
        }
        let end = decode::side_name(sender);
        Some(match &record.content {
            Content::Alert(_) if names::is_peaceful(record) => Caption {
                title: format!("The {end} closes."),
                text: html! {
                    "close_notify says that no data follows. It is protected like data, so an attacker cannot send it. \
                     Without it, a connection that an attacker cuts would look like the end of the data."
                },
                link: None,
            },
            Content::Alert(alert) => gives_up(record, alert, facts),
            _ => Caption { title: format!("The first data of the {end}."), text: data(record), link: None },
        })
    }
}

/// Says which key protects application data, and what a changed byte does.
fn data(record: &Record) -> Markup {
    let receiver = decode::side_name(decode::other_side(record.sender));
    html! {
        @match record.key {
            None => "It is application data. This program does not know its key.",
            Some(key) => {
                "It is protected by the key " (keys::described(key)) ". If an attacker had changed one byte of this record \
                 on its way, the tag would not match. The " (receiver) " would have shown nothing of it: it would have \
                 reported an error, sent the alert bad_record_mac, and ended the session."
            }
        }
    }
}

/// Says why an end sends a fatal alert.
fn gives_up(record: &Record, alert: &Alert, facts: &Facts) -> Caption {
    let sender = decode::side_name(record.sender);
    let how = match (record.is_encrypted(), record.version) {
        (false, _) if alert.unauthenticated => {
            html! { "It is in clear text, although the " (sender) " has keys. So an attacker on the way can forge it." }
        }
        (false, _) => html! { "It is in clear text, because the " (sender) " has no keys yet." },
        (true, Some(ProtocolVersion::TLSv1_3)) => {
            html! { "It is encrypted, so no observer on the way can read it." }
        }
        (true, _) => html! { "It is encrypted." },
    };
    let (text, link) = match facts.marks.fault {
        Some((owner, fault)) if owner != record.sender => {
            let owner = decode::side_name(owner);
            let says = html! { "It refuses the certificate of the " (owner) ". " };
            match fault {
                Fault::Signature => (
                    html! { "It found a signature of the " (owner) " wrong. The alert names only the kind of the reason. " (how) },
                    "See the signature",
                ),
                Fault::Proof => (
                    html! { "It could not verify a proof of the " (owner) ". The alert does not name the proof. " (how) },
                    "",
                ),
                Fault::Unnamed => (
                    html! { (says) "The alert does not name the reason. " (explain::meaning(alert.description)) " " (how) },
                    "See the refused certificate",
                ),
                _ => (
                    html! { (says) "The alert names only the kind of the reason. " (how) },
                    "See the field that is the reason",
                ),
            }
        }
        _ => {
            let says = html! { "A fatal alert ends the session at once. It names only the kind of the reason. " (how) };
            (says, "")
        }
    };
    let title = format!("The {sender} gives up.");
    Caption { title, text, link: Some(link).filter(|label| !label.is_empty()) }
}
