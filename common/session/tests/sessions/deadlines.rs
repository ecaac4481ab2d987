//! Each deadline, to the nanosecond: what starts it, what moves it, what does not, and the reason that it gives.

use std::time::Duration;

use rustls::version::TLS13;
use tls_session::application::Application;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::deadline::{Timeout, Timeouts};
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{TIMEOUTS, Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

use crate::support::echo;

const INSTANT: Duration = Duration::from_nanos(1);

/// Checks that the session ends after this time, not a nanosecond earlier, and because of this deadline.
fn assert_ends_after<A: Application>(pair: &mut RawPair<A>, time: Duration, timeout: Timeout) {
    pair.advance(time - INSTANT);
    assert_eq!(pair.session.reason(), None, "too early");
    pair.advance(INSTANT);
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(timeout)));
    let fired = format!("deadline {}", timeout.name());
    assert!(pair.session.seen.position(&fired).is_some());
}

fn with_timeouts(timeouts: Timeouts) -> RawPair<Echo> {
    RawPair::server(Tls::new(&TLS13).server_timeouts(timeouts), Echo::default())
}

// ---- wait ------------------------------------------------------------------------------------------------------

/// A client with this wait deadline. So many bytes of the server's first flight have arrived.
fn waiting_client(wait: Option<Duration>, arriving: usize) -> RawPair<Talker> {
    let timeouts = Timeouts { wait, ..TIMEOUTS };
    let pair = RawPair::client(Tls::new(&TLS13).client_timeouts(timeouts), Talker::sends(b"hello"));
    pair.raw.socket.outgoing().arriving = arriving;
    pair
}

#[test]
fn a_client_waits_for_the_first_byte_until_its_wait_deadline() {
    assert_ends_after(&mut waiting_client(Some(seconds(300)), 0), seconds(300), Timeout::Wait);
}

#[test]
fn the_first_byte_ends_the_wait_and_starts_the_handshake_deadline() {
    for (wait, silence) in [(Some(seconds(300)), seconds(299)), (None, seconds(3600))] {
        let mut pair = waiting_client(wait, 0);
        pair.advance(silence);
        assert_eq!(pair.session.reason(), None);
        pair.raw.socket.outgoing().arriving = 1;
        assert_ends_after(&mut pair, seconds(10), Timeout::Handshake);
    }
}

// ---- handshake -------------------------------------------------------------------------------------------------

#[test]
fn one_byte_a_second_does_not_move_the_handshake_deadline() {
    let mut pair = with_timeouts(TIMEOUTS);
    for sent in 0..9 {
        pair.raw.socket.outgoing().arriving = sent;
        pair.settle();
        assert_eq!(pair.session.socket.taken(), sent);
        pair.advance(seconds(1));
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Handshake);
}

#[test]
fn the_wait_and_handshake_deadlines_end_with_the_handshake() {
    let mut pair = echo(&TLS13);
    pair.advance(seconds(11));
    assert_eq!(pair.session.phase().name(), "Established");

    let mut pair = waiting_client(Some(seconds(300)), 0);
    pair.advance(seconds(299));
    pair.raw.socket.outgoing().arriving = usize::MAX;
    pair.advance(seconds(50));
    assert_eq!(pair.session.phase().name(), "Established");
}

// ---- idle ------------------------------------------------------------------------------------------------------

/// The end of an idle session is a close_notify. Then the peer has the close deadline for its own.
#[test]
fn data_moves_the_idle_deadline() {
    for version in VERSIONS {
        for answers in [true, false] {
            let mut pair = echo(version);
            for _ in 0..5 {
                pair.advance(seconds(59));
                pair.send(b"still here");
            }
            pair.advance(seconds(60) - INSTANT);
            assert_eq!(pair.session.phase().name(), "Established");
            pair.advance(INSTANT);
            assert_eq!(pair.session.phase().name(), "Closing");
            assert!(pair.raw.closed);
            if answers {
                pair.send_close_notify();
                assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
            } else {
                assert_ends_after(&mut pair, seconds(5), Timeout::Idle);
            }
        }
    }
}

