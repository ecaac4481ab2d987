//! The derivations of one record as trees: each key stands below the key from which it is made.

use decode::schedule::{Derivation, Input, Key, Rule};

/// The most levels of a tree. The key schedule has five.
const DEPTH: usize = 8;

/// A derivation, and those that start from its key.
pub(super) struct Node<'a> {
    pub(super) derivation: &'a Derivation,
    pub(super) made_from_it: Vec<Node<'a>>,
}

/// Arranges derivations. The roots start from something that was there before: another record's key, zeros, or the
/// private key of each end. Secrets from outside come first.
pub(super) fn of(derivations: &[Derivation]) -> Vec<Node<'_>> {
    let is_root = |derivation: &&Derivation| {
        above(derivation).is_none_or(|from| !derivations.iter().any(|other| other.key == from))
    };
    let mut roots: Vec<&Derivation> = derivations.iter().filter(is_root).collect();
    roots.sort_by_key(|derivation| !matches!(derivation.rule, Rule::KeyExchange(_) | Rule::EarlierSession));
    roots.into_iter().map(|root| node(root, derivations, DEPTH)).collect()
}

fn node<'a>(derivation: &'a Derivation, all: &'a [Derivation], depth: usize) -> Node<'a> {
    let follows = |other: &&Derivation| depth > 0 && above(other) == Some(derivation.key);
    let made_from_it =
        all.iter().filter(follows).map(|other| node(other, all, depth.saturating_sub(1))).collect();
    Node { derivation, made_from_it }
}

/// Returns the key below which a derivation stands. A record may have many key updates. They stand side by side.
fn above(derivation: &Derivation) -> Option<Key> {
    match derivation.key {
        Key::ApplicationTraffic(_, 1..) => None,
        _ => parent(&derivation.rule),
    }
}

/// Returns the key from which a rule starts. Of two secrets it is the earlier one in the key schedule.
pub(super) fn parent(rule: &Rule) -> Option<Key> {
    match rule {
        Rule::KeyExchange(_) | Rule::EarlierSession => None,
        Rule::Extract { salt: Input::Key(key) | Input::Derived(key), .. } => Some(*key),
        Rule::Extract { secret: Input::Key(key) | Input::Derived(key), .. } => Some(*key),
        Rule::Extract { .. } => None,
        Rule::Expand { from, .. }
        | Rule::TrafficKeys { from, .. }
        | Rule::Ticket { from, .. }
        | Rule::Prf { from, .. }
        | Rule::Cut { from, .. } => Some(*from),
    }
}

/// Returns the keys that a rule needs.
pub(super) fn inputs(rule: &Rule) -> Vec<Key> {
    let second = match rule {
        Rule::Extract { secret: Input::Key(key) | Input::Derived(key), .. } => Some(*key),
        _ => None,
    };
    let mut inputs: Vec<Key> = parent(rule).into_iter().chain(second).collect();
    inputs.dedup();
    inputs
}
