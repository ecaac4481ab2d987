//! A connection without sockets: two lanes of bytes, and what a network and two kernels may do to them.
//!
//! A test that follows a script changes the fields of a [`Lane`] ([`Socket::outgoing`], [`Socket::incoming`]). There
//! everything arrives at once, unless the script says otherwise. [`Network::seeded`] adds delays, refused calls and
//! events by chance. The owner of the clock [carries out](Network::advance) what happens later there.
//!
//! Each kernel reports to its poll what is new, once: an edge. News are bytes for a reader that has read everything,
//! a FIN, a reset, and room for a writer that was refused. Registering again makes news of everything that is ready.

mod level;
mod seeded;

use std::cell::{Ref, RefCell, RefMut};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;

use mio::event::Source;
use mio::{Poll, Registry, Token};

pub use self::level::LevelTriggered;
pub use self::seeded::{Conditions, Fault, Happening, KernelBehavior};

use self::seeded::Chance;
use super::{Each, Side};
use crate::readiness::{Interest, Readiness};
use crate::transport::Transport;

/// How a lane ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The reader gets end-of-file. The writer notices nothing.
    Fin,
    /// The connection is reset, for both ends.
    Reset,
}

/// A call that fails once, without a cause, as a kernel may let it.
#[derive(Clone, Copy, Debug)]
pub struct FailedCall {
    /// Which call, counted from 0.
    pub call: usize,
    /// `WouldBlock`, `Interrupted`, or an error. Only `WouldBlock` is followed by an event.
    pub kind: ErrorKind,
}

/// The TLS records in these bytes: where each begins, and its length with its header. The last one may be incomplete.
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

/// One direction of a connection: what happens to its bytes, and which bytes there were.
#[derive(Debug)]
pub struct Lane {
    /// How many bytes fit between writer and reader.
    pub capacity: usize,
    /// How much room there must be before a refused writer is told.
    pub wakes_at: usize,
    /// How many bytes one read returns at most. The rest arrives right after it.
    pub segment: usize,
    /// How many bytes one write takes at most.
    pub chunk: usize,
    /// How many bytes have arrived by now. What follows, the FIN too, is still on its way.
    pub arriving: usize,
    /// Every write fails: the peer is gone. What the peer sent before can still be read.
    pub broken: bool,
    /// After how many bytes the lane is cut.
    pub cut: Option<(usize, Cut)>,
    /// The bytes that arrive damaged.
    pub flips: Vec<usize>,
    /// The read that fails once.
    pub failing_read: Option<FailedCall>,
    /// The write that fails once.
    pub failing_write: Option<FailedCall>,

    /// Everything that was written, undamaged.
    pub log: Vec<u8>,
    /// How many bytes the reader has read.
    pub taken: usize,
    /// How many reads there were.
    pub reads: usize,
    /// How many writes there were.
    pub writes: usize,
    /// Whether the writer has sent its FIN.
    pub fin: bool,
    /// Whether a read has returned end-of-file.
    pub fin_read: bool,

    /// The reader is over. What is written is thrown away.
    discarded: bool,
    /// The reader has read everything, so more bytes are news.
    reader_waits: bool,
    /// The poll has reported the FIN.
    fin_polled: bool,
    /// A write was refused because the lane was full, so room is news.
    writer_waits: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            capacity: usize::MAX,
            wakes_at: 1,
            segment: usize::MAX,
            chunk: usize::MAX,
            arriving: usize::MAX,
            broken: false,
            cut: None,
            flips: Vec::new(),
            failing_read: None,
            failing_write: None,
            log: Vec::new(),
            taken: 0,
            reads: 0,
            writes: 0,
            fin: false,
            fin_read: false,
            discarded: false,
            reader_waits: true,
            fin_polled: false,
            writer_waits: false,
        }
    }
}

impl Lane {
    /// The TLS records that were written.
    pub fn records(&self) -> Vec<(usize, usize)> {
        records(&self.log)
    }

