//! What each call of rustls 0.23.46 promises: the tests of `src/guide/contract.md`.
//!
//! Two plain rustls connections pass bytes in memory. Each test shows one behaviour, and has its name. `page` checks that
//! the page names every test, and that every name on the page is a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic"
)]

mod support;

mod acceptor;
mod alerts;
mod closing;
mod complete_io;
mod early_data;
mod keys;
mod page;
mod reading;
mod state;
mod writing;
