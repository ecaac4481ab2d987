//! Bulk at both ends: equal records in a row are one arrow, and quiet steps in a row are one summary.

use std::time::Duration;

use super::super::joined::{Arrow, Block, Fate, Joined};
use super::super::names::Look;
use super::super::saved::Said;
use crate::vocabulary::Tone;

/// A pause that is at least this long has a row.
pub(super) const PAUSE: Duration = Duration::from_millis(5);
/// The fewest blocks that are folded.
const FEWEST: usize = 3;
/// The calls that move bulk.
const BULK: [&str; 9] = [
    "stdin read",
    "recv",
    "read_tls",
    "process_new_packets",
    "plaintext in",
    "plaintext out",
    "write_tls",
    "write blocked",
    "yield",
];

/// The sum of equal calls.
pub(super) struct Sum<'a> {
    pub(super) tone: Tone,
    pub(super) verb: &'a str,
    pub(super) times: u64,
    /// `None` if the calls do not count bytes.
    pub(super) bytes: Option<u64>,
}

/// Divides the blocks of both ends. Quiet blocks of one end without a pause stay together.
pub(super) fn blocks<'a>(joined: &'a Joined<'a>) -> impl Iterator<Item = &'a [Block<'a>]> {
    let belongs = |one: &Block<'_>, next: &Block<'_>| {
        one.of_client == next.of_client
            && next.at.saturating_sub(one.at) < PAUSE
            && [one, next].iter().all(|block| is_quiet(block, &joined.arrows))
    };
    let runs = joined.blocks.chunk_by(belongs);
    runs.flat_map(|run| run.chunks(if run.len() < FEWEST { 1 } else { run.len() }))
}

/// Returns whether a block only moves bulk, and no record of it has a fault.
fn is_quiet(block: &Block<'_>, arrows: &[Arrow<'_>]) -> bool {
    let is_quiet = |call: &&Said| {
        let ends = ["end-of-file", "peer has closed"].iter().any(|end| call.details.ends_with(end));
        BULK.contains(&call.verb.as_str()) && call.tone != Tone::Trouble && !ends
    };
    block.left_out.is_none()
        && block.calls.iter().all(is_quiet)
        && block.arrows.iter().all(|index| arrows.get(*index).is_some_and(is_bulk))
}

/// Returns whether the next record belongs to the same arrow.
pub(super) fn continues(one: &Arrow<'_>, next: &Arrow<'_>) -> bool {
    let (Some(record), Some(other)) = (one.record(), next.record()) else { return false };
    is_bulk(one)
        && one.fate() == next.fate()
        && (one.from_client, one.written.is_some()) == (next.from_client, next.written.is_some())
        && record.number.checked_add(1) == Some(other.number)
        && (record.look, record.encrypted, record.length) == (other.look, other.encrypted, other.length)
        && record.titles == other.titles
}

/// Returns whether a record has data and no fault. A record that could not be decrypted may have data.
fn is_bulk(arrow: &Arrow<'_>) -> bool {
    arrow.record().is_some_and(|kept| matches!(kept.look, Look::Data | Look::Unknown) && !kept.incomplete)
        && matches!(arrow.fate(), Fate::Arrived | Fate::LeftOut)
}

/// Adds up the calls of blocks, in the order of their first calls.
pub(super) fn sums<'a>(blocks: &[Block<'a>]) -> Vec<Sum<'a>> {
    let mut sums: Vec<Sum<'a>> = Vec::new();
    for call in blocks.iter().flat_map(|block| &block.calls) {
        match sums.iter_mut().find(|sum| sum.verb == call.verb) {
            Some(sum) => {
                sum.times += 1;
                sum.bytes = sum.bytes.zip(call.bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
            }
            None => sums.push(Sum { tone: call.tone, verb: &call.verb, times: 1, bytes: call.bytes }),
        }
    }
    sums
}
