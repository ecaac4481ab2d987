//! Joins the two ends of a session: one order of all steps, and for each record, and for each FIN, its write at one end and
//! its read at the other.

use std::collections::HashMap;
use std::time::Duration;

use rustls::Side;

use super::closure::{Closure, Closures};
use super::saved::{Kept, Moment, Said, Saved};
use super::segments::Segment;
use crate::vocabulary::Tone;

/// The steps of both ends in the order of their times.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) arrows: Vec<Arrow<'a>>,
    /// Both ends have the same clock.
    pub(super) is_one_host: bool,
}

/// Steps of one end without a pause: at most one read, one write or one FIN, and the calls around it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) of_client: bool,
    /// The time since the first step of both ends.
    pub(super) at: Duration,
    /// The reason why the loop woke, if a turn begins.
    pub(super) woke: Option<&'a str>,
    pub(super) calls: Vec<&'a Said>,
    /// The arrows that begin or end here.
    pub(super) arrows: Vec<usize>,
    /// Records and turns that the page of this end leaves out here.
    pub(super) left_out: Option<(u64, u64)>,
    has_carry: bool,
}

/// A record or a segment on its way.
#[derive(Debug, Default)]
pub(super) struct Arrow<'a> {
    pub(super) from_client: bool,
    /// The time of its write, and what its sender kept.
    pub(super) written: Option<(Duration, Load<'a>)>,
    /// The time of its read, and what its receiver kept.
    pub(super) read: Option<(Duration, Load<'a>)>,
    /// The other end had this record too, but its page leaves it out.
    pub(super) is_left_out: bool,
}

/// The load of an arrow.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load<'a> {
    Record(&'a Kept),
    /// An event of the TCP connection.
    Segment(Segment),
}

/// The fate of an arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The receiver read the bytes that the sender wrote.
    Arrived,
    /// The receiver read other bytes. This says where they differ.
    Changed(String),
    /// The receiver read the first bytes only.
    Cut { arrived: u64 },
    /// The receiver did not read it.
    NotRead,
    /// The receiver read it, and the sender did not write it.
    NotWritten,
    /// One of the pages leaves it out.
    LeftOut,
}

impl Block<'_> {
    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.arrows.is_empty() && self.left_out.is_none()
    }
}

impl Arrow<'_> {
    /// Returns its load as its sender kept it, or as its receiver did.
    pub(super) fn load(&self) -> Option<Load<'_>> {
        self.written.or(self.read).map(|(_, load)| load)
    }

    /// Returns its record; `None` if it has a segment.
    pub(super) fn record(&self) -> Option<&Kept> {
        if let Some(Load::Record(kept)) = self.load() { Some(kept) } else { None }
    }

    /// Returns the beginning of its text, if one of both ends knows it.
    pub(super) fn preview(&self) -> Option<&str> {
        let ends = [self.written, self.read].into_iter().flatten();
        ends.filter_map(
            |(_, load)| if let Load::Record(kept) = load { kept.preview.as_deref() } else { None },
        )
        .next()
    }

    /// Returns the longest time that it can have been under way: from before its write until after its read.
    pub(super) fn under_way(&self) -> Option<Duration> {
        Some(self.read?.0.saturating_sub(self.written?.0))
    }

    /// Returns its fate.
    pub(super) fn fate(&self) -> Fate {
        match (self.written, self.read) {
            (Some((_, Load::Record(written))), Some((_, Load::Record(read)))) => compare(written, read),
            (Some(_), Some(_)) => Fate::Arrived,
            _ if self.is_left_out => Fate::LeftOut,
            (Some(_), None) => Fate::NotRead,
            (None, _) => Fate::NotWritten,
        }
    }
}

