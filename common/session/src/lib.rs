//! One TLS session, driven by hand, on any non-blocking byte stream.
//!
//! rustls does no I/O. It is a state machine between a network and an application. Other code has to carry the bytes
//! on both sides, at the right moment and in the right order. It also has to know when the session is over. A
//! [`Session`](session::Session) is that code:
//!
//! ```text
//!        the network                        rustls                         the application
//!
//!   ──▶ recv ──▶ read_tls ──▶┌──────────────────────────────┐──▶ reader() ──▶ received()
//!                            │  process_new_packets         │
//!   ◀── send ◀── write_tls ◀─└──────────────────────────────┘◀── writer() ◀── outbox.send()
//!        │                     wants_read  wants_write  is_handshaking
//!        ▼                                 │
//!   Readiness: try these directions        ▼
//!   Wants: wait for these events ◀─ Session::turn ──────▶ Phase: which end has closed, and why
//!                                          │
//!                                          ▼
//!                     Deadlines: what is late   Observer: receives every step
//! ```
//!
//! This crate has no command line, no files and no logger. It depends on rustls, and on mio only behind the feature
//! `mio`, which is on by default.
//!
//! The [`guide`] explains all of this in small steps, for a reader who is new to TLS.
//!
//! # A complete loop
//!
//! This server echoes, and serves one client after the other. It is complete: it keeps deadlines, stops reading while
//! the peer does not read, answers close_notify, and drains a socket before it closes it, so that a last alert
//! arrives.
//!
//! ```no_run
//! use std::io;
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use mio::{Events, Poll, Token};
//! use rustls::{ServerConfig, ServerConnection};
//! use tls_session::application::{Application, Next, Outbox};
//! use tls_session::authorize::VerifiedByRustls;
//! use tls_session::buffers::Buffers;
//! use tls_session::context::Context;
//! use tls_session::deadline::Timeouts;
//! use tls_session::mio::{Draining, Listener, Registered, Registration};
//! use tls_session::observer::SessionId;
//! use tls_session::readiness::Readiness;
//! use tls_session::session::{Session, SessionConfig, Turn};
//!
//! struct Echo;
//!
//! impl Application for Echo {
//!     fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
//!         if let Some(outbox) = outbox {
//!             outbox.send(plaintext);
//!         }
//!         Next::Continue
//!     }
//! }
//!
//! const LISTENER: Token = Token(0);
//! // All sessions have this token. That is safe here: there is one session at a time, and the loop gathers the events of
//! // a batch before it accepts the next one.
//! const SESSION: Token = Token(1);
//!
//! fn serve(address: SocketAddr, tls: Arc<ServerConfig>) -> io::Result<()> {
//!     let authorize = Arc::new(VerifiedByRustls);
//!     let config = Arc::new(SessionConfig { authorize, timeouts: Timeouts::default() });
//!     let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
//!     let (mut buffers, mut number) = (Buffers::default(), 0);
//!     let mut listener = Listener::bind(address, LISTENER)?;
//!     let mut draining = Draining::new(16, |key| Token(2 + key));
//!     let mut active: Option<Registered<Echo>> = None;
//!     loop {
//!         let mut nobody = (); // an observer
//!         let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
//!         for event in &events {
//!             match (event.token(), &mut active) {
//!                 (LISTENER, _) => listener.ready(),
//!                 (SESSION, Some(session)) => session.ready(Readiness::from_event(event), cx),
//!                 (SESSION, None) => {}
//!                 (Token(key), _) => draining.ready(key - 2, cx),
//!             }
//!         }
//!         draining.expire(cx);
//!         if active.is_none() && let Some((stream, peer)) = listener.accept(cx) {
//!             let _ = stream.set_nodelay(true); // fails if the peer is gone, which the first read reports
//!             number += 1;
//!             let id = SessionId { number, peer };
//!             let tls = ServerConnection::new(Arc::clone(&tls)).map_err(io::Error::other)?;
//!             let session = Session::new(id, address, tls, stream, Echo, Arc::clone(&config), cx);
//!             active = Some(Registered::new(session, Registration::new(SESSION)));
//!         }
//!         if let Some(mut session) = active.take() {
//!             match session.turn(poll.registry(), cx) {
//!                 Turn::Wait(_) | Turn::Again(_) => active = Some(session),
//!                 Turn::Done(_reason) => {
//!                     draining.close(session, poll.registry(), cx);
//!                 }
//!             }
//!         }
//!         listener.set_room(active.is_none(), poll.registry(), cx);
//!         let is_runnable = match &active {
//!             Some(session) => session.is_runnable(),
//!             None => listener.is_ready(),
//!         };
//!         let session = active.as_ref().and_then(Registered::deadline);
//!         let deadline = [session, draining.deadline(), listener.deadline()].into_iter().flatten().min();
//!         let timeout = match is_runnable {
//!             true => Some(Duration::ZERO),
//!             false => deadline.map(|at| at.saturating_duration_since(Instant::now())),
//!         };
//!         match poll.poll(&mut events, timeout) {
//!             Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(), // a signal handler ran
//!             other => other?,
//!         }
//!     }
//! }
//! ```
//!
//! # Glossary
//!
//! - **Interest**: the directions (read, write) in which the poll watches a socket.
//! - **Edge-triggered**: mio reports a socket when it *becomes* ready, once. This report is the **edge**. A loop that
//!   stops reading before `WouldBlock` gets no second report, although bytes are left. On a change of the interest,
//!   epoll and kqueue report again what is ready. mio does not document that.
//! - **Level-triggered**: poll(2), and epoll(7) without `EPOLLET`, report a socket as long as it is ready.
//! - **One-shot**: a source that reports a socket once, and then stops watching it (`EPOLLONESHOT`). To **arm** it is
//!   to make it watch the socket again.
//! - **Turn**: one call of [`Session::turn`](session::Session::turn): flush, measure, fill (one read), resume, advance.
//! - **Pending output**: ciphertext that is queued in rustls and not written yet. Above its **high-water mark**
//!   ([`HIGH_WATER_MARK`](application::HIGH_WATER_MARK)) a session does not read.
//! - **Runnable**: a session is runnable if a turn is due at once, without an event.
//! - **Authorized**: at the end of each handshake, [`authorize`] decides whether the program serves this peer. An
//!   authorized peer is one that it accepts. Only the data of an authorized peer reaches the application.
//! - **Slot**: the place of one session in a server. A server with ten slots serves ten clients at a time.
//! - **Record**: the unit in which TLS sends bytes: a header of 5 bytes, and at most 16,384 bytes of plaintext (RFC
//!   8446, 5.1).
//! - **Flight**: the messages that one side of a handshake sends before it waits for the other side.
//! - **Alert**: a message that reports an error, or the end of one half (RFC 8446, 6). A **fatal** alert ends the
//!   session.
//! - **close_notify**: the alert that ends one half of a session (RFC 8446, 6.1). A **FIN** ends one half of the TCP
//!   connection. A FIN without close_notify is a **truncation**. Our close_notify **confirms** that our answer is
//!   complete. These pages also say that it **certifies** the answer, which means the same.
//! - **Ticket**: bytes that a server gives to a client for a later session. **Resumption** is a handshake that uses a
//!   ticket or a stored session. It contains no certificate, and rustls calls no verifier (RFC 8446, 2.2).
//! - **Early data** (0-RTT): data that a client sends behind its ClientHello when it resumes (RFC 8446, 2.3). An
//!   attacker can send it again.
//! - **KeyUpdate**: a message after which its sender uses a new key (RFC 8446, 4.6.3).
//! - **Half-closed**: a session is half-closed if one end has sent close_notify, and the other end still sends. If the
//!   peer has closed, the phase is `HalfClosed`. If we have closed, the phase is `Closing`.
//! - **Draining**: reading from a socket after the session's end, so that closing it does not reset the connection.
//! - **Role**: client or server. The **local role** is ours, and the **peer role** is the other one.
//!
//! # Reading order
//!
//! 1. this page;
//! 2. [`phase`]: the phases of a session, and the table that leads from one to the next;
//! 3. [`session`]: `turn` = flush, measure, fill, resume, advance; then `session/advance.rs`;
//! 4. [`application`]: what an application implements; then [`mio::Registered`], which connects a session to the poll;
//! 5. `rustls_facts.rs`: facts that rustls 0.23 tells only indirectly; `framing.rs`: the limit of records in a turn;
//! 6. `server/src/event_loop.rs`: wait, gather, admit, turn;
//! 7. `client/src/event_loop.rs`: connect, then one session.
//!
//! | module | content |
//! |---|---|
//! | [`application`] | the interface between a session and its application: plaintext and time |
//! | [`authorize`] | the authorization of a peer |
//! | [`context`], [`buffers`] | the context of every call: time, buffers, limits, observer |
//! | [`readiness`] | the readiness of a socket, and the events to watch it for |
//! | [`deadline`] | the named deadlines of a session |
//! | [`transport`] | the connection beneath a session |
//! | [`close_reason`] | every way in which a session can end |
//! | [`observer`] | the interface of everything that shows a session |
//! | [`handshake`], [`handshake_bytes`], [`not_tls`] | the result of a handshake, the peer's first bytes, and protocols that are not TLS |
//! | [`mio`] | a session's registration, the listener, connecting and draining, for a loop on mio |
//! | `simulation` | for tests: a simulated network and clock (feature `simulation`) |
//! | [`alert_name`], [`escaped`], [`bytes`] | the names of alerts, safe text, numbers of bytes |
//!
//! # Invariants
//!
//! The code cites them by number. The simulation lets two sessions meet on an arbitrary network, for any number of
//! seeds, and checks them after every step.
//!
//! - **I1, turn end.** A session stops reading or writing for one of three reasons. The kernel has no more bytes, or
//!   no more room. Or TLS does not want that direction: then the interest changes. When it changes back, epoll and
//!   kqueue report again what is ready. (mio does not document that.) Or the limit of the turn is reached: then the
//!   session stays runnable.
//! - **I2, one place.** Only [`session`] and its parts move bytes through rustls. One `process_new_packets` follows
//!   every `read_tls` that can bring bytes.
//! - **I3, pending output first.** A session flushes before it fills. It flushes close_notify and alerts, with a
//!   deadline, before the FIN.
//! - **I4, bounded memory and work.** A session reads no ciphertext while pending output is above its high-water
//!   mark. A peer that never reads costs a fixed amount of memory and, after the write deadline, loses its slot. A
//!   turn takes one read. After the handshake a turn processes at most 64 records. The session keeps the rest of the
//!   read, and reads no more until it has processed that.
//! - **I5, a truncation is reported.** Only close_notify ends the peer's half properly. A FIN without close_notify is a
//!   truncation, and the session reports it as one.
//! - **I6, our close_notify certifies the answer.** It follows the answers to all bytes that we accepted, and the
//!   application decides when its answer is complete. If the answer cannot be sent, or if the data that it answers
//!   may have been cut off, the session ends with a FIN and no close_notify. Our output must be able to arrive. So a
//!   socket that may hold unread bytes is drained before it is closed ([`mio::Draining`]).
//! - **I7, liveness.** After each turn a session has an interest, or has a deadline, or is runnable. Every phase has
//!   a deadline, closing too, unless the user switches it off (CVE-2019-15541 was a close that waited for ever).
//!   When a deadline has passed, the session first tries to read and write. The deadline ends it only if that changes
//!   nothing.
//! - **I8, a peer cannot crash us.** Errors are input. A panic is always a bug of ours. There is no `unwrap`, no
//!   `expect` and no `unsafe` outside tests. No write blocks. If no program reads the server's output, it goes on
//!   serving. If no program reads the client's output, it stops reading from the server, and its signals and deadlines
//!   still work.
//! - **I9, no secret leaks.** Keys reach a file or a screen only if the user named it.
//!
//! # Embedding
//!
//! First copy these lines to the `Cargo.toml` of your workspace:
//!
//! ```toml
//! [profile.dev.package.rustls]
//! debug-assertions = false
//! ```
//!
//! After our own close_notify the session goes on reading, because the peer may still send. rustls 0.23 has a debug
//! assertion there that a corrupt record violates. Without these lines any peer can stop a debug build of your program.
//!
//! Only [`Session::turn`](session::Session::turn) reads and writes. Its result tells the caller what to wait for.
//! [`mio::Registered`] applies that result to a mio poll, and [`mio::Draining::close`] closes the socket. For another event
//! source, answer these questions:
//!
//! 1. **When are the calls made?** Pass *all* events of a batch to [`ready`](session::Session::ready) first. Then
//!    call `turn`. Call `turn` at the session's deadline too, and after every other method that takes `&mut self`.
//! 2. **What do the results of `turn` mean?** [`Wait`](session::Turn::Wait): wait for these events, until this deadline.
//!    [`Again`](session::Turn::Again): serve the other sessions, ask the source for news without waiting, and call `turn`
//!    again. Some sources only call you back. Then pass what they have reported so far.
//!    [`Done`](session::Turn::Done): the session is over, and its FIN is sent if that was possible.
//! 3. **Is the source edge-triggered, level-triggered or one-shot?** Set
//!    [`EDGE_TRIGGERED`](transport::Transport::EDGE_TRIGGERED) to `true` only for the first kind. Then pass `true` as
//!    the third argument of [`Readiness::new`](readiness::Readiness::new) if the source has reported the peer's FIN.
//!    A short read clears the readiness only if it has not. The bytes and the FIN can come with one event, so the
//!    session then reads on until end-of-file. A level-triggered source must not watch a socket that wants nothing,
//!    or it spins on a hang-up. A one-shot source must be armed again after each `Wait` and after each `Again`.
//! 4. **Does the source report room to write?** If not, from time to time call `ready(Readiness::new(false, true,
//!    false), cx)`, although you do not know it. That is harmless: the write returns `WouldBlock`, and the write
//!    deadline goes on. It starts at the first `WouldBlock`, and a successful write stops it.
//! 5. **Does the source itself take errors or bytes from the socket?** `peek`, `take_error` and a completed read do.
//!    Return them from the next `read` of the [`Transport`](transport::Transport), because the kernel reports an
//!    error only once.
//! 6. **Is the socket cloned?** All clones share the non-blocking mode and the FIN. After draining call `shutdown(Both)`,
//!    because dropping one clone does not close the connection.
//! 7. **Is the socket drained?** After `Done`, ask [`needs_draining`](session::Session::needs_draining). If it is true, read and
//!    drop what the peer still sends, until the end of the stream. Limit the bytes, the time, and the number of these
//!    sockets.
//!
//! With one thread for each session, poll that one socket with the session's deadline.
//!
//! The folder `examples` has the same echo under other loops, each in less than 100 lines of code:
//!
//! - `on_threads`: one thread for each session, and poll(2) with the session's deadline;
//! - `on_epoll`: many sessions under a level-triggered epoll(7), without mio;
//! - `on_tokio`: one task for each session, on tokio's own readiness.
//!
//! `minimal_mio` is one session without this crate: mio, rustls, and every call in one file. `blocking` is the same
//! without mio.
//!
//! The module `simulation` tests your application on simulated networks. The example `simulated` shows how.
//!
//! An application that answers later than inside `received` returns `Next::Continue` from
//! [`peer_finished`](application::Application::peer_finished). It also implements
//! [`is_answering`](application::Application::is_answering). Otherwise an idle timeout sends close_notify inside the answer, and
//! the peer takes a part for the whole. If the application cannot complete its answer, it returns
//! [`Next::Abort`](application::Next::Abort).
//!
//! A server that accepts early data opts in by [`accepts_early_data`](application::Application::accepts_early_data).
//! rustls 0.23.46 counts rejected early data again at each `process_new_packets`, until the client's next flight is
//! complete. The session makes that call only for bytes that a read has brought. That makes the failure rarer, and
//! cannot prevent it: early data that is rejected across several reads can end the handshake with bad_record_mac. A
//! client sends early data only with a ticket that allows it.

pub use rustls;

pub mod alert_name;
pub mod application;
pub mod authorize;
pub mod buffers;
pub mod bytes;
pub mod close_reason;
pub mod context;
pub mod deadline;
pub mod escaped;
mod framing;
pub mod guide;
pub mod handshake;
pub mod handshake_bytes;
#[cfg(feature = "mio")]
pub mod mio;
pub mod not_tls;
pub mod observer;
mod pending_output;
pub mod phase;
pub mod readiness;
mod rustls_facts;
pub mod session;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod transport;
