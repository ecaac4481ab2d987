//! Draws the diagram behind a record.

use decode::schedule::{Derivation, Epoch, HashAlgorithm, Input, Key, Rule, Seed, Transcript};
use decode::{Record, hex};
use maud::{Markup, html};
use rustls::Side;

use super::super::bytes::{copy, reference};
use super::super::ladder::icon;
use super::super::numbers::count;
use super::super::python;
use super::super::rows::Drawn;
use super::exchange::{Exchange, exchange};
use super::formula::{formula, group_name};
use super::tree::{self, Node};
use super::words::{anchor, note, part, section, sign, why};
use super::{Chapter, EXPLAINED, NAMED, REPEATED};

impl Chapter<'_> {
    /// Draws the checks and the derivations of a record.
    pub(super) fn diagram(&mut self, drawn: &Drawn) -> Markup {
        let Record { derivations, checks, sender, .. } = &drawn.record;
        let is_repeated =
            checks.is_empty() && derivations.iter().all(|derivation| is_repeatable(derivation.key));
        self.repeated += usize::from(is_repeated);
        self.explained += derivations.len() + checks.len();
        if self.explained > EXPLAINED || is_repeated && self.repeated > REPEATED {
            return self.again(derivations);
        }
        let trees = tree::of(derivations);
        let is_doubted = checks.iter().any(|check| self.doubt(check).is_some());
        html! {
            li.keys {
                @if !checks.is_empty() {
                    p.keys-title { (icon(if is_doubted { "warn" } else { "check" })) "What this proves" }
                    ul.proofs { @for check in checks { li { (self.check(check, &drawn.record)) } } }
                }
                @if !trees.is_empty() {
                    p.keys-title { (icon("key")) (title(derivations, *sender)) }
                    @if derivations.iter().any(|derivation| matches!(derivation.rule, Rule::KeyExchange(Some(_)))) {
                        p { (ONE_END) }
                    }
                    ul.tree { @for tree in &trees { (self.node(tree, true)) } }
                }
            }
        }
    }

    /// Names the keys of a record without an explanation.
    fn again(&mut self, derivations: &[Derivation]) -> Markup {
        let keys: Vec<Key> = derivations.iter().map(|derivation| derivation.key).collect();
        html! {
            @if !keys.is_empty() {
                li.keys.again {
                    p {
                        (icon("key")) "New keys, made as before: "
                        @for (index, key) in keys.iter().take(REPEATED).enumerate() {
                            @if index > 0 { ", " }
                            code id=[self.anchor(*key)] { (key.name()) }
                            @if let Some(sign) = sign(*key) { " " span.sign { (sign) } }
                        }
                        "."
                    }
                }
            }
        }
    }

    /// Returns the anchor for a node, unless another node has it.
    fn anchor(&mut self, key: Key) -> Option<String> {
        self.drawn.insert(key).then(|| anchor(key))
    }

    /// Draws a key and the keys that are made from it. A root names the key that it is made from, which another record has.
    fn node(&mut self, node: &Node<'_>, is_root: bool) -> Markup {
        let derivation = node.derivation;
        let key = derivation.key;
        let from: Vec<String> = tree::inputs(&derivation.rule).into_iter().map(anchor).collect();
        let (id, name) = (self.anchor(key), key.name());
        let below: Vec<Markup> = node.made_from_it.iter().map(|below| self.node(below, false)).collect();
        html! {
            li {
                details.node.{ (class(key)) } id=[id] data-key=(anchor(key)) data-from=(from.join(" ")) {
                    summary {
                        span.keyname { (name) }
                        @if let Some(sign) = sign(key) { " " span.sign { (sign) } }
                        " " span.rule {
                            @if is_root && let Some(from) = expanded(&derivation.rule) {
                                span.input { (from.name()) } ": "
                            }
                            (self.rule(derivation))
                        }
                    }
                    (self.inside(derivation))
                }
                @if !below.is_empty() { ul { @for below in &below { (below) } } }
            }
        }
    }

    /// Draws the short form of a rule.
    fn rule(&self, derivation: &Derivation) -> Markup {
        let input = |input: &Input, missing: &str| match input {
            Input::Zeros => html! { span.input { "no " (missing) ": zeros" } },
            Input::Key(key) | Input::Derived(key) => html! { span.input { (key.name()) } },
        };
        html! {
            @match &derivation.rule {
                Rule::KeyExchange(group) => {
                    (group_name(*group))
                    @for (index, input) in exchange(*group).inputs().iter().enumerate() {
                        (if index == 0 { ": " } else { " and " }) span.input { (input) }
                    }
                }
                Rule::EarlierSession => {
                    "kept from "
                    @match self.origin {
                        Some(origin) => span.input { (origin) },
                        None => span.input { "an earlier session" },
                    }
                }
                Rule::Extract { salt, secret } => {
                    "HKDF-Extract: " (input(salt, "salt")) " and "
                    (input(secret, if derivation.key == Key::EarlySecret { "PSK" } else { "new secret" }))
                }
                Rule::Expand { label, .. } => {
                    "HKDF-Expand-Label “" (label) "”"
                    @if let Some(transcript) = &derivation.transcript { " and " (hashed(transcript)) }
                }
                Rule::TrafficKeys { .. } => "HKDF-Expand-Label “key” and “iv”",
                Rule::Ticket { .. } => { "HKDF-Expand-Label “resumption” and " span.input { "nonce of the ticket" } }
                Rule::Prf { label, seed, .. } => {
                    "PRF “" (label) "” and "
                    @match (seed, &derivation.transcript) {
                        (Seed::Transcript, Some(transcript)) => (hashed(transcript)),
                        _ => span.input { "both randoms" },
                    }
                }
                Rule::Cut { key, iv, .. } => {
                    "bytes " (key.start) " to " (key.end.saturating_sub(1)) " and " (iv.start) " to "
                    (iv.end.saturating_sub(1)) " of the block"
                }
            }
        }
    }

    /// Draws the inside of a node.
    fn inside(&self, derivation: &Derivation) -> Markup {
        let Derivation { key, rule, transcript, value, .. } = derivation;
        let inputs = tree::inputs(rule);
        let repeat = python::derivation(derivation, &self.inputs);
        html! {
            div.step {
                p { (why(derivation)) " " span.where { (reference(section(*key, rule))) } }
                p { "Calculation: " code { (formula(derivation)) } }
                @if let Rule::KeyExchange(Some(group)) = rule { (self.shares(exchange(Some(*group)))) }
                @if !inputs.is_empty() {
                    p {
                        "Made from: "
                        @for (index, input) in inputs.iter().enumerate() {
                            @if index > 0 { ", " }
                            (self.link(*input))
                        }
                    }
                }
                @if let Some(transcript) = transcript { (messages(transcript)) }
                (self.protected(*key))
                @if let Some(value) = value {
                    p.value-title { (algorithm_of_value(*key)) " (" (count(value.bytes().len() as u64, "byte")) "):" }
                    div.copyable { (copy("Copy")) pre.value tabindex="0" { (hex(value.bytes())) } }
                }
                @if let Some(repeat) = repeat { (command("Repeat this in Python", &repeat)) }
            }
        }
    }

    /// Links to the messages with the key shares.
    fn shares(&self, exchange: Exchange) -> Markup {
        let share = |what: &str, place: Option<u64>| {
            html! {
                (what) @match place { Some(place) => a href={ "#record-" (place) } { "#" (place) }, None => "an earlier record" }
            }
        };
        let [of_client, of_server] = exchange.shares();
        html! {
            p {
                (share(of_client, self.hellos.client)) ", " (share(of_server, self.hellos.server))
                ". The private keys never leave their owners, and this page does not have them."
            }
        }
    }

    pub(super) fn link(&self, key: Key) -> Markup {
        html! {
            @if self.made.contains_key(&key) { a href={ "#" (anchor(key)) } { code { (key.name()) } } }
            @else { code { (key.name()) } }
        }
    }

    /// Names the records that a key protects.
    fn protected(&self, key: Key) -> Markup {
        let Some(places) = self.protects.get(&key) else {
            let says = match key {
                Key::Record(..) if self.has_sealed => {
                    "It is not known which records this key protects: records of this page are not decrypted."
                }
                Key::Record(..) => "No record on this page is protected by this key.",
                _ => return html! {},
            };
            return html! { p { (says) } };
        };
        html! {
            p {
                "Protects "
                @for (index, place) in places.iter().take(NAMED).enumerate() {
                    @if index > 0 { ", " }
                    a href={ "#record-" (place) } { "#" (place) }
                }
                @if places.len() > NAMED { " and " (count((places.len() - NAMED) as u64, "more record")) }
                "."
            }
        }
    }
}

