//! An application that cannot complete its answer.

use std::time::Instant;

use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::tls::{Tls, VERSIONS};

/// Sends the beginning of an answer, and aborts: at once, or at the peer's close_notify.
struct Aborts {
    at_end: bool,
}

impl Application for Aborts {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(b"a part");
        }
        if self.at_end { Next::Continue } else { Next::Abort }
    }

    fn peer_finished(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Abort
    }
}

#[test]
fn what_was_sent_arrives_and_no_close_notify_confirms_it() {
    for version in VERSIONS {
        for at_end in [false, true] {
            let mut pair = RawPair::server(Tls::new(version), Aborts { at_end }).established();
            pair.send(b"a question");
            if at_end {
                pair.send_close_notify();
            }
            assert_eq!(pair.session.reason(), Some(&CloseReason::Aborted));
            assert_eq!(pair.raw.received, b"a part");
            assert!(!pair.raw.closed, "close_notify after a part of the answer");
            assert!(pair.session.seen.position("send FIN").is_some());
        }
    }
}
