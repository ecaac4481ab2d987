//! The traps: what goes wrong when TLS is driven by hand.
//!
//! Each file shows one trap, and is read from top to bottom. Its header says what goes wrong, why, and what to do.
//! Then comes a naive loop: complete, short, and plausible. Its test says how it fails on a fixed schedule: it hangs,
//! panics, loses bytes, grows, or returns a wrong result. The last tests run our code, on the same schedule. Where
//! they cannot, the header has a note, which says what they run.
//!
//! No test waits for time to pass. The clock is virtual. The network is simulated, unless the trap is in the kernel.
//! A loop hangs if nothing can happen any more. A schedule names records and messages, not offsets.
//!
//! [`support`] has the poll and the schedule of the naive loops. [`sockets`] has real connections, and a server with our loop.
//! Their tests poll for 20 ms to show that no event comes. [`page`] checks the headers, and prints
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
//! - `complete_io_until_would_block`
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
//! - `tls12_keys_are_used_up`
//! - `alert_never_sent`
//! - `plaintext_before_an_error`
//! - `bytes_behind_close_notify`
//! - `a_write_fails_first`
//!
//! # Time
//!
//! - `deadline_before_the_socket`
//! - `a_close_without_a_deadline`
//!
//! # Handshake
//!
//! - `a_finished_handshake_is_not_flushed`
//! - `the_server_decides_later`
//! - `early_data_in_another_reader`
//! - `process_as_a_getter`
//! - `a_resumed_client_is_not_verified`
//!
//! # Accepting and connecting
//!
//! - `one_accept_for_each_event`
//! - `accept_fails_with_emfile`
//! - `a_silent_client_holds_the_slot`
//! - `writable_is_not_connected`
//! - `a_blocking_socket_under_the_poll`
//!
//! # The loop
//!
//! - `a_short_read_hides_the_fin`
//! - `a_hang_up_is_handled_before_the_data`
//! - `a_pause_loses_the_edge`
//! - `writable_is_always_ready`
//! - `one_peer_starves_the_others`
//! - `an_event_reaches_the_wrong_connection`
//! - `a_cloned_socket_stays_registered`
//! - `a_socket_is_registered_twice`
//! - `a_paused_socket_spins_on_a_hang_up`
//! - `a_timeout_is_rounded_down`
//! - `a_signal_interrupts_the_poll`
//!
//! # The socket
//!
//! - `a_wrapper_without_write_vectored`
//! - `a_close_with_unread_input_resets`
//! - `an_alert_dies_with_the_connection`
//! - `a_reset_is_reported_once`
//! - `a_reset_is_unwrapped`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic, and so does a naive loop"
)]

mod page;
mod sockets;
mod support;

mod a_close_without_a_deadline;
mod a_finished_handshake_is_not_flushed;
mod a_read_stops_early;
mod a_resumed_client_is_not_verified;
mod a_turn_bounded_in_bytes;
mod a_write_fails_first;
mod alert_never_sent;
mod an_answer_after_the_peers_close_notify;
mod both_ends_write_first;
mod bytes_behind_close_notify;
mod ciphertext_short_write;
mod complete_io_until_would_block;
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
mod the_server_decides_later;
mod tls12_keys_are_used_up;
mod truncation_taken_for_the_end;
mod wants_read_after_the_end;
mod write_all_into_a_full_writer;
mod writing_after_our_close_notify;

mod a_blocking_socket_under_the_poll;
mod a_cloned_socket_stays_registered;
mod a_close_with_unread_input_resets;
mod a_hang_up_is_handled_before_the_data;
mod a_pause_loses_the_edge;
mod a_paused_socket_spins_on_a_hang_up;
mod a_reset_is_reported_once;
mod a_reset_is_unwrapped;
mod a_short_read_hides_the_fin;
mod a_signal_interrupts_the_poll;
mod a_silent_client_holds_the_slot;
mod a_socket_is_registered_twice;
mod a_timeout_is_rounded_down;
mod a_wrapper_without_write_vectored;
mod accept_fails_with_emfile;
mod an_alert_dies_with_the_connection;
mod an_event_reaches_the_wrong_connection;
mod one_accept_for_each_event;
mod one_peer_starves_the_others;
mod writable_is_always_ready;
mod writable_is_not_connected;
