//! Handshakes that are meant to do harm.

use std::io::Write as _;

use rustls::AlertDescription;
use rustls::version::{TLS12, TLS13};
use tls_session::close_reason::CloseReason;
use tls_session::deadline::Timeout;

use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::seconds;
use tls_session::simulation::tls::{Tls, VERSIONS};

/// A close_notify in plaintext (RFC 8446, 6.1).
const CLOSE_NOTIFY: [u8; 7] = [21, 3, 3, 0, 2, 1, 0];

/// A close_notify after the ClientHello once made a loop that asked only `wants_read` and `wants_write` spin
/// (CVE-2024-32650). Here every turn has a reason, and the handshake deadline stays.
#[test]
fn a_close_notify_in_the_handshake_is_neither_a_clean_end_nor_an_endless_loop() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default());
    pair.raw.write();
    pair.raw.socket.write_all(&CLOSE_NOTIFY).unwrap();
    pair.session.settle(pair.now);
    assert!(matches!(pair.session.reason(), Some(CloseReason::PeerAlert(AlertDescription::CloseNotify, _))));

    let mut pair = RawPair::server(Tls::new(&TLS12), Echo::default());
    pair.raw.write();
    pair.raw.socket.write_all(&CLOSE_NOTIFY).unwrap();
    pair.peer_paused = true;
    pair.advance(seconds(10));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Handshake)));
}

/// The beginning of a ClientHello that claims this length.
fn endless_hello(claimed: u32) -> Vec<u8> {
    let [_, length @ ..] = claimed.to_be_bytes();
    let mut message = vec![1];
    message.extend(length);
    message.resize(200_000, 0);
    let record = |fragment: &[u8]| {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[22, 3, 1], &length[..], fragment].concat()
    };
    message.chunks(16_384).flat_map(record).collect()
}

#[test]
fn an_endless_handshake_message_is_refused_before_it_costs_much() {
    for version in VERSIONS {
        for claimed in [0xff_ff, 0x01_00_00, 0xff_ff_ff] {
            for segment in [usize::MAX, 1000] {
                let mut pair = RawPair::server(Tls::new(version), Echo::default());
                pair.raw.socket.outgoing().segment = segment;
                pair.raw.socket.write_all(&endless_hello(claimed)).unwrap();
                pair.session.settle(pair.now);
                let reason = pair.session.reason();
                assert!(matches!(reason, Some(CloseReason::Tls(_))), "{claimed:x}: {reason:?}");
                assert!(pair.session.socket.taken() <= 3 * 65_536);
            }
        }
    }
}

#[test]
fn a_fin_in_a_handshake_message_that_fills_the_buffer_ends_the_session() {
    for version in VERSIONS {
        let hello = endless_hello(0xff_ff);
        for length in [65_530, 65_535, 65_540, 65_555, 65_560] {
            let mut pair = RawPair::server(Tls::new(version), Echo::default());
            pair.raw.socket.write_all(&hello[..length]).unwrap();
            pair.raw.send_fin();
            pair.session.settle(pair.now);
            let reason = pair.session.reason();
            assert!(
                matches!(reason, Some(CloseReason::Tls(_) | CloseReason::Truncated { established: false })),
                "{length}: {reason:?}"
            );
        }
    }
}
