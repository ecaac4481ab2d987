//! One TLS session on a non-blocking socket, driven by hand: what the echo server and its client are built from.
//!
//! rustls does no I/O. It is a machine with two sides, and between the two somebody has to carry the bytes, at the
//! right moment, in the right order, and to know when it is over:
//!
//! ```text
//!        the network                        rustls                         the application
//!
//!   ──▶ recv ──▶ read_tls ──▶┌──────────────────────────────┐──▶ reader() ──▶ received()
//!                            │  process_new_packets         │
//!   ◀── send ◀── write_tls ◀─└──────────────────────────────┘◀── writer() ◀── outbox.send()
//!        │                     wants_read  wants_write  is_handshaking
//!        ▼                                 │
//!   Readiness: may we try?                 ▼
//!   Registrar: what to be told of ◀── Session::turn ──▶ Phase: who has closed, and why
//!                                          │
//!                                          ▼
//!                              Deadlines: what is late   Observer: who is shown all this
//! ```
//!
//! # Reading order
//!
//! 1. [`phase`]: the phases of a session, and the table that leads from one to the next;
//! 2. [`session`]: `turn` = flush, fill, advance; then `session/fill.rs` and `session/course.rs`;
//! 3. the server's `event_loop.rs`: wait, gather, admit, turn.
//!
//! That is the whole of it, about a thousand lines. Around it:
//!
//! | module | what it knows |
//! |---|---|
//! | [`readiness`] | what the kernel last said of a socket, and what to watch it for |
//! | [`deadline`] | the named deadlines of a session |
//! | [`application`] | what a role sees: plaintext and time |
//! | [`authorize`] | whether a peer is accepted |
//! | [`transport`] | what a session needs of the connection beneath it |
//! | [`buffers`] | the buffers that bytes pass through |
//! | [`close_reason`] | every way to end |
//! | [`observer`] | the seam for everything that shows a session |
//! | [`handshake`], [`handshake_bytes`], [`not_tls`] | what a handshake agreed on; what the peer sent during it; what a peer speaks instead of TLS |
//! | [`mio`] | a session's registration, connecting, and draining, for a loop on mio |
//! | [`alert_name`], [`escaped`], [`bytes`] | alerts, a peer's strings and numbers of bytes in a sentence |
//!
//! # Invariants
//!
//! They are cited by number where they are kept. `tests/simulation` lets two sessions meet on an arbitrary network, for
//! any number of seeds, and checks them after every step.
//!
//! - **I1, turn end.** A direction is left only because the kernel has no more, or because TLS does not want it (the
//!   interest changes, and changing it back arms the edge again), or because the limit of the turn is reached (the session
//!   stays runnable). There is no fourth reason.
//! - **I2, one gate.** Only [`session`] and its parts call rustls' I/O, and every `read_tls` that can bring
//!   bytes is followed by one `process_new_packets`.
//! - **I3, pending output first.** Flush before fill. close_notify and alerts are flushed, with a deadline, before the
//!   FIN.
//! - **I4, bounded memory and work.** Ciphertext is not read while the pending output is above its high-water mark. A
//!   peer that never reads costs a fixed amount of memory and, after the write deadline, its slot. A turn takes one read.
//!   After the handshake it processes at most 64 records of it. The session keeps the rest of that read, and reads no more before it is used
//!   up.
//! - **I5, end-of-file is a fact, close_notify is a verdict.** A FIN without close_notify is a truncation, and is
//!   called one.
//! - **I6, our close_notify certifies the answer.** It follows every byte that we accepted and answered, and the
//!   application says when its answer is complete. Where the answer cannot be sent, or what it answers may have been cut
//!   off, the session ends with a FIN and no close_notify. What we have sent must be able to arrive: a socket that may
//!   hold unread bytes is drained before it is closed ([`mio::Draining`]).
//! - **I7, liveness.** After each turn a session has a registered interest, a deadline, or a place among the runnable.
//!   Every phase has a deadline, closing too (CVE-2019-15541 was a close that waited), unless the user switches it off. A
//!   session that is due tries its socket before it counts as late.
//! - **I8, a peer cannot crash us.** Errors are input. Panics are for our own bugs; there is no `unwrap`, no `expect`
//!   and no `unsafe` outside tests. If nobody reads its output, the
//!   server goes on. The client stops reading from the server; its signals and deadlines still work.
//! - **I9, no secret leaves unasked.** Keys reach a file or a screen only when the user named that sink.
//!
//! # Embedding
//!
//! [`Session::turn`](session::Session::turn) is the only call that moves a session, and its answer says what to wait for.
//! [`mio::Registered`] applies that answer to a mio poll. When a session is over,
//! [`needs_draining`](session::Session::needs_draining) says whether its socket must be drained before it is closed.
//! [`mio::Draining`] does that.
//!
//! An application that answers later than inside `received` says so in
//! [`peer_finished`](application::Application::peer_finished). A server that accepts early data opts in by
//! [`accepts_early_data`](application::Application::accepts_early_data). rustls 0.23.46 charges early data that it rejects
//! again with each read until the client's next flight is complete, so early data that is rejected across several reads
//! can end the handshake with bad_record_mac. A client sends early data only with a ticket that allows it.
//!
//! After our own close_notify the session goes on reading: the peer may have more to say. rustls 0.23 has a debug
//! assertion there that a corrupt record trips, so a debug build of it could be ended by any peer. Copy these lines
//! to the `Cargo.toml` of your workspace:
//!
//! ```toml
//! [profile.dev.package.rustls]
//! debug-assertions = false
//! ```

pub mod alert_name;
pub mod application;
pub mod authorize;
pub mod buffers;
pub mod bytes;
pub mod close_reason;
pub mod context;
pub mod deadline;
pub mod escaped;
pub mod handshake;
pub mod handshake_bytes;
#[cfg(feature = "mio")]
pub mod mio;
pub mod not_tls;
pub mod observer;
pub mod phase;
pub mod readiness;
mod rustls_facts;
pub mod session;
pub mod transport;
