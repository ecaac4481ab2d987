//! Who closes, who answers, and what a close_notify is worth.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rustls::SupportedProtocolVersion;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::{CloseReason, Party};
use tls_session::deadline::Timeout;
use tls_session::readiness::Readiness;
use tls_session::session::NotSent;

use crate::support::pair::Pair;
use crate::support::roles::{Echo, Sphinx, Talker};
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;
use crate::support::wire::Cut;
use crate::support::{pattern, seconds};

/// Invariant I6, for every size of request that a lane, a helping, a record and their borders could treat apart.
#[test]
fn a_clean_end_means_that_everything_was_answered() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for size in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000] {
            for capacity in [16 * 1024, 64 * 1024, usize::MAX] {
                let message = pattern(size);
                // Half-close: the client says close_notify right behind its request, and then reads.
                let talker = Talker::says(&message).leaves_after(0);
                let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
                pair.client.end.outgoing().capacity = 64 * 1024;
                pair.client.end.incoming().capacity = capacity;
                pair.run();
                assert_eq!(pair.client.reason(), Some(&CloseReason::Clean { first: Party::Us }));
                assert_eq!(pair.server.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
                assert!(pair.client.heard() == [&b"welcome!\n"[..], &message].concat());
            }
        }
    }
}

#[test]
fn a_server_that_is_stopped_answers_what_it_has_taken_before_it_says_goodbye() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    visit.raw.end.incoming().capacity = 1000;
    visit.deaf = true;
    visit.say(&pattern(50_000));
    let taken = visit.session.heard().len();
    visit.close();
    visit.say(b"too late");
    visit.deaf = false;
    visit.say_goodbye();
    assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Us }));
    assert!(visit.raw.closed);
    assert_eq!((taken, visit.raw.heard.len()), (50_000, 50_000));
}

/// RFC 8446, 6.1: data behind close_notify is ignored.
#[test]
fn what_a_peer_says_behind_its_close_notify_is_ignored() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.raw.say(b"first");
        visit.raw.tls.send_close_notify();
        visit.say(b"second");
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
        assert_eq!(visit.session.heard(), b"first");
        assert_eq!(visit.raw.heard, b"first");
        assert!(visit.raw.closed);
    }
}

#[test]
fn a_fin_alone_is_a_truncation_though_all_was_answered() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.say(b"hello");
        visit.raw.leave();
        visit.settle();
        assert_eq!(visit.session.reason(), Some(&CloseReason::Truncated { established: true }));
        assert_eq!(visit.raw.heard, b"hello");
        assert!(!visit.raw.closed, "a close_notify that certifies an answer to what may have been cut off");
    }
}

#[test]
fn a_peer_that_just_leaves_after_our_close_notify_has_not_confirmed_it() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.close();
        visit.raw.leave();
        visit.settle();
        assert_eq!(visit.session.reason(), Some(&CloseReason::Unconfirmed));
    }
}

/// Many close their socket with our close_notify unread, and their kernel makes a reset of it.
#[test]
fn a_peer_that_resets_after_our_close_notify_has_just_left() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.close();
        let said = visit.raw.end.sent().len();
        visit.raw.end.outgoing().cut = Some((said, Cut::Reset));
        visit.settle();
        assert_eq!(visit.session.reason(), Some(&CloseReason::Unconfirmed));
    }
}

/// Half-close: whoever has said everything hears the rest of the answer, however long it takes, as long as it comes.
#[test]
fn who_has_said_everything_waits_for_as_long_as_the_answer_comes() {
    for version in VERSIONS {
        let mut visit = Visit::to_client(Tls::new(version), Talker::says(b"question")).established();
        visit.finish_sending();
        assert!(visit.raw.closed);
        for _ in 0..5 {
            visit.advance(seconds(59)); // longer than the close deadline, shorter than the idle one
            visit.say(b"answer");
        }
        visit.say_goodbye();
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Us }));
        assert_eq!(visit.session.heard(), b"answer".repeat(5));
    }
}

