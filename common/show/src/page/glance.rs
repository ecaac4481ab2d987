//! The top of the page: a summary of the session.

use decode::explain::{self, Certificate, Certificates, Fault};
use maud::{Markup, html};
use program::offer::version_name;
use rustls::{HandshakeKind, Side};
use tls_session::alert_name::AlertName;
use tls_session::handshake::suite_name;

use super::bytes::REASON;
use super::facts::{Agreed, Facts, Grade, Outcome, Refusal};
use super::ladder::icon;
use super::numbers::{count, duration, grouped};
use super::origin::Origin;
use super::strip;

/// The value of a fact that only encrypted records have.
const NOT_KNOWN: &str = "not known: encrypted";

const SIDES: [Side; 2] = [Side::Client, Side::Server];

const CONTINUED: &str = "it continued after our certificate";

/// Returns the title of the page.
pub(super) fn title(facts: &Facts) -> String {
    let end = facts.outcome.as_ref().map_or("not ended", |outcome| word(outcome.grade));
    let agreed = facts.agreed.as_ref();
    let version = agreed.map_or_else(String::new, |agreed| format!(", {}", version(agreed)));
    format!("Session {}{version}: {end}", facts.number)
}

/// Draws the summary. `origin` is the session that this one resumes. `has_reason` says that a field has the anchor [`REASON`].
pub(super) fn of(facts: &Facts, origin: Option<Origin>, has_reason: bool) -> Markup {
    html! {
        header.top {
            p.eyebrow { "An illustrated TLS session" }
            h1 { (heading(facts)) }
            (outcome(facts, has_reason))
            (tiles(facts))
            (strip::of(facts))
        }
        section.facts aria-labelledby="facts-title" {
            h2 #facts-title.sr { "At a glance" }
            (parties(facts))
            (agreement(facts, origin))
            (authorization(facts))
            (traffic(facts))
        }
    }
}

fn heading(facts: &Facts) -> Markup {
    let Some(us) = facts.us else {
        return html! { "Session " (facts.number) ": a client with the server at " span.nowrap { (facts.server.address) } };
    };
    let peer = decode::other_side(us);
    html! {
        "Session " (facts.number) ": this " (decode::side_name(us)) " with the " (decode::side_name(peer)) " at "
        span.nowrap { (facts.of(peer).address) }
    }
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Clean => "ended well",
        Grade::Doubtful => "ended with a doubt",
        Grade::Failed => "failed",
    }
}

fn outcome(facts: &Facts, has_reason: bool) -> Markup {
    let Some(Outcome { sentence, grade, refusal }) = &facts.outcome else {
        return html! {
            div.outcome.doubtful { p { (icon("warn")) strong { "Left open." } " The program ended before the session." } }
        };
    };
    let (class, picture, says) = match grade {
        Grade::Clean => ("clean", "check", "It ended well."),
        Grade::Doubtful if facts.us.is_none() && SIDES.into_iter().any(|side| facts.is_sealed(side)) => {
            ("doubtful", "warn", "Not known whether it closed cleanly: its alerts are encrypted.")
        }
        Grade::Doubtful => ("doubtful", "warn", "It ended with a doubt."),
        Grade::Failed if facts.is_without_tls => ("failed", "cross", "TLS did not begin."),
        Grade::Failed if facts.agreed.is_none() => ("failed", "cross", "The handshake failed."),
        Grade::Failed => ("failed", "cross", "It failed."),
    };
    html! {
        div.outcome.(class) role="note" {
            p { (icon(picture)) strong { (says) } }
            p.why { (capital(sentence)) "." }
            @if let Some(unknown) = facts.unknown { p.hint { (unknown) } }
            @if let Some(advice) = facts.advice {
                p.hint {
                    "This page has what an observer on the way sees: the hellos with the name of the server, sizes and times. \
                     To decrypt the rest, " (advice) "."
                }
            }
            @if let (Some(Refusal::Theirs(alert)), Some((owner, Fault::Unnamed | Fault::Proof))) = (refusal, facts.marks.fault) {
                p.hint { (explain::meaning(*alert)) " The " (decode::side_name(decode::other_side(owner))) " knows the reason: see its page, or its error message." }
            }
            @if *grade == Grade::Failed {
                p.when { "After " (lasted(facts)) ". " a href="#trouble" { "See where" }
                    @if has_reason && let Some((owner, fault)) = facts.marks.fault {
                        " · "
                        a href={ "#" (REASON) } {
                            @if fault == Fault::Unnamed { "See the certificate of the " (decode::side_name(owner)) }
                            @else { "See the bytes that are the reason" }
                        }
                    }
                }
            }
        }
    }
}

/// Formats the duration of the session. All steps of one turn have the same time.
fn lasted(facts: &Facts) -> String {
    if facts.lasted.is_zero() { "one turn".to_owned() } else { duration(facts.lasted) }
}

