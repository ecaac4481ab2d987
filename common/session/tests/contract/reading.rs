//! `read_tls`, `process_new_packets` and `reader()`.

use std::io::{self, BufRead as _, ErrorKind, Read};

use rustls::version::TLS13;
use rustls::{Connection, Error, InvalidMessage};
use tls_session::simulation::pattern;
use tls_session::simulation::tls::VERSIONS;

use super::support::{
    Broken, Pair, Untouched, damaged, output, plaintext, read, read_tls, receive, seal, tls,
};

/// The largest plaintext of one record.
const RECORD: usize = 16_384;

/// A reader that notes the sizes of the slices that rustls offers. It fills each of them.
struct Offers<'a> {
    bytes: &'a [u8],
    sizes: Vec<usize>,
}

impl Read for Offers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.sizes.push(buffer.len());
        self.bytes.read(buffer)
    }
}

#[test]
fn read_tls_calls_the_reader_once_and_decrypts_nothing() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        let bytes = seal(&mut client, b"hello");
        let mut offers = Offers { bytes: &bytes, sizes: Vec::new() };
        assert_eq!(server.read_tls(&mut offers).unwrap(), bytes.len());
        assert_eq!(offers.sizes.len(), 1);
        assert_eq!(read(&mut server), Err(ErrorKind::WouldBlock));
        assert_eq!(server.process_new_packets().unwrap().plaintext_bytes_to_read(), 5);
        assert_eq!(plaintext(&mut server), b"hello");
    }
}

#[test]
fn read_tls_offers_4096_bytes_at_first() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let bytes = seal(&mut client, &pattern(RECORD));
    assert_eq!(bytes.len(), 16_406);
    let mut offers = Offers { bytes: &bytes, sizes: Vec::new() };
    while !offers.bytes.is_empty() {
        server.read_tls(&mut offers).unwrap();
        server.process_new_packets().unwrap();
    }
    assert_eq!(offers.sizes, [4096, 4096, 4096, 4096, 2053]);
    assert_eq!(plaintext(&mut server), pattern(RECORD));
}

#[test]
fn read_tls_returns_zero_at_end_of_file_and_the_reader_reports_it() {
    for version in VERSIONS {
        let Pair { mut client, .. } = Pair::established(version);
        assert_eq!(client.read_tls(&mut io::empty()).unwrap(), 0);
        assert!(!client.process_new_packets().unwrap().peer_has_closed());
        assert_eq!(read(&mut client), Err(ErrorKind::UnexpectedEof));
        assert!(client.wants_read());
    }
}

#[test]
fn an_empty_slice_counts_as_end_of_file_for_ever() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    assert_eq!(read_tls(&mut server, &[]), 0);
    receive(&mut server, &seal(&mut client, b"later")).unwrap();
    assert_eq!(plaintext(&mut server), b"later");
    assert_eq!(read(&mut server), Err(ErrorKind::UnexpectedEof));
}

#[test]
fn read_tls_returns_zero_after_close_notify_without_calling_the_reader() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        client.send_close_notify();
        assert!(receive(&mut server, &output(&mut client)).unwrap().peer_has_closed());
        assert_eq!(server.read_tls(&mut Untouched).unwrap(), 0);
        assert_eq!(read(&mut server), Ok(0));
    }
}

#[test]
fn close_notify_wins_over_end_of_file() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    assert_eq!(read_tls(&mut server, &[]), 0);
    client.send_close_notify();
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(read(&mut server), Ok(0));
}

#[test]
fn an_error_of_the_socket_is_passed_on_and_not_remembered() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for kind in [ErrorKind::ConnectionReset, ErrorKind::WouldBlock, ErrorKind::Interrupted] {
        assert_eq!(server.read_tls(&mut Broken(kind)).unwrap_err().kind(), kind);
        assert_eq!(read(&mut server), Err(ErrorKind::WouldBlock));
        assert!(server.wants_read());
        server.process_new_packets().unwrap();
    }
    receive(&mut server, &seal(&mut client, b"hello")).unwrap();
    assert_eq!(plaintext(&mut server), b"hello");
}

/// Queues one record, and lets `to` decrypt it.
fn deliver(from: &mut Connection, to: &mut Connection, length: usize) {
    receive(to, &seal(from, &pattern(length))).unwrap();
}

#[test]
fn read_tls_refuses_to_read_while_more_than_16384_bytes_of_plaintext_wait() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    deliver(&mut client, &mut server, RECORD);
    deliver(&mut client, &mut server, RECORD); // exactly 16,384 bytes do not refuse it
    let error = server.read_tls(&mut Untouched).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert_eq!(error.to_string(), "received plaintext buffer full");
    assert_eq!(server.process_new_packets().unwrap().plaintext_bytes_to_read(), 2 * RECORD);

    assert_eq!(plaintext(&mut server).len(), 2 * RECORD);
    deliver(&mut client, &mut server, 1);
    assert_eq!(plaintext(&mut server).len(), 1);
}

