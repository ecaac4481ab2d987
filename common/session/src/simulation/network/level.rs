//! The same socket under an event source that repeats what is ready.

use std::io::{self, IoSlice, Read, Write};

use super::Socket;
use crate::readiness::{Interest, Readiness};
use crate::transport::Transport;

/// A [`Socket`] under a level-triggered event source: poll(2), or epoll(7) without `EPOLLET`.
#[derive(Clone, Debug)]
pub struct LevelTriggered(pub Socket);

impl LevelTriggered {
    /// Returns what the event source reports if it watches the socket for this. It reports that again until it is no
    /// longer true. A reset is reported whatever is watched.
    pub fn poll(&self, watched: Interest) -> Option<Readiness> {
        let Socket { network, side } = &self.0;
        let state = &mut *network.0.borrow_mut();
        state.meet_cuts();
        let reset = state.kernels[*side].reset;
        let readable = reset || watched.readable && state.is_readable(*side);
        let writable = reset || watched.writable && state.is_writable(*side);
        let fin = state.lanes[side.other()].fin_arrived();
        (readable || writable).then(|| Readiness::new(readable, writable, readable && (fin || reset)))
    }
}

impl Read for LevelTriggered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for LevelTriggered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Transport for LevelTriggered {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.shutdown_write()
    }
}
