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

fn established() -> RawPair<Echo> {
    RawPair::server(Tls::new(&TLS13), Echo::default()).established()
}

fn with_timeouts(timeouts: Timeouts) -> RawPair<Echo> {
    RawPair::server(Tls::new(&TLS13).server_timeouts(timeouts), Echo::default())
}

// ---- wait ------------------------------------------------------------------------------------------------------

fn waiting_client() -> RawPair<Talker> {
    let timeouts = Timeouts { wait: Some(seconds(300)), ..TIMEOUTS };
    RawPair::client(Tls::new(&TLS13).client_timeouts(timeouts), Talker::sends(b"hello"))
}

#[test]
fn a_client_waits_for_the_first_byte_until_its_wait_deadline() {
    let mut pair = waiting_client();
    pair.raw.socket.outgoing().arriving = 0;
    assert_ends_after(&mut pair, seconds(300), Timeout::Wait);
}

#[test]
fn without_a_wait_deadline_the_handshake_deadline_starts_with_the_first_byte() {
    let timeouts = Timeouts { wait: None, ..TIMEOUTS };
    let tls = Tls::new(&TLS13).client_timeouts(timeouts);
    let mut pair = RawPair::client(tls, Talker::sends(b"hello"));
    pair.raw.socket.outgoing().arriving = 0;
    pair.advance(seconds(3600));
    assert_eq!(pair.session.reason(), None);
    pair.raw.socket.outgoing().arriving = 1;
    assert_ends_after(&mut pair, seconds(10), Timeout::Handshake);
}

#[test]
fn the_first_byte_ends_the_wait_and_starts_the_handshake_deadline() {
    let mut pair = waiting_client();
    pair.raw.socket.outgoing().arriving = 0;
    pair.advance(seconds(299));
    pair.raw.socket.outgoing().arriving = 1;
    assert_ends_after(&mut pair, seconds(10), Timeout::Handshake);
}

#[test]
fn a_long_wait_does_not_shorten_the_handshake_deadline() {
    let mut pair = waiting_client();
    pair.raw.socket.outgoing().arriving = 0;
    pair.advance(seconds(299));
    pair.raw.socket.outgoing().arriving = usize::MAX;
    pair.advance(seconds(50));
    assert_eq!(pair.session.phase().name(), "Established");
}

// ---- handshake -------------------------------------------------------------------------------------------------

#[test]
fn silence_in_the_handshake_ends_at_its_deadline_and_is_not_answered() {
    let mut pair = with_timeouts(TIMEOUTS);
    pair.raw.socket.outgoing().arriving = 0;
    assert_ends_after(&mut pair, seconds(10), Timeout::Handshake);
    assert_eq!(*pair.session.socket.sent(), []);
}

#[test]
fn one_byte_a_second_does_not_move_the_handshake_deadline() {
    let mut pair = with_timeouts(TIMEOUTS);
    for sent in 1..=9 {
        pair.raw.socket.outgoing().arriving = sent;
        pair.settle();
        assert_eq!(pair.session.socket.taken(), sent);
        pair.advance(seconds(1));
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Handshake);
}

#[test]
fn the_handshake_deadline_ends_with_the_handshake() {
    let mut pair = established();
    pair.advance(seconds(11));
    assert_eq!(pair.session.phase().name(), "Established");
}

// ---- idle ------------------------------------------------------------------------------------------------------

#[test]
fn an_idle_session_is_closed_with_a_close_notify() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.advance(seconds(60) - INSTANT);
        assert_eq!(pair.session.phase().name(), "Established");
        pair.advance(INSTANT);
        assert_eq!(pair.session.phase().name(), "Closing");
        assert!(pair.raw.closed);
        pair.send_close_notify();
        assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    }
}

#[test]
fn a_peer_that_does_not_answer_the_end_of_an_idle_session_has_the_close_deadline() {
    assert_ends_after_idle(&mut established(), seconds(65));
}