/// The check comes before the read. After it, one `process_new_packets` decrypts up to 18,437 bytes.
#[test]
fn up_to_34777_bytes_of_plaintext_can_wait() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    deliver(&mut client, &mut server, RECORD);
    let bytes = [seal(&mut client, &pattern(RECORD)), seal(&mut client, &pattern(2009))].concat();
    let mut left = &bytes[..];
    while !left.is_empty() {
        server.read_tls(&mut left).unwrap();
    }
    assert_eq!(bytes.len(), 18_437);
    assert_eq!(server.process_new_packets().unwrap().plaintext_bytes_to_read(), 34_777);
}

#[test]
fn a_full_plaintext_buffer_hides_close_notify_from_read_tls() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    deliver(&mut client, &mut server, RECORD);
    let mut bytes = seal(&mut client, b"!");
    client.send_close_notify();
    bytes.extend(output(&mut client));
    assert!(receive(&mut server, &bytes).unwrap().peer_has_closed());
    assert_eq!(server.read_tls(&mut Untouched).unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(plaintext(&mut server).len(), RECORD + 1);
    assert_eq!(server.read_tls(&mut Untouched).unwrap(), 0);
}

#[test]
fn read_tls_refuses_to_read_while_18437_bytes_wait_for_process() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    client.set_buffer_limit(None);
    let bytes = seal(&mut client, &pattern(2 * RECORD));
    let mut left = &bytes[..];
    let error = loop {
        match server.read_tls(&mut left) {
            Ok(_) => assert!(server.wants_read()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "message buffer full");
    assert_eq!(bytes.len() - left.len(), 18_437);

    server.process_new_packets().unwrap();
    let mut received = plaintext(&mut server);
    receive(&mut server, left).unwrap();
    received.extend(plaintext(&mut server));
    assert_eq!(received, pattern(2 * RECORD));
}

/// A handshake message of this length, in records of `size` bytes. Its type is ClientHello.
fn long_message(length: usize, size: usize) -> Vec<u8> {
    let mut message = vec![1];
    message.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
    message.resize(4 + length, 0);
    let record = |part: &[u8]| [&[22, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat();
    message.chunks(size).flat_map(record).collect()
}

#[test]
fn read_tls_refuses_a_handshake_message_that_fills_65535_bytes_with_its_records() {
    let Pair { mut server, .. } = Pair::of(tls(&TLS13));
    let bytes = long_message(60_000, 5);
    let mut left = &bytes[..];
    let error = loop {
        match server.read_tls(&mut left) {
            Ok(_) => server.process_new_packets().unwrap(),
            Err(error) => break error,
        };
    };
    assert_eq!((error.kind(), bytes.len() - left.len()), (ErrorKind::InvalidData, 65_535));
    server.process_new_packets().unwrap(); // process does not know: nothing helps any more
    assert!(server.read_tls(&mut left).is_err() && !server.wants_write());
}

#[test]
fn process_fails_on_a_handshake_message_of_more_than_65535_bytes_without_an_alert() {
    let Pair { mut server, .. } = Pair::of(tls(&TLS13));
    let error = receive(&mut server, &long_message(65_536, RECORD)).unwrap_err();
    assert_eq!(error, Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge));
    assert!(!server.wants_write());
}

#[test]
fn process_takes_every_complete_record_and_leaves_a_partial_one() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        let mut bytes = seal(&mut client, b"one");
        bytes.extend(seal(&mut client, b"two"));
        let whole = bytes.len();
        bytes.extend(seal(&mut client, b"three"));
        assert_eq!(receive(&mut server, &bytes[..whole + 1]).unwrap().plaintext_bytes_to_read(), 6);
        assert_eq!(receive(&mut server, &bytes[whole + 1..]).unwrap().plaintext_bytes_to_read(), 11);
    }
}

#[test]
fn process_without_new_bytes_returns_the_same_state_after_the_handshake() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let state = receive(&mut server, &seal(&mut client, b"hello")).unwrap();
    assert_eq!(server.process_new_packets().unwrap(), state);
    assert_eq!(server.process_new_packets().unwrap(), state);
}

#[test]
fn tls_bytes_to_write_is_the_ciphertext_that_is_queued() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::of(tls(version));
        let state = receive(&mut server, &output(&mut client)).unwrap();
        assert!(state.tls_bytes_to_write() > 0);
        assert_eq!(state.tls_bytes_to_write(), output(&mut server).len());
        assert_eq!(server.process_new_packets().unwrap().tls_bytes_to_write(), 0);
    }
}

#[test]
fn peer_has_closed_stays_true_and_ignores_a_fin() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    read_tls(&mut server, &[]);
    assert!(!server.process_new_packets().unwrap().peer_has_closed());
    client.send_close_notify();
    receive(&mut server, &output(&mut client)).unwrap();
    for _ in 0..2 {
        assert!(server.process_new_packets().unwrap().peer_has_closed());
    }
}

