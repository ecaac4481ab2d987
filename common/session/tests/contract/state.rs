//! `wants_read`, `wants_write`, `is_handshaking`, and what is known about the peer at which moment.

use std::io::{ErrorKind, Write as _};

use rustls::version::{TLS12, TLS13};
use rustls::{Connection, HandshakeKind, NamedGroup, ProtocolVersion};
use tls_session::simulation::network::records;
use tls_session::simulation::tls::{Tls, VERSIONS};

use super::support::{Broken, Pair, damaged, output, plaintext, read_tls, receive, seal, tls};

#[test]
fn a_new_client_wants_to_write_and_a_new_server_wants_to_read() {
    for version in VERSIONS {
        let Pair { mut client, server } = Pair::of(tls(version));
        assert_eq!((client.wants_write(), client.wants_read()), (true, false));
        assert_eq!((server.wants_write(), server.wants_read()), (false, true));
        output(&mut client); // the ClientHello
        assert_eq!((client.wants_write(), client.wants_read()), (false, true));
    }
}

#[test]
fn in_the_handshake_nobody_wants_to_read_before_the_output_is_written() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::of(tls(version));
        receive(&mut server, &output(&mut client)).unwrap();
        assert_eq!((server.wants_write(), server.wants_read()), (true, false));
        output(&mut server);
        assert_eq!((server.wants_write(), server.wants_read()), (false, true));
    }
}

#[test]
fn after_the_handshake_queued_output_does_not_stop_wants_read() {
    let mut client = Pair::established(&TLS13).client;
    client.writer().write_all(b"hello").unwrap();
    assert!(client.wants_write() && client.wants_read());
}

#[test]
fn wants_read_is_false_while_one_byte_of_plaintext_waits() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    receive(&mut server, &seal(&mut client, b"!")).unwrap();
    assert!(!server.wants_read());
    assert!(read_tls(&mut server, &seal(&mut client, b"?")) > 0); // it is advice: read_tls still reads
    plaintext(&mut server);
    assert!(server.wants_read());
}

#[test]
fn wants_read_is_false_after_close_notify() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.send_close_notify();
        receive(&mut server, &output(&mut client)).unwrap();
        assert!(!server.wants_read());
    }
}

#[test]
fn wants_read_stays_true_after_end_of_file_and_after_errors() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    server.read_tls(&mut Broken(ErrorKind::ConnectionReset)).unwrap_err();
    assert!(server.wants_read());
    read_tls(&mut server, &[]);
    assert!(server.wants_read());
    receive(&mut server, &damaged(seal(&mut client, b"bad"))).unwrap_err();
    assert!(server.wants_read());
}

#[test]
fn wants_write_is_the_same_as_a_non_empty_queue() {
    let mut client = Pair::established(&TLS13).client;
    assert!(!client.wants_write());
    client.writer().write_all(b"hello").unwrap();
    assert!(client.wants_write());
    assert!(client.process_new_packets().unwrap().tls_bytes_to_write() > 0);
    output(&mut client);
    assert!(!client.wants_write());
}

/// Moves bytes until `end` says that the handshake is done. Its own output stays in it.
fn until_done(mut pair: Pair, server: bool) -> Connection {
    loop {
        receive(&mut pair.server, &output(&mut pair.client)).unwrap();
        if server && !pair.server.is_handshaking() {
            return pair.server;
        }
        receive(&mut pair.client, &output(&mut pair.server)).unwrap();
        if !server && !pair.client.is_handshaking() {
            return pair.client;
        }
    }
}

#[test]
fn the_handshake_is_done_before_its_last_flight_is_written() {
    let cases = [
        (&TLS13, false, 2), // ChangeCipherSpec, Finished
        (&TLS13, true, 1),  // two tickets in one record
        (&TLS12, true, 2),  // ChangeCipherSpec, Finished
        (&TLS12, false, 0), // the client's flight was written before
    ];
    for (version, server, queued) in cases {
        let mut end = until_done(Pair::of(tls(version)), server);
        assert_eq!(end.wants_write(), queued > 0);
        assert_eq!(records(&output(&mut end)).len(), queued, "{version:?}, server: {server}");
    }
}

#[test]
fn data_behind_the_last_flight_is_decrypted_by_the_same_process() {
    let mut pair = Pair::of(tls(&TLS13));
    pair.client.writer().write_all(b"hello").unwrap();
    receive(&mut pair.server, &output(&mut pair.client)).unwrap();
    receive(&mut pair.client, &output(&mut pair.server)).unwrap();
    read_tls(&mut pair.server, &output(&mut pair.client));
    assert!(pair.server.is_handshaking());
    assert_eq!(pair.server.process_new_packets().unwrap().plaintext_bytes_to_read(), 5);
    assert!(!pair.server.is_handshaking() && pair.server.wants_write() && !pair.server.wants_read());
}

#[test]
fn a_server_with_half_rtt_data_sends_while_it_is_handshaking() {
    let mut tls: Tls = tls(&TLS13);
    tls.server.send_half_rtt_data = true;
    let Pair { mut client, mut server } = Pair::of(tls);
    receive(&mut server, &output(&mut client)).unwrap();
    assert!(server.is_handshaking() && server.wants_read() && server.wants_write());
    server.writer().write_all(b"welcome").unwrap();
    receive(&mut client, &output(&mut server)).unwrap();
    assert_eq!(plaintext(&mut client), b"welcome");
    assert!(server.is_handshaking());
}

