//! `refresh_traffic_keys`, the answer to a KeyUpdate, and `dangerous_extract_secrets`.

use std::io::Write as _;

use rustls::version::{TLS12, TLS13};
use rustls::{Connection, ContentType, Error, PeerMisbehaved};
use tls_session::simulation::network::records;
use tls_session::simulation::tls::Tls;

use super::support::{KEY_UPDATE, Pair, Sealer, forged, lengths, output, plaintext, receive, seal, tls};

/// The length of the record of a KeyUpdate.
const KEY_UPDATE_RECORD: usize = 27;

/// A server that has received a KeyUpdate from the client. The client waits for the answer.
fn asked() -> Pair {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    client.refresh_traffic_keys().unwrap();
    receive(&mut server, &output(&mut client)).unwrap();
    Pair { client, server }
}

#[test]
fn refresh_queues_a_key_update_at_once() {
    let mut client = Pair::established(&TLS13).client;
    client.refresh_traffic_keys().unwrap();
    assert!(client.wants_write());
    client.refresh_traffic_keys().unwrap(); // each call sends one
    assert_eq!(lengths(&output(&mut client)), [KEY_UPDATE_RECORD; 2]);
}

#[test]
fn both_ends_use_new_keys_after_a_refresh() {
    let Pair { mut client, mut server } = asked();
    receive(&mut client, &seal(&mut server, b"answer")).unwrap();
    receive(&mut server, &seal(&mut client, b"question")).unwrap();
    assert_eq!(plaintext(&mut client), b"answer");
    assert_eq!(plaintext(&mut server), b"question");
    // Sequence numbers begin again with new keys.
    assert_eq!(client.dangerous_extract_secrets().unwrap().tx.0, 1);
    assert_eq!(server.dangerous_extract_secrets().unwrap().tx.0, 1);
}

#[test]
fn refresh_fails_before_the_end_of_the_handshake_and_the_error_is_not_sticky() {
    let mut pair = Pair::of(tls(&TLS13));
    assert_eq!(pair.client.refresh_traffic_keys(), Err(Error::HandshakeNotComplete));
    assert_eq!(pair.server.refresh_traffic_keys(), Err(Error::HandshakeNotComplete));
    let mut pair = pair.settled();
    pair.client.refresh_traffic_keys().unwrap();
}

#[test]
fn refresh_fails_in_tls12_and_the_error_is_not_sticky() {
    let Pair { mut client, mut server } = Pair::established(&TLS12);
    assert_eq!(client.refresh_traffic_keys(), Err(Error::HandshakeNotComplete));
    receive(&mut server, &seal(&mut client, b"hello")).unwrap();
    assert_eq!(plaintext(&mut server), b"hello");
}

#[test]
fn refresh_inside_a_partial_handshake_message_queues_an_alert_and_is_not_sticky() {
    let (mut server, mut sealer) = forged();
    receive(&mut server, &sealer.record(ContentType::Handshake, &[KEY_UPDATE, 0, 0])).unwrap();
    let error = server.refresh_traffic_keys().unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::KeyEpochWithPendingFragment));
    assert_eq!(lengths(&output(&mut server)), [24]); // the alert
    server.process_new_packets().unwrap();
    server.writer().write_all(b"still open").unwrap();
}

#[test]
fn the_answer_to_a_key_update_waits_for_the_next_record() {
    let Pair { mut client, mut server } = asked();
    assert!(!server.wants_write());
    assert_eq!(server.process_new_packets().unwrap().tls_bytes_to_write(), 0);
    server.writer().write_all(b"answer").unwrap();
    let bytes = output(&mut server);
    assert_eq!(records(&bytes)[0].1, KEY_UPDATE_RECORD);
    receive(&mut client, &bytes).unwrap();
    assert_eq!(plaintext(&mut client), b"answer");
}

#[test]
fn an_empty_write_releases_the_answer_to_a_key_update() {
    let Pair { mut client, mut server } = asked();
    assert_eq!(server.writer().write(b"").unwrap(), 0);
    let bytes = output(&mut server);
    assert_eq!(bytes.len(), KEY_UPDATE_RECORD);
    receive(&mut client, &bytes).unwrap();
}

