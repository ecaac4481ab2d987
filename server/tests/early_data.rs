//! The server does not accept early data.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use rustls::{ClientConnection, HandshakeKind};
use testing::echo_server::EchoServer;
use testing::peer::TlsClient;

/// Anybody can replay early data. rustls also keeps it in a buffer of its own, which the session does not read.
#[test]
fn a_ticket_does_not_allow_early_data() {
    let server = EchoServer::start(&[]);
    let mut config = Arc::unwrap_or_clone(server.client_config());
    config.enable_early_data = true;
    let config = Arc::new(config);
    let mut first = TlsClient::new(server.connect_raw(), Arc::clone(&config));
    first.handshake().unwrap();
    assert_eq!(first.receive(9), b"welcome!\n"); // after the tickets
    assert_eq!(first.close(), b"");

    let mut second = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    assert!(second.early_data().is_none(), "the ticket allows early data");
    let mut socket = server.connect_raw();
    while second.is_handshaking() || second.wants_write() {
        second.complete_io(&mut socket).unwrap();
    }
    assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
}
