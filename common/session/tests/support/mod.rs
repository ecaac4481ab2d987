//! What the tests of sessions and their simulation stand on: a connection without sockets, a clock that only tests
//! move, and real sessions on both ends of it.
//!
//! | module         | what it is                                                                                   |
//! |----------------|----------------------------------------------------------------------------------------------|
//! | [`wire`]       | two lanes of bytes, and everything that a network and a kernel may do to them                |
//! | [`peer`]       | one session, driven as the event loop drives it, by an edge-triggered poll                   |
//! | [`pair`]       | a client and a server session on one wire, under one virtual clock                           |
//! | [`raw`]        | the other end as a plain rustls connection, for a peer that does what no session would do    |
//! | [`visit`]      | a session and a raw peer on one wire, under one virtual clock                                |
//! | [`roles`]      | what the sessions talk about                                                                 |
//! | [`tls`]        | configurations, the certificate, and whom the client trusts                                  |
//! | [`transcript`] | an observer that writes down what a session did                                              |

#![allow(dead_code, reason = "each of the two test targets needs a part of it")]

pub mod pair;
pub mod peer;
pub mod raw;
pub mod roles;
pub mod tls;
pub mod transcript;
pub mod visit;
pub mod wire;

use std::time::Duration;

/// So many seconds.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many bytes, no two neighbours alike, and no period that a record or a buffer could hide a shift in.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}
