//! A writer that reports to the observer.

use std::io::{self, IoSlice, Write};

use crate::context::Context;
use crate::observer::{SessionId, Step};

/// A writer that reports the bytes that the kernel took.
///
/// `write_tls` passes many records in one vectored write, so a short write can end in the middle of a slice.
pub(super) struct Tap<'t, 'c, 'o, T> {
    pub(super) transport: &'t mut T,
    pub(super) cx: &'c mut Context<'o>,
    pub(super) id: SessionId,
}

impl<T: Write> Write for Tap<'_, '_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = self.transport.write_vectored(slices)?;
        if !self.cx.is_watched() {
            return Ok(taken);
        }
        let mut left = taken;
        for slice in slices {
            let shown = left.min(slice.len());
            if shown == 0 {
                break;
            }
            self.cx.step(&self.id, &Step::Sent(&slice[..shown]));
            left -= shown;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}