#[test]
fn who_has_said_everything_does_not_wait_for_ever() {
    let mut visit = Visit::to_client(Tls::new(&TLS13), Talker::says(b"question")).established();
    visit.finish_sending();
    visit.advance(seconds(60));
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn a_fin_is_read_once() {
    for (we_close, phase) in [(false, "PeerClosed"), (true, "Closing")] {
        let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
        visit.raw.end.incoming().capacity = 0; // so that an answer stays owed, and the session stays
        visit.say(b"hello");
        if we_close {
            visit.close();
        }
        visit.raw.leave();
        visit.settle();
        assert_eq!(visit.session.phase().name(), phase);
        let reads = visit.session.end.incoming().reads;
        for _ in 0..3 {
            visit.session.report_ready(visit.now);
            visit.session.turn(visit.now);
        }
        assert_eq!(visit.session.end.incoming().reads, reads, "{phase}");
    }
}

#[test]
fn closing_twice_is_closing_once() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    visit.close();
    let (sent, lines) = (visit.session.end.sent().len(), visit.session.seen.lines.clone());
    visit.close();
    assert_eq!(visit.session.end.sent().len(), sent);
    assert_eq!(visit.session.seen.lines, lines);
}

/// Spurious events are the kernel's right: in no phase do they change anything.
#[test]
fn events_without_a_cause_change_nothing() {
    type Play = fn(&mut Visit<Sphinx>);
    let scenes: [(&str, Play); 3] = [
        ("Handshaking", |_| {}),
        ("Established", |visit| visit.settle()),
        ("Closing", |visit| {
            visit.settle();
            visit.close();
        }),
    ];
    for (phase, play) in scenes {
        let mut visit = Visit::to_server(Tls::new(&TLS13), Sphinx);
        visit.session.settle(visit.now);
        play(&mut visit);
        assert_eq!(visit.session.phase().name(), phase);

        let interest = visit.session.interest();
        let (lines, deadline) = (visit.session.seen.lines.clone(), visit.session.deadline());
        for _ in 0..3 {
            visit.session.report_ready(visit.now);
            visit.session.turn(visit.now);
        }
        assert_eq!(visit.session.phase().name(), phase);
        assert_eq!(visit.session.seen.lines, lines);
        assert_eq!(visit.session.interest(), interest);
        assert_eq!(visit.session.deadline(), deadline);
    }
}

/// A session that starts on a socket that is readable already, as a waiter's is, must be told so.
#[test]
fn a_session_reads_nothing_before_it_is_told_that_there_is_something() {
    assert!(!Readiness::fresh().is_readable());
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default());
    visit.raw.write();
    visit.session.turn(visit.now);
    assert_eq!(visit.session.end.incoming().reads, 0);
    visit.settle();
    assert_eq!(visit.session.phase().name(), "Established");
}

// ---- half-close: an application that answers later ---------------------------------------------------------------

/// A role that answers `delay` after its peer has finished, or from outside.
#[derive(Debug, Default)]
struct Late {
    delay: Option<Duration>,
    answers_at: Option<Instant>,
}

impl Application for Late {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"wait, ");
        self.answers_at = self.delay.map(|delay| now + delay);
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.answers_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"here it is");
        Next::Close
    }
}

fn half_closed(version: &'static SupportedProtocolVersion, delay: Option<Duration>) -> Visit<Late> {
    let mut visit = Visit::to_server(Tls::new(version), Late { delay, ..Late::default() }).established();
    visit.raw.say(b"question");
    visit.say_goodbye();
    assert_eq!(visit.session.phase().name(), "HalfClosed");
    assert!(!visit.raw.closed, "a close_notify before the answer");
    visit
}

#[test]
fn a_timer_answers_after_the_peers_close_notify() {
    for version in VERSIONS {
        let mut visit = half_closed(version, Some(seconds(20)));
        visit.advance(seconds(20));
        assert_eq!(visit.raw.heard, b"wait, here it is");
        assert!(visit.raw.closed);
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
    }
}

#[test]
fn an_answer_from_outside_follows_the_peers_close_notify() {
    for version in VERSIONS {
        let mut visit = half_closed(version, None);
        visit.advance(seconds(30));
        assert_eq!(visit.session.send(b"here it is", visit.now), Ok(()));
        visit.finish_sending();
        assert_eq!(visit.raw.heard, b"wait, here it is");
        assert!(visit.raw.closed);
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
    }
}

