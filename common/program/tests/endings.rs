//! The sentences at the end of a session. Most are about certificates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

use identity::{Answer, CertificateRequest, OwnName, Peer, Trust, authorize};
use program::ending::Endings;
use program::exit::ExitStatus;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, Side, SignatureScheme};
use testing::certificates::{Authority, der};
use testing::folder::TempDir;
use tls_session::authorize::Opaque;
use tls_session::close_reason::{AlertContext, CloseReason, Stage};
use tls_session::not_tls;

/// The alerts that servers send if a client's certificate is missing or refused.
const ALERTS: [Alert; 14] = [
    Alert::HandshakeFailure,
    Alert::NoCertificate,
    Alert::BadCertificate,
    Alert::UnsupportedCertificate,
    Alert::CertificateRevoked,
    Alert::CertificateExpired,
    Alert::CertificateUnknown,
    Alert::IllegalParameter,
    Alert::UnknownCA,
    Alert::AccessDenied,
    Alert::DecryptError,
    Alert::InsufficientSecurity,
    Alert::InternalError,
    Alert::CertificateRequired,
];

fn request(answer: Answer) -> Option<Opaque> {
    Some(Opaque::new(CertificateRequest { authorities: "CN=Theirs".to_owned(), answer }))
}

fn sentence(alert: Alert, stage: Stage, request: &Option<Opaque>) -> String {
    let context = AlertContext { stage, request: request.clone() };
    Endings::of(Side::Client).describe(&CloseReason::PeerAlert(alert, context)).to_string()
}

/// Each alert must be explained by the certificate, and not by algorithms that the two ends do not share.
fn assert_each_alert_says(request: &Option<Opaque>, words: &str) {
    for alert in ALERTS {
        let sentence = sentence(alert, Stage::Agreed, request);
        assert!(sentence.contains(words) && !sentence.contains("in common"), "{sentence}");
    }
}

#[test]
fn a_client_without_a_certificate_is_told_to_name_one() {
    assert_each_alert_says(
        &request(Answer::Nothing),
        "it asked for a certificate of CN=Theirs, and this client has none; name one with --cert and --key",
    );
}

#[test]
fn a_key_that_does_not_fit_is_explained_by_the_schemes() {
    let theirs = vec![SignatureScheme::ML_DSA_44, SignatureScheme::Unknown(0x0402)];
    assert_each_alert_says(
        &request(Answer::KeyDoesNotFit { ours: vec![SignatureScheme::ECDSA_SHA1_Legacy], theirs }),
        "our certificate was not sent, because the server accepts no signature of our key: \
         the server accepts mldsa44, 0x0402, our key can make ecdsa_sha1",
    );
}

#[test]
fn a_certificate_that_was_sent_is_named() {
    let own = OwnName { subject: "CN=alice".to_owned(), issuer: Some("CN=Mine".to_owned()) };
    let request = request(Answer::Sent(own));
    assert_each_alert_says(&request, "(CN=alice, issued by CN=Mine)");
    let unknown = sentence(Alert::UnknownCA, Stage::Established, &request);
    assert!(unknown.contains("it accepts those of CN=Theirs"), "{unknown}");
    assert!(
        unknown
            .ends_with("the server checks the client's certificate after the client is already connected)"),
        "{unknown}"
    );
}

#[test]
fn an_alert_that_is_not_about_certificates_keeps_its_meaning() {
    for alert in [Alert::ProtocolVersion, Alert::BadRecordMac, Alert::UnrecognisedName] {
        let sentence = sentence(alert, Stage::Agreed, &request(Answer::Nothing));
        assert!(!sentence.contains("--cert"), "{sentence}");
    }
}

#[test]
fn a_client_that_was_not_asked_for_a_certificate_is_told_so() {
    for alert in [Alert::UnknownCA, Alert::BadCertificate, Alert::CertificateRequired] {
        let sentence = sentence(alert, Stage::Agreed, &None);
        assert!(sentence.contains("it did not ask for a certificate in this session"), "{sentence}");
    }
    let failure = sentence(Alert::HandshakeFailure, Stage::Agreed, &None);
    assert!(failure.ends_with("handshake_failure (40)"), "suite and group were agreed on: {failure}");
    let name = sentence(Alert::UnrecognisedName, Stage::Hello, &None);
    assert!(name.contains("unrecognized_name (112): ") && name.contains("--server-name"), "{name}");
    let internal = sentence(Alert::InternalError, Stage::Established, &None);
    assert!(internal.ends_with("the server had an internal error; see the server's log"), "{internal}");
}