fn compare(written: &Kept, read: &Kept) -> Fate {
    if (&written.digest, written.length) == (&read.digest, read.length) {
        return Fate::Arrived;
    }
    if read.incomplete && read.length < written.length && is_beginning(&read.head, &written.head) {
        return Fate::Cut { arrived: read.length };
    }
    if written.length != read.length {
        return Fate::Changed(format!("{} B were written and {} B were read", written.length, read.length));
    }
    let (was, is) = (written.head.as_bytes().chunks(2), read.head.as_bytes().chunks(2));
    let length = was.len();
    Fate::Changed(match was.zip(is).enumerate().find(|(_, (was, is))| was != is) {
        Some((index, (was, is))) => {
            let [was, is] = [was, is].map(String::from_utf8_lossy);
            format!("byte {index} was written as {was} and read as {is}")
        }
        None => format!("a byte behind the first {length} was changed"),
    })
}

/// Returns whether both have the same digits as far as `read` goes.
fn is_beginning(read: &str, written: &str) -> bool {
    written.starts_with(read) || read.starts_with(written)
}

/// Joins two ends.
pub(super) fn join<'a>(client: &'a Saved, server: &'a Saved) -> Joined<'a> {
    let ([client_began, server_began], is_one_host) = Saved::beginnings(client, server);
    let zero = client_began.min(server_began);
    let mut arrows = Arrows::default();
    let clients = blocks(client, client_began.saturating_sub(zero), true, &mut arrows);
    let servers = blocks(server, server_began.saturating_sub(zero), false, &mut arrows);
    let mut arrows = arrows.arrows;
    for arrow in &mut arrows {
        // The end that does not show the record counted it.
        let other = if arrow.written.is_some() == arrow.from_client { server } else { client };
        let count = other.count(arrow.from_client);
        arrow.is_left_out = arrow.record().is_some_and(|kept| kept.number < count);
    }
    let blocks = merge(clients, servers, &arrows);
    close(&blocks, &mut arrows);
    Joined { blocks, arrows, is_one_host }
}

/// Finds out how far the other end had closed when an end sent its FIN. That end itself may not have read all records.
fn close(blocks: &[Block<'_>], arrows: &mut [Arrow<'_>]) {
    let mut closures = Closures::NONE;
    for block in blocks {
        if block.left_out.is_some() {
            closures.close_both(Closure::Unknown);
        }
        for index in &block.arrows {
            let Some(arrow) = arrows.get_mut(*index) else { continue };
            let (sender, other_side) = match arrow.from_client {
                true => (Side::Client, Side::Server),
                false => (Side::Server, Side::Client),
            };
            let is_read = arrow.from_client != block.of_client && arrow.written.is_some();
            match arrow.written.as_mut().or(arrow.read.as_mut()) {
                _ if is_read => {} // It was written in an earlier block.
                Some((_, Load::Record(kept))) => closures.close(sender, kept.closure),
                Some((_, Load::Segment(Segment::Fin { other, .. }))) => {
                    *other = closures.of(other_side);
                    closures.close(sender, Closure::Closed);
                }
                Some((_, Load::Segment(Segment::Reset(_)))) => {
                    closures.close_both(Closure::Closed);
                }
                Some((_, Load::Segment(Segment::Connected(_)))) | None => {}
            }
        }
    }
}

/// The arrows, and their places by direction and number. A FIN has no number.
#[derive(Default)]
struct Arrows<'a> {
    arrows: Vec<Arrow<'a>>,
    places: HashMap<(bool, Option<u64>), usize>,
}

impl<'a> Arrows<'a> {
    /// Adds a record or a segment that an end wrote or read. `None`: this end has it already, so its data was changed.
    fn add(&mut self, at: Duration, of_client: bool, load: Load<'a>) -> Option<usize> {
        let new = self.arrows.len();
        let (from_client, place) = match load {
            Load::Record(Kept { from_client, number, .. }) => {
                (*from_client, *self.places.entry((*from_client, Some(*number))).or_insert(new))
            }
            Load::Segment(Segment::Fin { sender, .. }) => {
                let from_client = sender == Side::Client;
                (from_client, *self.places.entry((from_client, None)).or_insert(new))
            }
            // Only one end knows these.
            Load::Segment(Segment::Connected(_)) => (of_client, new),
            Load::Segment(Segment::Reset(sender)) => (sender == Side::Client, new),
        };
        if place == new {
            self.arrows.push(Arrow { from_client, ..Arrow::default() });
        }
        let arrow = self.arrows.get_mut(place)?;
        let end = if from_client == of_client { &mut arrow.written } else { &mut arrow.read };
        end.is_none().then(|| {
            *end = Some((at, load));
            place
        })
    }
}