/// Begins a sentence with a capital letter.
pub(super) fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn version(agreed: &Agreed) -> String {
    agreed.version.map_or_else(|| "none agreed".to_owned(), version_name)
}

/// Formats the time of the handshake.
fn took(facts: &Facts) -> String {
    facts.handshake().map_or_else(|| "not decrypted".to_owned(), duration)
}

/// Draws the most important numbers.
fn tiles(facts: &Facts) -> Markup {
    let agreed = facts.agreed.as_ref();
    let handshake = agreed.map_or_else(|| "not done".to_owned(), |_| took(facts));
    let records = |side| grouped(facts.of(side).records);
    let version = match (agreed, facts.marks.choices.version()) {
        (Some(agreed), _) => ("version", version(agreed)),
        (None, Some(chosen)) => ("version, chosen by the server", version_name(chosen)),
        (None, None) => ("version", "none agreed".to_owned()),
    };
    html! {
        dl.tiles {
            div { dt { (version.0) } dd { (version.1) } }
            div { dt { "handshake" } dd { (handshake) } }
            div { dt { "session" } dd { (lasted(facts)) } }
            div {
                dt { "records" }
                dd { (records(Side::Client)) span.sr { " from the client," } "\u{a0}→ ←\u{a0}" (records(Side::Server)) span.sr { " from the server" } }
            }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn parties(facts: &Facts) -> Markup {
    let end = |side| {
        let here = if Some(side) == facts.us { " (this end)" } else { "" };
        html! { (facts.of(side).address) (here) }
    };
    html! {
        section.card {
            h3 { "Ends and times" }
            dl {
                (fact("client", &end(Side::Client)))
                (fact("server", &end(Side::Server)))
                (fact("began", &html! { (facts.began) }))
                (fact("lasted", &html! { (lasted(facts)) }))
            }
        }
    }
}

fn agreement(facts: &Facts, origin: Option<Origin>) -> Markup {
    let Some(agreed) = &facts.agreed else { return choices(facts) };
    let kind = html! {
        @match agreed.kind {
            Some(HandshakeKind::Full) => "full",
            Some(HandshakeKind::FullWithHelloRetryRequest) => "full, after a HelloRetryRequest",
            Some(HandshakeKind::Resumed) => {
                "resumed, with "
                @match origin {
                    Some(origin) if origin.has_ticket => { "a ticket of " (origin) }
                    Some(origin) => { "the ID of " (origin) }
                    None if facts.marks.choices.accepts_psk() => "a ticket of an earlier session",
                    None => "a ticket or the ID of an earlier session",
                }
            }
            None => "not known",
        }
    };
    let group = agreed.group.as_deref().unwrap_or("none: there was no key exchange");
    html! {
        section.card {
            h3 { "Agreed" }
            dl {
                (fact("version", &html! { (version(agreed)) }))
                (fact("cipher suite", &html! { code { (agreed.suite) } }))
                (fact("group", &html! { code { (group) } }))
                (fact("handshake", &html! {  (kind) ", " (took(facts)) }))
                (fact("protocol", &html! {
                    @match &agreed.alpn {
                        Some(protocol) => code { (protocol) },
                        // In TLS 1.3 the server chooses it in an encrypted message.
                        None if agreed.after.is_none() => (NOT_KNOWN),
                        None => "none (no ALPN)",
                    }
                }))
            }
        }
    }
}

/// Draws the choices of a handshake that did not finish.
fn choices(facts: &Facts) -> Markup {
    let choices = &facts.marks.choices;
    let Some(version) = choices.version() else {
        return html! {
            section.card { h3 { "Agreed" } p { "Nothing: " (no_result(facts)) "." } }
        };
    };
    html! {
        section.card {
            h3 { "Chosen, but not agreed" }
            p { "The server chose these in its hello. The handshake did not finish." }
            dl {
                (fact("version", &html! { (version_name(version)) }))
                @if let Some(suite) = choices.suite() { (fact("cipher suite", &html! { code { (suite_name(suite)) } })) }
                @if let Some(group) = choices.group() { (fact("group", &html! { code { (format!("{group:?}")) } })) }
            }
        }
    }
}

/// Says why there is no result of the handshake.
fn no_result(facts: &Facts) -> &'static str {
    if facts.is_without_tls { "TLS did not begin" } else { "the handshake did not finish" }
}

fn authorization(facts: &Facts) -> Markup {
    let has_certificates = SIDES.into_iter().any(|side| facts.of(side).certificates.is_some());
    let is_sealed = facts.agreed.as_ref().is_some_and(|agreed| agreed.after.is_none());
    if facts.us.is_none() && !has_certificates && !is_sealed {
        return html! {};
    }
    html! {
        section.card {
            h3 { "Authorization" }
            dl {
                @if is_sealed && !has_certificates { (fact("certificates", &html! { (NOT_KNOWN) })) }
                @if let Some(us) = facts.us { (results(facts, us)) }
                @for side in [Side::Server, Side::Client] {
                    @if let Some(certificates) = &facts.of(side).certificates {
                        (fact(&format!("the {}’s certificate", decode::side_name(side)), &first_certificate(certificates)))
                    }
                }
            }
        }
    }
}

/// Draws whether each end authorized the other. `us` is this end.
fn results(facts: &Facts, us: Side) -> Markup {
    let (result, alarming) = our_result(facts);
    let (ours, theirs) = (decode::side_name(us), decode::side_name(decode::other_side(us)));
    html! {
        (fact(&format!("the {theirs}, checked by this {ours}"), &html! { span.alarming[alarming] { (result) } }))
        (fact(&format!("this {ours}, checked by the {theirs}"), &html! { (their_result(facts, us)) }))
    }
}

/// Returns our authorization of the peer, and whether it is a reason for alarm.
fn our_result(facts: &Facts) -> (String, bool) {
    match (&facts.agreed, facts.outcome.as_ref().and_then(|outcome| outcome.refusal.as_ref())) {
        (_, Some(Refusal::Ours(why))) => (format!("NOT authorized: {why}"), true),
        (Some(agreed), _) => (agreed.authorization.clone(), agreed.alarming),
        (None, _) => (format!("no result: {}", no_result(facts)), false),
    }
}

/// Says whether the peer authorized us. A peer never reports success. Only its later behaviour shows it.
fn their_result(facts: &Facts, us: Side) -> String {
    let sent = facts.of(us).certificates.as_ref();
    let alert = match &facts.outcome {
        Some(Outcome { refusal: Some(Refusal::Theirs(alert)), .. }) => Some(AlertName(*alert)),
        _ => None,
    };
    let result = match (&facts.agreed, sent, alert) {
        (None, None, Some(alert)) => {
            return format!("not reached: it ended the session with the alert {alert}");
        }
        (None, None, None) => return format!("not reached: {}", no_result(facts)),
        (_, Some(_), Some(alert)) => return format!("it ended the session with the alert {alert}"),
        // The certificate that a server refuses comes after its own.
        (None, Some(_), None)
            if us == Side::Server && facts.marks.fault.is_some_and(|(owner, _)| owner == Side::Client) =>
        {
            CONTINUED
        }
        (None, Some(_), None) => "not known: the handshake did not finish",
        (Some(Agreed { kind: Some(HandshakeKind::Resumed), .. }), ..) => {
            "not checked again: this session resumes an earlier one"
        }
        _ if us == Side::Server => CONTINUED,
        _ if !facts.certificate_requested => "the server requested no certificate",
        (_, Some(sent), _) if sent.count > 0 => {
            "the server requested a certificate and got ours; its next messages show whether it accepts it"
        }
        _ => "the server requested a certificate, and we have none",
    };
    result.to_owned()
}

fn first_certificate(certificates: &Certificates) -> Markup {
    html! {
        @match &certificates.first {
            _ if certificates.count == 0 => "none",
            None => "cannot be read",
            Some(Certificate { subject, names, more_names, issuer, not_before, not_after, key }) => {
                strong { (subject) } br;
                "for "
                @if names.is_empty() { "no name" }
                @for (index, name) in names.iter().enumerate() { @if index > 0 { ", " } code { (name) } }
                @if *more_names > 0 { " and " (more_names) " more" }
                br;
                "valid " span.nowrap { (not_before) } " to " span.nowrap { (not_after) } br;
                "issued by " (issuer) br; "key: " (key)
                @if certificates.count > 1 { "; the first of " (count(certificates.count as u64, "certificate")) }
            }
        }
    }
}

/// Formats the number of bytes of application data that an end sent.
fn data(facts: &Facts, side: Side) -> String {
    match (facts.of(side).data, facts.is_sealed(side)) {
        (0, true) => NOT_KNOWN.to_owned(),
        (known, true) => format!("{} or more", grouped(known)),
        (all, false) => grouped(all),
    }
}

fn traffic(facts: &Facts) -> Markup {
    html! {
        section.card {
            h3 { "Traffic" }
            table {
                thead { tr { td {} th scope="col" { "client →" } th scope="col" { "← server" } } }
                tbody {
                    tr { th scope="row" { "records" } @for side in SIDES { td { (grouped(facts.of(side).records)) } } }
                    tr { th scope="row" { "bytes on the wire" } @for side in SIDES { td { (grouped(facts.of(side).bytes)) } } }
                    tr { th scope="row" { "application data" } @for side in SIDES { td { (data(facts, side)) } } }
                }
            }
        }
    }
}
