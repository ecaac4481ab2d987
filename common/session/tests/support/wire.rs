//! A connection without sockets: two lanes of bytes, and what a network and a kernel may do to them.

use std::cell::{Ref, RefCell, RefMut};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;

use mio::event::Source;
use mio::{Interest, Poll, Registry, Token};
use tls_session::readiness::Readiness;
use tls_session::transport::Transport;

/// How a lane ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The reader is told that there is no more; the writer notices nothing.
    Fin,
    /// The connection is gone, for both ends.
    Reset,
}

/// A call that fails without reason, once, as a kernel is free to let it.
#[derive(Clone, Copy, Debug)]
pub struct Hiccup {
    /// Which call, counted from 0.
    pub call: usize,
    /// `WouldBlock` or `Interrupted`.
    pub kind: ErrorKind,
}

/// The TLS records in these bytes, the last of which may be a part: where each begins, and its length with its header.
pub fn records(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut records = Vec::new();
    let mut start = 0;
    while let Some(&[_, _, _, high, low, ..]) = bytes.get(start..) {
        let length = 5 + usize::from(u16::from_be_bytes([high, low]));
        records.push((start, length));
        start += length;
    }
    records
}

/// One direction of a connection: the knobs, and what went through.
#[derive(Debug)]
pub struct Lane {
    /// How many bytes fit between writer and reader; more than these would block.
    pub capacity: usize,
    /// How many bytes one read returns at most: the rest arrives just after it.
    pub segment: usize,
    /// How many bytes one write takes at most.
    pub chunk: usize,
    /// How many bytes have arrived by now: what is behind them, a FIN too, is still on its way.
    pub arriving: usize,
    /// While set, every write fails: the other end is gone, and what it said first is still there to be read.
    pub broken: bool,
    /// Where the lane is cut: behind so many bytes.
    pub cut: Option<(usize, Cut)>,
    /// The byte that arrives damaged.
    pub flip: Option<usize>,
    /// The read that fails once.
    pub read_hiccup: Option<Hiccup>,
    /// The write that fails once.
    pub write_hiccup: Option<Hiccup>,

    /// Everything that was written, undamaged.
    pub log: Vec<u8>,
    /// How much of it the reader has taken.
    pub taken: usize,
    /// How often the reader has tried.
    pub reads: usize,
    /// How often the writer has tried.
    pub writes: usize,
    /// Whether the writer has sent its FIN.
    pub fin: bool,

    /// The reader has left: what is written is thrown away.
    discarded: bool,
    /// The reader met the end of what there was, so that more of it is news.
    reader_waits: bool,
    /// The writer met a full lane, so that room in it is news.
    writer_waits: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            capacity: usize::MAX,
            segment: usize::MAX,
            chunk: usize::MAX,
            arriving: usize::MAX,
            broken: false,
            cut: None,
            flip: None,
            read_hiccup: None,
            write_hiccup: None,
            log: Vec::new(),
            taken: 0,
            reads: 0,
            writes: 0,
            fin: false,
            discarded: false,
            reader_waits: true,
            writer_waits: false,
        }
    }
}

impl Lane {
    /// The TLS records that were written.
    pub fn records(&self) -> Vec<(usize, usize)> {
        records(&self.log)
    }

    fn room(&self) -> usize {
        let in_flight = if self.discarded { 0 } else { self.log.len() - self.taken };
        self.capacity.saturating_sub(in_flight)
    }

    fn arrived(&self) -> usize {
        let end = self.cut.map_or(usize::MAX, |(at, _)| at).min(self.arriving).min(self.log.len());
        end.saturating_sub(self.taken)
    }

    fn ends_with_fin(&self) -> bool {
        let cut = self.cut == Some((self.taken, Cut::Fin));
        cut || self.fin && self.taken == self.log.len() && self.arriving > self.taken
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let length = buffer.len().min(self.arrived()).min(self.segment);
        buffer[..length].copy_from_slice(&self.log[self.taken..][..length]);
        if let Some(damaged) = self.flip.and_then(|at| at.checked_sub(self.taken))
            && damaged < length
        {
            buffer[damaged] ^= 0x55;
        }
        self.taken += length;
        length
    }
}

/// Fails the call that is to fail, and counts all of them. Only `WouldBlock` is followed by an edge.
fn hiccup(calls: &mut usize, which: Option<Hiccup>, waits: &mut bool) -> io::Result<()> {
    let call = *calls;
    *calls += 1;
    match which {
        Some(hiccup) if hiccup.call == call => {
            *waits = hiccup.kind == ErrorKind::WouldBlock;
            Err(hiccup.kind.into())
        }
        _ => Ok(()),
    }
}

#[derive(Debug, Default)]
struct Wire {
    lanes: [Lane; 2],
    reset: bool,
    /// For each end: whether its reads have reported the reset. They do so once, then say end-of-file.
    reset_read: [bool; 2],
    /// For each end: whether the poll has reported the reset.
    reset_polled: [bool; 2],
    /// For each end: what the poll watches for.
    registered: [Option<Interest>; 2],
    /// For each end: its registration has just been changed, so whatever is ready is reported, news or not.
    rearmed: [bool; 2],
}

/// One end of a wire. A clone is another handle to the same end, as a test keeps it to turn knobs and to look.
#[derive(Clone, Debug)]
pub struct End {
    wire: Rc<RefCell<Wire>>,
    /// The lane that this end writes to; it reads from the other.
    side: usize,
}

