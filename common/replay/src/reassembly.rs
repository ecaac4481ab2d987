//! Joins the segments of one direction of a TCP connection.
//!
//! No crate does this job as a session needs it: `flowscope` drops segments after a gap without saying how many bytes
//! are missing, and orders sequence numbers without their wrap; `parse-tcp` had one release; `pcap-analyzer` and
//! `stackforge-core` are whole programs, and the licence of the latter does not fit. All of this is a few lines.

use std::collections::{BTreeMap, VecDeque};

use crate::packet::Segment;

/// The most bytes of one direction that wait for an earlier one. Most receive windows are smaller.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// The most segments of one direction that wait for an earlier one.
const MAX_SEGMENTS: usize = 8192;

/// About how many bytes the table needs for a segment that waits, besides its payload.
const OVERHEAD: usize = 64;

/// How far a FIN or an RST may be from the bytes of its sender. RFC 5961, 3 lets a receiver ignore an RST that is not
/// exactly at the next byte. A capture may lack segments, so this is wider.
const WINDOW: i64 = 1024 * 1024;

/// How many of the latest bytes are kept, to compare retransmissions with them.
const RECENT: usize = 4096;

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
    /// The last of these bytes.
    recent: VecDeque<u8>,
    /// Segments that wait for an earlier one, by the position of their first byte. They do not overlap.
    waiting: BTreeMap<u64, Waiting>,
    waiting_bytes: usize,
    /// The position behind the last byte of all payloads.
    sent: u64,
    /// The position of the FIN.
    fin: Option<u64>,
    /// The positions before and behind the bytes that were cut off from the last delivered segment.
    cut: Option<(u64, u64)>,
    gap: Option<Gap>,
    differing: u64,
}

/// A segment that waits, or a part of it.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    /// The segment has one byte. A keep-alive probe repeats the position of the last byte, but may have another byte there
    /// (RFC 9293, 3.8.4).
    may_be_probe: bool,
}