/// Draws a command that a reader can paste into a shell.
pub(super) fn command(title: &str, command: &str) -> Markup {
    html! {
        details.command {
            summary { (title) }
            (copy("Copy"))
            pre tabindex="0" { (command) }
        }
    }
}

/// Returns the class of a node. The keys of records have the colour of their sender.
fn class(key: Key) -> &'static str {
    match key {
        Key::Record(Side::Client, _) => "of-records from-client",
        Key::Record(Side::Server, _) => "of-records from-server",
        _ => "of-secrets",
    }
}

/// Returns whether a session may make such a key any number of times.
fn is_repeatable(key: Key) -> bool {
    matches!(
        key,
        Key::TicketPsk(_) | Key::ApplicationTraffic(_, 1..) | Key::Record(_, Epoch::Application(1..))
    )
}

/// Says which keys of a key exchange only one end has.
const ONE_END: &str = "Only the client has its private keys. Only the server has its private keys, also the one of its \
                       certificate. An observer has none of these keys, so it cannot compute any secret that is made from them.";

/// Returns the title of a diagram behind a record of `sender`.
fn title(derivations: &[Derivation], sender: Side) -> String {
    let has = |wanted: &dyn Fn(&Derivation) -> bool| derivations.iter().any(wanted);
    let makes = |key: Key| has(&|derivation| derivation.key == key);
    let (from, to) = (decode::side_name(sender), decode::side_name(decode::other_side(sender)));
    let what = if makes(Key::HandshakeSecret) {
        "the keys of the handshake"
    } else if makes(Key::ApplicationTraffic(sender, 0)) {
        "the keys of the application data"
    } else if makes(Key::BinderKey) {
        return "The client computes these from the PSK of its ticket, and so can the server that issued the ticket".to_owned();
    } else if makes(Key::ResumptionMaster) {
        "the secret of the tickets"
    } else if has(&|derivation| matches!(derivation.key, Key::TicketPsk(_))) {
        "a PSK for a later session"
    } else if has(&|derivation| matches!(derivation.key, Key::ApplicationTraffic(_, 1..))) {
        return format!("The {from} changes its keys");
    } else if makes(Key::Premaster) {
        "the keys of the session"
    } else if makes(Key::Master) {
        return "Both ends kept the master secret of an earlier session, and make new keys from it"
            .to_owned();
    } else {
        "more keys"
    };
    format!("The {from} can compute {what} when it sends this record, the {to} when it has received it")
}

