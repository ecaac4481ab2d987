//! The payload that an echo must send back.

use crate::payload::payload;

/// The payload repeats after this many bytes: complete lines, and no multiple of a buffer's usual size.
const PERIOD: usize = 64 * 4099;

/// The payload, and how much of it was sent and has come back.
pub(super) struct Echo {
    payload: Vec<u8>,
    /// How many bytes are sent in all.
    pub total: usize,
    /// How many bytes [`next`](Self::next) has returned.
    pub sent: usize,
    /// How many bytes have come back.
    pub received: usize,
}

impl Echo {
    /// So many bytes of payload.
    pub fn new(total: usize) -> Self {
        Self { payload: payload(PERIOD.min(total)), total, sent: 0, received: 0 }
    }

    /// Returns the next bytes to send, at most this many. Empty if all are sent.
    pub fn next(&mut self, most: usize) -> &[u8] {
        let from = self.sent % self.payload.len().max(1);
        let length = most.min(self.total - self.sent).min(self.payload.len() - from);
        self.sent += length;
        &self.payload[from..from + length]
    }

    /// Compares bytes that have come back. Returns how they differ from those that were sent.
    pub fn compare(&mut self, mut arrived: &[u8]) -> Option<String> {
        while !arrived.is_empty() {
            let from = self.received % self.payload.len().max(1);
            let most = (self.payload.len() - from).min(self.sent - self.received).min(arrived.len());
            if most == 0 {
                return Some(format!("more than the {} bytes that were sent came back", self.sent));
            }
            let (now, rest) = arrived.split_at(most);
            let expected = &self.payload[from..from + most];
            if now != expected {
                let equal = now.iter().zip(expected).take_while(|(one, other)| one == other).count();
                return Some(format!("byte {} of {} came back changed", self.received + equal, self.sent));
            }
            self.received += most;
            arrived = rest;
        }
        None
    }
}
