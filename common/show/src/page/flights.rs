//! The captions between the arrows: why a flight is sent, and what protects it.
//!
//! A flight has the messages that one end sends before the other answers (RFC 8446, 2).

use std::collections::HashMap;

use decode::explain::{self, Fault};
use decode::hello::ServerHello;
use decode::schedule::Key;
use decode::{Content, Message, Record};
use maud::{Markup, html};
use rustls::{AlertDescription, HandshakeType, ProtocolVersion, Side};

use super::bytes::REASON;
use super::facts::Facts;
use super::keys;
use super::names::{self, Look};
use super::origin::Origin;
use super::rows::{Drawn, Row};

/// A text above the arrows of a read or a write.
#[derive(Debug)]
pub(super) struct Caption {
    title: String,
    text: Markup,
    /// The label of a link to the refused certificate.
    link: Option<&'static str>,
}

/// The captions of a page. The key is the first of the records that one read or write carried.
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
    rows: impl Iterator<Item = (usize, &'a Row)>,
    facts: &Facts,
    origin: Option<Origin>,
) -> Captions {
    let records = carried(rows);
    let mut captions = Captions::new();
    let (mut number, mut told) = (0, Told::default());
    for flight in records.chunk_by(|(_, one), (_, next)| one.record.sender == next.record.sender) {
        let Some((starts_at, first)) = flight.first() else { continue };
        let drawn: Vec<&Drawn> = flight.iter().map(|(_, drawn)| *drawn).collect();
        if drawn.iter().any(|drawn| Look::of(&drawn.record) == Look::Handshake) {
            number += 1;
            let sender = first.record.sender;
            let title = format!("Flight {number}, the {}’s.", names::side(sender));
            let text = purpose(number, sender, &drawn, facts, origin);
            captions.entry(*starts_at).or_default().push(Caption { title, text, link: None });
        }
        for (index, drawn) in flight {
            if let Some(caption) = told.next(drawn, facts) {
                captions.entry(*index).or_default().push(caption);
            }
        }
    }
    captions
}

/// Draws the captions above a read or a write. `has_reason` says that a field above has the anchor [`REASON`].
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

/// Returns the records, each with the index of the first record of the same read or write.
fn carried<'a>(rows: impl Iterator<Item = (usize, &'a Row)>) -> Vec<(usize, &'a Drawn)> {
    let mut records: Vec<(usize, &'a Drawn)> = Vec::new();
    let mut last: Option<(usize, Side)> = None;
    for (index, row) in rows {
        let Some(drawn) = row.record() else {
            last = None;
            continue;
        };
        let sender = drawn.record.sender;
        let first = last.filter(|(_, other)| *other == sender).map_or(index, |(first, _)| first);
        last = Some((first, sender));
        records.push((first, drawn));
    }
    records
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
        let end = names::side(sender);
        Some(match &record.content {
            Content::Alert(_) if names::is_peaceful(record) => Caption {
                title: format!("The {end} closes."),
                text: html! {
                    "close_notify says that no data follows. It is protected like data, so an attacker cannot send it. \
                     Without it, a connection that an attacker cuts would look like the end of the data."
                },
                link: None,
            },
            Content::Alert(alert) => gives_up(record, alert.description, facts),
            _ => Caption { title: format!("The first data of the {end}."), text: data(record), link: None },
        })
    }
}

