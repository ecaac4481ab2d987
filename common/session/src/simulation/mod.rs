//! Sessions without sockets: a simulated network, a virtual clock, and a loop that drives sessions on them.
//!
//! This module is for tests, those of this crate and those of your own [`Application`](crate::application::Application).
//! It has no sockets and never sleeps. The same seed gives the same run. Everything here panics when a test is wrong, or
//! when a session breaks an invariant.
//!
//! ```
//! use tls_session::simulation::pair::Pair;
//! use tls_session::simulation::roles::{Echo, Talker};
//! use tls_session::simulation::tls::{Tls, VERSIONS};
//!
//! let talker = Talker::sends(b"hello").closes_after(5);
//! let mut pair = Pair::new(Tls::new(VERSIONS[0]), talker, Echo::default());
//! pair.client.socket.outgoing().segment = 1; // the server receives one byte with each read
//! pair.client.socket.incoming().capacity = 10; // the server waits for room to write
//! pair.run();
//! assert_eq!(pair.client.received(), b"hello");
//! assert!(pair.client.is_clean() && pair.server.is_clean());
//! ```
//!
//! # For your own application
//!
//! Put the feature under `[dev-dependencies]`. The second table is the one of the section *Embedding*. Without it a
//! debug build of rustls panics in some runs (`assertion failed: !self.sent_fatal_alert`).
//!
//! ```toml
//! [dev-dependencies]
//! tls-session = { version = "0.1", features = ["simulation"] }
//!
//! [profile.dev.package.rustls]
//! debug-assertions = false
//! ```
//!
//! A [`Plan`](plan::Plan) is made from a seed. A [`World`](world::World) runs it with your applications. It checks
//! both sessions after every step. [`first_failure`](seeds::first_failure) runs many seeds. It reports the first one
//! that fails, with the journal of its run. The [`Hooks`](world::Hooks) check what your application promises.
//!
//! ```
//! use tls_session::application::Application;
//! use tls_session::simulation::Each;
//! use tls_session::simulation::plan::Plan;
//! use tls_session::simulation::roles::{Echo, Talker};
//! use tls_session::simulation::seeds::first_failure;
//! use tls_session::simulation::tls::{Tls, VERSIONS};
//! use tls_session::simulation::world::World;
//!
//! let tls = Tls::new(VERSIONS[0]).shared();
//! let failure = first_failure(0..50, |seed, journal| {
//!     let plan = Plan::of(seed, Each { client: 1000, server: 1000 }); // about so much is sent
//!     let applications = Each::<Box<dyn Application>> {
//!         client: Box::new(Talker::sends(&[7; 1000]).closes_after(1000)),
//!         server: Box::new(Echo::default()), // yours
//!     };
//!     World::new(&plan, &tls, applications, journal).run(&mut ()) // no hooks
//! });
//! assert!(failure.is_none(), "{}", failure.unwrap());
//! ```
//!
//! The example `simulated` tests an application that has a bug. It finds the seed of a network that shows the bug.
//!
//! ## What the seed decides
//!
//! The same seed gives the same run. It decides these things:
//!
//! - the plan: the sizes and delays of segments, the kernels' behavior, faults, and what the loops do;
//! - the random numbers that rustls draws on this thread, from [`World::new`](world::World::new) on;
//! - the time. Every call of your application gets it as `now`. It begins at a real `Instant`, so only differences
//!   are the same.
//!
//! It cannot decide these things. If one of them matters, [`Failure::repeats`](seeds::Failure::repeats) is false:
//!
//! - what your application reads itself: `Instant::now()`, random numbers, the order of a `HashMap`, other threads;
//! - configurations that remember sessions ([`Tls::resuming`](tls::Tls::resuming)), if runs share them. Call
//!   [`Tls::afresh`](tls::Tls::afresh) for each run;
//! - configurations of your own ([`Tls::of`](tls::Tls::of)), if their provider is not
//!   [`cryptography::provider`].
//!
//! `Plan::of(seed, …)` draws [`Plan::seed`](plan::Plan::seed) from your seed. Report your seed.
//!
//! To understand a failure, print its plan. All fields of a plan are public, so you can remove faults and delays one
//! by one while the run still fails.
//!
//! ## What is checked
//!
//! The numbers are those of the [invariants](crate#invariants). No check knows what your application does with its
//! plaintext.
//!
//! | | checked after every step, or at the end |
//! |---|---|
//! | I1 | A session that sleeps has nothing to read that it wants, and no room for what it wants to write. |
//! | I2 | One `process_new_packets` follows each `read_tls`. |
//! | I3 | After a damaged record, a peer that still listens receives the alert. The records before the damaged one are received. A peer that has left without close_notify received what was sent until then. |
//! | I4 | A session processes what it has read before it reads again. The size of the pending output depends on your answers: limit [`peak`](checker::Checker::peak) in a hook. |
//! | I5 | The reason that each end gives for its end is what the network did. |
//! | I6 | An end that receives close_notify has received everything that the other end sent. An end that aborts sends no close_notify. |
//! | I7 | Each deadline passes in time: never too early, and less than 100 ms late. A session that waits waits for something. Each run ends. |
//! | I8 | A panic is a failure of its seed. |
//! | I9 | Not checked. |
//! | also | What an end receives is the beginning of what the other end sent. No plaintext passes before the peer is authorized. No step follows the end. |
//!
//! Only a hook can say whether an answer is right. It compares [`World::received`](world::World::received) with
//! [`World::sent`](world::World::sent), for example. It may demand a complete answer in two cases:
//!
//! - [`World::is_certified`](world::World::is_certified): a close_notify has certified the answer to everything;
//! - [`Plan::is_undisturbed`](plan::Plan::is_undisturbed): if an application closes, both sessions must be
//!   [clean](driver::Driver::is_clean) at the end.
//!
//! ## What your application must promise
//!
//! - `now` is its only clock.
//! - [`timer`](crate::application::Application::timer) moves the deadline, or removes it.
//! - A run ends within 1000 seconds of the virtual time and 200,000 steps. [`TIMEOUTS`](tls::TIMEOUTS) end a session
//!   in which neither end sends. If your application sends for ever, give it a client that closes.
//! - `Plan::of` gets about the number of bytes that each end sends. If it is much too small, the segments are too
//!   small for your data. Then the run needs too many steps.
//! - An application that answers later implements
//!   [`is_answering`](crate::application::Application::is_answering). Each loop closes six sessions in a
//!   hundred from outside, some of them during an answer.
//!
//! Both ends have the same type in a `World`. `Box<dyn Application>` and an `enum` of yours are such types. With an
//! `enum` a hook can look into the [application](driver::Driver::application).
//!
//! [`Talker::closes_after(0)`](roles::Talker::closes_after) sends close_notify right after its message. It receives
//! answers until the close timeout. For a half-close without that limit, call
//! [`finish_sending`](driver::Driver::finish_sending) in [`before_turn`](world::Hooks::before_turn). Return `true`
//! from [`has_more`](world::Hooks::has_more) until then.
//!
//! ## What is not simulated
//!
//! - several sessions in one loop, accepting, connecting, and threads;
//! - a peer that violates TLS. Use [`raw_pair`];
//! - early data, key updates, and keys that are used up. A session that ends with `KeysUsedUp` counts as wrong;
//! - the secrecy of the key exchange, which is a toy, and the speed of cryptography, which takes no virtual time.
//!
//! # For your own loop
//!
//! The sockets of a [`Network`](network::Network) are [transports](crate::transport). Your loop moves the time by
//! [`Network::advance`](network::Network::advance). The observer [`Checker`](checker::Checker) checks the order of
//! the steps (I2, I4), and that no deadline passes too early (I7). Its method [`overdue`](checker::Checker::overdue)
//! returns a deadline that your loop has missed. [`LevelTriggered`](network::LevelTriggered) is the socket under
//! poll(2) or epoll(7). For an edge-triggered loop use the [`Socket`](network::Socket) itself. Call
//! [`Socket::watch`](network::Socket::watch) whenever the interest changes, and
//! [`Socket::poll`](network::Socket::poll).
//!
//! ```
//! # use std::net::{Ipv4Addr, SocketAddr};
//! # use std::sync::Arc;
//! # use std::time::{Duration, Instant};
//! # use tls_session::buffers::Buffers;
//! # use tls_session::context::Context;
//! # use tls_session::observer::SessionId;
//! # use tls_session::readiness::Interest;
//! # use tls_session::session::{Session, Turn};
//! # use tls_session::simulation::checker::Checker;
//! # use tls_session::simulation::driver::Driver;
//! # use tls_session::simulation::network::{LevelTriggered, Network};
//! # use tls_session::simulation::plan::Plan;
//! # use tls_session::simulation::roles::{Echo, Talker};
//! # use tls_session::simulation::seeds::{SharedJournal, first_failure};
//! # use tls_session::simulation::tls::{Shared, TIMEOUTS, Tls, VERSIONS};
//! # use tls_session::simulation::{Each, Side, cryptography};
//! fn run(seed: u64, tls: &Shared, journal: &SharedJournal) -> Result<(), String> {
//!     let plan = Plan::of(seed, Each { client: 1000, server: 1000 });
//!     cryptography::seed(plan.seed);
//!     let network = Network::seeded(plan.seed, plan.conditions, plan.kernel, &plan.faults);
//!     let (start, mut now, mut buffers) = (Instant::now(), Duration::ZERO, Buffers::default());
//!
//!     let talker = Talker::sends(&[7; 1000]).closes_after(1000);
//!     let socket = network.socket(Side::Client);
//!     let mut client = Driver::new(tls.client(), &socket, talker, &tls.client_sessions, start);
//!
//!     let socket = LevelTriggered(network.socket(Side::Server));
//!     let mut checker = Checker::new(Side::Server, TIMEOUTS, journal.clone(), start);
//!     let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
//!     let id = SessionId { number: 1, peer: address };
//!     let cx = &mut Context::new(start, &mut buffers, &mut checker);
//!     let (echo, config) = (Echo::default(), Arc::clone(&tls.server_sessions));
//!     let mut session = Session::new(id, address, tls.server(), socket.clone(), echo, config, cx);
//!     let mut reason = None;
//!
//!     while reason.is_none() || client.reason().is_none() {
//!         network.advance(now);
//!         client.settle(start + now);
//!         let (mut wants, mut is_ready) = (None, false);
//!         if reason.is_none() {
//!             let cx = &mut Context::new(start + now, &mut buffers, &mut checker);
//!             if let Some(readiness) = socket.poll(session.wants().interest()) {
//!                 session.ready(readiness, cx);
//!             }
//!             match session.turn(cx) {
//!                 Turn::Again(_) => is_ready = true,
//!                 Turn::Wait(waits) => {
//!                     is_ready = socket.poll(waits.interest()).is_some();
//!                     wants = waits.deadline;
//!                 }
//!                 Turn::Done(why) => {
//!                     socket.0.close(session.needs_draining());
//!                     reason = Some(why);
//!                 }
//!             }
//!         }
//!         if let Some(wrong) = checker.wrong {
//!             return Err(wrong);
//!         }
//!         if is_ready || network.has_edge(Side::Client) {
//!             continue; // something is left to do at this instant
//!         }
//!         let deadlines = [client.deadline(), wants].into_iter().flatten().map(|at| at - start);
//!         let Some(at) = deadlines.chain(network.next_at()).min() else { break };
//!         now = now.max(at);
//!     }
//!     match (reason, client.is_clean()) {
//!         (Some(_), true) => Ok(()),
//!         (Some(_), false) if !plan.is_undisturbed() => Ok(()),
//!         (reason, _) => Err(format!("client {:?}, server {reason:?}", client.reason())),
//!     }
//! }
//!
//! let tls = Tls::new(VERSIONS[0]).shared();
//! let failure = first_failure(0..50, |seed, journal| run(seed, &tls, journal));
//! assert!(failure.is_none(), "{}", failure.unwrap());
//! ```
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`network`] | two lanes of bytes, and everything that a network and two kernels may do to them, by script or by seed |
//! | [`driver`] | one session, driven as an event loop drives it, by an edge-triggered poll |
//! | [`pair`] | a client's session and a server's session that talk to each other |
//! | [`raw`] | a plain rustls connection: a peer that does what no session would do |
//! | [`raw_pair`] | a session and a raw peer |
//! | [`roles`] | applications for both ends |
//! | [`tls`] | TLS configurations with a fixed certificate and a fixed clock |
//! | [`transcript`] | an observer that writes down what a session did |
//! | [`plan`] | what a seed stands for: the conditions on the network, what goes wrong, what the loops do |
//! | [`world`] | a run of a plan: it moves the clock, and checks the invariants after every step |
//! | [`checker`], [`invariants`], `truth` | the checks: of one session, of both, and of the reasons for their ends |
//! | [`journal`] | what happened in a run, as lines or as one number |
//! | [`seeds`] | many seeds, and the report of the first one that fails |
//! | [`random`], [`cryptography`] | random numbers from a seed, for the simulation and for rustls |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a test reports a fault by a panic"
)]

pub mod checker;
pub mod cryptography;
pub mod driver;
pub mod invariants;
pub mod journal;
pub mod network;
pub mod pair;
pub mod plan;
pub mod random;
pub mod raw;
pub mod raw_pair;
pub mod roles;
pub mod seeds;
pub mod tls;
pub mod transcript;
mod truth;
pub mod world;

use std::ops::{Index, IndexMut};
use std::time::Duration;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that connects.
    Client,
    /// The end that accepts.
    Server,
}

impl Side {
    /// Both ends.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The other end.
    pub fn other(self) -> Self {
        if self == Self::Client { Self::Server } else { Self::Client }
    }
}

/// A value for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Each<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Index<Side> for Each<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        if side == Side::Client { &self.client } else { &self.server }
    }
}

impl<T> IndexMut<Side> for Each<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        if side == Side::Client { &mut self.client } else { &mut self.server }
    }
}

/// So many seconds.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many bytes. Its period of 251 divides no size of a record or a buffer, so a shifted byte does not stay hidden.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}
