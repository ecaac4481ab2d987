//! Whole sessions without sockets: real ends, a simulated wire, virtual time.
//!
//! Each module is one theme. None of them sleeps, and none reads a clock for more than an instant to start from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod authorization;
mod backpressure;
mod closing;
mod corruption;
mod cuts;
mod deadlines;
mod early_data;
mod foreign_protocols;
mod hostile_handshakes;

mod observing;
mod phase_table;
mod segmentation;
mod severed;
mod transcripts;
mod turns;
mod work;
