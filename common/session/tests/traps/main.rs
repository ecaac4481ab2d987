//! The museum of traps: what goes wrong when TLS is driven by hand.
//!
//! Each file shows one trap, and is read from top to bottom. Its header says what goes wrong, why, and what to do. Then comes
//! a naive loop: complete, short, and plausible. Its test says how it fails on a fixed schedule: it hangs, panics, loses
//! bytes, grows, or returns a wrong result. The last test runs our code on the same schedule.
//!
//! No test waits. Time is virtual, the network is simulated unless the trap is in the kernel, and a loop hangs if nothing can
//! happen any more. A schedule names records and messages, not offsets.
//!
//! [`support`] has the poll and the schedule of the naive loops. [`page`] checks the headers, and prints
//! `src/guide/traps.md` from them. The traps, in an order that teaches:
//!
//! # Reading
//!
//! - `a_read_stops_early`
//!
//! # The end
//!
//! - `no_close_notify`
//!
//! # Handshake
//!
//! - `a_finished_handshake_is_not_flushed`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic, and so does a naive loop"
)]

mod page;
mod support;

mod a_finished_handshake_is_not_flushed;
mod a_read_stops_early;
mod no_close_notify;
