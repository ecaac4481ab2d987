//! Applications that answer later than inside `received`. Our close_notify certifies that an answer is complete (invariant
//! I6), so it never follows a part of one.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::{CloseReason, Endpoint, Operation};
use tls_session::deadline::{Timeout, Timeouts};
use tls_session::phase::Phase;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::seconds;
use tls_session::simulation::tls::{TIMEOUTS, Tls};

/// Sends the first half of its answer at once, and the second half some time later.
#[derive(Default)]
struct Late {
    delay: Duration,
    second_half_at: Option<Instant>,
}

impl Late {
    fn after(delay: Duration) -> Self {
        Self { delay, second_half_at: None }
    }
}

impl Application for Late {
    fn received(&mut self, now: Instant, _plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(b"first ");
        }
        self.second_half_at = Some(now + self.delay);
        Next::Continue
    }

    fn is_answering(&self) -> bool {
        self.second_half_at.is_some()
    }

    fn deadline(&self) -> Option<Instant> {
        self.second_half_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"second");
        self.second_half_at = None;
        Next::Continue
    }
}

/// A session in the middle of its answer, which takes this long.
fn answering(delay: Duration) -> RawPair<Late> {
    let timeouts = Timeouts { idle: Some(seconds(60)), close: Some(seconds(5)), ..TIMEOUTS };
    let mut pair =
        RawPair::server(Tls::new(&TLS13).server_timeouts(timeouts), Late::after(delay)).established();
    pair.send(b"request");
    assert_eq!(pair.raw.received, b"first ");
    pair
}

#[test]
fn the_idle_deadline_ends_a_session_in_its_answer_without_close_notify() {
    let mut pair = answering(seconds(100));
    pair.advance(seconds(61));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    assert!(!pair.raw.closed, "close_notify after half of the answer");
}

#[test]
fn the_idle_deadline_sends_close_notify_behind_a_complete_answer() {
    let mut pair = answering(seconds(1));
    pair.advance(seconds(62));
    assert_eq!(pair.raw.received, b"first second");
    assert!(pair.raw.closed);
}

#[test]
fn a_close_waits_for_the_rest_of_the_answer() {
    let mut pair = answering(seconds(2));
    pair.close();
    assert_eq!(*pair.session.phase(), Phase::Established);
    pair.advance(seconds(3));
    assert_eq!(pair.raw.received, b"first second");
    assert!(pair.raw.closed);
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
}

#[test]
fn a_close_waits_no_longer_than_the_close_deadline_and_then_sends_no_close_notify() {
    let mut pair = answering(seconds(50));
    pair.close();
    pair.advance(seconds(3));
    pair.close(); // a second signal does not prolong it
    pair.advance(seconds(3));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Close)));
    assert!(!pair.raw.closed, "close_notify after half of the answer");
}

#[test]
fn an_abort_sends_a_fin_and_no_close_notify() {
    let mut pair = answering(seconds(50));
    pair.session.abort(pair.now);
    pair.settle();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Aborted));
    assert!(!pair.raw.closed, "close_notify after half of the answer");
    assert!(pair.session.seen.position("send FIN").is_some());
}

/// The first reason counts, also for the caller that reports a second one.
#[test]
fn a_transport_that_is_lost_later_does_not_change_the_reason() {
    let mut pair = answering(seconds(50));
    pair.session.abort(pair.now);
    pair.session.lose_transport(Operation::Write, &ErrorKind::BrokenPipe.into(), pair.now);
    assert_eq!(pair.session.reason(), Some(&CloseReason::Aborted));
}

/// Its timer is always due.
#[derive(Default)]
struct Stuck {
    since: Option<Instant>,
    calls: usize,
}

impl Application for Stuck {
    fn established(&mut self, now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.since = Some(now);
        Next::Continue
    }

    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.since
    }

    fn timer(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.calls += 1;
        if self.calls < 10 { Next::Continue } else { Next::Close }
    }
}

#[test]
fn a_turn_calls_a_timer_once() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Stuck::default());
    for _ in 0..4 {
        pair.raw.write();
        pair.session.round(pair.now);
        pair.raw.read();
    }
    assert_eq!(*pair.session.phase(), Phase::Established);
    let before = pair.session.application().calls;
    pair.session.turn(pair.now);
    assert_eq!(pair.session.application().calls, before + 1, "a turn that never ends would hang the loop");
}
