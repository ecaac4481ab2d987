//! The socket of one end, as a transport and as a source of events.

use std::cell::{Ref, RefMut};
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use mio::event::Source;
use mio::{Poll, Registry, Token};

use super::Network;
use super::lane::{Lane, fail_call};
use super::seeded::{Chance, Happening};
use crate::readiness::{Interest, Readiness};
use crate::simulation::Side;
use crate::transport::Transport;

/// One end of a network. A clone is another handle to the same end. Tests use it to change the lanes, and to look at
/// them.
#[derive(Clone, Debug)]
pub struct Socket {
    pub(super) network: Network,
    pub(super) side: Side,
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
    /// Each edge is reported once. A reset is reported once, even if the socket is registered for something else.
    pub fn poll(&self) -> Option<Readiness> {
        let side = self.side;
        let state = &mut *self.network.0.borrow_mut();
        state.meet_cuts();
        let ready = (state.is_readable(side), state.is_writable(side));
        let edges = state.edges(side);
        let is_spurious = state.chance.as_mut().is_some_and(Chance::is_spurious);
        let kernel = &mut state.kernels[side];
        let registered = kernel.registered;
        if registered == Interest::NONE || edges == (false, false) && !is_spurious {
            return None;
        }
        let all = kernel.reset || state.chance.as_ref().is_some_and(Chance::merges);
        let readable = is_spurious || edges.0 || all && ready.0 && registered.readable;
        let writable = is_spurious || edges.1 || all && ready.1 && registered.writable;
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

    /// Registers this end for these events. The next poll reports everything of them that is ready now.
    pub fn watch(&self, interest: Interest) {
        let kernel = &mut self.network.0.borrow_mut().kernels[self.side];
        kernel.registered = interest;
        if interest != Interest::NONE {
            (kernel.rearmed, kernel.reset_polled) = (true, false);
        }
    }

    /// Makes the next registration of this end fail with this error.
    pub fn fail_registration(&self, error: ErrorKind) {
        self.network.0.borrow_mut().kernels[self.side].failing_registration = Some(error);
    }

    /// Closes the socket of a session that is over: at once, or after it has drained the bytes that still come.
    ///
    /// A socket that is closed with unread bytes resets the connection (RFC 1122, 4.2.2.13). A network without chance
    /// always drains them.
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

impl Source for Socket {
    fn register(&mut self, _registry: &Registry, _token: Token, interest: mio::Interest) -> io::Result<()> {
        if let Some(error) = self.network.0.borrow_mut().kernels[self.side].failing_registration.take() {
            return Err(error.into());
        }
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

thread_local! {
    static POLL: Poll = Poll::new().expect("a file descriptor");
}

/// Lends a registry to calls that need one. The network keeps what is registered, and no poll is told.
pub fn with_registry<T>(call: impl FnOnce(&Registry) -> T) -> T {
    POLL.with(|poll| call(poll.registry()))
}
