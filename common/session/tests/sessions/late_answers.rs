//! Applications that answer later than inside `received`. Our close_notify certifies that an answer is complete
//! (invariant I6), so it never follows a part of one.

use std::time::{Duration, Instant};

use rustls::SupportedProtocolVersion;
use rustls::version::TLS13;
use tls_session::application::{Application, HIGH_WATER_MARK, Next, Outbox};
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::deadline::Timeout;
use tls_session::phase::Phase;
use tls_session::simulation::network::Cut;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

/// Sends the first half of its answer to a request, or to the peer's close_notify, and the second half some time later.
#[derive(Debug)]
struct Late {
    at_the_end: bool,
    delay: Option<Duration>,
    second_half_at: Option<Instant>,
}

impl Late {
    fn answer(&mut self, now: Instant, outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(b"first ");
        }
        self.second_half_at = self.delay.map(|delay| now + delay);
        Next::Continue
    }
}

impl Application for Late {
    fn received(&mut self, now: Instant, _plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if self.at_the_end { Next::Continue } else { self.answer(now, outbox) }
    }

    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        if self.at_the_end { self.answer(now, Some(outbox)) } else { Next::Close }
    }

    fn is_answering(&self) -> bool {
        !self.at_the_end && self.second_half_at.is_some()
    }

    fn deadline(&self) -> Option<Instant> {
        self.second_half_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"second");
        self.second_half_at = None;
        if self.at_the_end { Next::Close } else { Next::Continue }
    }
}

/// A session in the middle of its answer, which takes this long.
fn answering(delay: Duration) -> RawPair<Late> {
    let late = Late { at_the_end: false, delay: Some(delay), second_half_at: None };
    let mut pair = RawPair::server(Tls::new(&TLS13), late).established();
    pair.send(b"request");
    assert_eq!(pair.raw.received, b"first ");
    pair
}

#[test]
fn the_idle_deadline_sends_close_notify_only_behind_a_complete_answer() {
    let mut pair = answering(seconds(100));
    pair.advance(seconds(61));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    assert!(!pair.raw.closed, "close_notify after half of the answer");

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

// ---- an answer to the peer's close_notify ------------------------------------------------------------------------

/// A session in the middle of its answer, whose peer has sent close_notify. Without a delay the test sends the rest.
fn half_closed(version: &'static SupportedProtocolVersion, delay: Option<Duration>) -> RawPair<Late> {
    let late = Late { at_the_end: true, delay, second_half_at: None };
    let mut pair = RawPair::server(Tls::new(version), late).established();
    pair.raw.send(b"question");
    pair.send_close_notify();
    assert_eq!(*pair.session.phase(), Phase::HalfClosed);
    assert!(!pair.raw.closed, "a close_notify before the answer");
    pair
}

#[test]
fn an_answer_from_a_timer_or_from_outside_follows_the_peers_close_notify() {
    for version in VERSIONS {
        for delay in [Some(seconds(20)), None] {
            let mut pair = half_closed(version, delay);
            pair.advance(seconds(20));
            if delay.is_none() {
                assert_eq!(pair.session.send(b"second", pair.now), Ok(()));
                pair.finish_sending();
            }
            assert_eq!(pair.raw.received, b"first second");
            assert!(pair.raw.closed);
            assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
        }
    }
}

#[test]
fn a_half_closed_session_that_does_not_answer_ends_at_its_deadline_without_close_notify() {
    for (delay, closes, timeout) in [(None, false, Timeout::Idle), (Some(seconds(20)), true, Timeout::Close)]
    {
        let mut pair = half_closed(&TLS13, delay);
        if closes {
            pair.close();
        }
        pair.advance(if closes { seconds(5) } else { seconds(60) });
        assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(timeout)));
        assert!(!pair.raw.closed);
    }
}

#[test]
fn a_half_closed_session_notices_a_reset_after_the_fin() {
    for fin in [false, true] {
        let mut pair = half_closed(&TLS13, None);
        if fin {
            pair.raw.send_fin();
            pair.settle();
            let reads = pair.session.socket.incoming().reads;
            pair.settle();
            assert_eq!(pair.session.socket.incoming().reads, reads, "the FIN is read once");
            assert_eq!(*pair.session.phase(), Phase::HalfClosed);
        }
        let sent = pair.raw.socket.sent().len();
        pair.raw.socket.outgoing().cut = Some((sent, Cut::Reset));
        pair.settle();
        assert!(matches!(pair.session.reason(), Some(CloseReason::Transport { .. })), "{fin}");
    }
}

/// The pending output of a half-closed session is measured too.
#[test]
fn a_half_closed_session_has_room_again_when_the_peer_has_read() {
    let mut pair = half_closed(&TLS13, None);
    pair.raw.socket.incoming().capacity = 0;
    assert!(pair.session.has_room());
    pair.session.send(&pattern(2 * HIGH_WATER_MARK), pair.now).unwrap();
    assert!(!pair.session.has_room(), "before the next turn");
    pair.settle();
    assert!(!pair.session.has_room());
    pair.raw.socket.incoming().capacity = usize::MAX;
    pair.settle();
    assert!(pair.session.has_room());
}
