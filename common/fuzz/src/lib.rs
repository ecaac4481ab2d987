//! What the fuzz targets do; `fuzz_targets` only hands them their inputs, and `README.md` says how to run them.
//!
//! | module | what it is |
//! |---|---|
//! | [`bytes`] | a session whose peer sends whatever the input says |
//! | [`operations`], [`play`] | a session whose peer speaks TLS, and the network and the clock do whatever the input says |
//! | [`decoder`] | the decoder and the explanations of `show` |
//! | [`parsers`] | everything else that reads what others wrote |
//! | [`driven`] | a session, driven as the event loop drives it, and its invariants |
//! | [`tls`], [`random`], [`exchange`] | two ends of TLS that are the same in every run |
//! | [`seeds`] | the inputs to start from |
//!
//! An input always does the same: randomness is seeded, keys are fixed, and time is what the input says.

#![forbid(unsafe_code)]

pub mod bytes;
pub mod decoder;
pub mod driven;
pub mod exchange;
mod file;
pub mod operations;
pub mod parsers;
pub mod play;
pub mod random;
pub mod seeds;
pub mod tls;

// The network, the other end and the roles are those of the simulated sessions.
#[path = "../../session/tests/support/raw.rs"]
pub mod raw;
#[path = "../../session/tests/support/roles.rs"]
pub mod roles;
#[path = "../../session/tests/support/wire.rs"]
pub mod wire;