#[test]
fn close_notify_releases_the_answer_to_a_key_update() {
    let mut server = asked().server;
    server.send_close_notify();
    assert_eq!(lengths(&output(&mut server)), [KEY_UPDATE_RECORD, 24]);
}

#[test]
fn several_key_updates_get_one_answer() {
    let Pair { mut client, mut server } = asked();
    for _ in 0..3 {
        client.refresh_traffic_keys().unwrap();
        receive(&mut server, &output(&mut client)).unwrap();
    }
    assert_eq!(server.writer().write(b"").unwrap(), 0);
    let bytes = output(&mut server);
    assert_eq!(bytes.len(), KEY_UPDATE_RECORD);
    receive(&mut client, &bytes).unwrap();
    receive(&mut client, &seal(&mut server, b"answer")).unwrap();
    assert_eq!(plaintext(&mut client), b"answer");
}

#[test]
fn the_33rd_key_update_without_data_fails_without_an_alert() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let mut updates = |count| {
        for _ in 0..count {
            client.refresh_traffic_keys().unwrap();
        }
        output(&mut client)
    };
    receive(&mut server, &updates(32)).unwrap();
    let error = receive(&mut server, &updates(1)).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooManyKeyUpdateRequests));
    assert!(!server.wants_write());
}

#[test]
fn secrets_have_the_sequence_numbers_of_the_next_records() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    for _ in 0..3 {
        receive(&mut server, &seal(&mut client, b"!")).unwrap();
    }
    let sent = client.dangerous_extract_secrets().unwrap();
    let received = server.dangerous_extract_secrets().unwrap();
    assert_eq!((sent.tx.0, sent.rx.0), (3, 1)); // the server has sent its tickets in one record
    assert_eq!((received.tx.0, received.rx.0), (1, 3));
}

fn extraction_error(tls: Connection) -> Option<Error> {
    tls.dangerous_extract_secrets().err()
}

#[test]
fn secrets_need_the_option_a_finished_handshake_and_an_empty_queue() {
    let refused = Pair::of(Tls::new(&TLS13)).settled().client;
    let reason = |text: &str| Some(Error::General(text.into()));
    assert_eq!(extraction_error(refused), reason("Secret extraction is disabled"));
    assert_eq!(extraction_error(Pair::of(tls(&TLS13)).client), Some(Error::HandshakeNotComplete));
    let mut queued = Pair::established(&TLS13).client;
    queued.writer().write_all(b"hello").unwrap();
    let error = extraction_error(queued).unwrap().to_string();
    assert!(error.contains("there are still buffered TLS records to send"), "{error}");
}

#[test]
fn secrets_of_a_failed_connection_are_its_error() {
    let (mut server, _) = forged();
    receive(&mut server, b"no TLS at all").unwrap_err();
    output(&mut server);
    assert!(matches!(extraction_error(server), Some(Error::InvalidMessage(_))));
}

/// The client opens records with the old keys until it has the answer. The answer is gone.
#[test]
fn secrets_lose_the_answer_to_a_key_update() {
    let Pair { mut client, server } = asked();
    let mut sealer = Sealer::of(server);
    let record = sealer.record(ContentType::ApplicationData, b"unreadable");
    assert_eq!(receive(&mut client, &record), Err(Error::DecryptError));
}

#[test]
fn an_empty_write_before_the_extraction_saves_the_answer_to_a_key_update() {
    let Pair { mut client, mut server } = asked();
    assert_eq!(server.writer().write(b"").unwrap(), 0);
    receive(&mut client, &output(&mut server)).unwrap();
    let record = Sealer::of(server).record(ContentType::ApplicationData, b"readable");
    receive(&mut client, &record).unwrap();
    assert_eq!(plaintext(&mut client), b"readable");
}

#[test]
fn secrets_are_extracted_although_plaintext_waits() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let state = receive(&mut server, &seal(&mut client, b"lost")).unwrap();
    assert_eq!(state.plaintext_bytes_to_read(), 4);
    assert_eq!(server.dangerous_extract_secrets().unwrap().rx.0, 1);
}
