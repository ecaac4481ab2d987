//! A connection without sockets: two lanes of bytes, a network, and the kernels of both ends.
//!
//! A test with a script changes the fields of a [`Lane`] ([`Socket::outgoing`], [`Socket::incoming`]). Without such a
//! change, all bytes arrive at once. [`Network::seeded`] adds delays, refused calls and events by chance. Then the owner
//! of the clock must call [`Network::advance`], which carries out the happenings that are due.
//!
//! Each kernel reports an edge to its poll, once. An edge is the arrival of bytes for a reader that has read everything, a
//! FIN, a reset, or room for a writer that was refused. A new registration reports everything that is ready.

mod lane;
mod level;
mod seeded;
mod socket;

use std::cell::{RefCell, RefMut};
use std::io::ErrorKind;
use std::rc::Rc;

pub use self::lane::{Cut, FailedCall, Lane, records};
pub use self::level::LevelTriggered;
pub use self::seeded::{Conditions, Fault, Happening, KernelBehavior};
pub use self::socket::{Socket, with_registry};

use self::seeded::Chance;
use super::{Each, Side};
use crate::readiness::Interest;

/// The state of one end's kernel, without the bytes.
#[derive(Debug, Default)]
struct Kernel {
    registered: Interest,
    /// The registration has just been changed, so the next poll reports everything that is ready.
    rearmed: bool,
    reset: bool,
    /// The poll has reported the reset.
    reset_polled: bool,
    /// A call has returned the reset. It is returned once.
    reset_told: bool,
    /// The next registration fails with this error.
    failing_registration: Option<ErrorKind>,
    closed: bool,
    /// How many calls were refused by chance. The kernel has not reported yet that they would succeed now.
    refusals: usize,
    /// How many bytes the socket may still drain before it is closed.
    drains: Option<usize>,
    /// The socket was closed because it had drained so many bytes, and the peer was still sending.
    stopped_draining: bool,
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

    /// Returns the edges that the poll must report: readable, writable.
    fn edges(&self, side: Side) -> (bool, bool) {
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

    /// Returns whether this end closed its socket while the peer was still sending, because it had drained its limit.
    pub fn has_stopped_draining(&self, side: Side) -> bool {
        self.0.borrow().kernels[side].stopped_draining
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
    pub fn has_edge(&self, side: Side) -> bool {
        self.0.borrow().edges(side) != (false, false)
    }

    /// Returns whether the poll of this end would return now or soon, even if neither end sends or reads anything.
    pub fn will_have_edge(&self, side: Side) -> bool {
        self.has_edge(side) || self.0.borrow().kernels[side].refusals > 0
    }
}