#[test]
fn bytes_behind_close_notify_are_dropped() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        let before = seal(&mut client, b"before");
        client.send_close_notify();
        let close = output(&mut client);
        let behind = damaged(seal(&mut client, b"behind"));
        let state = receive(&mut server, &[before, close, behind].concat()).unwrap();
        assert!(state.peer_has_closed());
        assert_eq!(plaintext(&mut server), b"before");
    }
}

/// A server that has received "good" and then a damaged record, in one read.
fn failed(pair: Pair) -> Pair {
    let Pair { mut client, mut server } = pair;
    let good = seal(&mut client, b"good");
    let bad = damaged(seal(&mut client, b"bad"));
    assert_eq!(receive(&mut server, &[good, bad].concat()), Err(Error::DecryptError));
    Pair { client, server }
}

#[test]
fn a_fatal_error_is_returned_for_ever() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = failed(Pair::established(version));
        assert!(server.wants_write()); // the alert
        output(&mut server);
        assert_eq!(server.process_new_packets(), Err(Error::DecryptError));
        assert_eq!(server.refresh_traffic_keys(), Err(Error::DecryptError));
        let error = server.export_keying_material([0; 8], b"label", None);
        assert_eq!(error, Err(Error::DecryptError));

        // Nothing else tells that the connection has failed.
        assert!(!server.is_handshaking() && !server.wants_write());
        plaintext(&mut server);
        assert!(server.wants_read());
        assert!(read_tls(&mut server, &seal(&mut client, b"more")) > 0);
        assert_eq!(server.process_new_packets(), Err(Error::DecryptError));
    }
}

#[test]
fn plaintext_before_the_bad_record_can_be_read() {
    for version in VERSIONS {
        let Pair { mut server, .. } = failed(Pair::established(version));
        assert_eq!(plaintext(&mut server), b"good");
        assert_eq!(read(&mut server), Err(ErrorKind::WouldBlock)); // the reader does not tell the error
    }
}

#[test]
fn read_joins_records_and_the_first_chunk_is_one_record() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for part in [&b"one"[..], b"two", b"three"] {
        receive(&mut server, &seal(&mut client, part)).unwrap();
    }
    assert_eq!(server.reader().into_first_chunk().unwrap(), b"one");
    assert_eq!(server.reader().fill_buf().unwrap(), b"one"); // nothing was taken
    server.reader().consume(1);
    assert_eq!(server.reader().fill_buf().unwrap(), b"ne");
    let mut buffer = [0; 7];
    assert_eq!(server.reader().read(&mut buffer).unwrap(), 7);
    assert_eq!(&buffer, b"netwoth");
    assert_eq!(plaintext(&mut server), b"ree");
}

#[test]
#[should_panic(expected = "illegal `BufRead::consume` usage")]
fn consume_of_more_than_the_first_chunk_panics() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for part in [b"one", b"two"] {
        receive(&mut server, &seal(&mut client, part)).unwrap();
    }
    server.reader().consume(4);
}

#[test]
fn the_first_chunk_is_empty_after_close_notify() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let kind = |error: io::Error| error.kind();
    assert_eq!(server.reader().into_first_chunk().map_err(kind), Err(ErrorKind::WouldBlock));
    client.send_close_notify();
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(server.reader().into_first_chunk().map_err(kind), Ok(&[][..]));
}

#[test]
fn a_read_into_an_empty_buffer_returns_zero_and_tells_nothing() {
    let Pair { mut client, .. } = Pair::established(&TLS13);
    assert_eq!(client.reader().read(&mut []).unwrap(), 0);
    assert_eq!(read(&mut client), Err(ErrorKind::WouldBlock));
    read_tls(&mut client, &[]);
    assert_eq!(client.reader().read(&mut []).unwrap(), 0);
    assert_eq!(read(&mut client), Err(ErrorKind::UnexpectedEof));
}

#[test]
fn the_reader_returns_all_plaintext_before_it_reports_the_end() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        receive(&mut server, &seal(&mut client, b"last words")).unwrap();
        read_tls(&mut server, &[]);
        assert_eq!(read(&mut server), Ok(8));
        assert_eq!(read(&mut server), Ok(2));
        assert_eq!(read(&mut server), Err(ErrorKind::UnexpectedEof));
    }
}

#[test]
fn end_of_file_in_the_handshake_is_reported_by_the_reader_alone() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::of(tls(version));
        let hello = output(&mut client);
        receive(&mut server, &hello[..hello.len() / 2]).unwrap();
        read_tls(&mut server, &[]);
        server.process_new_packets().unwrap();
        assert_eq!(read(&mut server), Err(ErrorKind::UnexpectedEof));
        assert!(server.is_handshaking() && server.wants_read() && !server.wants_write());
    }
}
