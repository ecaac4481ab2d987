//! Joins the segments of one direction of a TCP connection.
//!
//! No crate does this job as a session needs it: `flowscope` drops segments after a gap without saying how many bytes
//! are missing, and orders sequence numbers without their wrap; `parse-tcp` had one release; `pcap-analyzer` and
//! `stackforge-core` are whole programs, and the licence of the latter does not fit. All of this is a few lines.

use std::collections::BTreeMap;

use crate::packet::Segment;

/// The most bytes of one direction that wait for an earlier one. Most receive windows are smaller.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// The most segments of one direction that wait for an earlier one.
const MAX_SEGMENTS: usize = 8192;

/// About how many bytes the table needs for a segment that waits, besides its payload.
const OVERHEAD: usize = 64;

/// Bytes that the capture does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The number of bytes of this direction before it.
    pub after: u64,
    /// The number of missing bytes.
    pub missing: u64,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Direction {
    /// The sequence number of the next byte; `None` before the first segment.
    next: Option<u32>,
    /// The number of bytes so far.
    delivered: u64,
    /// Segments that wait for an earlier one, by the position of their first byte.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// The position behind the last byte that the sender has certainly sent.
    sent: u64,
    /// The position of the FIN.
    fin: Option<u64>,
    gap: Option<Gap>,
}

/// The number of bytes that may wait in all directions together.
#[derive(Debug)]
pub struct Budget(pub usize);

impl Direction {
    /// Adds a segment. `deliver` gets the bytes that are next, in their order. Bytes that came before are ignored.
    pub fn add(&mut self, segment: &Segment<'_>, budget: &mut Budget, deliver: &mut impl FnMut(&[u8])) {
        // SYN has the sequence number before that of the first byte (RFC 9293, 3.4).
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        let next = *self.next.get_or_insert(first);
        // A segment is at most 2 GiB away, so the sign of the difference says in which direction.
        let ahead = i64::from(first.wrapping_sub(next).cast_signed());
        let Some(at) = self.delivered.checked_add_signed(ahead) else {
            return; // before the beginning of the capture
        };
        let end = at + segment.payload.len() as u64;
        self.sent = self.sent.max(end + segment.cut as u64);
        if segment.fin && self.fin.is_none() {
            self.fin = Some(end + segment.cut as u64);
        }
        if end <= self.delivered || self.gap.is_some() {
            return;
        }
        if at <= self.delivered {
            self.deliver(at, segment.payload, deliver);
            self.deliver_waiting(budget, deliver);
        } else {
            self.wait(at, segment.payload, budget);
        }
    }

    /// Sets the sequence number of the next byte, unless it is known.
    pub fn begin(&mut self, next: u32) {
        self.next.get_or_insert(next);
    }

    /// Returns whether a SYN with this sequence number begins another connection.
    pub fn is_begun_otherwise(&self, syn: u32) -> bool {
        // The position of the SYN is known: it is before the first byte.
        let first = self.next.map(|next| next.wrapping_sub(self.delivered as u32));
        first.is_some_and(|first| first != syn.wrapping_add(1))
    }

    /// Returns whether all bytes up to the FIN were delivered.
    pub fn is_finished(&self) -> bool {
        self.fin == Some(self.delivered)
    }

    /// Returns whether the FIN was captured.
    pub fn has_fin(&self) -> bool {
        self.fin.is_some()
    }

    /// Returns the gap at which this direction ended.
    pub fn gap(&self) -> Option<Gap> {
        self.gap
    }

    /// Ends this direction: bytes that are still missing will not come.
    pub fn finish(&mut self, budget: &mut Budget) {
        self.give_up(self.sent, budget);
    }

    /// Gives up the bytes before the first captured ones, which are at `to` or earlier.
    fn give_up(&mut self, to: u64, budget: &mut Budget) {
        let to = self.waiting.keys().next().map_or(to, |first| to.min(*first));
        if self.gap.is_none() && to > self.delivered {
            self.gap = Some(Gap { after: self.delivered, missing: to - self.delivered });
        }
        budget.0 += self.waiting_bytes;
        self.waiting_bytes = 0;
        self.waiting = BTreeMap::new();
    }

    /// Delivers the part of `payload` that is new. `at` is its position, which is not behind the next byte.
    fn deliver(&mut self, at: u64, payload: &[u8], deliver: &mut impl FnMut(&[u8])) {
        let known = usize::try_from(self.delivered - at).unwrap_or(usize::MAX);
        let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) else { return };
        deliver(fresh);
        self.delivered += fresh.len() as u64;
        self.next = self.next.map(|next| next.wrapping_add(fresh.len() as u32));
    }

    fn deliver_waiting(&mut self, budget: &mut Budget, deliver: &mut impl FnMut(&[u8])) {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= self.delivered) {
            let (at, payload) = first.remove_entry();
            self.waiting_bytes -= payload.len() + OVERHEAD;
            budget.0 += payload.len() + OVERHEAD;
            self.deliver(at, &payload, deliver);
        }
    }

    /// Keeps a segment that is too early. If there are too many of them, the bytes before them are given up.
    fn wait(&mut self, at: u64, payload: &[u8], budget: &mut Budget) {
        let known = self.waiting.get(&at).map_or(0, |known| known.len() + OVERHEAD);
        let size = payload.len() + OVERHEAD;
        if known >= size {
            return;
        }
        let is_full = self.waiting_bytes + size > MAX_WAITING || self.waiting.len() >= MAX_SEGMENTS;
        if is_full || budget.0 + known < size {
            return self.give_up(at, budget);
        }
        budget.0 = budget.0 + known - size;
        self.waiting_bytes = self.waiting_bytes + size - known;
        self.waiting.insert(at, payload.to_vec());
    }
}
