//! A byte that arrives damaged when the session ends anyway.

use std::time::Instant;

use rustls::{AlertDescription, Error};
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::tls::{Tls, VERSIONS};

use crate::support::{damage_next, echo};

/// Abandons the session when it receives anything.
struct Abandoning;

impl Application for Abandoning {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Abandon
    }
}

/// Invariant I3. rustls has queued the alert before the application gets the data that came first.
#[test]
fn an_alert_is_written_though_the_application_abandons_the_session() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Abandoning).established();
        pair.raw.socket.outgoing().arriving = 0; // both records come with one read
        pair.send(b"good");
        damage_next(&pair);
        pair.send(b"damaged");
        pair.raw.socket.outgoing().arriving = usize::MAX;
        pair.settle();
        assert_eq!(pair.raw.error, Some(Error::AlertReceived(AlertDescription::BadRecordMac)));
        assert_eq!(pair.session.reason(), Some(&CloseReason::AbandonedByApplication));
    }
}

/// rustls asserts in debug builds that nothing goes wrong after its own close_notify. Every peer can make something
/// go wrong there (invariant I8). This workspace builds rustls without that assertion.
#[test]
fn a_corrupt_record_after_our_close_notify_ends_the_session_without_an_alert() {
    for version in VERSIONS {
        let mut pair = echo(version);
        pair.close();
        assert_eq!(pair.session.phase().name(), "Closing");
        assert!(pair.raw.closed);

        let sent = pair.session.socket.sent().len();
        damage_next(&pair);
        pair.send(b"damaged");
        assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert_eq!(pair.session.socket.sent().len(), sent, "an alert after close_notify");
        assert!(pair.session.socket.outgoing().fin);
    }
}