#[test]
fn data_that_the_peer_reads_moves_the_idle_deadline() {
    let mut pair = with_timeouts(Timeouts { write: None, ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    pair.advance(seconds(59));
    pair.session.send(b"from outside", pair.now).unwrap(); // as does this
    pair.advance(seconds(59));
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received.len(), 10_012);
    assert_ends_after(&mut pair, seconds(65), Timeout::Idle);
}

#[test]
fn half_a_record_and_a_key_update_do_not_move_the_idle_deadline() {
    let mut pair = echo(&TLS13);
    pair.advance(seconds(30));
    pair.raw.tls.refresh_traffic_keys().unwrap();
    pair.settle();
    pair.advance(seconds(29));
    let end = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().arriving = end + 9;
    pair.send(b"only nine bytes of this arrive");
    pair.advance(seconds(1));
    assert_eq!(pair.session.phase().name(), "Closing");
}

/// Pending output is written before the close_notify. If the peer reads it in time, the answer is complete (I6).
#[test]
fn an_idle_session_with_pending_output_sends_close_notify_only_after_it() {
    for reads_after in [seconds(4), seconds(5)] {
        let mut pair = with_timeouts(Timeouts { idle: Some(seconds(10)), ..TIMEOUTS }).established();
        pair.raw.socket.incoming().capacity = 1000;
        pair.peer_paused = true;
        pair.send(&pattern(10_000));
        pair.advance(seconds(10));
        assert_eq!(pair.session.phase().name(), "Closing");
        pair.advance(reads_after);
        assert_eq!(pair.session.reason().is_some(), reads_after == seconds(5));
        pair.peer_paused = false;
        pair.send_close_notify();
        assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
        assert_eq!(pair.raw.received == pattern(10_000), reads_after == seconds(4));
        assert_eq!(pair.raw.closed, reads_after == seconds(4));
    }
}

// ---- write -----------------------------------------------------------------------------------------------------

#[test]
fn only_bytes_that_the_peer_reads_move_the_write_deadline() {
    let mut pair = with_timeouts(Timeouts { idle: None, ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    for _ in 0..5 {
        pair.advance(seconds(29));
        pair.raw.socket.incoming().capacity += 1; // as if it had read one byte
        pair.session.settle(pair.now);
    }
    for _ in 0..29 {
        pair.advance(seconds(1));
        pair.send(b"more");
        pair.session.report_ready(pair.now); // neither does the poll, which may report anything
        pair.session.turn(pair.now);
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Write);
}

// ---- close -----------------------------------------------------------------------------------------------------

#[test]
fn a_closing_session_has_only_the_close_deadline_which_data_does_not_move() {
    let shorter = Timeouts { idle: Some(seconds(3)), session: Some(seconds(4)), ..TIMEOUTS };
    let mut pair = with_timeouts(shorter).established();
    pair.close();
    for _ in 0..4 {
        pair.advance(seconds(1));
        pair.send(b"and another thing");
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Close);
}

/// The peer has closed and has its answer, and leaves no room for our close_notify.
#[test]
fn a_close_notify_that_nobody_reads_is_not_a_clean_end() {
    let mut pair = echo(&TLS13);
    pair.raw.socket.incoming().capacity = 0;
    pair.send_close_notify();
    assert_eq!(pair.session.phase().name(), "Finishing");
    assert_ends_after(&mut pair, seconds(5), Timeout::Close);
}

// ---- session ---------------------------------------------------------------------------------------------------

#[test]
fn data_does_not_move_the_session_deadline_which_closes_with_close_notify() {
    let mut pair = with_timeouts(Timeouts { session: Some(seconds(100)), ..TIMEOUTS });
    for _ in 0..99 {
        pair.advance(seconds(1));
        pair.send(b"busy");
    }
    pair.advance(seconds(1) - INSTANT);
    assert_eq!(pair.session.phase().name(), "Established");
    pair.advance(INSTANT);
    assert_eq!(pair.session.phase().name(), "Closing");
    assert!(pair.raw.closed);
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Session)));
    assert_eq!(pair.raw.received.len(), 99 * 4);
}

// ---- none ------------------------------------------------------------------------------------------------------

#[test]
fn a_session_without_deadlines_waits_forever() {
    let mut pair = with_timeouts(Timeouts::NONE);
    pair.raw.socket.outgoing().arriving = 0;
    pair.advance(seconds(1_000_000));
    pair.raw.socket.outgoing().arriving = usize::MAX;
    pair.advance(seconds(1_000_000));
    pair.send(b"hello");
    assert_eq!(pair.raw.received, b"hello");
    assert!(pair.session.seen.deadlines.is_empty());
}

// ---- a loop that comes late ------------------------------------------------------------------------------------

/// A server's session that has got a part of the ClientHello, and whose loop then stands still for so long.
fn paused_in_the_handshake(pause: Duration) -> RawPair<Echo> {
    let mut pair = with_timeouts(TIMEOUTS);
    pair.raw.socket.outgoing().arriving = 100;
    pair.settle();
    pair.now += pause;
    pair.settle();
    pair
}

#[test]
fn a_session_that_is_due_writes_to_its_socket_before_it_counts_as_late() {
    let mut pair = echo(&TLS13);
    pair.raw.socket.incoming().capacity = 0;
    pair.peer_paused = true;
    pair.send(b"hello");
    pair.raw.socket.incoming().capacity = usize::MAX;
    pair.now += seconds(31);
    pair.session.turn(pair.now);
    assert_eq!(pair.session.phase().name(), "Established");
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received, b"hello");
}

#[test]
fn neither_a_flood_nor_a_pause_moves_the_session_deadline() {
    let timeouts = Timeouts { session: Some(seconds(100)), ..TIMEOUTS };
    let mut pair = with_timeouts(timeouts).established();
    pair.now += seconds(50);
    pair.send(b"still here");
    pair.raw.send(&pattern(1_000_000));
    pair.raw.write();
    pair.now += seconds(60);
    pair.session.round(pair.now);
    assert_eq!(pair.session.phase().name(), "Closing");
}

/// The peer could do nothing while the loop stood still.
#[test]
fn a_pause_of_the_loop_moves_the_handshake_deadline() {
    for (pause, more) in [(seconds(3600), seconds(10)), (seconds(12), seconds(2))] {
        assert_ends_after(&mut paused_in_the_handshake(pause), more, Timeout::Handshake);
    }
    let pair = paused_in_the_handshake(seconds(10) + Duration::from_millis(99)); // a busy loop
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Handshake)));
}

#[test]
fn a_pause_of_the_loop_does_not_count_against_the_close() {
    let mut pair = echo(&TLS13);
    pair.close();
    pair.now += seconds(3600);
    pair.settle();
    assert_eq!(pair.session.reason(), None);
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
}
