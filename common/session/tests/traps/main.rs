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
//! - `message_buffer_full`
//! - `plaintext_buffer_full`
//! - `read_tls_takes_a_part`
//! - `plaintext_without_an_event`
//! - `wants_read_after_the_end`
//!
//! # Writing
//!
//! - `flush_met_would_block`
//! - `ciphertext_short_write`
//! - `write_all_into_a_full_writer`
//!
//! # Memory and work
//!
//! - `output_without_a_bound`
//! - `both_ends_write_first`
//! - `a_turn_bounded_in_bytes`
//!
//! # The end
//!
//! - `no_close_notify`
//! - `truncation_taken_for_the_end`
//! - `the_last_request_is_dropped`
//! - `an_answer_after_the_peers_close_notify`
//! - `writing_after_our_close_notify`
//! - `alert_never_sent`
//! - `plaintext_before_an_error`
//! - `bytes_behind_close_notify`
//!
//! # Time
//!
//! - `deadline_before_the_socket`
//!
//! # Handshake
//!
//! - `a_finished_handshake_is_not_flushed`
//! - `early_data_in_another_reader`
//! - `process_as_a_getter`
//! - `a_resumed_client_is_not_verified`

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
mod a_resumed_client_is_not_verified;
mod a_turn_bounded_in_bytes;
mod alert_never_sent;
mod an_answer_after_the_peers_close_notify;
mod both_ends_write_first;
mod bytes_behind_close_notify;
mod ciphertext_short_write;
mod deadline_before_the_socket;
mod early_data_in_another_reader;
mod flush_met_would_block;
mod message_buffer_full;
mod no_close_notify;
mod output_without_a_bound;
mod plaintext_before_an_error;
mod plaintext_buffer_full;
mod plaintext_without_an_event;
mod process_as_a_getter;
mod read_tls_takes_a_part;
mod the_last_request_is_dropped;
mod truncation_taken_for_the_end;
mod wants_read_after_the_end;
mod write_all_into_a_full_writer;
mod writing_after_our_close_notify;
