//! Whole sessions without sockets: real ends, a simulated network, virtual time.
//!
//! Each module is one theme. None of them sleeps, and none reads a clock for more than an instant to start from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic"
)]

mod aborting;
mod authorization;
mod backpressure;
mod closing;
mod corruption;
mod deadlines;
mod early_data;
mod failed_writes;
mod foreign_protocols;
mod hostile_handshakes;
mod late_answers;
mod level_triggered;
mod observing;
mod phase_table;
mod reads_per_turn;
mod records_per_turn;
mod support;
mod transcripts;
mod used_up_keys;