/// Divides the moments of one end into blocks.
fn blocks<'a>(end: &'a Saved, began: Duration, of_client: bool, arrows: &mut Arrows<'a>) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    let mut now = began;
    let later = |now: Duration, at_ns: u64| now.max(began.saturating_add(Duration::from_nanos(at_ns)));
    let new = |at, woke| Block {
        of_client,
        at,
        woke,
        calls: Vec::new(),
        arrows: Vec::new(),
        left_out: None,
        has_carry: false,
    };
    let mut block = new(now, None);
    for moment in &end.moments {
        match moment {
            Moment::Turn { at_ns, woke } => {
                now = later(now, *at_ns);
                blocks.push(std::mem::replace(&mut block, new(now, woke.as_deref())));
            }
            Moment::Carry { at_ns, call } => {
                now = later(now, *at_ns);
                if block.has_carry {
                    blocks.push(std::mem::replace(&mut block, new(now, None)));
                }
                block.has_carry = true;
                block.at = now;
                block.calls.push(call);
            }
            Moment::Call(call) if call.tone == Tone::Quiet => {}
            Moment::Call(call) => block.calls.push(call),
            Moment::Record(kept) => block.arrows.extend(arrows.add(now, of_client, Load::Record(kept))),
            // The client knows how long the connection took.
            Moment::Segment { segment: Segment::Connected(_), .. } if !of_client => {}
            Moment::Segment { at_ns, segment } => {
                if segment.sender().is_some() {
                    // The call that revealed it has the same time.
                    now = later(now, *at_ns);
                    let call = block.calls.pop();
                    if !block.is_empty() {
                        blocks.push(std::mem::replace(&mut block, new(now, None)));
                    }
                    block.at = now;
                    block.calls.extend(call);
                    block.has_carry = true;
                }
                block.arrows.extend(arrows.add(now, of_client, Load::Segment(*segment)));
            }
            Moment::LeftOut { records, turns } => {
                blocks.push(std::mem::replace(&mut block, new(now, None)));
                block.left_out = Some((*records, *turns));
                blocks.push(std::mem::replace(&mut block, new(now, None)));
            }
        }
    }
    blocks.push(block);
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Merges the blocks of both ends by their times. No record is read before it is written, even if the clocks of two hosts say
/// so.
fn merge<'a>(clients: Vec<Block<'a>>, servers: Vec<Block<'a>>, arrows: &[Arrow<'_>]) -> Vec<Block<'a>> {
    let mut begun = vec![false; arrows.len()];
    let mut merged = Vec::with_capacity(clients.len() + servers.len());
    let (mut clients, mut servers) = (clients.into_iter().peekable(), servers.into_iter().peekable());
    let is_ready = |block: &Block<'_>, begun: &[bool]| {
        block.arrows.iter().all(|index| match arrows.get(*index) {
            Some(arrow) if arrow.from_client != block.of_client && arrow.written.is_some() => {
                begun.get(*index).copied().unwrap_or(true)
            }
            _ => true,
        })
    };
    loop {
        let client_is_next = match (clients.peek(), servers.peek()) {
            (None, None) => return merged,
            (client, None) => client.is_some(),
            (None, _) => false,
            (Some(client), Some(server)) => match (is_ready(client, &begun), is_ready(server, &begun)) {
                (true, false) => true,
                (false, true) => false,
                _ => client.at <= server.at,
            },
        };
        let next = if client_is_next { clients.next() } else { servers.next() };
        if let Some(block) = next {
            for index in &block.arrows {
                if let (Some(begun), Some(arrow)) = (begun.get_mut(*index), arrows.get(*index)) {
                    *begun |= arrow.from_client == block.of_client;
                }
            }
            merged.push(block);
        }
    }
}
