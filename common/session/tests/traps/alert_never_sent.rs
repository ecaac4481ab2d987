//! # The connection is dropped after an error: the alert is never sent
//!
//! **Symptom:** The server's log says why it refused a client. The client reports only `tls handshake eof`, an unexpected
//! end of file or a reset. The log may contain `Sending fatal alert`, but the alert is not on the network.
//!
//! **Cause:** `process_new_packets` queues the alert and returns the error. rustls does no I/O, so the alert is still
//! in the connection. Then `?` drops the connection (rustls, `CommonState::send_fatal_alert`, `common_state.rs`).
//!
//! **Rule:** After an error, call `write_tls` until `wants_write` is false. If the socket is full, wait for writable,
//! with a deadline. Then close the socket. Not every error queues an alert.
//!
//! **Ours:** `common/session/src/phase.rs`, `Phase::Failing`
//!
//! **Seen in:** rustls/rustls#284, rustls/rustls#91, quininer/tokio-rustls#12

use std::io;

use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, Error, ServerConnection};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::Side;
use tls_session::simulation::cryptography::provider;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Shared, client_config};

use super::support::{self, Poll, tls};

/// A server that completes the handshake.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(())
}

/// A client that knows TLS 1.2 only, and a server that wants TLS 1.3.
fn incompatible() -> Shared {
    tls(&TLS13).with_client(client_config(provider(Side::Client), &[&TLS12], false))
}

const ALERT: Error = Error::AlertReceived(AlertDescription::ProtocolVersion);

#[test]
fn the_naive_loop_never_sends_the_alert() {
    let (server, socket, mut poll) = support::server(&incompatible(), &[]);
    naive(server, socket, &mut poll).unwrap_err();
    poll.close();
    assert_eq!(poll.peer.error, None);
    assert_eq!(poll.peer.socket.taken(), 0, "the client has received a FIN only");
}

#[test]
fn ours_sends_the_alert_before_the_fin() {
    let pair = support::run(RawPair::server(incompatible(), Echo::default()), &[]);
    assert_eq!(pair.raw.error, Some(ALERT));
    assert!(matches!(pair.session.reason(), Some(CloseReason::Tls(_))));
}
