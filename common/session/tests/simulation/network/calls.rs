//! The calls that an end makes on its socket.

use std::io::{self, ErrorKind, IoSlice};

use tls_session::readiness::Interest;

use super::{Happening, LINGERING, Network};
use crate::scenario::Side;

impl Network {
    /// Refuses a call for no reason, as a kernel may. That it would go well by now is news soon.
    fn hiccup(&mut self, side: Side, lane: Side) -> io::Result<()> {
        if !self.random.percent(self.weather[lane].hiccups) {
            return Ok(());
        }
        // Behind a reset nothing more can come, so no kernel says that it may.
        if self.random.percent(60) || self.kernels[side].reset {
            return Err(ErrorKind::Interrupted.into());
        }
        self.kernels[side].refusals += 1;
        self.coming.push((self.now + self.weather[lane].delay, Happening::Again(side)));
        Err(ErrorKind::WouldBlock.into())
    }

    /// `recv(2)`.
    pub fn read(&mut self, side: Side, buffer: &mut [u8]) -> io::Result<usize> {
        self.hiccup(side, side.other())?;
        let lane = &mut self.lanes[side.other()];
        let kernel = &mut self.kernels[side];
        let length = buffer.len().min(lane.waiting());
        if length > 0 {
            buffer[..length].copy_from_slice(&lane.log[lane.taken..][..length]);
            for at in lane.flips.iter().filter_map(|at| at.checked_sub(lane.taken)) {
                if let Some(byte) = buffer[..length].get_mut(at) {
                    *byte ^= 0x55;
                }
            }
            lane.taken += length;
            self.made_room(side.other());
            Ok(length)
        } else if kernel.reset && !std::mem::replace(&mut kernel.reset_told, true) {
            Err(ErrorKind::ConnectionReset.into())
        } else if kernel.reset || lane.fin_arrived {
            lane.fin_read = true;
            Ok(0)
        } else {
            Err(ErrorKind::WouldBlock.into())
        }
    }

    /// `writev(2)`.
    pub fn write(&mut self, side: Side, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(!self.lanes[side].fin_sent, "a write behind the FIN");
        let kernel = &mut self.kernels[side];
        if kernel.reset {
            let told = std::mem::replace(&mut kernel.reset_told, true);
            return Err(if told { ErrorKind::BrokenPipe } else { ErrorKind::ConnectionReset }.into());
        }
        let weather = self.weather[side];
        let room = self.lanes[side].room(&weather);
        self.lanes[side].refused = room == 0;
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.hiccup(side, side)?;
        let room = room.min(self.random.up_to(weather.chunk));
        let lane = &mut self.lanes[side];
        let before = lane.log.len();
        for slice in slices {
            let left = room - (lane.log.len() - before);
            lane.log.extend_from_slice(&slice[..left.min(slice.len())]);
        }
        let taken = lane.log.len() - before;
        self.send(side, taken);
        Ok(taken)
    }

    fn send(&mut self, side: Side, mut left: usize) {
        while left > 0 {
            let piece = self.random.up_to(self.weather[side].segment).min(left);
            self.later(side, Happening::Bytes(side, piece));
            left -= piece;
        }
    }

    /// `shutdown(2)` of the sending half.
    pub fn shutdown_write(&mut self, side: Side) -> io::Result<()> {
        if self.kernels[side].reset {
            return Err(ErrorKind::NotConnected.into());
        }
        self.lanes[side].fin_sent = true;
        self.later(side, Happening::Fin(side));
        Ok(())
    }

    /// The session is over, and its socket is closed: at once, or when what still comes has been thrown away.
    pub fn abandon(&mut self, side: Side, lingers: bool) {
        let lane = &mut self.lanes[side.other()];
        if lingers {
            lane.drained = lane.waiting() > 0;
            lane.taken = lane.arrived;
            self.kernels[side].lingers = Some(LINGERING);
            self.made_room(side.other());
        } else {
            self.close(side);
        }
        self.kernels[side].registered = Interest::NONE;
    }

    /// `close(2)`. With unread bytes that is a reset (RFC 1122, 4.2.2.13).
    pub(super) fn close(&mut self, side: Side) {
        let kernel = &mut self.kernels[side];
        (kernel.closed, kernel.lingers) = (true, None);
        if self.lanes[side.other()].waiting() > 0 {
            self.later(side, Happening::Reset(side.other()));
        }
    }
}
