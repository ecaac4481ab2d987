//! What the fuzz targets do. `fuzz_targets` only passes inputs on, and `README.md` says how to run them.
//!
//! | module | what it is |
//! |---|---|
//! | [`bytes`] | a session whose peer sends what the input says |
//! | [`operations`], [`play`] | a session whose peer speaks TLS, while the network and the clock do what the input says |
//! | [`decoder`] | the decoder, and the explanations of what it decodes |
//! | [`capture`] | the reader of captures, and what `mio-show` prints of them |
//! | [`parsers`] | everything else that reads foreign text or bytes |
//! | [`driven`] | a session under the loop of `tls_session::simulation`, and its invariants |
//! | [`tls`] | the configurations of two ends, the same in every run |
//! | [`seeds`] | the inputs to start from |
//!
//! An input always does the same: random numbers are seeded, keys are fixed, and time is what the input says.

#![forbid(unsafe_code)]

pub mod bytes;
pub mod capture;
pub mod decoder;
pub mod driven;
mod file;
pub mod operations;
pub mod parsers;
pub mod play;
pub mod seeds;
pub mod tls;
