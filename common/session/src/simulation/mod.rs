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
//! # Your own application on an arbitrary network
//!
//! A [`Plan`](plan::Plan) is made from a seed. A [`World`](world::World) runs it. An error names the first thing that is
//! wrong. The same seed gives the same run, so the seed is all that a report needs.
//!
//! ```
//! use tls_session::application::Application;
//! use tls_session::simulation::plan::Plan;
//! use tls_session::simulation::roles::{Echo, Talker};
//! use tls_session::simulation::tls::{Tls, VERSIONS};
//! use tls_session::simulation::world::World;
//! use tls_session::simulation::{Each, cryptography};
//!
//! let tls = Tls::new(VERSIONS[0]).shared();
//! for seed in 0..20 {
//!     cryptography::seed(seed);
//!     let plan = Plan::of(seed, Each { client: 1000, server: 1000 }); // about so much is sent
//!     let applications = Each::<Box<dyn Application>> {
//!         client: Box::new(Talker::sends(&[7; 1000]).closes_after(1000)),
//!         server: Box::new(Echo::default()), // yours
//!     };
//!     let run = World::new(&plan, &tls, applications, &Default::default()).run(&mut ());
//!     assert!(run.is_ok(), "seed {seed}: {}", run.err().unwrap());
//! }
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
