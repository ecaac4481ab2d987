//! The keys chapter: which keys both ends can compute after a record, how, and why.
//!
//! Behind a record that makes keys possible, the ladder has a diagram: a tree that grows from the secret at the top to
//! the keys of records. Each node opens: it says why the key exists, which messages are in it, and which records it
//! protects. With the flag --illustrate-keys it also has the value, and a command that computes it. The command that
//! verifies a signature needs no key, so each page has it.

mod draw;
mod exchange;
mod formula;
mod proofs;
mod tree;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use decode::Content;
use decode::explain::Fault;
use decode::schedule::{Derivation, Key};
use maud::{Markup, html};
use rustls::{HandshakeType, Side};

use super::origin::Origin;
use super::python::{self, Inputs};
use super::rows::{Drawn, Row};
pub(super) use words::anchor;
use words::{sign, source};

/// The most nodes and checks with an explanation on one page. A peer may send thousands of tickets and key updates.
const EXPLAINED: usize = 96;
/// The most tickets, and the most key updates, with an explanation.
const REPEATED: usize = 4;
/// The most records that are named as protected by a key.
const NAMED: usize = 12;

/// The keys of a session, as far as its page has their records.
#[derive(Debug, Default)]
pub(super) struct Chapter<'a> {
    /// The record behind which both ends can compute a key.
    made: BTreeMap<Key, u64>,
    /// The records that a key protects.
    protects: BTreeMap<Key, Vec<u64>>,
    /// The page has records that could not be decrypted.
    has_sealed: bool,
    /// The keys with a node, which has an anchor.
    drawn: BTreeSet<Key>,
    /// The records with the key shares.
    hellos: Hellos,
    explained: usize,
    repeated: usize,
    /// The session that issued the PSK, if this program saw it.
    origin: Option<Origin>,
    /// The end that the other end refused, and the reason.
    refused: Option<(Side, Fault)>,
    /// The inputs of the commands.
    inputs: Inputs<'a>,
}

/// The records with the latest hello of each end.
#[derive(Clone, Copy, Debug, Default)]
struct Hellos {
    client: Option<u64>,
    server: Option<u64>,
}

/// Returns the short sign of a key of records, and the secret from which it is made.
pub(super) fn described(key: Key) -> String {
    let from = source(key).unwrap_or(key).name();
    format!("{}, made from {from}", sign(key).unwrap_or_default())
}

/// Returns the short sign of the key of a record.
pub(super) fn sign_of(drawn: &Drawn) -> Option<String> {
    sign(drawn.record.key?)
}

/// Returns the anchor of the key of a record.
pub(super) fn anchor_of(drawn: &Drawn) -> Option<String> {
    drawn.record.key.map(anchor)
}

impl<'a> Chapter<'a> {
    /// Reads the rows of a page. `origin` is the session whose PSK this session uses. `refused` is the end
    /// that the other end refused, and the reason.
    pub(super) fn of(
        rows: impl Iterator<Item = &'a Row>,
        origin: Option<Origin>,
        refused: Option<(Side, Fault)>,
    ) -> Self {
        let mut chapter = Self { origin, refused, ..Self::default() };
        for drawn in rows.filter_map(Row::record) {
            chapter.inputs.learn_record_keys(&drawn.record);
            chapter.has_sealed |= drawn.record.content == Content::Hidden;
            for Derivation { key, .. } in &drawn.record.derivations {
                chapter.made.entry(*key).or_insert(drawn.place);
            }
            if let Some(key) = drawn.record.key {
                chapter.protects.entry(key).or_default().push(drawn.place);
            }
        }
        chapter
    }

    /// Draws the diagram behind a record. There is none if the record makes no key possible and proves nothing.
    pub(super) fn behind(&mut self, drawn: &'a Drawn) -> Option<Markup> {
        self.inputs.learn(&drawn.record);
        for message in drawn.record.messages() {
            match (message.sender, message.kind) {
                (Side::Client, HandshakeType::ClientHello | HandshakeType::ClientKeyExchange) => {
                    self.hellos.client = Some(drawn.place);
                }
                (Side::Server, HandshakeType::ServerHello | HandshakeType::ServerKeyExchange) => {
                    self.hellos.server = Some(drawn.place);
                }
                _ => {}
            }
        }
        let record = &drawn.record;
        if record.derivations.is_empty() && record.checks.is_empty() {
            return None;
        }
        Some(self.diagram(drawn))
    }

    /// Draws the command that decrypts a record. There is none if the page does not have its key or all its bytes.
    pub(super) fn decryption(&self, drawn: &Drawn) -> Option<Markup> {
        python::record(&drawn.record, &self.inputs)
            .map(|command| draw::command("Decrypt this record in Python", &command))
    }

    /// Says which key protects a record, with a link to its node.
    pub(super) fn protection(&self, drawn: &Drawn) -> Option<Markup> {
        let key = drawn.record.key?;
        let sequence = drawn.record.sealing.map(|sealing| sealing.sequence);
        let name = html! { "the key " (described(key)) };
        Some(html! {
            " It is protected by "
            @if self.made.contains_key(&key) { a href={ "#" (anchor(key)) } { (name) } } @else { (name) }
            @if let Some(sequence) = sequence { ", with the sequence number " (sequence) ". Each key begins with 0" }
            "."
        })
    }
}
