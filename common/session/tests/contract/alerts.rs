//! Which places in rustls queue an alert.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConnection, Connection, ContentType, Error, InvalidMessage, PeerMisbehaved,
    SupportedProtocolVersion,
};
use tls_session::simulation::tls::{Tls, VERSIONS, key};

use super::support::{
    FATAL, KEY_UPDATE, Pair, Sealer, WARNING, damaged, forged, forged12, output, queued_alert, receive, seal,
    tls,
};

/// Returns the alert in the only queued record, if it is not encrypted. `None`: nothing is queued.
fn plain_alert(tls: &mut Connection) -> Option<AlertDescription> {
    match output(tls)[..] {
        [] => None,
        [21, 3, _, 0, 2, FATAL, alert] => Some(alert.into()),
        ref other => panic!("no alert: {other:?}"),
    }
}

/// Returns whether one encrypted alert is queued. It is 24 bytes long in TLS 1.3, and 31 in TLS 1.2.
fn sealed_alert(tls: &mut Connection) -> bool {
    match output(tls).len() {
        0 => false,
        24 | 31 => true,
        other => panic!("no alert: {other} bytes"),
    }
}

/// Passes `accepted` records, and returns the error of the next one.
fn error_after(accepted: usize, tls: &mut Connection, mut record: impl FnMut() -> Vec<u8>) -> Error {
    for _ in 0..accepted {
        receive(tls, &record()).unwrap();
        output(tls);
    }
    receive(tls, &record()).unwrap_err()
}

// ---- places that queue one --------------------------------------------------------------------------------------

#[test]
fn a_header_that_is_not_tls_queues_decode_error() {
    for version in VERSIONS {
        let mut server = Pair::of(tls(version)).server;
        let error = receive(&mut server, b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
        assert_eq!(error, Error::InvalidMessage(InvalidMessage::InvalidContentType));
        assert_eq!(plain_alert(&mut server), Some(AlertDescription::DecodeError));
    }
}

#[test]
fn a_record_that_cannot_be_opened_queues_bad_record_mac() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::established(version);
        let bad = damaged(seal(&mut client, b"bad"));
        assert_eq!(receive(&mut server, &bad), Err(Error::DecryptError));
        assert_eq!(queued_alert(&mut server, &mut client), Some(AlertDescription::BadRecordMac));
    }
}

#[test]
fn an_oversized_record_queues_record_overflow() {
    let (mut server, mut sealer) = forged();
    let record = sealer.record(ContentType::ApplicationData, &[0; 16_385]);
    assert_eq!(receive(&mut server, &record), Err(Error::PeerSentOversizedRecord));
    assert!(sealed_alert(&mut server));
}

#[test]
fn a_sealed_change_cipher_spec_queues_unexpected_message() {
    let (mut server, mut sealer) = forged();
    let error = receive(&mut server, &sealer.record(ContentType::ChangeCipherSpec, &[1])).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec));
    assert!(sealed_alert(&mut server));
}

#[test]
fn a_message_that_cannot_be_parsed_queues_decode_error() {
    let mut server = Pair::of(tls(&TLS13)).server;
    let error = receive(&mut server, &[22, 3, 1, 0, 4, 1, 0, 0, 0]).unwrap_err();
    assert!(matches!(error, Error::InvalidMessage(_)));
    assert_eq!(plain_alert(&mut server), Some(AlertDescription::DecodeError));
}

#[test]
fn a_message_out_of_order_queues_unexpected_message() {
    let mut server = Pair::of(tls(&TLS13)).server;
    let error = receive(&mut server, &[22, 3, 1, 0, 4, 20, 0, 0, 0]).unwrap_err();
    assert!(matches!(error, Error::InappropriateHandshakeMessage { .. }));
    assert_eq!(plain_alert(&mut server), Some(AlertDescription::UnexpectedMessage));

    let mut server = Pair::of(tls(&TLS13)).server;
    let error = receive(&mut server, &[23, 3, 3, 0, 1, 0]).unwrap_err();
    assert!(matches!(error, Error::InappropriateMessage { .. }));
    assert_eq!(plain_alert(&mut server), Some(AlertDescription::UnexpectedMessage));
}

#[test]
fn a_warning_in_tls13_queues_decode_error() {
    let (mut server, mut sealer) = forged();
    let error = receive(&mut server, &sealer.record(ContentType::Alert, &[WARNING, 112])).unwrap_err();
    assert_eq!(error, Error::AlertReceived(AlertDescription::UnrecognisedName));
    assert!(sealed_alert(&mut server));
}

#[test]
fn an_unknown_level_of_an_alert_queues_illegal_parameter() {
    let mut server = Pair::of(tls(&TLS13)).server;
    let error = receive(&mut server, &[21, 3, 3, 0, 2, 7, 40]).unwrap_err();
    assert_eq!(error, Error::AlertReceived(AlertDescription::HandshakeFailure));
    assert_eq!(plain_alert(&mut server), Some(AlertDescription::IllegalParameter));
}

#[test]
fn an_unknown_key_update_queues_illegal_parameter() {
    let (mut server, mut sealer) = forged();
    let update = sealer.record(ContentType::Handshake, &[KEY_UPDATE, 0, 0, 1, 7]);
    let error = receive(&mut server, &update).unwrap_err();
    assert_eq!(error, Error::InvalidMessage(InvalidMessage::InvalidKeyUpdate));
    assert!(sealed_alert(&mut server));
}

#[test]
fn a_key_update_inside_a_record_queues_unexpected_message() {
    let (mut server, mut sealer) = forged();
    let update = sealer.record(ContentType::Handshake, &[KEY_UPDATE, 0, 0, 1, 0, KEY_UPDATE, 0]);
    let error = receive(&mut server, &update).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::KeyEpochWithPendingFragment));
    assert!(sealed_alert(&mut server));
}

