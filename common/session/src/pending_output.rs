//! The output of a session that is not written yet, and its high-water mark.

use rustls::{Connection, IoState};

use crate::application::HIGH_WATER_MARK;
use crate::rustls_facts;

/// The number of bytes that rustls has queued and the kernel has not taken (invariant I4).
#[derive(Debug, Default)]
pub(crate) struct PendingOutput {
    /// Ciphertext at the last measurement, and plaintext that was sent since.
    bytes: usize,
    /// The answer of the last `process_new_packets`, minus the bytes written since.
    during_handshake: usize,
    /// Whether `bytes` has been above the mark since the last [`note_fallen`](Self::note_fallen).
    was_above_mark: bool,
}

impl PendingOutput {
    /// Returns the number of bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether the application may send: output is not above the high-water mark.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes <= HIGH_WATER_MARK
    }

    /// Returns whether output has fallen below the mark, and the application does not know it yet.
    pub(crate) fn has_fallen(&self) -> bool {
        self.was_above_mark && self.has_room()
    }

    /// Notes that the application knows that output has fallen below the mark.
    pub(crate) fn note_fallen(&mut self) {
        self.was_above_mark = false;
    }

    /// Notes the state that `process_new_packets` returned.
    pub(crate) fn processed(&mut self, state: &IoState) {
        self.during_handshake = state.tls_bytes_to_write();
    }

    /// Notes a successful `write_tls`.
    pub(crate) fn wrote(&mut self, written: usize) {
        self.during_handshake = self.during_handshake.saturating_sub(written);
    }

    /// Counts plaintext that was sent. It counts until the next measurement.
    pub(crate) fn sent(&mut self, plaintext: usize) {
        self.set(self.bytes.saturating_add(plaintext));
    }

    /// Measures the number of bytes.
    ///
    /// # Errors
    /// The fatal error that TLS has met since the last call.
    pub(crate) fn measure(&mut self, tls: &mut Connection) -> Result<(), rustls::Error> {
        self.set(rustls_facts::bytes_to_write(tls, self.during_handshake)?);
        Ok(())
    }

    fn set(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.was_above_mark |= !self.has_room();
    }
}
