//! Certificates, keys, trust, and authorization.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod authorization;
mod chain_report;
mod client_certificate;
mod conversions;
mod damage;
mod files;
mod first_run;
mod handshake;
mod kinds;
mod loading;
mod names;
mod support;
