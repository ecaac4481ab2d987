//! `writer()`, `write_tls` and `set_buffer_limit`.

use std::io::{ErrorKind, IoSlice, Write};

use rustls::version::{TLS12, TLS13};
use rustls::{ContentType, Error, SupportedProtocolVersion};
use tls_session::simulation::cryptography::{provider, with_record_limit};
use tls_session::simulation::network::records;
use tls_session::simulation::tls::{Tls, VERSIONS, client_config, server_config};
use tls_session::simulation::{Side, pattern};

use super::support::{
    Broken, Pair, Sealer, Taking, Untouched, damaged, lengths, output, output_records, plaintext, read,
    receive, seal, tls,
};

/// The limit of each send buffer, unless a test sets another.
const LIMIT: usize = 65_536;

#[test]
fn a_write_before_the_handshake_is_kept_and_sent_at_its_end() {
    for version in VERSIONS {
        let mut pair = Pair::of(tls(version));
        assert_eq!(pair.client.writer().write(b"hello").unwrap(), 5);
        assert_eq!(pair.server.writer().write(b"welcome").unwrap(), 7);
        assert_eq!(output_records(&mut Pair::of(tls(version)).client), output_records(&mut pair.client));
        assert!(!pair.server.wants_write()); // plaintext alone does not count

        let mut pair = Pair::of(tls(version));
        pair.client.writer().write_all(b"hello").unwrap();
        pair.server.writer().write_all(b"welcome").unwrap();
        let mut pair = pair.settled();
        assert_eq!(plaintext(&mut pair.server), b"hello");
        assert_eq!(plaintext(&mut pair.client), b"welcome");
    }
}

#[test]
fn a_write_takes_at_most_65536_bytes_and_then_zero() {
    let mut unfinished = Pair::of(tls(&TLS13)).client;
    for tls in [&mut unfinished, &mut Pair::established(&TLS13).client] {
        assert_eq!(tls.writer().write(&pattern(100_000)).unwrap(), LIMIT);
        assert_eq!(tls.writer().write(b"more").unwrap(), 0);
        assert_eq!(tls.writer().write_all(b"more").unwrap_err().kind(), ErrorKind::WriteZero);
    }
}

#[test]
fn a_write_takes_bytes_again_when_write_tls_has_made_room() {
    let mut client = Pair::established(&TLS13).client;
    assert_eq!(client.writer().write(&pattern(LIMIT)).unwrap(), LIMIT);
    assert_eq!(client.writer().write(b"more").unwrap(), 0);
    output(&mut client);
    assert_eq!(client.writer().write(b"more").unwrap(), 4);
}

/// 22 bytes of each record are not plaintext. So three bytes of room can make a record of 25 bytes.
#[test]
fn the_limit_counts_ciphertext_and_grants_plaintext() {
    let mut client = Pair::established(&TLS13).client;
    let (lengths, room) = ([16_384, 16_384, 16_384, 16_293], 3);
    for length in lengths {
        assert_eq!(client.writer().write(&pattern(length)).unwrap(), length);
    }
    assert_eq!(client.process_new_packets().unwrap().tls_bytes_to_write(), LIMIT - room);
    assert_eq!(client.writer().write(&pattern(100)).unwrap(), room);
    assert_eq!(client.process_new_packets().unwrap().tls_bytes_to_write(), LIMIT + 22);
}

#[test]
fn each_write_makes_records_of_its_own() {
    for version in VERSIONS {
        let mut client = Pair::established(version).client;
        client.writer().write_all(b"one").unwrap();
        client.writer().write_all(b"two").unwrap();
        assert_eq!(output_records(&mut client), 2);
        client.writer().write_all(&pattern(16_385)).unwrap();
        assert_eq!(output_records(&mut client), 2);
        let slices = [b"one", b"two"].map(|part| IoSlice::new(part));
        assert_eq!(client.writer().write_vectored(&slices).unwrap(), 6);
        assert_eq!(output_records(&mut client), 1);
    }
}

#[test]
fn an_empty_write_makes_no_record() {
    let mut client = Pair::established(&TLS13).client;
    assert_eq!(client.writer().write(b"").unwrap(), 0);
    assert!(!client.wants_write());
}

#[test]
fn flush_of_the_writer_moves_nothing() {
    let mut client = Pair::established(&TLS13).client;
    client.writer().write_all(b"hello").unwrap();
    client.writer().flush().unwrap();
    assert!(client.wants_write());
}

