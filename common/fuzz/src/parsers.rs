//! Everything else that reads foreign text or bytes. The first byte of an input says what the rest is.

use std::sync::Arc;

use identity::{Identity, Peer, Presented, Trust, authorize, subject};
use program::host_port::HostPort;
use program::time_limit::TimeLimit;
use rustls::pki_types::CertificateDer;
use rustls::time_provider::TimeProvider as _;
use tls_session::escaped::{Escaped, one_line};
use tls_session::not_tls;
use tls_session::simulation::tls::{FixedClock, certificate as own_certificate, name};

use crate::file;
use crate::tls::TRUST;

/// Reads one input.
pub fn run(input: &[u8]) {
    let Some((&what, rest)) = input.split_first() else { return };
    match what % 7 {
        0 => text(rest),
        1 => opening(rest),
        2 => pem(rest),
        3 => certificate(rest.to_vec()),
        4 => certificate(patched(rest)),
        5 => shown(rest),
        _ => report(&own_certificate(), rest),
    }
}

/// A value that was parsed can be displayed, and its display can be parsed.
fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<HostPort>() {
        Ok(host) => assert_eq!(host.to_string().parse(), Ok(host)),
        Err(error) => assert!(!error.is_empty()),
    }
    match text.parse::<TimeLimit>() {
        Ok(limit) => assert_eq!(limit.to_string().parse(), Ok(limit)),
        Err(error) => assert!(!error.is_empty()),
    }
}

/// The first bytes of a peer that does not speak TLS.
fn opening(bytes: &[u8]) {
    if let Some(foreign) = not_tls::recognize(bytes) {
        printable(&foreign.to_string());
    }
}

/// A file of certificates, or of a certificate and its key.
fn pem(bytes: &[u8]) {
    file::with(bytes, |path| {
        match Trust::load(path) {
            Ok(trust) => drop(trust.subjects()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        match Identity::load(path, path) {
            Ok(identity) => {
                let now = FixedClock::default().current_time().expect("a time");
                let _ = identity.warnings(now);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

/// A certificate that a peer presents. Its name, and the reason of a refusal, are printable.
fn certificate(der: Vec<u8>) {
    let presented = CertificateDer::from(der);
    printable(&subject(&presented));
    report(&presented, &[]);
    let now = FixedClock::default().current_time().expect("a time");
    let name = name();
    for peer in [Peer::Server(&name), Peer::Client] {
        match authorize(std::slice::from_ref(&presented), &TRUST, peer, now) {
            Ok(_) => assert_eq!(presented, own_certificate(), "authorized, and it is not pinned"),
            Err(why) => printable(&why.to_string()),
        }
    }
}

/// The report about the certificate of a client, or of a server with its stapled OCSP response.
fn report(certificate: &CertificateDer<'_>, response: &[u8]) {
    let now = FixedClock::default().current_time().expect("a time");
    let name = name();
    for peer in [Peer::Server(&name), Peer::Client] {
        let presented = Presented::new(certificate, &[], peer, response, Arc::clone(&TRUST), now);
        presented.to_string().lines().for_each(printable);
    }
}

/// The trusted certificate, changed at up to 85 places. Three bytes are one change.
fn patched(patches: &[u8]) -> Vec<u8> {
    let mut der = own_certificate().to_vec();
    for patch in patches.chunks_exact(3).take(85) {
        let at = usize::from(u16::from_le_bytes([patch[0], patch[1]])) % der.len();
        der[at] = patch[2];
    }
    der
}

/// Text for a log.
fn shown(bytes: &[u8]) {
    printable(&Escaped::new(bytes).to_string());
    let line = one_line(&String::from_utf8_lossy(bytes));
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
}

fn printable(text: &str) {
    let other = |c: char| !(c == ' ' || c == '…' || c.is_ascii_graphic());
    assert!(!text.contains(other), "{text:?}");
}