#[test]
fn a_certificate_for_another_name_queues_bad_certificate() {
    for version in VERSIONS {
        let tls: Tls = tls(version);
        let other = ServerName::try_from("elsewhere").unwrap();
        let mut client =
            Connection::from(ClientConnection::new(Arc::new(tls.client.clone()), other).unwrap());
        let mut server = Pair::of(tls).server;
        receive(&mut server, &output(&mut client)).unwrap();
        let error = receive(&mut client, &output(&mut server)).unwrap_err();
        assert!(matches!(error, Error::InvalidCertificate(_)));
        assert!(client.peer_certificates().is_none());
        let alert = queued_alert(&mut client, &mut server);
        assert_eq!(alert, Some(AlertDescription::BadCertificate));
    }
}

#[test]
fn a_missing_client_certificate_queues_an_alert_in_both_versions() {
    for version in VERSIONS {
        let mut tls = Tls::with_client_certificate(version);
        tls.client = Tls::new(version).client;
        let Pair { mut client, mut server } = Pair::of(tls);
        receive(&mut server, &output(&mut client)).unwrap();
        receive(&mut client, &output(&mut server)).unwrap();
        let error = receive(&mut server, &output(&mut client)).unwrap_err();
        assert_eq!(error, Error::NoCertificatesPresented);
        let alert = queued_alert(&mut server, &mut client);
        assert_eq!(alert, Some(AlertDescription::CertificateRequired));
    }
}

#[test]
fn a_renegotiation_of_tls12_queues_a_warning_and_is_no_error() {
    let Pair { client, server } = Pair::established(&TLS12);
    let (mut client, mut sealer) = (client, Sealer::of(server));
    let hello_request = [0, 0, 0, 0];
    receive(&mut client, &sealer.record(ContentType::Handshake, &hello_request)).unwrap();
    assert!(sealed_alert(&mut client));
}

// ---- places that queue none -------------------------------------------------------------------------------------

#[test]
fn a_fatal_alert_that_is_received_queues_nothing() {
    let (mut server, mut sealer) = forged();
    let error = receive(&mut server, &sealer.record(ContentType::Alert, &[FATAL, 40])).unwrap_err();
    assert_eq!(error, Error::AlertReceived(AlertDescription::HandshakeFailure));
    assert!(!sealed_alert(&mut server));
}

#[test]
fn the_fifth_warning_of_tls12_queues_nothing() {
    let (mut server, mut sealer) = forged12();
    let error = error_after(4, &mut server, || sealer.record(ContentType::Alert, &[WARNING, 90]));
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooManyWarningAlertsReceived));
    assert!(!sealed_alert(&mut server));
}

#[test]
fn the_second_renegotiation_of_tls12_queues_nothing() {
    let Pair { client, server } = Pair::established(&TLS12);
    let (mut client, mut sealer) = (client, Sealer::of(server));
    let hello_request = || sealer.record(ContentType::Handshake, &[0, 0, 0, 0]);
    let error = error_after(1, &mut client, hello_request);
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooManyRenegotiationRequests));
    assert!(!sealed_alert(&mut client));
}

#[test]
fn the_33rd_empty_record_in_a_row_queues_nothing() {
    let (mut server, mut sealer) = forged();
    let error = error_after(32, &mut server, || sealer.record(ContentType::ApplicationData, b""));
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooManyEmptyFragments));
    assert!(!sealed_alert(&mut server));
}

#[test]
fn data_inside_a_handshake_message_queues_nothing() {
    let (mut server, mut sealer) = forged();
    receive(&mut server, &sealer.record(ContentType::Handshake, &[KEY_UPDATE, 0, 0])).unwrap();
    let error = receive(&mut server, &sealer.record(ContentType::ApplicationData, b"!")).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::MessageInterleavedWithHandshakeMessage));
    assert!(!sealed_alert(&mut server));
}

#[test]
fn a_record_of_padding_alone_queues_nothing() {
    let (mut server, mut sealer) = forged();
    let error = receive(&mut server, &sealer.record(ContentType::Unknown(0), &[0; 8])).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::IllegalTlsInnerPlaintext));
    assert!(!sealed_alert(&mut server));
}

#[test]
fn a_third_change_cipher_spec_in_the_handshake_queues_nothing() {
    let Pair { mut client, mut server } = Pair::of(tls(&TLS13));
    receive(&mut server, &output(&mut client)).unwrap();
    output(&mut server);
    let error = error_after(2, &mut server, || vec![20, 3, 3, 0, 1, 1]);
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec));
    assert!(!sealed_alert(&mut server));
}

/// A server with a key and no certificate.
fn without_chain(version: &'static SupportedProtocolVersion) -> Tls {
    let mut tls: Tls = tls(version);
    let key = tls.server.crypto_provider().key_provider.load_private_key(key()).unwrap();
    tls.server.cert_resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(Vec::new(), key)));
    tls
}

#[test]
fn an_empty_chain_of_the_server_queues_nothing() {
    for version in VERSIONS {
        let Pair { mut client, mut server } = Pair::of(without_chain(version));
        receive(&mut server, &output(&mut client)).unwrap();
        let error = receive(&mut client, &output(&mut server)).unwrap_err();
        assert_eq!(error, Error::NoCertificatesPresented);
        let change_cipher_spec = [20, 3, 3, 0, 1, 1]; // a client of TLS 1.3 queues it after ServerHello
        let queued = if version == &TLS13 { &change_cipher_spec[..] } else { &[] };
        assert_eq!(output(&mut client), queued);
    }
}