#[test]
fn server_name_is_advised_if_the_certificate_is_for_another_server() {
    let folder = TempDir::new();
    let authority = Authority::new("My CA");
    let trust = Trust::load(&folder.write("trust.pem", &authority.certificate)).unwrap();
    let server = Peer::Server(&"localhost".try_into().unwrap());
    for (name, advised) in [("example.com", true), ("*.localhost", false)] {
        let chain = [der(&authority.issue_to(&[name]).certificate)];
        let refused = authorize(&chain, &trust, server, UnixTime::now()).unwrap_err();
        let reason = CloseReason::Unauthorized(refused.into());
        let sentence = Endings::of(Side::Client).describe(&reason).to_string();
        assert!(sentence.starts_with("the server is not authorized: its certificate is "), "{sentence}");
        let advice = "; if this is the right server, give --server-name one of its names";
        assert_eq!(sentence.ends_with(advice), advised, "{sentence}");
    }
}

#[test]
fn an_unknown_issuer_gets_the_flag_that_trusts_it() {
    let folder = TempDir::new();
    let trust = Trust::load(&folder.write("trust.pem", &Authority::new("My CA").certificate)).unwrap();
    let chain = [der(&Authority::new("Other CA").issue_to(&["localhost"]).certificate)];
    let name = "localhost".try_into().unwrap();
    for (local, peer, advice) in [
        (
            Side::Client,
            Peer::Server(&name),
            "; if you trust this server, name its certificate with --ca; if not, ",
        ),
        (
            Side::Server,
            Peer::Client,
            "; if you trust this client, add its certificate to the file of --client-ca",
        ),
    ] {
        let refused = authorize(&chain, &trust, peer, UnixTime::now()).unwrap_err();
        let sentence = Endings::of(local).describe(&CloseReason::Unauthorized(refused.into())).to_string();
        assert!(sentence.contains("unknown issuer CN=Other CA") && sentence.contains(advice), "{sentence}");
    }
}

#[test]
fn a_client_without_tls_is_told_how_to_begin() {
    for (bytes, hint) in [
        (&b"GET / HTTP/1.1"[..], "; this server needs TLS: use https:// instead of http://"),
        (b"hello", "; this server needs TLS: connect with a TLS client, such as `openssl s_client`"),
    ] {
        let reason = CloseReason::NotTls(not_tls::recognize(bytes).unwrap());
        for (local, is_told) in [(Side::Server, true), (Side::Client, false)] {
            let sentence = Endings::of(local).describe(&reason).to_string();
            assert_eq!(sentence.ends_with(hint), is_told, "{sentence}");
        }
    }
}

#[test]
fn a_session_whose_keys_are_used_up_is_told_what_to_do() {
    let reason = CloseReason::KeysUsedUp { limit: 1 << 24 };
    for (local, remedy) in [
        (Side::Client, "cut off; connect again, or use TLS 1.3 (see --tls)"),
        (Side::Server, "cut off; use TLS 1.3 (see --tls)"),
    ] {
        let sentence = Endings::of(local).describe(&reason).to_string();
        assert!(sentence.contains("after 16777216 records") && sentence.ends_with(remedy), "{sentence}");
    }
    assert_eq!(ExitStatus::from(&reason), ExitStatus::Tls);
}

#[test]
fn a_client_is_told_the_flag_for_a_server_that_begins_in_plaintext() {
    for (greeting, hint) in [
        (&b"220 mail.lan"[..], ", or use --starttls smtp"),
        (b"* OK ready", ", or use --starttls imap"),
        (b"+OK ready", ", or use --starttls pop3"),
        (b"200 news", ": try its TLS port, 563"),
    ] {
        let reason = CloseReason::NotTls(not_tls::recognize(greeting).unwrap());
        let sentence = Endings::of(Side::Client).describe(&reason).to_string();
        assert!(sentence.ends_with(hint), "{sentence}");
        assert!(!Endings::of(Side::Server).describe(&reason).to_string().contains("--starttls"));
    }
}

#[test]
fn plaintext_after_starttls_is_called_an_injection() {
    for late in [&b"220 ready\r\n"[..], b"250 \x1b[2J", b"hello"] {
        let reason = CloseReason::NotTls(not_tls::recognize(late).unwrap());
        let sentence = Endings::of(Side::Client).after_starttls(true).describe(&reason).to_string();
        assert!(
            sentence.starts_with("the server sent plaintext after it agreed to begin TLS; "),
            "{sentence}"
        );
        assert!(sentence.ends_with("may have injected it (CVE-2011-0411)"), "{sentence}");
        assert!(!sentence.contains("--starttls") && !sentence.contains('\x1b'), "{sentence}");
    }
}
