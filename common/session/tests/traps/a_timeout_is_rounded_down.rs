//! # `as_millis` rounds a timeout down to 0, and the loop spins until the deadline
//!
//! **Symptom:** `strace` shows thousands of `epoll_wait(…, 0) = 0` before each timer. With one timer a second the
//! cost is invisible. With a timer in each millisecond the process uses a whole core. The timers fire on time.
//!
//! **Cause:** The remaining time is 0.9 ms, `Duration::as_millis` returns 0, and a timeout of 0 means "do not wait".
//! The deadline has not passed, so the loop computes the same timeout again. mio 0.8 had this fault itself. Now it
//! rounds up (mio, `src/sys/unix/selector/epoll.rs`, `Selector::select`), but only a `Duration` that still has its
//! microseconds.
//!
//! **Rule:** Keep deadlines as `Instant`, and pass the difference to `poll` as it is. If the interface takes
//! milliseconds, round up. After the poll compare with the clock: only `now >= deadline` means that the deadline has
//! passed.
//!
//! **Ours:** `server/src/event_loop.rs`, `EventLoop::wait`; `common/session/src/deadline.rs`, `Deadlines::due`
//!
//! **Seen in:** smol-rs/smol#109, tokio-rs/mio#1615, oven-sh/bun#34780, hniksic/rust-subprocess#95
//!
//! **Note:** `EventLoop` is in another crate. So our test runs a loop of its own, which computes the timeout in the
//! same way. It uses the real clock.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

/// Waits for a deadline, as a server without clients does. Returns the number of polls.
fn naive(deadline: Instant, mut now: impl FnMut() -> Instant) -> io::Result<usize> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut polls = 0;
    loop {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Ok(polls);
        }
        let timeout = Duration::from_millis(left.as_millis() as u64);
        poll.poll(&mut events, Some(timeout))?;
        polls += 1;
        for _event in &events {
            // a client
        }
    }
}

/// The loop of the crate's first page.
fn ours(deadline: Instant, mut now: impl FnMut() -> Instant) -> io::Result<usize> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut polls = 0;
    loop {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Ok(polls);
        }
        poll.poll(&mut events, Some(left))?;
        polls += 1;
    }
}

const LEFT: Duration = Duration::from_micros(900);

/// The virtual clock moves by so much in each round.
const ROUND: Duration = Duration::from_micros(10);

#[test]
fn the_naive_loop_spins_until_the_deadline() {
    let mut now = Instant::now();
    let deadline = now + LEFT;
    let polls = naive(deadline, || {
        now += ROUND;
        now
    });
    assert_eq!(polls.unwrap(), 89);
}

#[test]
fn ours_polls_once() {
    let polls = ours(Instant::now() + LEFT, Instant::now).unwrap();
    assert!(polls <= 1, "{polls} polls"); // none if this thread came too late
}
