//! The lines that a command writes.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::PAUSE;

/// The number of first lines and of last lines that are kept of each pipe. A panic has its message in front of a long
/// backtrace, and other programs end with the message.
pub(super) const KEPT: usize = 8;
/// The length of a line in bytes.
pub(super) const LINE: usize = 400;

/// The first and the last lines that a pipe has brought. A thread reads all of it, so that the server never waits for
/// a reader.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Kept>>);

#[derive(Default)]
pub(super) struct Kept {
    first: Vec<String>,
    last: VecDeque<String>,
    /// The number of lines between them, which are not kept.
    between: usize,
    /// All processes have closed the pipe.
    pub(super) is_closed: bool,
}

impl Lines {
    pub(super) fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let shared = lines.clone();
        thread::spawn(move || shared.follow(&mut pipe));
        lines
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, pipe: &mut impl Read) {
        let mut line = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            for byte in &buffer[..length] {
                match byte {
                    b'\n' => self.push(&std::mem::take(&mut line)),
                    byte if line.len() < LINE => line.push(*byte),
                    _ => {}
                }
            }
        }
        self.push(&line);
        self.lock().is_closed = true;
    }

    fn push(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        if line.is_empty() {
            return;
        }
        let mut kept = self.lock();
        if kept.first.len() < KEPT {
            kept.first.push(line);
            return;
        }
        kept.last.push_back(line);
        if kept.last.len() > KEPT {
            kept.last.pop_front();
            kept.between += 1;
        }
    }

    /// Forgets the lines so far.
    pub(super) fn forget(&self) {
        let mut kept = self.lock();
        *kept = Kept { is_closed: kept.is_closed, ..Kept::default() };
    }

    /// Waits until the pipe is closed. A process that the server has left behind may keep it open.
    pub(super) fn wait(&self, limit: Duration) {
        let start = Instant::now();
        while !self.lock().is_closed && start.elapsed() < limit {
            thread::sleep(PAUSE);
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let kept = self.lock();
        let between = (kept.between > 0).then(|| format!("… {} lines more …", kept.between));
        kept.first.iter().cloned().chain(between).chain(kept.last.iter().cloned()).collect()
    }
}