    /// The damaged bytes that the reader has read.
    pub fn damaged(&self) -> impl Iterator<Item = usize> + '_ {
        self.flips.iter().copied().filter(|at| *at < self.taken)
    }

    /// How many bytes have arrived. Nothing arrives after a cut.
    fn arrived(&self) -> usize {
        self.cut.map_or(usize::MAX, |(at, _)| at).min(self.arriving).min(self.log.len())
    }

    /// How many bytes wait for the reader.
    fn waiting(&self) -> usize {
        if self.discarded { 0 } else { self.arrived().saturating_sub(self.taken) }
    }

    /// How many bytes a write may bring. Bytes after a cut take no room.
    fn room(&self) -> usize {
        let end = self.cut.map_or(usize::MAX, |(at, _)| at).min(self.log.len());
        let in_flight = if self.discarded { 0 } else { end.saturating_sub(self.taken) };
        self.capacity.saturating_sub(in_flight)
    }

    fn has_met(&self, cut: Cut) -> bool {
        self.cut.is_some_and(|(at, kind)| kind == cut && self.arrived() >= at)
    }

    fn fin_arrived(&self) -> bool {
        self.has_met(Cut::Fin) || self.fin && self.cut.is_none() && self.arriving > self.log.len()
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let length = buffer.len().min(self.waiting()).min(self.segment);
        buffer[..length].copy_from_slice(&self.log[self.taken..][..length]);
        for at in self.flips.iter().filter_map(|at| at.checked_sub(self.taken)) {
            if let Some(byte) = buffer[..length].get_mut(at) {
                *byte ^= 0x55;
            }
        }
        self.taken += length;
        length
    }
}

/// What the kernel of one end knows beside the bytes.
#[derive(Debug, Default)]
struct Kernel {
    registered: Interest,
    /// The registration has just been changed, so everything that is ready is news.
    rearmed: bool,
    reset: bool,
    /// The poll has reported the reset.
    reset_polled: bool,
    /// A call has returned the reset. It is returned once.
    reset_told: bool,
    closed: bool,
    /// How many calls were refused by chance, and nobody has been told yet that they would succeed now.
    refusals: usize,
    /// The socket is read and thrown away before it is closed, so many bytes at most.
    drains: Option<usize>,
    /// That were too few.
    drained_too_little: bool,
}

#[derive(Debug, Default)]
struct State {
    lanes: Each<Lane>,
    kernels: Each<Kernel>,
    chance: Option<Chance>,
}

impl State {
    fn is_readable(&self, side: Side) -> bool {
        let lane = &self.lanes[side.other()];
        lane.waiting() > 0 || lane.fin_arrived() || self.kernels[side].reset
    }

    fn is_writable(&self, side: Side) -> bool {
        let lane = &self.lanes[side];
        let least = if lane.writer_waits { lane.wakes_at } else { 1 };
        lane.broken || lane.room() >= least || self.kernels[side].reset
    }

    /// What the poll has to report: something to read, something to write.
    fn news(&self, side: Side) -> (bool, bool) {
        let Kernel { registered, rearmed, reset, reset_polled, .. } = self.kernels[side];
        if registered == Interest::NONE {
            return (false, false);
        }
        let (incoming, outgoing) = (&self.lanes[side.other()], &self.lanes[side]);
        let bytes = incoming.reader_waits && incoming.waiting() > 0;
        let fin = incoming.fin_arrived() && !incoming.fin_polled;
        let readable = registered.readable && (bytes || fin || rearmed && self.is_readable(side));
        let writable = registered.writable && (rearmed || outgoing.writer_waits) && self.is_writable(side);
        let reset = reset && !reset_polled;
        (readable || reset, writable || reset)
    }

    /// Resets the connection if a lane has met a cut that does so.
    fn meet_cuts(&mut self) {
        if Side::BOTH.into_iter().any(|side| self.lanes[side].has_met(Cut::Reset)) {
            Side::BOTH.into_iter().for_each(|side| self.reset(side));
        }
    }

    fn reset(&mut self, at: Side) {
        let kernel = &mut self.kernels[at];
        if kernel.reset || kernel.closed {
            return;
        }
        kernel.reset = true;
        if self.chance.as_ref().is_some_and(Chance::reset_destroys) {
            let lane = &mut self.lanes[at.other()];
            lane.cut = Some((lane.taken, Cut::Reset));
        }
    }
}

