//! Returning clients resume their sessions, also if there are many.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use testing::echo_server::EchoServer;
use testing::peer::{TlsClient, client_config_with};

/// More than the 256 entries of rustls' default store. TLS 1.3 uses two entries for each session.
const CLIENTS: usize = 300;

fn session(server: &EchoServer, config: &Arc<ClientConfig>) {
    let mut client = TlsClient::connect(server.address, Arc::clone(config));
    assert_eq!(client.receive(9), b"welcome!\n"); // after the tickets
    assert_eq!(client.close(), b"");
}

fn all_are_resumed(version: &'static SupportedProtocolVersion) {
    let server = EchoServer::start(&[]);
    let certificate = server.certificate();
    let configs: Vec<_> =
        (0..CLIENTS).map(|_| client_config_with(&certificate, default_provider(), &[version])).collect();
    for _ in 0..2 {
        configs.iter().for_each(|config| session(&server, config));
    }
    server.log().wait_for_line(&format!("session {}: ", 2 * CLIENTS));
    assert_eq!(server.log().lines(", resumed, ").len(), CLIENTS);
}

#[test]
fn three_hundred_clients_of_tls_1_3_resume_their_sessions() {
    all_are_resumed(&TLS13);
}

#[test]
fn three_hundred_clients_of_tls_1_2_resume_their_sessions() {
    all_are_resumed(&TLS12);
}