#[test]
fn write_and_flush_return_the_fatal_error_even_for_no_bytes() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        receive(&mut server, &damaged(seal(&mut client, b"bad"))).unwrap_err();
        let errors = [
            server.writer().write(b"answer").unwrap_err(),
            server.writer().write(b"").unwrap_err(),
            server.writer().flush().unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&Error::DecryptError));
        }
    }
}

#[test]
fn a_write_after_our_close_notify_is_taken_sent_and_ignored() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.send_close_notify();
        receive(&mut server, &output(&mut client)).unwrap();
        let late = seal(&mut client, b"late");
        assert_eq!(records(&late).len(), 1);
        assert_eq!(server.read_tls(&mut &late[..]).unwrap(), 0);
        assert_eq!(read(&mut server), Ok(0));
    }
}

/// Both after the handshake. The keys of the client seal five records: in TLS 1.2 its Finished is the first of them.
fn with_few_records(version: &'static SupportedProtocolVersion) -> Pair {
    let client = client_config(with_record_limit(Side::Client, 5), &[version], false);
    let mut server = server_config(provider(Side::Server), &[version], None);
    server.enable_secret_extraction = true;
    Pair::of(Tls::of(client, server)).settled()
}

#[test]
fn writes_beyond_the_limit_of_tls12_keys_return_their_length_and_send_close_notify_alone() {
    let Pair { mut client, mut server } = with_few_records(&TLS12);
    for _ in 0..4 {
        receive(&mut server, &seal(&mut client, b"!")).unwrap();
    }
    assert_eq!(client.writer().write(b"lost").unwrap(), 4);
    assert!(receive(&mut server, &output(&mut client)).unwrap().peer_has_closed());
    assert_eq!(plaintext(&mut server), b"!!!!");

    assert_eq!(client.writer().write(b"lost too").unwrap(), 8);
    assert!(!client.wants_write());
    client.process_new_packets().unwrap(); // nothing is an error
}

#[test]
fn a_write_that_would_exceed_the_limit_of_tls12_keys_in_its_last_record_is_lost_whole() {
    let Pair { mut client, mut server } = with_few_records(&TLS12);
    for _ in 0..3 {
        client.writer().write_all(b"!").unwrap();
    }
    assert_eq!(client.writer().write(&pattern(16_385)).unwrap(), 16_385); // two records, and one would fit
    assert!(receive(&mut server, &output(&mut client)).unwrap().peer_has_closed());
    assert_eq!(plaintext(&mut server), b"!!!");
}

#[test]
fn the_refusal_of_a_renegotiation_takes_one_of_the_records_of_tls12_keys() {
    for (renegotiates, fitting) in [(false, 4), (true, 3)] {
        let Pair { mut client, server } = with_few_records(&TLS12);
        let mut server = Sealer::of(server);
        if renegotiates {
            let hello_request = server.record(ContentType::Handshake, &[0, 0, 0, 0]);
            receive(&mut client, &hello_request).unwrap();
            assert_eq!(output_records(&mut client), 1);
        }
        for _ in 0..10 {
            client.writer().write_all(b"!").unwrap();
        }
        assert_eq!(output_records(&mut client), fitting + 1); // the last one is close_notify
    }
}

#[test]
fn a_write_beyond_the_limit_of_tls13_keys_updates_them_and_loses_nothing() {
    let Pair { mut client, mut server } = with_few_records(&TLS13);
    let mut counts = Vec::new();
    for _ in 0..20 {
        client.writer().write_all(b"!").unwrap();
        let bytes = output(&mut client);
        receive(&mut server, &bytes).unwrap();
        counts.push(lengths(&bytes).len());
    }
    assert_eq!(plaintext(&mut server), [b'!'; 20]);
    assert_eq!(counts[..10], [1, 1, 1, 1, 2, 1, 1, 1, 2, 1]); // the KeyUpdate takes the place of a record
}

#[test]
fn write_tls_makes_one_vectored_write_of_at_most_64_slices() {
    let mut client = Pair::established(&TLS13).client;
    for _ in 0..200 {
        client.writer().write_all(b"!").unwrap();
    }
    let mut socket = Taking::default();
    while client.wants_write() {
        client.write_tls(&mut socket).unwrap();
    }
    assert_eq!(socket.slices, [64, 64, 64, 8]);
}