/// Says which key protects application data, and what a changed byte does.
fn data(record: &Record) -> Markup {
    let receiver = names::side(decode::other_side(record.sender));
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
fn gives_up(record: &Record, alert: AlertDescription, facts: &Facts) -> Caption {
    let how = match (record.is_encrypted(), record.version) {
        (false, _) => "It is in clear text, because this end has no keys yet.",
        (true, Some(ProtocolVersion::TLSv1_3)) => "It is encrypted, so no observer on the way can read it.",
        (true, _) => "It is encrypted.",
    };
    let (text, link) = match facts.marks.fault {
        Some((owner, fault)) if owner != record.sender => {
            let says = html! { "It refuses the certificate of the " (names::side(owner)) ". " };
            match fault {
                Fault::Unnamed => (
                    html! { (says) "The alert does not name the reason. " (explain::meaning(alert)) " " (how) },
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
    let title = format!("The {} gives up.", names::side(record.sender));
    Caption { title, text, link: Some(link).filter(|label| !label.is_empty()) }
}

/// Returns the purpose of a flight, which its messages reveal. `number` counts the flights from 1.
fn purpose(number: usize, sender: Side, records: &[&Drawn], facts: &Facts, origin: Option<Origin>) -> Markup {
    let has = |title: &str| records.iter().any(|drawn| drawn.titles.iter().any(|other| other == title));
    let makes = |key: Key| {
        records.iter().flat_map(|drawn| &drawn.record.derivations).any(|derivation| derivation.key == key)
    };
    let mut messages = records.iter().flat_map(|drawn| drawn.record.messages());
    let mut own = match sender {
        Side::Client => {
            let offers_tls13 = messages.any(Message::offers_tls13);
            let psk = makes(Key::Psk).then(|| psk(origin));
            let has_no_certificate = facts.client.certificates.as_ref().is_some_and(|sent| sent.count == 0);
            of_client(number, offers_tls13, has_no_certificate, psk, &has)
        }
        Side::Server => {
            let hello = messages.filter(|message| message.kind == HandshakeType::ServerHello).last();
            let hello = hello.and_then(|message| ServerHello::read(message.body()));
            of_server(hello.as_ref(), &has)
        }
    };
    if has("Certificate") && facts.refused() == Some(sender) {
        let (owner, receiver) = (names::side(sender), names::side(decode::other_side(sender)));
        own.push(html! {
            "But the " (receiver) " does not accept this certificate, so the " (owner) " has proved no identity to it."
        });
    }
    if !own.is_empty() {
        return html! { @for text in &own { (text) " " } };
    }
    let text = if has("Finished") {
        "Finished proves with a hash of the whole handshake that no attacker has changed a byte of it."
    } else if has("NewSessionTicket") {
        "The client can resume this session later with these tickets. A ticket is sent encrypted, and its key is not in it: \
         both ends compute it."
    } else if has("KeyUpdate") {
        "This direction gets new keys. The old ones are deleted, so no attacker can steal them any more."
    } else {
        ""
    };
    html! { (text) }
}

/// Explains the offer of a ticket.
fn psk(origin: Option<Origin>) -> Markup {
    html! {
        "It also offers the ticket of an earlier session."
        @if let Some(origin) = origin { " It is from " (origin) "." }
        " The binder proves that the client knows the key of the ticket."
    }
}

fn of_client(
    number: usize,
    offers_tls13: bool,
    has_no_certificate: bool,
    psk: Option<Markup>,
    has: &impl Fn(&str) -> bool,
) -> Vec<Markup> {
    let mut says: Vec<Markup> = Vec::new();
    if has("ClientHello") && number > 1 {
        says.push(html! {
            "The client sends its hello again, with a key share of the group that the server wants. The first hello \
             stays protected: a hash of it (message_hash) is part of everything that follows."
        });
    } else if has("ClientHello") && !offers_tls13 {
        says.push(html! {
            "The client offers its versions and algorithms. No key exists yet, so any observer on the way can read this."
        });
    } else if has("ClientHello") {
        says.push(html! {
            "The client offers its versions and algorithms. It sends its half of the key exchange at once, for the \
             groups that it expects the server to choose. No key exists yet, so any observer on the way can read this."
        });
    }
    says.extend(psk.filter(|_| has("ClientHello")));
    if has("ClientKeyExchange") {
        says.push(html! {
            "The client sends its half of the key exchange, so both ends can compute the keys now. After its \
             ChangeCipherSpec everything that it sends is encrypted."
        });
    }
    if has("CertificateVerify") {
        says.push(html! {
            "The client proves its identity as well: it signs the handshake with the private key of its certificate. \
             Finished proves that no attacker has changed the handshake."
        });
    } else if has("Certificate") && has_no_certificate {
        says.push(html! {
            "The server asked for a certificate. The client has none, and sends an empty list."
        });
    }
    says
}

fn of_server(hello: Option<&ServerHello>, has: &impl Fn(&str) -> bool) -> Vec<Markup> {
    const CLEAR: &str = "ServerHello is in clear text, because the client needs the key share in it to compute any key. \
                         Both ends have keys now. They encrypt everything that follows, except ChangeCipherSpec, which \
                         has no content";
    let is_tls13 = hello.is_some_and(|hello| hello.version == ProtocolVersion::TLSv1_3);
    let accepts_psk = hello.is_some_and(|hello| hello.psk.is_some());
    let mut says: Vec<Markup> = Vec::new();
    if has("HelloRetryRequest") {
        says.push(html! {
            "The server wants a key share of another group. It asks the client for another hello, which costs a round \
             trip."
        });
    } else if is_tls13 && has("Certificate") {
        says.push(html! {
            "The server chooses, and sends its half of the key exchange. " (CLEAR) ". No observer on the way sees the certificate, \
             which names the server. CertificateVerify proves the identity of the server: only the owner of the \
             certificate can make this signature."
        });
    } else if is_tls13 && accepts_psk {
        says.push(html! {
            "The server accepts the ticket, and sends its half of the key exchange. " (CLEAR) ". No certificate is sent: only \
             the server that issued the ticket knows its key, and Finished proves that this server knows it."
        });
    } else if is_tls13 {
        says.push(html! { "The server chooses, and sends its half of the key exchange. " (CLEAR) "." });
    } else if has("ServerHello") && has("ServerHelloDone") {
        says.push(html! {
            "The server chooses, sends its certificate, and signs its half of the key exchange. All of this is in clear \
             text: the client has not sent its half yet, so no key exists. Any observer on the way sees the certificate. TLS \
             1.3 exchanges the halves earlier, and encrypts it."
        });
    } else if has("ServerHello") && has("ChangeCipherSpec") {
        says.push(html! {
            "The server chooses, and resumes the session that the client remembers. Both ends have kept its master \
             secret, so they need no certificate and no key exchange."
        });
    } else if has("ServerHello") {
        says.push(html! { "The server chooses the version and the algorithms." });
    }
    if has("CertificateRequest") {
        says.push(html! {
            "It asks the client for a certificate, too."
        });
    }
    says
}