/// Fails the call that is to fail, and counts all of them. Only `WouldBlock` is followed by an edge.
fn fail_call(calls: &mut usize, failing: Option<FailedCall>, waits: &mut bool) -> io::Result<()> {
    let call = *calls;
    *calls += 1;
    match failing {
        Some(failing) if failing.call == call => {
            *waits = failing.kind == ErrorKind::WouldBlock;
            Err(failing.kind.into())
        }
        _ => Ok(()),
    }
}

/// Two lanes and two kernels. A clone is another handle to the same network.
#[derive(Clone, Debug, Default)]
pub struct Network(Rc<RefCell<State>>);

/// Two sockets that are connected: the client's and the server's. Nothing happens by chance.
pub fn connection() -> (Socket, Socket) {
    let network = Network::default();
    (network.socket(Side::Client), network.socket(Side::Server))
}

impl Network {
    /// The socket of one end.
    pub fn socket(&self, side: Side) -> Socket {
        Socket { network: self.clone(), side }
    }

    /// The lane that this end writes to.
    pub fn lane(&self, writer: Side) -> RefMut<'_, Lane> {
        RefMut::map(self.0.borrow_mut(), |state| &mut state.lanes[writer])
    }

    /// Returns whether a call of this end has returned a reset.
    pub fn has_told_reset(&self, side: Side) -> bool {
        self.0.borrow().kernels[side].reset_told
    }

    /// Returns whether this end closed its socket while the peer was still sending, because it had thrown away enough.
    pub fn has_stopped_draining(&self, side: Side) -> bool {
        self.0.borrow().kernels[side].drained_too_little
    }

    /// Returns whether a read of this end would return bytes, or the end.
    pub fn is_readable(&self, side: Side) -> bool {
        self.0.borrow().is_readable(side)
    }

    /// Returns whether a write of this end would be taken.
    pub fn is_writable(&self, side: Side) -> bool {
        self.0.borrow().is_writable(side)
    }

    /// Returns whether the poll of this end would return.
    pub fn has_news(&self, side: Side) -> bool {
        self.0.borrow().news(side) != (false, false)
    }

    /// Returns whether the poll of this end would return now or soon, even if nobody sends or reads anything.
    pub fn will_have_news(&self, side: Side) -> bool {
        self.has_news(side) || self.0.borrow().kernels[side].refusals > 0
    }
}

/// One end of a network. A clone is another handle to the same end. Tests use it to change the lanes, and to look at
/// them.
#[derive(Clone, Debug)]
pub struct Socket {
    network: Network,
    side: Side,
}