/// Two ends that are connected.
pub fn wire() -> (End, End) {
    let wire = Rc::new(RefCell::new(Wire::default()));
    (End { wire: Rc::clone(&wire), side: 0 }, End { wire, side: 1 })
}

impl End {
    /// The lane that this end writes to.
    pub fn outgoing(&self) -> RefMut<'_, Lane> {
        RefMut::map(self.wire.borrow_mut(), |wire| &mut wire.lanes[self.side])
    }

    /// The lane that this end reads from.
    pub fn incoming(&self) -> RefMut<'_, Lane> {
        RefMut::map(self.wire.borrow_mut(), |wire| &mut wire.lanes[1 - self.side])
    }

    /// How much this end has read.
    pub fn taken(&self) -> usize {
        self.incoming().taken
    }

    /// Everything that this end has written.
    pub fn sent(&self) -> Ref<'_, [u8]> {
        Ref::map(self.wire.borrow(), |wire| wire.lanes[self.side].log.as_slice())
    }

    /// The session is over, and somebody throws away what still comes.
    pub fn discard_incoming(&self) {
        self.incoming().discarded = true;
    }

    /// What an edge-triggered poll reports about this end now.
    ///
    /// An edge is consumed by being reported, and only an operation that says "no more" brings the next one. A
    /// reset is reported whatever is registered, once.
    pub fn poll(&self) -> Option<Readiness> {
        self.meet_cut();
        let mut wire = self.wire.borrow_mut();
        let registered = wire.registered[self.side]?;
        let rearmed = std::mem::take(&mut wire.rearmed[self.side]);
        if wire.reset && (rearmed || !wire.reset_polled[self.side]) {
            wire.reset_polled[self.side] = true;
            return Some(Readiness::all());
        }
        let reset = wire.reset;
        let incoming = &mut wire.lanes[1 - self.side];
        let readable = registered.is_readable()
            && (reset || incoming.arrived() > 0 || incoming.ends_with_fin())
            && (rearmed || incoming.reader_waits);
        incoming.reader_waits &= !readable;
        let outgoing = &mut wire.lanes[self.side];
        let writable = registered.is_writable()
            && (reset || outgoing.broken || outgoing.room() > 0)
            && (rearmed || outgoing.writer_waits);
        outgoing.writer_waits &= !writable;
        readiness(readable, writable)
    }

    /// A lane that is cut by a reset breaks the whole connection as soon as its reader has come so far.
    fn meet_cut(&self) {
        let mut wire = self.wire.borrow_mut();
        wire.reset |= wire.lanes.iter().any(|lane| lane.cut == Some((lane.taken, Cut::Reset)));
    }
}

fn readiness(readable: bool, writable: bool) -> Option<Readiness> {
    let mut readiness = Readiness::all();
    if !readable {
        readiness.read_blocked();
    }
    if !writable {
        readiness.write_blocked();
    }
    (readable || writable).then_some(readiness)
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meet_cut();
        let wire = &mut *self.wire.borrow_mut();
        let lane = &mut wire.lanes[1 - self.side];
        hiccup(&mut lane.reads, lane.read_hiccup, &mut lane.reader_waits)?;
        let length = lane.read(buffer);
        lane.reader_waits = length < buffer.len();
        if length > 0 {
            Ok(length)
        } else if wire.reset && !std::mem::replace(&mut wire.reset_read[self.side], true) {
            Err(ErrorKind::ConnectionReset.into())
        } else if wire.reset || lane.ends_with_fin() {
            lane.reader_waits = false; // nothing is news behind the end
            Ok(0)
        } else {
            Err(ErrorKind::WouldBlock.into())
        }
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.meet_cut();
        let mut wire = self.wire.borrow_mut();
        let reset = wire.reset;
        let lane = &mut wire.lanes[self.side];
        assert!(!lane.fin, "a write behind the FIN");
        if reset || lane.broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        hiccup(&mut lane.writes, lane.write_hiccup, &mut lane.writer_waits)?;
        let room = lane.room().min(lane.chunk);
        lane.writer_waits = room == 0;
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let before = lane.log.len();
        lane.log.extend(slices.iter().flat_map(|slice| slice.iter()).take(room));
        Ok(lane.log.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    static POLL: Poll = Poll::new().expect("a file descriptor");
}

/// Lends a registry, for the calls that want one. The wire keeps what is registered, and no poll is told.
pub fn with_registry<T>(what: impl FnOnce(&Registry) -> T) -> T {
    POLL.with(|poll| what(poll.registry()))
}

impl Source for End {
    fn register(&mut self, _registry: &Registry, _token: Token, interest: Interest) -> io::Result<()> {
        let mut wire = self.wire.borrow_mut();
        wire.registered[self.side] = Some(interest);
        wire.rearmed[self.side] = true;
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.register(registry, token, interest)
    }

    fn deregister(&mut self, _registry: &Registry) -> io::Result<()> {
        self.wire.borrow_mut().registered[self.side] = None;
        Ok(())
    }
}

impl Transport for End {
    const SHORT_READ_MEANS_EMPTY: bool = true;

    fn shutdown_write(&mut self) -> io::Result<()> {
        let mut wire = self.wire.borrow_mut();
        if wire.reset {
            return Err(ErrorKind::NotConnected.into());
        }
        wire.lanes[self.side].fin = true;
        Ok(())
    }
}