impl Direction {
    /// Adds a segment, and returns the bytes of it that are next. Call [`released`](Self::released) afterwards. Bytes that
    /// came before are compared, and not returned again.
    pub fn add<'a>(&mut self, segment: &Segment<'a>) -> &'a [u8] {
        if segment.rst {
            return &[]; // an RST may have any sequence number, and its payload is a text for people (RFC 9293, 3.5.3)
        }
        // SYN has the sequence number before that of the first byte (RFC 9293, 3.4).
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        self.next.get_or_insert(first);
        let Some(at) = self.position(first).and_then(|at| u64::try_from(at).ok()) else {
            return &[]; // before the beginning of the capture
        };
        let end = at + segment.payload.len() as u64;
        let whole = end + segment.cut as u64;
        if whole > at {
            self.sent = self.sent.max(whole);
        }
        if segment.fin && whole >= self.delivered && self.is_near(whole.cast_signed()) {
            self.fin = Some(self.fin.map_or(whole, |fin| fin.min(whole)));
        }
        if self.gap.is_some() {
            return &[];
        }
        if at > self.delivered {
            self.prove_cut();
            if self.gap.is_none() {
                self.wait(at, segment.payload, segment.payload.len() == 1, true);
            }
            return &[];
        }
        // The bytes that wait came first, so they are not replaced.
        let waiting = self.waiting.keys().next().and_then(|first| usize::try_from(first - at).ok());
        let (payload, rest) = waiting
            .and_then(|first| segment.payload.split_at_checked(first))
            .unwrap_or((segment.payload, &[]));
        let fresh = self.deliver(at, payload);
        self.wait(at + payload.len() as u64, rest, false, false);
        if segment.cut > 0 && end == self.delivered {
            self.cut = Some((end, whole));
        }
        fresh
    }

    /// Returns the next bytes of a segment that waited for earlier ones.
    pub fn released(&mut self) -> Option<Vec<u8>> {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= self.delivered) {
            let (at, mut waited) = first.remove_entry();
            self.waiting_bytes -= waited.bytes.len() + OVERHEAD;
            let fresh = self.deliver(at, &waited.bytes).len();
            if fresh > 0 {
                let known = waited.bytes.len() - fresh;
                waited.bytes.drain(..known);
                return Some(waited.bytes);
            }
        }
        None
    }

    /// Returns whether a SYN with this sequence number begins another connection.
    pub fn is_begun_otherwise(&self, syn: u32) -> bool {
        // The position of the SYN is known: it is before the first byte.
        let first = self.next.map(|next| next.wrapping_sub(self.delivered as u32));
        first.is_some_and(|first| first != syn.wrapping_add(1))
    }

    /// Returns whether an RST with this sequence number is near the bytes of its sender, so that its receiver may accept it.
    pub fn accepts_reset(&self, sequence: u32) -> bool {
        self.position(sequence).is_some_and(|at| self.is_near(at))
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

    /// Returns the number of bytes that a retransmission changed. The first bytes were delivered.
    pub fn differing(&self) -> u64 {
        self.differing
    }

    /// Returns whether a segment was captured.
    pub fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Returns whether bytes were delivered.
    pub fn has_delivered(&self) -> bool {
        self.delivered > 0
    }

    /// Returns about how many bytes of memory this direction needs, besides its own size.
    pub fn weight(&self) -> usize {
        self.waiting_bytes + self.recent.capacity()
    }

    /// Ends this direction: bytes that are still missing will not come.
    pub fn finish(&mut self) {
        self.give_up(self.fin.map_or(self.sent, |fin| fin.max(self.sent)));
        self.recent = VecDeque::new();
    }

    /// Returns the position of a sequence number. It is negative before the first byte.
    fn position(&self, sequence: u32) -> Option<i64> {
        // A segment is at most 2 GiB away, so the sign of the difference says in which direction.
        let ahead = i64::from(sequence.wrapping_sub(self.next?).cast_signed());
        self.delivered.cast_signed().checked_add(ahead)
    }

    /// Returns whether a FIN or an RST at this position is near the bytes of its sender.
    fn is_near(&self, at: i64) -> bool {
        let (first, last) = (self.delivered.cast_signed(), self.delivered.max(self.sent).cast_signed());
        (first - WINDOW..=last + WINDOW).contains(&at)
    }

    /// Gives up the bytes that were cut off from the last segment, because the segment that follows does not have them.
    fn prove_cut(&mut self) {
        if let Some((_, behind)) = self.cut.filter(|(from, _)| *from == self.delivered) {
            self.give_up(behind);
        }
    }

    /// Gives up the bytes before the first captured ones, which are at `to` or earlier.
    fn give_up(&mut self, to: u64) {
        let to = self.waiting.keys().next().map_or(to, |first| to.min(*first));
        if self.gap.is_none() && to > self.delivered {
            self.gap = Some(Gap { after: self.delivered, missing: to - self.delivered });
        }
        self.waiting_bytes = 0;
        self.waiting = BTreeMap::new();
    }

    /// Returns the part of `payload` that is new. `at` is its position, which is not behind the next byte.
    fn deliver<'b>(&mut self, at: u64, payload: &'b [u8]) -> &'b [u8] {
        let known = usize::try_from(self.delivered - at).unwrap_or(usize::MAX).min(payload.len());
        let (known, fresh) = payload.split_at(known);
        self.compare_recent(at, known, payload.len() == 1);
        self.delivered += fresh.len() as u64;
        self.next = self.next.map(|next| next.wrapping_add(fresh.len() as u32));
        if self.fin.is_some_and(|fin| fin < self.delivered) {
            self.fin = None; // bytes follow, so it was forged
        }
        let latest = fresh.get(fresh.len().saturating_sub(RECENT)..).unwrap_or_default();
        let surplus = (self.recent.len() + latest.len()).saturating_sub(RECENT);
        self.recent.drain(..surplus);
        self.recent.extend(latest);
        fresh
    }

    /// Compares bytes at the position `at` with those that were delivered.
    fn compare_recent(&mut self, at: u64, known: &[u8], may_be_probe: bool) {
        let kept_from = self.delivered - self.recent.len() as u64;
        let skipped = usize::try_from(kept_from.saturating_sub(at)).unwrap_or(usize::MAX);
        let from = usize::try_from(at.saturating_sub(kept_from)).unwrap_or(usize::MAX);
        let Some(known) = known.get(skipped..).filter(|known| !known.is_empty() && !may_be_probe) else {
            return;
        };
        let kept = self.recent.iter().skip(from);
        self.differing += kept.zip(known).filter(|(kept, known)| kept != known).count() as u64;
    }

    /// Keeps the parts of a segment that is too early, unless they wait already. If too many bytes wait, the bytes before
    /// them are given up. Without `is_limited`, the bytes before them are there already.
    fn wait(&mut self, mut at: u64, mut rest: &[u8], may_be_probe: bool, is_limited: bool) {
        while !rest.is_empty() {
            let before = self.waiting.range(..=at).next_back();
            let known = before.and_then(|(start, known)| {
                let offset = usize::try_from(at - start).ok()?;
                Some((
                    *start,
                    known.bytes.get(offset..).filter(|bytes| !bytes.is_empty())?,
                    known.may_be_probe,
                ))
            });
            let length = match known {
                Some((start, _, true)) if !may_be_probe => {
                    self.waiting.remove(&start);
                    self.waiting_bytes -= 1 + OVERHEAD;
                    0
                }
                Some((_, known, is_probe)) => {
                    let differing = known.iter().zip(rest).filter(|(known, byte)| known != byte).count();
                    if !is_probe && !may_be_probe {
                        self.differing += differing as u64;
                    }
                    known.len().min(rest.len())
                }
                None => {
                    let next = self.waiting.range(at..).next().map(|(next, _)| *next - at);
                    let free = next.and_then(|free| usize::try_from(free).ok()).unwrap_or(usize::MAX);
                    let part = rest.get(..free).unwrap_or(rest);
                    let is_full = self.waiting_bytes + part.len() + OVERHEAD > MAX_WAITING
                        || self.waiting.len() >= MAX_SEGMENTS;
                    if is_limited && is_full {
                        return self.give_up(at);
                    }
                    self.waiting_bytes += part.len() + OVERHEAD;
                    self.waiting.insert(at, Waiting { bytes: part.to_vec(), may_be_probe });
                    part.len()
                }
            };
            at += length as u64;
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}