impl Socket {
    /// The end that has this socket.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The lane that this end writes to.
    pub fn outgoing(&self) -> RefMut<'_, Lane> {
        self.network.lane(self.side)
    }

    /// The lane that this end reads from.
    pub fn incoming(&self) -> RefMut<'_, Lane> {
        self.network.lane(self.side.other())
    }

    /// How many bytes this end has read.
    pub fn taken(&self) -> usize {
        self.incoming().taken
    }

    /// Everything that this end has written.
    pub fn sent(&self) -> Ref<'_, [u8]> {
        Ref::map(self.network.0.borrow(), |state| state.lanes[self.side].log.as_slice())
    }

    /// Returns what an edge-triggered poll reports about this end now.
    ///
    /// An edge is used up by being reported. A reset is reported whatever is registered, once.
    pub fn poll(&self) -> Option<Readiness> {
        let side = self.side;
        let state = &mut *self.network.0.borrow_mut();
        state.meet_cuts();
        let ready = (state.is_readable(side), state.is_writable(side));
        let news = state.news(side);
        let is_spurious = state.chance.as_mut().is_some_and(Chance::is_spurious);
        let kernel = &mut state.kernels[side];
        let registered = kernel.registered;
        if registered == Interest::NONE || news == (false, false) && !is_spurious {
            return None;
        }
        let all = kernel.reset || state.chance.as_ref().is_some_and(Chance::merges);
        let readable = is_spurious || news.0 || all && ready.0 && registered.readable;
        let writable = is_spurious || news.1 || all && ready.1 && registered.writable;
        let fin = state.lanes[side.other()].fin_arrived();
        kernel.rearmed = false;
        kernel.reset_polled = kernel.reset;
        let reset = kernel.reset;
        if readable && ready.0 {
            let incoming = &mut state.lanes[side.other()];
            (incoming.reader_waits, incoming.fin_polled) = (false, fin);
        }
        if writable && ready.1 {
            state.lanes[side].writer_waits = false;
        }
        Some(Readiness::new(readable, writable, readable && (fin || reset)))
    }

    /// Sets what the poll of this end reports. Everything of that which is ready now is news.
    pub fn watch(&self, interest: Interest) {
        let kernel = &mut self.network.0.borrow_mut().kernels[self.side];
        kernel.registered = interest;
        if interest != Interest::NONE {
            (kernel.rearmed, kernel.reset_polled) = (true, false);
        }
    }

    /// Closes the socket of a session that is over: at once, or after what still comes has been thrown away.
    ///
    /// A socket that is closed with unread bytes resets the connection (RFC 1122, 4.2.2.13). A network without chance
    /// always throws away what still comes.
    pub fn close(&self, drains: bool) {
        self.network.0.borrow_mut().close(self.side, drains);
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let side = self.side;
        let state = &mut *self.network.0.borrow_mut();
        state.meet_cuts();
        state.refuse(side, side.other())?;
        let lane = &mut state.lanes[side.other()];
        fail_call(&mut lane.reads, lane.failing_read, &mut lane.reader_waits)?;
        let length = lane.read(buffer);
        lane.reader_waits = length < buffer.len() || lane.waiting() == 0;
        let kernel = &mut state.kernels[side];
        if length > 0 {
            Ok(length)
        } else if kernel.reset && !std::mem::replace(&mut kernel.reset_told, true) {
            Err(ErrorKind::ConnectionReset.into())
        } else if kernel.reset || lane.fin_arrived() {
            lane.fin_read = true;
            Ok(0)
        } else {
            Err(ErrorKind::WouldBlock.into())
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let side = self.side;
        let state = &mut *self.network.0.borrow_mut();
        state.meet_cuts();
        let (lane, kernel) = (&mut state.lanes[side], &mut state.kernels[side]);
        assert!(!lane.fin, "a write after the FIN");
        if kernel.reset {
            let is_told = std::mem::replace(&mut kernel.reset_told, true);
            return Err(if is_told { ErrorKind::BrokenPipe } else { ErrorKind::ConnectionReset }.into());
        }
        if lane.broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        fail_call(&mut lane.writes, lane.failing_write, &mut lane.writer_waits)?;
        let room = lane.room().min(lane.chunk);
        lane.writer_waits = room == 0;
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        state.refuse(side, side)?;
        let room = state.chance.as_mut().map_or(room, |chance| room.min(chance.chunk(side)));
        let lane = &mut state.lanes[side];
        let before = lane.log.len();
        for slice in slices {
            let left = room - (lane.log.len() - before);
            lane.log.extend_from_slice(&slice[..left.min(slice.len())]);
        }
        let taken = lane.log.len() - before;
        if let Some(chance) = &mut state.chance {
            chance.send(side, taken);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Socket {
    const EDGE_TRIGGERED: bool = true;

    fn shutdown_write(&mut self) -> io::Result<()> {
        let state = &mut *self.network.0.borrow_mut();
        if state.kernels[self.side].reset {
            return Err(ErrorKind::NotConnected.into());
        }
        state.lanes[self.side].fin = true;
        if let Some(chance) = &mut state.chance {
            chance.later(self.side, Happening::Fin(self.side));
        }
        Ok(())
    }
}

thread_local! {
    static POLL: Poll = Poll::new().expect("a file descriptor");
}

/// Lends a registry to calls that need one. The network keeps what is registered, and no poll is told.
pub fn with_registry<T>(call: impl FnOnce(&Registry) -> T) -> T {
    POLL.with(|poll| call(poll.registry()))
}

impl Source for Socket {
    fn register(&mut self, _registry: &Registry, _token: Token, interest: mio::Interest) -> io::Result<()> {
        self.watch(Interest { readable: interest.is_readable(), writable: interest.is_writable() });
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: mio::Interest) -> io::Result<()> {
        self.register(registry, token, interest)
    }

    fn deregister(&mut self, _registry: &Registry) -> io::Result<()> {
        self.watch(Interest::NONE);
        Ok(())
    }
}