#[test]
fn write_tls_returns_zero_without_calling_the_writer_if_nothing_is_queued() {
    let mut client = Pair::established(&TLS13).client;
    assert_eq!(client.write_tls(&mut Untouched).unwrap(), 0);
}

#[test]
fn write_tls_returns_zero_if_the_writer_takes_nothing() {
    let mut client = Pair::of(tls(&TLS13)).client;
    let mut full = Taking { limit: Some(0), ..Taking::default() };
    assert_eq!(client.write_tls(&mut full).unwrap(), 0);
    assert!(client.wants_write());
}

#[test]
fn an_error_of_the_writer_and_a_short_write_lose_nothing() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    client.writer().write_all(b"one").unwrap();
    client.writer().write_all(b"two").unwrap();
    let mut socket = Taking { limit: Some(7), ..Taking::default() };
    while client.wants_write() {
        for kind in [ErrorKind::WouldBlock, ErrorKind::ConnectionReset] {
            assert_eq!(client.write_tls(&mut Broken(kind)).unwrap_err().kind(), kind);
        }
        assert!(client.write_tls(&mut socket).unwrap() > 0);
    }
    receive(&mut server, &socket.bytes).unwrap();
    assert_eq!(plaintext(&mut server), b"onetwo");
}

/// A writer that claims one byte more than it was given.
struct Liar;

impl Write for Liar {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len() + 1)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_reports_too_much_is_an_error_and_the_bytes_are_gone() {
    let mut client = Pair::established(&TLS13).client;
    client.writer().write_all(b"hello").unwrap();
    let error = client.write_tls(&mut Liar).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().starts_with("illegal write_vectored return value"), "{error}");
    assert!(!client.wants_write());
}

#[test]
fn write_tls_works_after_a_fatal_error() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        server.writer().write_all(b"queued before").unwrap();
        receive(&mut server, &damaged(seal(&mut client, b"bad"))).unwrap_err();
        let bytes = output(&mut server);
        let [(_, first), _alert] = records(&bytes)[..] else { panic!("two records") };
        receive(&mut client, &bytes[..first]).unwrap();
        assert_eq!(plaintext(&mut client), b"queued before");
        assert!(receive(&mut client, &bytes[first..]).is_err());
    }
}

#[test]
fn a_limit_of_one_takes_one_byte_and_a_limit_of_zero_takes_none() {
    let mut client = Pair::established(&TLS13).client;
    client.set_buffer_limit(Some(1));
    assert_eq!(client.writer().write(b"hello").unwrap(), 1);
    assert_eq!(client.writer().write(b"ello").unwrap(), 0);
    output(&mut client);
    assert_eq!(client.writer().write(b"ello").unwrap(), 1);
    output(&mut client);
    client.set_buffer_limit(Some(0));
    assert_eq!(client.writer().write(b"llo").unwrap(), 0);
    assert!(!client.wants_write());
}

#[test]
fn a_lower_limit_keeps_what_is_queued() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    client.writer().write_all(b"queued").unwrap();
    client.set_buffer_limit(Some(1));
    assert_eq!(client.writer().write(b"more").unwrap(), 0);
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(plaintext(&mut server), b"queued");
}

#[test]
fn without_a_limit_a_write_takes_everything() {
    let mut unfinished = Pair::of(tls(&TLS13)).client;
    for tls in [&mut unfinished, &mut Pair::established(&TLS13).client] {
        tls.set_buffer_limit(None);
        assert_eq!(tls.writer().write(&pattern(1_000_000)).unwrap(), 1_000_000);
    }
}

#[test]
fn handshake_and_alerts_ignore_the_limit() {
    for version in VERSIONS {
        let mut pair = Pair::of(tls(version));
        pair.client.writer().write_all(b"early bird").unwrap();
        pair.client.set_buffer_limit(Some(0));
        pair.server.set_buffer_limit(Some(0));
        let mut pair = pair.settled();
        assert_eq!(plaintext(&mut pair.server), b"early bird"); // what was kept ignores it too
        pair.client.send_close_notify();
        assert!(pair.client.wants_write());
    }
}

#[test]
fn the_limit_does_not_bound_what_is_received() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    server.set_buffer_limit(Some(0));
    receive(&mut server, &seal(&mut client, &pattern(16_384))).unwrap();
    assert_eq!(plaintext(&mut server).len(), 16_384);
}
