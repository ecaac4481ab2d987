//! `Acceptor`.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, Connection, Error, PeerIncompatible};
use tls_session::simulation::tls::VERSIONS;

use super::support::{Broken, Pair, Untouched, output, receive, tls};

/// Passes bytes to an acceptor.
fn accept(acceptor: &mut Acceptor, bytes: &[u8]) -> Result<Option<Accepted>, (Error, Vec<u8>)> {
    acceptor.read_tls(&mut &bytes[..]).unwrap();
    acceptor.accept().map_err(|(error, alert)| (error, written(alert)))
}

fn written(mut alert: AcceptedAlert) -> Vec<u8> {
    let mut bytes = Vec::new();
    alert.write_all(&mut bytes).unwrap();
    bytes
}

/// The ClientHello of a client.
fn hello() -> Vec<u8> {
    output(&mut Pair::of(tls(&TLS13)).client)
}

#[test]
fn accept_returns_none_until_the_client_hello_is_complete() {
    let (mut acceptor, hello) = (Acceptor::default(), hello());
    assert!(acceptor.accept().unwrap().is_none());
    assert!(accept(&mut acceptor, &hello[..10]).unwrap().is_none());
    let accepted = accept(&mut acceptor, &hello[10..]).unwrap().unwrap();
    assert_eq!(accepted.client_hello().server_name(), Some("localhost"));
}

#[test]
fn an_acceptor_that_has_accepted_refuses_every_call() {
    let mut acceptor = Acceptor::default();
    accept(&mut acceptor, &hello()).unwrap().unwrap();
    assert_eq!(acceptor.read_tls(&mut Untouched).unwrap_err().kind(), ErrorKind::Other);
    let (error, alert) = acceptor.accept().err().unwrap();
    assert_eq!(error, Error::General("Acceptor polled after completion".into()));
    assert_eq!(written(alert), b"");
}

#[test]
fn end_of_file_makes_accept_return_none_for_ever() {
    let mut acceptor = Acceptor::default();
    assert_eq!(acceptor.read_tls(&mut io::empty()).unwrap(), 0);
    assert!(acceptor.accept().unwrap().is_none());
    assert_eq!(
        acceptor.read_tls(&mut Broken(ErrorKind::WouldBlock)).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn an_accepted_hello_becomes_a_connection_with_its_answer_queued() {
    for version in VERSIONS {
        let tls = tls(version);
        let mut pair = Pair::of(tls.clone());
        let accepted = accept(&mut Acceptor::default(), &output(&mut pair.client)).unwrap().unwrap();
        let server = accepted.into_connection(Arc::new(tls.server)).unwrap();
        pair.server = server.into();
        assert!(pair.server.wants_write());
        pair.settled();
    }
}

#[test]
fn bytes_behind_the_hello_need_one_process_without_a_read() {
    let tls = tls(&TLS12);
    let mut bytes = output(&mut Pair::of(tls.clone()).client);
    bytes.extend([21, 3, 3, 0, 2, 2, 40]); // a fatal alert
    let accepted = accept(&mut Acceptor::default(), &bytes).unwrap().unwrap();
    let mut server = Connection::from(accepted.into_connection(Arc::new(tls.server)).unwrap());
    let error = Error::AlertReceived(AlertDescription::HandshakeFailure);
    assert_eq!(server.process_new_packets(), Err(error));
}

#[test]
fn the_alert_of_a_refused_hello_is_in_the_error() {
    let (error, alert) = accept(&mut Acceptor::default(), b"GET / HTTP/1.1\r\n\r\n").err().unwrap();
    assert!(matches!(error, Error::InvalidMessage(_)));
    assert_eq!(alert, [21, 3, 3, 0, 2, 2, 50]); // decode_error

    // The configuration refuses the client: it has another version.
    let accepted = accept(&mut Acceptor::default(), &hello()).unwrap().unwrap();
    let (error, alert) = accepted.into_connection(Arc::new(tls(&TLS12).server)).unwrap_err();
    assert!(
        matches!(error, Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled)),
        "{error:?}"
    );
    assert_eq!(written(alert), [21, 3, 3, 0, 2, 2, 70]); // protocol_version
}

#[test]
fn write_all_of_an_alert_stops_at_would_block_and_keeps_the_rest() {
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &b"GET / HTTP/1.1\r\n\r\n"[..]).unwrap();
    let (_, mut alert) = acceptor.accept().err().unwrap();
    assert_eq!(
        alert.write_all(&mut Broken(ErrorKind::WouldBlock)).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    assert_eq!(written(alert).len(), 7);
}

/// A connection answers the same bytes by unexpected_message.
#[test]
fn an_acceptor_sends_no_alert_for_a_message_that_is_no_client_hello() {
    let finished = [22, 3, 1, 0, 4, 20, 0, 0, 0];
    let (error, alert) = accept(&mut Acceptor::default(), &finished).err().unwrap();
    assert!(matches!(error, Error::InappropriateHandshakeMessage { .. }));
    assert_eq!(alert, b"");

    let mut server = Pair::of(tls(&TLS13)).server;
    receive(&mut server, &finished).unwrap_err();
    assert_eq!(output(&mut server), [21, 3, 3, 0, 2, 2, 10]);
}