#[test]
fn a_failed_handshake_is_handshaking_for_ever() {
    for version in VERSIONS {
        let mut server = Pair::of(tls(version)).server;
        receive(&mut server, b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
        output(&mut server);
        assert!(server.is_handshaking() && server.wants_read());
    }
}

/// What is known about a handshake.
type Known = (Option<ProtocolVersion>, Option<NamedGroup>, bool, Option<HandshakeKind>, bool);

fn known(tls: &Connection) -> Known {
    (
        tls.protocol_version(),
        tls.negotiated_key_exchange_group().map(|group| group.name()),
        tls.peer_certificates().is_some(),
        tls.handshake_kind(),
        tls.is_handshaking(),
    )
}

const GROUP: Option<NamedGroup> = Some(NamedGroup::X25519);
const V13: Option<ProtocolVersion> = Some(ProtocolVersion::TLSv1_3);
const V12: Option<ProtocolVersion> = Some(ProtocolVersion::TLSv1_2);
const FULL: Option<HandshakeKind> = Some(HandshakeKind::Full);
const RESUMED: Option<HandshakeKind> = Some(HandshakeKind::Resumed);

/// Passes the records one at a time, and lists the changes of what is known.
fn changes(tls: &mut Connection, bytes: &[u8], seen: &mut Vec<Known>) {
    for (start, length) in records(bytes) {
        receive(tls, &bytes[start..start + length]).unwrap();
        let now = known(tls);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
}

/// Runs a handshake, record by record. Returns what the client and the server knew.
fn learned(mut pair: Pair) -> [Vec<Known>; 2] {
    let (mut client, mut server) = (vec![known(&pair.client)], vec![known(&pair.server)]);
    while pair.client.wants_write() || pair.server.wants_write() {
        changes(&mut pair.server, &output(&mut pair.client), &mut server);
        changes(&mut pair.client, &output(&mut pair.server), &mut client);
    }
    [client, server]
}

const NOTHING: Known = (None, None, false, None, true);

/// Two ends that send their flights in small pieces, so that the moments of one flight can be told apart.
fn in_pieces(mut tls: Tls) -> Tls {
    tls.client.max_fragment_size = Some(32);
    tls.server.max_fragment_size = Some(32);
    tls
}

#[test]
fn the_version_and_the_group_are_known_from_the_hellos_of_tls13_on() {
    let [client, server] = learned(Pair::of(in_pieces(tls(&TLS13))));
    let hello = (V13, GROUP, false, None, true);
    assert_eq!(client[..2], [NOTHING, hello]);
    assert_eq!(server[..2], [NOTHING, (V13, GROUP, false, FULL, true)]);
}

#[test]
fn the_group_of_tls12_is_known_before_the_end_of_the_handshake() {
    let [client, server] = learned(Pair::of(in_pieces(tls(&TLS12))));
    let known_before_the_end = [(V12, GROUP, true, FULL, true), (V12, GROUP, true, FULL, false)];
    assert_eq!(client[..2], [NOTHING, (V12, None, false, FULL, true)]);
    assert_eq!(client[2..], known_before_the_end);
    let hello = (V12, None, false, FULL, true);
    let key_exchange = (V12, GROUP, false, FULL, true);
    assert_eq!(server, [NOTHING, hello, key_exchange, (V12, GROUP, false, FULL, false)]);
}

#[test]
fn a_certificate_is_known_when_it_is_verified_and_before_the_handshake_is_done() {
    for (version, number) in [(&TLS13, V13), (&TLS12, V12)] {
        let [client, server] = learned(Pair::of(in_pieces(Tls::with_client_certificate(version))));
        for seen in [client, server] {
            let with_certificate: Vec<_> = seen.iter().filter(|known| known.2).map(|known| known.4).collect();
            assert_eq!(with_certificate.first(), Some(&true), "{seen:?}");
            assert_eq!(*seen.last().unwrap(), (number, GROUP, true, FULL, false));
        }
    }
}

/// Two configurations that resume. One handshake has been made.
fn resuming(tls: Tls) -> Tls {
    let tls = tls.afresh(true);
    Pair::of(tls.clone()).settled();
    tls
}

#[test]
fn a_resumed_session_of_tls12_has_no_group() {
    let [client, server] = learned(Pair::of(resuming(tls(&TLS12))));
    assert_eq!(client, [NOTHING, (V12, None, true, RESUMED, true), (V12, None, true, RESUMED, false)]);
    assert_eq!(server, [NOTHING, (V12, None, false, RESUMED, true), (V12, None, false, RESUMED, false)]);
}

/// It comes from the memory of each end, or from the ticket. No verifier is called.
#[test]
fn the_certificate_of_a_resumed_session_is_known_before_the_finished_of_the_peer() {
    let [client, server] = learned(Pair::of(resuming(Tls::with_client_certificate(&TLS12))));
    assert_eq!(client[1], (V12, None, true, RESUMED, true)); // ServerHello
    assert_eq!(server[1], (V12, None, true, RESUMED, true)); // ClientHello

    let [client, server] = learned(Pair::of(in_pieces(resuming(Tls::with_client_certificate(&TLS13)))));
    assert_eq!(client[1..3], [(V13, GROUP, false, None, true), (V13, GROUP, true, RESUMED, true)]);
    assert_eq!(server[1], (V13, GROUP, true, RESUMED, true)); // ClientHello
}

#[test]
fn what_is_known_stays_known_after_an_error() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        let before = known(&client);
        receive(&mut client, &damaged(seal(&mut server, b"bad"))).unwrap_err();
        assert_eq!(known(&client), before);
    }
}
