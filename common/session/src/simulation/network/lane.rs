//! One direction of a connection.

use std::io::{self, ErrorKind};

/// How a lane ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The reader gets end-of-file. The writer notices nothing.
    Fin,
    /// The connection is reset, for both ends.
    Reset,
}

/// A call that fails once, without a cause. A kernel may do that.
#[derive(Clone, Copy, Debug)]
pub struct FailedCall {
    /// The number of the call, from 0.
    pub call: usize,
    /// `WouldBlock`, `Interrupted`, or an error. Only `WouldBlock` is followed by an event.
    pub kind: ErrorKind,
}

/// Returns the TLS records in these bytes: the offset of each, and its length with its header. The last one may be
/// incomplete.
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

/// One direction of a connection: the conditions for its bytes, and the log of its bytes.
#[derive(Debug)]
pub struct Lane {
    /// How many bytes fit between writer and reader.
    pub capacity: usize,
    /// How much room there must be before the kernel reports it to a refused writer.
    pub wakes_at: usize,
    /// How many bytes one read returns at most. The rest arrives right after it.
    pub segment: usize,
    /// How many bytes one write takes at most.
    pub chunk: usize,
    /// How many bytes have arrived by now. The bytes behind them and the FIN are still on their way.
    pub arriving: usize,
    /// Every write fails, because the peer is gone. The reader still gets the bytes that the peer sent before.
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

    /// The reader's session is over. Bytes that are written are dropped.
    pub(super) discarded: bool,
    /// The reader has read everything, so the arrival of bytes is an edge.
    pub(super) reader_waits: bool,
    /// The poll has reported the FIN.
    pub(super) fin_polled: bool,
    /// A write was refused because the lane was full, so room is an edge.
    pub(super) writer_waits: bool,
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
    pub(super) fn arrived(&self) -> usize {
        self.cut.map_or(usize::MAX, |(at, _)| at).min(self.arriving).min(self.log.len())
    }

    /// How many bytes wait for the reader.
    pub(super) fn waiting(&self) -> usize {
        if self.discarded { 0 } else { self.arrived().saturating_sub(self.taken) }
    }

    /// How many bytes the lane has room for. Bytes after a cut take no room.
    pub(super) fn room(&self) -> usize {
        let end = self.cut.map_or(usize::MAX, |(at, _)| at).min(self.log.len());
        let in_flight = if self.discarded { 0 } else { end.saturating_sub(self.taken) };
        self.capacity.saturating_sub(in_flight)
    }

    pub(super) fn has_met(&self, cut: Cut) -> bool {
        self.cut.is_some_and(|(at, kind)| kind == cut && self.arrived() >= at)
    }

    pub(super) fn fin_arrived(&self) -> bool {
        self.has_met(Cut::Fin) || self.fin && self.cut.is_none() && self.arriving > self.log.len()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
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

/// Counts the calls, and fails the chosen one. Only `WouldBlock` is followed by an edge.
pub(super) fn fail_call(calls: &mut usize, failing: Option<FailedCall>, waits: &mut bool) -> io::Result<()> {
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
