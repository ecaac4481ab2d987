//! # In TLS 1.3 the client's handshake is done before the server has checked its certificate
//!
//! **Symptom:** A client without a valid certificate connects, sends its message, closes, and reports success. The server
//! has refused it, and the message is lost. With TLS 1.2 the handshake of the same client fails.
//!
//! **Cause:** A TLS 1.3 client sends its certificate together with Finished. Then its handshake is done. The server's
//! refusal is an alert that comes later (RFC 8446, 2; rustls, `CommonState::is_handshaking`, `common_state.rs`).
//!
//! **Rule:** A finished handshake does not mean that the server has accepted the client. Read until the server has
//! answered, or has sent its close_notify. Do that even if you expect no answer.
//!
//! **Ours:** `common/session/src/phase.rs`, `Phase::Closing`; `common/session/src/close_reason.rs`,
//! `CloseReason::PeerAlert`
//!
//! **Seen in:** rustls/rustls#1707, rustls/tokio-rustls#38, rustls/tokio-rustls#83, golang/go#28779

use std::io::{self, Write as _};

use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConnection, Error};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::Side;
use tls_session::simulation::cryptography::{provider, seed};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Talker;
use tls_session::simulation::tls::{Shared, Tls, client_config};

use super::support::{self, Poll};

const MESSAGE: &[u8] = b"a log line";

/// A client that delivers one message. It needs no answer.
fn naive(mut tls: ClientConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    loop {
        if !tls.is_handshaking() {
            tls.writer().write_all(MESSAGE)?;
            tls.send_close_notify();
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if !tls.is_handshaking() {
            return Ok(()); // delivered, and properly closed
        }
        if poll.wait().is_none() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
}

/// A server that demands a certificate, and a client that has none.
fn refused() -> Shared {
    seed(1);
    let tls = Tls::with_client_certificate(&TLS13).shared();
    tls.with_client(client_config(provider(Side::Client), &[&TLS13], false))
}

#[test]
fn the_naive_loop_reports_success() {
    let (client, socket, mut poll) = support::client(&refused(), &[]);
    naive(client, socket, &mut poll).unwrap();
    poll.close();
    assert_eq!(poll.peer.error, Some(Error::NoCertificatesPresented));
    assert!(poll.peer.received.is_empty());
}

#[test]
fn ours_reads_until_the_server_has_answered() {
    let client = Talker::sends(MESSAGE).closes_after(0);
    let pair = support::run(RawPair::client(refused(), client), &[]);
    let Some(CloseReason::PeerAlert(alert, _)) = pair.session.reason() else {
        panic!("{:?}", pair.session.reason())
    };
    assert_eq!(*alert, AlertDescription::CertificateRequired);
}
