//! A byte stream in memory between two threads, on which a deadlock is an error.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Creates two connected ends. Each direction holds up to `capacity` bytes. A read of an empty direction and a write to a
/// full one block. If both ends block, neither can ever wake the other: then both calls return [`ErrorKind::Deadlock`].
fn blocking(capacity: usize) -> (End, End) {
    pair(capacity, true)
}

/// The same, without blocking: instead of waiting, a call returns [`ErrorKind::WouldBlock`].
pub fn non_blocking(capacity: usize) -> (End, End) {
    pair(capacity, false)
}

/// Runs a client and a server on the two ends of such a stream. Returns their results. If one of them ends or
/// panics, the other one reads end-of-file.
pub fn run<C, S: Send>(
    capacity: usize,
    client: impl FnOnce(&mut End) -> C,
    server: impl FnOnce(&mut End) -> S + Send,
) -> (C, S) {
    let (near, mut far) = blocking(capacity);
    thread::scope(|scope| {
        let server = scope.spawn(move || server(&mut far));
        let client = {
            let mut near = near; // dropped here, also by a panic
            client(&mut near)
        };
        (client, server.join().unwrap())
    })
}

fn pair(capacity: usize, blocks: bool) -> (End, End) {
    let directions = [Direction::new(capacity), Direction::new(capacity)];
    let state = State { directions, is_waiting: [false; 2], is_deadlocked: false };
    let shared = Arc::new((Mutex::new(state), Condvar::new()));
    let end = |side| End { shared: Arc::clone(&shared), side, blocks, calls: 0 };
    (end(0), end(1))
}

/// One end. Dropping it is the FIN.
pub struct End {
    shared: Arc<(Mutex<State>, Condvar)>,
    side: usize,
    blocks: bool,
    /// The number of reads and writes so far.
    pub calls: usize,
}

struct State {
    /// The direction with the number of a side is the one that this side writes to.
    directions: [Direction; 2],
    is_waiting: [bool; 2],
    is_deadlocked: bool,
}

struct Direction {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_finished: bool,
    is_abandoned: bool,
}

impl Direction {
    fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::new(), capacity, is_finished: false, is_abandoned: false }
    }
}

impl End {
    /// Calls `attempt` until it returns something, and waits between two calls.
    fn run(&mut self, mut attempt: impl FnMut(&mut State) -> Option<io::Result<usize>>) -> io::Result<usize> {
        self.calls += 1;
        let (mutex, changed) = &*self.shared;
        let mut state = mutex.lock().unwrap();
        loop {
            if state.is_deadlocked {
                return Err(ErrorKind::Deadlock.into());
            }
            if let Some(result) = attempt(&mut state) {
                state.is_waiting = [false; 2]; // each end has to look again
                changed.notify_all();
                return result;
            }
            if !self.blocks {
                return Err(ErrorKind::WouldBlock.into());
            }
            state.is_waiting[self.side] = true;
            if state.is_waiting[1 - self.side] {
                state.is_deadlocked = true;
                changed.notify_all();
                return Err(ErrorKind::Deadlock.into());
            }
            state = changed.wait(state).unwrap();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = 1 - self.side;
        self.run(|state| {
            let direction = &mut state.directions[from];
            let has_something = !direction.bytes.is_empty() || direction.is_finished;
            has_something.then(|| direction.bytes.read(buffer))
        })
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let to = self.side;
        self.run(|state| {
            let direction = &mut state.directions[to];
            if direction.is_abandoned {
                return Some(Err(ErrorKind::BrokenPipe.into()));
            }
            let room = direction.capacity - direction.bytes.len();
            let taken = room.min(bytes.len());
            direction.bytes.extend(&bytes[..taken]);
            (taken > 0).then_some(Ok(taken))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let side = self.side;
        let mut state = self.state();
        state.directions[side].is_finished = true;
        state.directions[1 - side].is_abandoned = true;
        state.is_waiting = [false; 2];
        drop(state);
        self.shared.1.notify_all();
    }
}
