//! The server holds no more after many sessions, or a long one, than after a few.
//!
//! For hours: `cargo run --release --package testing --example soak -- SESSIONS MEGABYTES`.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(target_os = "linux")] // which says what a process holds

use testing::echo_server::EchoServer;
use testing::soak;

#[test]
#[ignore = "takes a minute"]
fn many_sessions_leave_nothing_behind() {
    let server = EchoServer::start(&[]);
    soak::sessions(&server, 30_000).assert_flat();
}

#[test]
#[ignore = "takes a minute"]
fn a_long_echo_leaves_nothing_behind() {
    let server = EchoServer::start(&[]);
    soak::echo(&server, 4_500).assert_flat();
}
