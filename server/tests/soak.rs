//! The server's memory and descriptors do not grow over many sessions, or over a long one.
//!
//! A run of hours: `cargo run --release --package testing --example soak -- SESSIONS MEGABYTES`.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(target_os = "linux")] // `/proc` has the figures

use testing::echo_server::EchoServer;
use testing::soak;

#[test]
#[ignore = "takes a minute"]
fn many_sessions_do_not_grow_the_server() {
    let server = EchoServer::start(&[]);
    soak::sessions(&server, 30_000).assert_flat();
}

#[test]
#[ignore = "takes a minute"]
fn a_long_echo_does_not_grow_the_server() {
    let server = EchoServer::start(&[]);
    soak::echo(&server, 4_500).assert_flat();
}
