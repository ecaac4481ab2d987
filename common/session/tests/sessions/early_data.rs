//! Early data (0-RTT) is rejected unless the application accepts it. It is delivered when the peer is authorized. It
//! never makes a handshake fail.

use std::io::Write as _;
use std::time::Instant;

use rustls::Connection;
use rustls::client::Resumption;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Shared, Tls};

/// A server whose tickets allow `allowed` bytes of early data, and a client that has one.
fn with_ticket(allowed: u32) -> Tls {
    let mut tls = Tls::new(&TLS13);
    tls.server.max_early_data_size = allowed;
    tls.server.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
    tls.client.enable_early_data = true;
    tls.client.resumption = Resumption::default();
    let shared = tls.clone().shared();
    let mut first = RawPair::server(&shared, Echo::default()).established();
    first.send_close_notify();
    assert!(first.session.is_clean());
    tls
}

/// The client's next session. Its early data is on the network.
fn pair<A: Application>(tls: impl Into<Shared>, application: A, early: &[u8]) -> RawPair<A> {
    let mut pair = RawPair::server(tls, application);
    let Connection::Client(client) = &mut pair.raw.tls else { panic!("no client") };
    client.early_data().expect("the ticket allows early data").write_all(early).unwrap();
    pair.raw.write();
    pair
}

fn is_accepted(pair: &RawPair<impl Application>) -> bool {
    let Connection::Client(client) = &pair.raw.tls else { panic!("no client") };
    client.is_early_data_accepted()
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
        let mut pair = pair(with_ticket(40_000), Eager::default(), &pattern(early)).established();
        assert!(is_accepted(&pair));
        pair.send(b"the rest");
        assert_eq!(pair.session.application().events, [&["established"], pieces, &["received 8"]].concat());
        assert_eq!(pair.raw.received, pattern(early));
    }
}

#[test]
fn rustls_accepts_no_early_data_with_a_ticketer() {
    let mut tls = with_ticket(16_384);
    tls.server.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    let pair = pair(tls, Eager::default(), b"early").established();
    assert!(!is_accepted(&pair));
}
