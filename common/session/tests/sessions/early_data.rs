//! Early data (0-RTT) is rejected unless the application accepts it. It is delivered when the peer is authorized. It
//! never makes a handshake fail.

use std::time::Instant;

use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::tls::Tls;

/// The client's next session. Its early data is on the network.
fn pair(tls: Tls, early: &[u8]) -> RawPair<Eager> {
    let mut pair = RawPair::server(tls, Eager::default());
    pair.raw.send_early(early);
    pair
}

/// An application that accepts early data, and notes what came in which order.
#[derive(Debug, Default)]
struct Eager {
    events: Vec<String>,
}

impl Application for Eager {
    fn established(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.events.push("established".into());
        Next::Continue
    }

    fn accepts_early_data(&self) -> bool {
        true
    }

    fn received_early(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.events.push(format!("early {}", plaintext.len()));
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.events.push(format!("received {}", plaintext.len()));
        Next::Continue
    }
}

/// The second one is larger than the buffer.
#[test]
fn early_data_is_delivered_after_the_authorization_and_before_the_rest() {
    for (early, pieces) in
        [(3000, &["early 3000"][..]), (40_000, &["early 16384", "early 16384", "early 7232"])]
    {
        let mut pair = pair(Tls::with_early_data(40_000), &pattern(early)).established();
        assert!(pair.raw.is_early_data_accepted());
        pair.send(b"the rest");
        assert_eq!(pair.session.application().events, [&["established"], pieces, &["received 8"]].concat());
        assert_eq!(pair.raw.received, pattern(early));
    }
}

#[test]
fn rustls_accepts_no_early_data_with_a_ticketer() {
    let mut tls = Tls::with_early_data(16_384);
    tls.server.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    let mut pair = pair(tls, b"early").established();
    assert!(!pair.raw.is_early_data_accepted());
}