fn assert_ends_after_idle(pair: &mut RawPair<Echo>, time: Duration) {
    pair.advance(time - INSTANT);
    assert_eq!(pair.session.reason(), None, "too early");
    pair.advance(INSTANT);
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn data_moves_the_idle_deadline() {
    let mut pair = established();
    for _ in 0..5 {
        pair.advance(seconds(59));
        pair.send(b"still here");
    }
    assert_ends_after_idle(&mut pair, seconds(65));
}

#[test]
fn data_that_the_peer_reads_moves_the_idle_deadline() {
    let mut pair = with_timeouts(Timeouts { write: None, ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    pair.advance(seconds(59));
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received.len(), 10_000);
    assert_ends_after_idle(&mut pair, seconds(65));
}

#[test]
fn half_a_record_and_a_key_update_do_not_move_the_idle_deadline() {
    let mut pair = established();
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

/// Pending output is written before the close_notify. The session is idle, and its answer is still complete (I6).
#[test]
fn an_idle_session_with_pending_output_closes_after_it() {
    let mut pair = with_timeouts(Timeouts { idle: Some(seconds(10)), ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    pair.advance(seconds(10));
    assert_eq!(pair.session.phase().name(), "Closing");
    pair.advance(seconds(4));
    pair.peer_paused = false;
    pair.send_close_notify();
    assert_eq!(pair.raw.received, pattern(10_000));
    assert!(pair.raw.closed);
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn an_idle_session_whose_peer_reads_nothing_ends_without_close_notify() {
    let mut pair = with_timeouts(Timeouts { idle: Some(seconds(10)), ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    assert_ends_after_idle(&mut pair, seconds(15));
    pair.peer_paused = false;
    pair.settle();
    assert!(!pair.raw.closed && pair.raw.received.len() < 10_000);
}

// ---- write -----------------------------------------------------------------------------------------------------

/// A session with a pending answer. So many bytes of it fit into the kernel.
fn with_pending_output(capacity: usize) -> RawPair<Echo> {
    let mut pair = with_timeouts(Timeouts { idle: None, ..TIMEOUTS }).established();
    pair.raw.socket.incoming().capacity = capacity;
    pair.peer_paused = true;
    pair.send(&pattern(10_000));
    pair
}

#[test]
fn a_peer_that_reads_nothing_has_the_write_deadline() {
    assert_ends_after(&mut with_pending_output(1000), seconds(30), Timeout::Write);
}

#[test]
fn data_from_a_peer_that_reads_nothing_does_not_move_the_write_deadline() {
    let mut pair = with_pending_output(1000);
    for _ in 0..29 {
        pair.advance(seconds(1));
        pair.send(b"more");
        pair.session.report_ready(pair.now); // neither does the poll, which may report anything
        pair.session.turn(pair.now);
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Write);
}

#[test]
fn every_byte_that_the_peer_reads_moves_the_write_deadline() {
    let mut pair = with_pending_output(1000);
    for _ in 0..5 {
        pair.advance(seconds(29));
        pair.raw.socket.incoming().capacity += 1; // as if it had read one byte
        pair.session.settle(pair.now);
    }
    assert_ends_after(&mut pair, seconds(30), Timeout::Write);
}

// ---- close -----------------------------------------------------------------------------------------------------

#[test]
fn a_peer_that_does_not_answer_our_close_notify_has_the_close_deadline() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.close();
        assert_ends_after(&mut pair, seconds(5), Timeout::Close);
    }
}

#[test]
fn a_peer_that_goes_on_sending_does_not_move_the_close_deadline() {
    let mut pair = established();
    pair.close();
    for _ in 0..4 {
        pair.advance(seconds(1));
        pair.send(b"and another thing");
    }
    assert_ends_after(&mut pair, seconds(1), Timeout::Close);
}

#[test]
fn a_closing_session_has_only_the_close_deadline() {
    let shorter = Timeouts { idle: Some(seconds(3)), session: Some(seconds(4)), ..TIMEOUTS };
    let mut pair = with_timeouts(shorter).established();
    pair.close();
    assert_ends_after(&mut pair, seconds(5), Timeout::Close);
}

#[test]
fn an_alert_that_nobody_reads_does_not_hold_the_session() {
    let mut pair = established();
    pair.raw.socket.incoming().capacity = 0;
    let end = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().flips = vec![end + 10];
    pair.send(b"damaged");
    assert_eq!(pair.session.phase().name(), "Failing");
    pair.advance(seconds(5));
    assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(rustls::Error::DecryptError)));
}

#[test]
fn a_close_notify_that_nobody_reads_does_not_hold_the_session() {
    let mut pair = close_notify_that_nobody_reads();
    pair.advance(seconds(5) - INSTANT);
    assert_eq!(pair.session.reason(), None);
    pair.advance(INSTANT);
    assert!(pair.session.reason().is_some());
}

#[test]
fn a_close_notify_that_nobody_reads_is_not_a_clean_end() {
    let mut pair = close_notify_that_nobody_reads();
    assert_ends_after(&mut pair, seconds(5), Timeout::Close);
}

/// A session whose peer has closed and has its answer, and leaves no room for our close_notify.
fn close_notify_that_nobody_reads() -> RawPair<Echo> {
    let mut pair = established();
    pair.raw.socket.incoming().capacity = 0;
    pair.send_close_notify();
    assert_eq!(pair.session.phase().name(), "Finishing");
    pair
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

// ---- the deadline of the application -------------------------------------------------------------------------------------

#[test]
fn an_application_closes_when_its_own_deadline_says_so() {
    let talker = Talker::sends(b"hello").lingers(seconds(3));
    let mut pair = RawPair::client(Tls::new(&TLS13), talker).established();
    pair.advance(seconds(20));
    pair.send(b"the first thing");
    pair.advance(seconds(2));
    pair.send(b"the second");
    pair.advance(seconds(1) - INSTANT);
    assert_eq!(pair.session.phase().name(), "Established");
    pair.advance(INSTANT);
    assert_eq!(pair.session.phase().name(), "Closing");
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
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

/// Lets time pass while the loop does nothing.
fn pause<A: Application>(pair: &mut RawPair<A>, time: Duration) {
    pair.now += time;
}

/// The loop was stopped, or its events did not fit into one batch. The data is there, and no event has reported it.
#[test]
fn a_session_that_is_due_reads_its_socket_before_it_counts_as_late() {
    let mut pair = established();
    pair.raw.send(b"in time");
    pair.raw.write();
    pause(&mut pair, seconds(61));
    pair.session.turn(pair.now); // due, and without an event
    assert_eq!(pair.session.phase().name(), "Established");
    pair.settle();
    assert_eq!(pair.raw.received, b"in time");
}

#[test]
fn a_session_that_is_due_writes_to_its_socket_before_it_counts_as_late() {
    let mut pair = established();
    pair.raw.socket.incoming().capacity = 0;
    pair.peer_paused = true;
    pair.send(b"hello");
    pair.raw.socket.incoming().capacity = usize::MAX;
    pause(&mut pair, seconds(31));
    pair.session.turn(pair.now);
    assert_eq!(pair.session.phase().name(), "Established");
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received, b"hello");
}

#[test]
fn a_peer_that_floods_does_not_escape_its_deadlines() {
    let timeouts = Timeouts { session: Some(seconds(100)), ..TIMEOUTS };
    let mut pair = with_timeouts(timeouts).established();
    pause(&mut pair, seconds(50));
    pair.send(b"still here");
    pair.raw.send(&pattern(1_000_000));
    pair.raw.write();
    pause(&mut pair, seconds(50));
    pair.session.round(pair.now);
    assert_eq!(pair.session.phase().name(), "Closing");
}

/// The peer could do nothing while the loop stood still.
#[test]
fn a_pause_of_the_loop_does_not_count_against_the_handshake() {
    let mut pair = with_timeouts(TIMEOUTS);
    pair.raw.socket.outgoing().arriving = 100;
    pair.settle();
    pause(&mut pair, seconds(3600));
    pair.settle();
    assert_eq!(pair.session.reason(), None);
    pair.raw.socket.outgoing().arriving = usize::MAX;
    pair.advance(seconds(9));
    assert_eq!(pair.session.phase().name(), "Established");
}

#[test]
fn a_pause_moves_the_handshake_deadline() {
    for (pause_of, more) in [(seconds(3600), seconds(10)), (seconds(12), seconds(2))] {
        let mut pair = with_timeouts(TIMEOUTS);
        pair.raw.socket.outgoing().arriving = 100;
        pair.settle();
        pause(&mut pair, pause_of);
        pair.settle();
        assert_ends_after(&mut pair, more, Timeout::Handshake);
    }
}

#[test]
fn a_loop_that_is_a_little_late_moves_no_deadline() {
    let mut pair = with_timeouts(TIMEOUTS);
    pair.raw.socket.outgoing().arriving = 100;
    pair.settle();
    pause(&mut pair, seconds(10) + Duration::from_millis(99));
    pair.settle();
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Handshake)));
}

#[test]
fn a_pause_of_the_loop_does_not_count_against_the_close() {
    let mut pair = established();
    pair.close();
    pause(&mut pair, seconds(3600));
    pair.settle();
    assert_eq!(pair.session.reason(), None);
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
}

#[test]
fn a_pause_does_not_move_the_session_deadline() {
    let timeouts = Timeouts { session: Some(seconds(100)), ..TIMEOUTS };
    let mut pair = with_timeouts(timeouts).established();
    pair.raw.send(b"in time");
    pair.raw.write();
    pause(&mut pair, seconds(3600));
    pair.settle();
    assert_eq!(pair.session.phase().name(), "Closing");
    assert_eq!(pair.raw.received, b"in time");
}