/// The loss is reported, and nothing certifies it: by default a session is complete with the peer's close_notify.
#[test]
fn a_session_that_takes_no_plaintext_says_so() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default());
        assert_eq!(visit.session.send(b"early", visit.now), Err(NotSent));
        visit.settle();
        assert_eq!(visit.session.send(b"in time, ", visit.now), Ok(()));
        visit.raw.end.incoming().capacity = 0;
        visit.raw.say(b"question");
        visit.say_goodbye();
        assert_eq!(visit.session.phase().name(), "PeerClosed");
        assert_eq!(visit.session.send(b"late", visit.now), Err(NotSent));
        visit.raw.end.incoming().capacity = usize::MAX;
        visit.settle();
        assert_eq!(visit.raw.heard, b"in time, question");
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
    }
}

#[test]
fn an_application_that_never_answers_is_ended_without_close_notify() {
    let mut visit = half_closed(&TLS13, None);
    visit.advance(seconds(60));
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    assert!(!visit.raw.closed);
}

#[test]
fn a_half_closed_session_that_is_closed_from_outside_has_the_close_deadline() {
    let mut visit = half_closed(&TLS13, Some(seconds(20)));
    visit.close();
    visit.advance(seconds(5));
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Close)));
    assert!(!visit.raw.closed);
}

#[test]
fn a_half_closed_session_notices_a_reset_behind_the_fin() {
    for fin in [false, true] {
        let mut visit = half_closed(&TLS13, None);
        if fin {
            visit.raw.leave();
            visit.settle();
            let reads = visit.session.end.incoming().reads;
            visit.settle();
            assert_eq!(visit.session.end.incoming().reads, reads, "the FIN is read once");
            assert_eq!(visit.session.phase().name(), "HalfClosed");
        }
        let said = visit.raw.end.sent().len();
        visit.raw.end.outgoing().cut = Some((said, Cut::Reset));
        visit.settle();
        assert!(matches!(visit.session.reason(), Some(CloseReason::Transport { .. })), "{fin}");
    }
}

// ---- whether the socket is drained before it is closed -----------------------------------------------------------

#[test]
fn a_usual_end_closes_the_socket_directly() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.say(b"hello");
        visit.say_goodbye();
        assert!(visit.session.is_clean());
        assert!(!visit.session.needs_draining());

        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.raw.leave();
        visit.settle();
        assert!(!visit.session.needs_draining(), "nothing can come behind a FIN");
    }
}

#[test]
fn bytes_behind_close_notify_make_the_socket_drained() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    visit.raw.say(b"question");
    visit.raw.tls.send_close_notify();
    visit.raw.write();
    visit.raw.end.write_all(b"behind").unwrap(); // in the same read
    visit.settle();
    assert_eq!(visit.raw.heard, b"question");
    assert!(visit.session.is_clean());
    assert!(visit.session.needs_draining());
}

/// While the answer is pending the poll does not watch for bytes, so nobody knows whether some have come.
#[test]
fn a_socket_that_nobody_watched_behind_close_notify_is_drained() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    visit.raw.end.incoming().capacity = 0;
    visit.raw.say(b"question");
    visit.say_goodbye();
    assert_eq!(visit.session.phase().name(), "PeerClosed");
    visit.raw.end.incoming().capacity = usize::MAX;
    visit.settle();
    assert!(visit.session.is_clean());
    assert!(visit.session.needs_draining());
}

/// The peer that has not finished may go on sending, and a reset would destroy what was sent last.
#[test]
fn behind_an_alert_the_socket_is_drained() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    let sent = visit.raw.end.sent().len();
    visit.raw.end.outgoing().flip = Some(sent + 10);
    visit.say(b"damaged");
    assert!(matches!(visit.session.reason(), Some(CloseReason::Tls(_))));
    assert!(visit.session.needs_draining());

    let mut visit = Visit::to_client(Tls::new(&TLS13), Talker::says(b"hello")).established();
    visit.raw.end.write_all(&[21, 3, 3, 0, 2, 1, 0]).unwrap(); // not encrypted: rustls answers with an alert
    visit.settle();
    assert!(visit.raw.error.is_some(), "our alert has come");
    assert!(visit.session.needs_draining());
}
