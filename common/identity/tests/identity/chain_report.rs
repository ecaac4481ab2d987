//! The report about what a peer presented.

use std::fs;
use std::sync::Arc;

use crate::handshake::{VERSIONS, client, good, handshake, verifier};
use crate::support::*;
use identity::{ClientAuth, ClientVerifier, LastPresented, Peer, Policy, Presented, Trust};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ServerConfig};

fn report_at(chain: &[CertificateDer<'_>], ocsp: &[u8], name: &str, trust: &Trust, now: UnixTime) -> String {
    let name = ServerName::try_from(name).unwrap();
    report_of(chain, ocsp, Peer::Server(&name), trust, now)
}

fn report_of(
    chain: &[CertificateDer<'_>],
    ocsp: &[u8],
    peer: Peer<'_>,
    trust: &Trust,
    now: UnixTime,
) -> String {
    let (own, others) = chain.split_first().unwrap();
    let text = Presented::new(own, others, peer, ocsp, Arc::new(trust.clone()), now).to_string();
    assert!(text.chars().all(|c| c == '\n' || c == '…' || c == ' ' || c.is_ascii_graphic()), "{text}");
    assert!(!text.contains(" \n"), "a line ends with a space: {text}");
    text
}

fn report(chain: &[&Made], name: &str, trust: &Trust) -> String {
    let chain: Vec<_> = chain.iter().map(|made| made.der.clone()).collect();
    report_at(&chain, &[], name, trust, now())
}

/// The certificates that a reader of PEM finds in a report.
fn certificates(report: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(report.as_bytes()).map(Result::unwrap).collect()
}

#[test]
fn a_whole_chain_is_shown_as_text_and_as_pem() {
    let root = classic("My Root");
    let between = issued_by(&root, params("Between", &[], authority));
    let server = issued_by(
        &between,
        params("x", &["other.example", "*.example.com", "127.0.0.1"], |params| {
            params.not_before = rcgen::date_time_ymd(2026, 11, 1);
            params.not_after = rcgen::date_time_ymd(2026, 12, 1);
            params.serial_number = Some(rcgen::SerialNumber::from(vec![0xc0, 0xff, 0xee]));
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        }),
    );
    let text = report(&[&server, &between], "www.example.com", &trusting(&[&root.pem]));
    assert_says(
        &text,
        &[
            "certificate 1 of 2, the server's own\n  subject     CN=x\n",
            "  names       DNS other.example, DNS *.example.com (matches), IP 127.0.0.1\n",
            "  issuer      CN=Between (certificate 2)\n",
            "  valid       2026-11-01 00:00:00 UTC to 2026-12-01 00:00:00 UTC (6 days left)\n",
            "  key         ECDSA on P-256\n  key usage   digitalSignature\n  purposes    serverAuth\n",
            "  constraints CA:FALSE\n  serial      C0:FF:EE\n  signature   ECDSA with SHA-256\n",
            "certificate 2 of 2\n  subject     CN=Between\n  issuer      CN=My Root (an authority in ",
            "  key usage   not restricted\n  purposes    not restricted\n  constraints CA:TRUE\n",
            "no stapled OCSP response\nserver www.example.com authorized: issued by CN=My Root, an authority in ",
        ],
    );
    assert_eq!(certificates(&text), [server.der.clone(), between.der.clone()]);
    let by_address = report(&[&server, &between], "127.0.0.1", &trusting(&[&root.pem]));
    assert_says(&by_address, &["DNS *.example.com, IP 127.0.0.1 (matches)\n"]);
}

#[test]
fn the_report_says_where_a_chain_breaks() {
    let root = classic("My Root");
    let between = issued_by(&root, params("Between", &[], authority));
    let good = issued_by(&between, params("x", &["localhost"], plain));
    let expired = issued_by(
        &root,
        params("x", &["localhost"], |params| params.not_after = rcgen::date_time_ymd(2026, 11, 14)),
    );
    let early = issued_by(
        &root,
        params("x", &["localhost"], |params| params.not_before = rcgen::date_time_ymd(2026, 11, 26)),
    );
    let trust = trusting(&[&root.pem]);
    for (chain, parts) in [
        (
            &[&good][..],
            &["issuer      CN=Between (not sent, and no authority in ", "unknown issuer CN=Between"][..],
        ),
        (&[&expired], &["(EXPIRED 10 days ago)", "UNAUTHORIZED: its certificate expired on 2026-11-14"]),
        (
            &[&early],
            &["(NOT YET VALID, begins in 1 day)", "UNAUTHORIZED: its certificate is not valid before"],
        ),
        (
            &[&classic("localhost")],
            &["CN=localhost (itself)", "names       no subjectAltName\n", "certificate of an authority"],
        ),
    ] {
        assert_says(&report(chain, "localhost", &trust), parts);
    }
    let text = report(&[&good, &between], "elsewhere.example", &trust);
    assert_says(
        &text,
        &["names       DNS localhost\n", "UNAUTHORIZED: its certificate is for localhost, not for"],
    );
}

#[test]
fn a_pin_is_named_and_its_common_name_counts() {
    let server = classic("localhost");
    let text = report(&[&server], "localhost", &trusting(&[&server.pem]));
    let counts = "names       no subjectAltName; a Common Name matches, and counts for a pin\n";
    assert_says(&text, &[counts, "trust       this certificate is in ", "authorized: its certificate is in"]);
}

#[test]
fn a_client_is_shown_without_a_wanted_name_and_without_ocsp() {
    let root = classic("Clients of mine");
    let for_clients = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let alice = issued_by(&root, params("alice", &["localhost"], for_clients));
    let chain = [alice.der.clone(), root.der.clone()];
    let report = |trust: &Trust| report_of(&chain, &[], Peer::Client, trust, now());
    let text = report(&trusting(&[&root.pem]));
    assert_says(
        &text,
        &[
            "certificate 1 of 2, the client's own\n  subject     CN=alice\n  names       DNS localhost\n",
            "  purposes    clientAuth\n",
            "\n\nclient CN=alice authorized: issued by CN=Clients of mine, an authority in ",
        ],
    );
    assert!(!text.contains("OCSP"), "{text}");
    assert_eq!(certificates(&text), chain);
    assert_says(&report(&Trust::nothing()), &["\nclient CN=alice UNAUTHORIZED: "]);
}

#[test]
fn hostile_certificates_make_a_bounded_and_escaped_report() {
    let names: Vec<String> = (0..3000).map(|number| format!("name-{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = self_signed(params("\u{1b}[2J\n-----BEGIN CERTIFICATE-----\n", &names, plain));
    let text = report(&[&many], "name-2000.example", &trusting(&[&many.pem]));
    assert_says(&text, &["name-99.example and 2900 more, one of which matches\n", r"CN=\x1b[2J\n-----BEGIN"]);
    assert!(!text.contains("name-100.example"));
    assert_eq!(certificates(&text), [many.der]);

    let broken: Vec<_> = (0..3000_u16).map(|n| CertificateDer::from(n.to_be_bytes().to_vec())).collect();
    let text = report_at(&broken, b"\x30\x80", "localhost", &Trust::nothing(), now());
    assert_says(
        &text,
        &["certificate 1 of 3000, the server's own\n  unreadable  malformed certificate: it is not DER\n"],
    );
    assert_says(
        &text,
        &["and 2984 more certificates, which are not shown\n", "unreadable  it is no basic response"],
    );
    assert_says(&text, &["server localhost UNAUTHORIZED: malformed certificate"]);
    assert!(text.len() < 8000, "{}", text.len());
    let text = report_of(&broken, &[], Peer::Client, &Trust::nothing(), now());
    assert_says(&text, &["client (unreadable certificate) UNAUTHORIZED: malformed certificate"]);

    // The largest message that rustls accepts has 65,535 bytes.
    let long: Vec<_> = (0..8).map(|_| classic(&"\u{1b}".repeat(3800)).der).collect();
    let bytes: usize = long.iter().map(|der| der.len()).sum();
    assert!((60_000..=65_535).contains(&bytes), "{bytes}");
    let text = report_of(&long, &[], Peer::Client, &Trust::nothing(), now());
    assert!(text.len() < 150_000, "{}", text.len());
}

/// Each prefix of a certificate and of a response, and each single byte changed, makes a report and no panic.
#[test]
fn damaged_bytes_make_a_report() {
    let (certificate, response) = (fixture_certificate("certificate"), fixture_response("revoked"));
    let damaged = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let cut = (0..bytes.len()).map(|end| bytes[..end].to_vec());
        let changed = (0..bytes.len()).map(|at| {
            let mut changed = bytes.to_vec();
            changed[at] ^= 0x55;
            changed
        });
        cut.chain(changed).collect()
    };
    for der in damaged(&certificate) {
        report_at(&[der.into()], &response, "localhost", &Trust::nothing(), now());
    }
    for der in damaged(&response) {
        report_at(std::slice::from_ref(&certificate), &der, "localhost", &Trust::nothing(), now());
    }
}

fn fixture_certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(fixture(&format!("ocsp/{name}.pem"))).unwrap()
}

fn fixture_response(name: &str) -> Vec<u8> {
    fs::read(fixture(&format!("ocsp/{name}.der"))).unwrap()
}

#[test]
fn a_stapled_response_is_shown() {
    /// 2026-11-30 13:18:38 UTC, one day after the responses were made.
    const LATER: u64 = 1_795_958_318 + 86_400;
    let own = fixture_certificate("certificate");
    let trust = Trust::load(&fixture("ocsp/authority.pem")).unwrap();
    let shown = |response: &[u8], days: u64| {
        report_at(std::slice::from_ref(&own), response, "localhost", &trust, at(LATER + days * 86_400))
    };
    let good = shown(&fixture_response("good"), 0);
    assert_says(
        &good,
        &[
            "stapled OCSP response, 272 bytes\n  status      good\n  this update 2026-11-29 13:18:38 UTC\n",
            "  next update 2026-12-02 13:18:38 UTC (2 days left)\n  produced    2026-11-29 13:18:38 UTC\n",
            "  responder   CN=OCSP Authority\n  serial      C0:FF:EE\n  issuer      that of certificate 1\n",
            "  signature   not checked by this program\n",
        ],
    );
    assert_says(&shown(&fixture_response("good"), 10), &["2026-12-02 13:18:38 UTC (OUTDATED for 8 days)"]);
    let revoked = shown(&fixture_response("revoked"), 0);
    assert_says(&revoked, &["status      REVOKED on 2026-03-01 12:00:00 UTC\n", "next update not given"]);
    let unknown = shown(&fixture_response("unknown"), 0);
    assert_says(&unknown, &["status      unknown: ", "responder   key with SHA-1 F6:17:1D:A4:"]);
    // OCSPResponse with responseStatus tryLater (3), and with a number that has no name.
    assert_says(&shown(b"\x30\x03\x0a\x01\x03", 0), &["status      no answer: tryLater\n"]);
    assert_says(&shown(b"\x30\x03\x0a\x01\x04", 0), &["status      no answer: an unknown error\n"]);

    let other = good_of(&fixture_certificate("authority"), &trust);
    assert_says(&other, &["serial      C0:FF:EE, which is NOT that of certificate 1\n"]);
    let without_issuer = good_of(&own, &Trust::nothing());
    assert_says(&without_issuer, &["has the name of certificate 1's issuer, whose key is not known\n"]);
}

/// Returns a value in DER. The length has two bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

const SEQUENCE: u8 = 0x30;
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// Returns a SingleResponse of RFC 6960, 4.2.1, with the status `good`.
fn single(hash: &[u8], issuer_name: &[u8], issuer_key: &[u8], serial: &[u8], this_update: &[u8]) -> Vec<u8> {
    let sha_256 = |bytes| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let id = [
        der(SEQUENCE, &der(6, hash)),
        der(4, sha_256(issuer_name).as_ref()),
        der(4, sha_256(issuer_key).as_ref()),
        der(2, serial),
    ];
    der(SEQUENCE, &[der(SEQUENCE, &id.concat()), der(0x80, b""), der(24, this_update)].concat())
}

/// Returns an OCSPResponse with these answers. Its responder is a hash of a key, and it has no signature.
fn response(answers: &[Vec<u8>]) -> Vec<u8> {
    let data = [der(0xa2, &der(4, b"key")), der(24, b"20261124060000Z"), der(SEQUENCE, &answers.concat())];
    let basic = der(SEQUENCE, &der(SEQUENCE, &data.concat()));
    let kind = der(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]);
    let bytes = der(SEQUENCE, &[kind, der(4, &basic)].concat());
    der(SEQUENCE, &[der(10, &[0]), der(0xa0, &bytes)].concat())
}

#[test]
fn the_answer_for_the_servers_certificate_is_chosen_and_its_issuer_is_compared() {
    const NUMBER: &[u8] = &[0x11, 0x22];
    const WANTED: &[u8] = b"20261122000000Z";
    let (root, other) = (classic("My Root"), classic("Other"));
    let name = |made: &Made| {
        let (_, certificate) = x509_parser::parse_x509_certificate(&made.der).unwrap();
        certificate.subject().as_raw().to_vec()
    };
    let key = |made: &Made| made.issuer.key().public_key_raw().to_vec();
    let server = issued_by(
        &root,
        params("x", &["localhost"], |params| params.serial_number = Some(NUMBER.to_vec().into())),
    );
    let of_root = |serial, date| single(SHA_256, &name(&root), &key(&root), serial, date);
    let of_name = |date| single(SHA_256, &name(&other), &key(&root), NUMBER, date);
    let of_key = |date| single(SHA_256, &name(&root), &key(&other), NUMBER, date);
    let of_hash = |date| single(&[0x2a, 3], &name(&root), &key(&root), NUMBER, date);
    const EARLY: &[u8] = b"20261101000000Z";
    let trust = trusting(&[&root.pem]);
    let shown = |answers: &[Vec<u8>], trust: &Trust| {
        report_at(std::slice::from_ref(&server.der), &response(answers), "localhost", trust, now())
    };

    let answers = [of_root(&[7], EARLY), of_name(EARLY), of_key(EARLY), of_root(NUMBER, WANTED)];
    let text = shown(&answers, &trust);
    assert_says(
        &text,
        &[
            "  answers     4; this is number 4\n  status      good\n  this update 2026-11-22 00:00:00 UTC\n",
            "  serial      11:22\n  issuer      that of certificate 1\n",
        ],
    );
    // The server can send its issuer.
    let chain = [server.der.clone(), root.der.clone()];
    let text = report_at(&chain, &response(&answers), "localhost", &Trust::nothing(), now());
    assert_says(&text, &["this is number 4\n", "  issuer      that of certificate 1\n"]);

    for (answer, line) in [
        (of_name(EARLY), "  issuer      NOT that of certificate 1: its name is another one\n"),
        (of_key(EARLY), "  issuer      NOT that of certificate 1: its key is another one\n"),
        (of_hash(EARLY), "  issuer      not compared: this program does not know the hash 1.2.3\n"),
        (of_root(&[7], EARLY), "  serial      07, which is NOT that of certificate 1\n"),
    ] {
        let text = shown(std::slice::from_ref(&answer), &trust);
        assert_says(&text, &[line]);
        assert!(!text.contains("answers "), "{text}");
    }
    let many = shown(&vec![of_root(NUMBER, EARLY); 400], &trust);
    assert_says(&many, &["  answers     400; this is number 1\n"]);
    let none = shown(&[], &trust);
    assert_says(&none, &["unreadable  it is no basic response"]);
}

#[test]
fn a_certificate_without_basic_constraints_is_not_one_of_an_authority() {
    let leaf = self_signed(params("x", &["localhost"], |params| params.is_ca = rcgen::IsCa::NoCa));
    let text = report(&[&leaf], "localhost", &Trust::nothing());
    assert_says(&text, &["  constraints not an authority (no basicConstraints)\n"]);
    let old = CertificateDer::from_pem_file(fixture("ec-certificate-v1.pem")).unwrap();
    let text = report_at(&[old], &[], "localhost", &Trust::nothing(), now());
    assert_says(&text, &["  constraints none (only version 3 has basicConstraints)\n"]);
}

#[test]
fn the_report_counts_the_certificates_that_it_does_not_show() {
    let chain = vec![CertificateDer::from(vec![0]); 18];
    for (count, line) in [
        (16, "certificate 16 of 16"),
        (17, "and 1 more certificate, which is not shown\n"),
        (18, "and 2 more certificates, which are not shown\n"),
    ] {
        let text = report_at(&chain[..count], &[], "localhost", &Trust::nothing(), now());
        assert_says(&text, &[line]);
        assert_eq!(text.contains(" more certificate"), count > 16);
    }
}

fn good_of(own: &CertificateDer<'_>, trust: &Trust) -> String {
    report_at(std::slice::from_ref(own), &fixture_response("good"), "localhost", trust, now())
}

#[test]
fn the_verifier_keeps_what_the_server_presents_in_a_full_handshake() {
    let server = self_signed(params("localhost", &["localhost"], plain));
    for version in VERSIONS {
        let (chain, key) = (vec![server.der.clone()], server.private_key());
        let config = ServerConfig::builder().with_no_client_auth();
        let config =
            Arc::new(config.with_single_cert_with_ocsp(chain, key, fixture_response("good")).unwrap());
        for trust in [trusting(&[&server.pem]), Trust::nothing()] {
            let verifier = Arc::into_inner(verifier(trust, Policy::Strict)).unwrap();
            let last = LastPresented::default();
            let verifier = Arc::new(verifier.keep_presented(Some(last.clone())));
            let client = client(&verifier, version);
            handshake(client.clone(), config.clone());
            let text = last.take().unwrap().to_string();
            assert_says(&text, &["certificate 1 of 1", "stapled OCSP response, 272 bytes\n"]);
            assert!(last.take().is_none(), "it can be taken once");
            let resumed = handshake(client, config.clone());
            let is_resumed = resumed.client_error.is_none();
            assert_eq!(last.take().is_none(), is_resumed);
        }
    }
}

#[test]
fn the_verifier_keeps_what_a_client_presents_even_if_it_is_refused() {
    let (server, alice) = (good(), good());
    for version in VERSIONS {
        for (trusted, end) in [(&alice, " authorized: "), (&server, " UNAUTHORIZED: ")] {
            let last = LastPresented::default();
            let provider = Arc::new(default_provider());
            let clients =
                ClientVerifier::new(Arc::new(trusting(&[&trusted.pem])), provider, ClientAuth::Optional);
            let config = ServerConfig::builder_with_protocol_versions(&[version])
                .with_client_cert_verifier(Arc::new(clients.keep_presented(Some(last.clone()))))
                .with_single_cert(vec![server.der.clone()], server.private_key())
                .unwrap();
            let config = Arc::new(config);
            let client = |presents: bool| {
                let builder = ClientConfig::builder()
                    .dangerous()
                    .with_custom_certificate_verifier(verifier(trusting(&[&server.pem]), Policy::Strict));
                Arc::new(match presents {
                    true => {
                        builder.with_client_auth_cert(vec![alice.der.clone()], alice.private_key()).unwrap()
                    }
                    false => builder.with_no_client_auth(),
                })
            };
            handshake(client(false), config.clone());
            assert!(last.take().is_none(), "the client has no certificate");
            handshake(client(true), config.clone());
            assert_says(&last.take().unwrap().to_string(), &["client CN=localhost", end]);
        }
    }
}
