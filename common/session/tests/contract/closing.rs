//! `send_close_notify`.

use std::io::{ErrorKind, Write as _};

use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, Error, PeerMisbehaved};
use tls_session::simulation::network::records;
use tls_session::simulation::tls::VERSIONS;

use super::support::{Pair, damaged, output, output_records, plaintext, read, read_tls, receive, seal, tls};

#[test]
fn close_notify_is_queued_behind_all_output_and_sent_by_write_tls() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.writer().write_all(b"goodbye").unwrap();
        client.send_close_notify();
        let bytes = output(&mut client);
        assert_eq!(records(&bytes)[1].1, if version == &TLS13 { 24 } else { 31 });
        assert!(receive(&mut server, &bytes).unwrap().peer_has_closed());
        assert_eq!(plaintext(&mut server), b"goodbye");
    }
}

#[test]
fn the_second_close_notify_is_not_queued() {
    let mut client = Pair::established(&TLS13).client;
    client.send_close_notify();
    client.send_close_notify();
    assert_eq!(output_records(&mut client), 1);
    client.send_close_notify();
    assert!(!client.wants_write());
}

#[test]
fn no_close_notify_follows_a_fatal_alert() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    receive(&mut server, &damaged(seal(&mut client, b"bad"))).unwrap_err();
    assert_eq!(output_records(&mut server), 1);
    server.send_close_notify();
    assert!(!server.wants_write());
}

/// Nothing was told to the peer yet. So close_notify is queued, and the peer sees a clean end.
#[test]
fn close_notify_follows_an_error_that_queued_no_alert() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for _ in 0..33 {
        client.refresh_traffic_keys().unwrap();
    }
    let error = receive(&mut server, &output(&mut client)).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooManyKeyUpdateRequests));
    assert!(!server.wants_write());
    server.send_close_notify();
    assert!(receive(&mut client, &output(&mut server)).unwrap().peer_has_closed());
}

#[test]
fn our_close_notify_leaves_the_receiving_half_open() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.send_close_notify();
        receive(&mut server, &output(&mut client)).unwrap();
        assert!(client.wants_read());
        receive(&mut client, &seal(&mut server, b"the answer")).unwrap();
        assert_eq!(plaintext(&mut client), b"the answer");
        assert_eq!(read(&mut client), Err(ErrorKind::WouldBlock));
    }
}

#[test]
fn the_peers_close_notify_leaves_our_sending_half_open() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.send_close_notify();
        receive(&mut server, &output(&mut client)).unwrap();
        assert!(!server.wants_write()); // rustls does not answer it
        receive(&mut client, &seal(&mut server, b"the answer")).unwrap();
        server.send_close_notify();
        assert!(receive(&mut client, &output(&mut server)).unwrap().peer_has_closed());
        assert_eq!(plaintext(&mut client), b"the answer");
    }
}

#[test]
fn close_notify_in_the_handshake_fails_a_server_of_tls13() {
    let Pair { mut client, mut server } = Pair::of(tls(&TLS13));
    client.send_close_notify();
    let bytes = output(&mut client);
    assert_eq!(records(&bytes)[1].1, 7); // it is not encrypted
    let error = receive(&mut server, &bytes).unwrap_err();
    assert_eq!(error, Error::AlertReceived(AlertDescription::CloseNotify));
    assert!(server.wants_write() && server.is_handshaking());
}

#[test]
fn close_notify_in_the_handshake_is_ignored_by_a_server_of_tls12() {
    let mut pair = Pair::of(tls(&TLS12));
    pair.client.send_close_notify();
    let mut pair = pair.settled();
    assert!(!pair.server.process_new_packets().unwrap().peer_has_closed());
    pair.client.send_close_notify(); // it was sent: there is no second one
    assert!(!pair.client.wants_write());
}

#[test]
fn plaintext_that_was_kept_follows_a_close_notify_of_the_handshake() {
    let mut pair = Pair::of(tls(&TLS12));
    pair.client.writer().write_all(b"hello").unwrap();
    pair.client.send_close_notify();
    assert_eq!(plaintext(&mut pair.settled().server), b"hello");
}

/// With rustls' debug assertions this panics in `CommonState::send_fatal_alert`. The profile of this workspace
/// switches them off.
#[test]
fn a_fatal_error_after_our_close_notify_queues_a_second_alert() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        server.send_close_notify();
        assert!(receive(&mut client, &output(&mut server)).unwrap().peer_has_closed());
        let bad = damaged(seal(&mut client, b"bad"));
        assert_eq!(receive(&mut server, &bad), Err(Error::DecryptError));
        let alert = output(&mut server);
        assert_eq!(records(&alert).len(), 1);
        assert_eq!(read_tls(&mut client, &alert), 0); // the peer ignores it
    }
}
