//! No plaintext reaches the application before the peer is authorized.

use std::sync::Arc;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use rustls::version::TLS13;
use tls_session::authorize::{Authorization, Authorize, Refusal};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Talker;
use tls_session::simulation::tls::Tls;

/// Accepts every peer, or refuses every peer.
struct Switch {
    refuses: bool,
}

impl Authorize for Switch {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        assert!(presented.is_some_and(|chain| chain.len() == 1), "the server's certificate");
        let refusal = self.refuses.then(|| Refusal::new("refused", CertificateError::Expired));
        Authorization { report: "server".into(), is_warning: false, refusal }
    }
}

/// A server of TLS 1.3 may send data right after its Finished, so that one read brings both.
#[test]
fn data_in_one_read_with_the_end_of_the_handshake_is_received_from_an_authorized_server_only() {
    for refuses in [false, true] {
        let mut tls = Tls::new(&TLS13).authorizing_server(Arc::new(Switch { refuses }));
        tls.server.send_half_rtt_data = true;
        let mut pair = RawPair::client(tls, Talker::sends(b"secret"));
        pair.raw.send(b"welcome!\n");
        pair.settle();
        if refuses {
            assert!(matches!(pair.session.reason(), Some(CloseReason::Unauthorized(_))));
            assert_eq!((pair.session.received(), pair.raw.received.len()), (&b""[..], 0));
        } else {
            let established = pair.session.seen.position("Handshaking -> Established");
            assert!(established < pair.session.seen.position("plaintext_in 9"));
            assert_eq!(
                (pair.session.received(), &pair.raw.received[..]),
                (&b"welcome!\n"[..], &b"secret"[..])
            );
        }
    }
}
