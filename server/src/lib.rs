//! A TLS server on a single-threaded mio event loop, for any application.
//!
//! Each client has an [`Application`](tls_session::application::Application) of its own. A [`Service`] makes it.
//! [`run`] is a whole program around it: flags, certificates, log, traces, reload on SIGHUP, a graceful end on
//! Ctrl-C.
//!
//! To try an application in this repository, save it as `server/examples/NAME.rs` and run `cargo run --example NAME
//! -- --slots 10`. Without `--slots` the server serves one client at a time. In a workspace of your own, depend on
//! `mio-server` and `tls-session`, and copy the profile of rustls from the documentation of `tls-session`.
//!
//! ```no_run
//! use std::time::Instant;
//!
//! use tls_session::application::{Application, Next, Outbox};
//!
//! struct Hello;
//!
//! impl Application for Hello {
//!     fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
//!         outbox.send(b"hello\n");
//!         Next::Close
//!     }
//!
//!     fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
//!         Next::Continue
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     mio_server::run("hello", |_client| Hello)
//! }
//! ```
//!
//! | file | content |
//! |---|---|
//! | `event_loop.rs` | the loop: wait, gather, admit, turn |
//! | `event_loop/silent.rs` | clients that hold a slot and have sent nothing |
//! | `service.rs`, `round.rs` | the interface of a service, and its access to the sessions between their turns |
//! | `accept_queue.rs` | clients that were accepted and have no slot yet |
//! | `slots.rs`, `run_queue.rs` | the sessions that are served, their deadlines, and the order of their turns |
//! | `tokens.rs` | the tokens of the poll |
//! | `flags.rs`, `setup.rs`, `terms.rs` | the flags, the server that is created from them, the terms of new sessions |
//! | `reload.rs` | new terms after SIGHUP |
//! | `program.rs`, `status.rs` | the program around the loop, and its status line |
//! | `certificates.rs` | the certificates of clients on stdout |
//! | `capacity.rs`, `descriptors.rs` | the number of clients that the server can hold, and the descriptors for them |

mod accept_queue;
mod capacity;
mod certificates;
mod descriptors;
mod event_loop;
mod flags;
mod program;
mod reload;
mod round;
mod run_queue;
mod service;
mod setup;
mod slots;
mod status;
mod terms;
mod tokens;

pub use crate::capacity::Capacity;
pub use crate::event_loop::EventLoop;
pub use crate::flags::Flags;
pub use crate::program::{VERSIONS, parse, run, run_with};
pub use crate::round::Round;
pub use crate::service::Service;
pub use crate::terms::{Load, Terms};
pub use crate::tokens::{foreign_number, foreign_token, listener_token};
