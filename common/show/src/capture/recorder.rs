//! Puts packets into the output, with times of day.

use std::io;
use std::time::{Duration, Instant};

use super::file::Output;
use super::stream::Packet;
use crate::clock::Clock;

/// Blocks of one step that are longer than this together are written before the step has ended.
const BATCH: usize = 64 * 1024;

/// Puts packets into the output. No packet is older than the one before it in the file.
pub(super) struct Recorder {
    clock: Clock,
    /// The time of the last packet.
    last: Duration,
    pub(super) output: Output,
}

impl Recorder {
    pub(super) fn new(clock: Clock, output: Output) -> Self {
        Self { clock, last: Duration::ZERO, output }
    }

    pub(super) fn packet(&mut self, at: Instant, packet: &Packet, comment: Option<String>) -> io::Result<()> {
        self.last = self.last.max(self.clock.since_1970(at));
        self.output.blocks.packet(self.last, packet, comment)?;
        if self.output.blocks.bytes().len() < BATCH { Ok(()) } else { self.output.write() }
    }
}