/// Draws the messages of a transcript in short: the first and the last one.
fn hashed(transcript: &Transcript) -> Markup {
    html! {
        span.input {
            @match transcript.parts.as_slice() {
                [] => "hash of nothing",
                [only] => { "hash of " (part(only)) }
                [first, .., last] => { "hash of " (part(first)) " … " (part(last)) }
            }
        }
    }
}

/// Draws a transcript: its messages in order, and its hash.
pub(super) fn messages(transcript: &Transcript) -> Markup {
    html! {
        @if transcript.parts.is_empty() { p { "Hash of nothing." } }
        @else { p {
            "Hash of " (count(transcript.parts.len() as u64, "message")) ": "
            @for (index, one) in transcript.parts.iter().enumerate() {
                @if index > 0 { ", " }
                (part(one))
            }
            ". " @for one in &transcript.parts { @if let Some(note) = note(one) { (note) " " } }
        } }
        p { (hash_name(transcript.algorithm)) ": " code.value { (hex(&transcript.hash)) } }
    }
}

fn hash_name(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
    }
}

fn algorithm_of_value(key: Key) -> &'static str {
    match key {
        Key::Record(..) => "Value: the key, followed by the IV",
        _ => "Value",
    }
}

/// Returns the key that a rule expands. The short form of an extraction names its keys itself.
fn expanded(rule: &Rule) -> Option<Key> {
    if matches!(rule, Rule::Extract { .. }) { None } else { tree::parent(rule) }
}
