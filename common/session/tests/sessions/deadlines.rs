//! Each deadline, to the instant: what starts it, what moves it, what does not, and what it says when it passes.

use std::time::Duration;

use rustls::version::TLS13;
use tls_session::application::Application;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::deadline::{Timeout, Timeouts};

use crate::support::roles::{Echo, Talker};
use crate::support::tls::{TIMEOUTS, Tls, VERSIONS};
use crate::support::visit::Visit;
use crate::support::{pattern, seconds};

const INSTANT: Duration = Duration::from_nanos(1);

/// The session ends when this time has passed, not an instant earlier, and for this deadline.
fn assert_ends_after<A: Application>(visit: &mut Visit<A>, time: Duration, timeout: Timeout) {
    visit.advance(time - INSTANT);
    assert_eq!(visit.session.reason(), None, "too early");
    visit.advance(INSTANT);
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(timeout)));
    let fired = format!("deadline {}", timeout.name());
    assert!(visit.session.seen.position(&fired).is_some());
}

fn established() -> Visit<Echo> {
    Visit::to_server(Tls::new(&TLS13), Echo::default()).established()
}

fn with_timeouts(timeouts: Timeouts) -> Visit<Echo> {
    Visit::to_server(Tls::new(&TLS13).server_timeouts(timeouts), Echo::default())
}

// ---- wait ------------------------------------------------------------------------------------------------------

fn waiting_client() -> Visit<Talker> {
    let timeouts = Timeouts { wait: Some(seconds(300)), ..TIMEOUTS };
    Visit::to_client(Tls::new(&TLS13).client_timeouts(timeouts), Talker::says(b"hello"))
}

#[test]
fn a_client_waits_for_the_first_byte_until_its_wait_deadline() {
    let mut visit = waiting_client();
    visit.raw.end.outgoing().arriving = 0;
    assert_ends_after(&mut visit, seconds(300), Timeout::Wait);
}

#[test]
fn a_client_without_a_wait_deadline_waits_and_its_handshake_is_not_timed_meanwhile() {
    let timeouts = Timeouts { wait: None, ..TIMEOUTS };
    let tls = Tls::new(&TLS13).client_timeouts(timeouts);
    let mut visit = Visit::to_client(tls, Talker::says(b"hello"));
    visit.raw.end.outgoing().arriving = 0;
    visit.advance(seconds(3600));
    assert_eq!(visit.session.reason(), None);
    visit.raw.end.outgoing().arriving = 1;
    assert_ends_after(&mut visit, seconds(10), Timeout::Handshake);
}

#[test]
fn the_first_byte_ends_the_wait_and_starts_the_handshake_deadline() {
    let mut visit = waiting_client();
    visit.raw.end.outgoing().arriving = 0;
    visit.advance(seconds(299));
    visit.raw.end.outgoing().arriving = 1;
    assert_ends_after(&mut visit, seconds(10), Timeout::Handshake);
}

#[test]
fn a_client_that_has_waited_has_its_whole_handshake_deadline() {
    let mut visit = waiting_client();
    visit.raw.end.outgoing().arriving = 0;
    visit.advance(seconds(299));
    visit.raw.end.outgoing().arriving = usize::MAX;
    visit.advance(seconds(50));
    assert_eq!(visit.session.phase().name(), "Established");
}

// ---- handshake -------------------------------------------------------------------------------------------------

#[test]
fn silence_in_the_handshake_ends_at_its_deadline_and_is_not_answered() {
    let mut visit = with_timeouts(TIMEOUTS);
    visit.raw.end.outgoing().arriving = 0;
    assert_ends_after(&mut visit, seconds(10), Timeout::Handshake);
    assert_eq!(*visit.session.end.sent(), []);
}

#[test]
fn one_byte_a_second_does_not_move_the_handshake_deadline() {
    let mut visit = with_timeouts(TIMEOUTS);
    for sent in 1..=9 {
        visit.raw.end.outgoing().arriving = sent;
        visit.settle();
        assert_eq!(visit.session.end.taken(), sent);
        visit.advance(seconds(1));
    }
    assert_ends_after(&mut visit, seconds(1), Timeout::Handshake);
}

#[test]
fn the_handshake_deadline_ends_with_the_handshake() {
    let mut visit = established();
    visit.advance(seconds(11));
    assert_eq!(visit.session.phase().name(), "Established");
}

// ---- idle ------------------------------------------------------------------------------------------------------

#[test]
fn an_idle_session_is_closed_with_a_close_notify() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.advance(seconds(60) - INSTANT);
        assert_eq!(visit.session.phase().name(), "Established");
        visit.advance(INSTANT);
        assert_eq!(visit.session.phase().name(), "Closing");
        assert!(visit.raw.closed);
        visit.say_goodbye();
        assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    }
}

#[test]
fn a_peer_that_does_not_answer_the_end_of_an_idle_session_has_the_close_deadline() {
    assert_ends_after_idle(&mut established(), seconds(65));
}

fn assert_ends_after_idle(visit: &mut Visit<Echo>, time: Duration) {
    visit.advance(time - INSTANT);
    assert_eq!(visit.session.reason(), None, "too early");
    visit.advance(INSTANT);
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn data_moves_the_idle_deadline() {
    let mut visit = established();
    for _ in 0..5 {
        visit.advance(seconds(59));
        visit.say(b"still here");
    }
    assert_ends_after_idle(&mut visit, seconds(65));
}

#[test]
fn data_that_the_peer_takes_moves_the_idle_deadline_too() {
    let mut visit = with_timeouts(Timeouts { write: None, ..TIMEOUTS }).established();
    visit.raw.end.incoming().capacity = 1000;
    visit.deaf = true;
    visit.say(&pattern(10_000));
    visit.advance(seconds(59));
    visit.deaf = false;
    visit.settle();
    assert_eq!(visit.raw.heard.len(), 10_000);
    assert_ends_after_idle(&mut visit, seconds(65));
}

#[test]
fn half_a_record_and_a_key_update_do_not_move_the_idle_deadline() {
    let mut visit = established();
    visit.advance(seconds(30));
    visit.raw.tls.refresh_traffic_keys().unwrap();
    visit.settle();
    visit.advance(seconds(29));
    let end = visit.raw.end.sent().len();
    visit.raw.end.outgoing().arriving = end + 9;
    visit.say(b"only nine bytes of this arrive");
    visit.advance(seconds(1));
    assert_eq!(visit.session.phase().name(), "Closing");
}

/// What is owed goes out before the close_notify: the session is idle, and its answer still comes whole (I6).
#[test]
fn an_idle_session_that_owes_an_answer_closes_behind_it() {
    let mut visit = with_timeouts(Timeouts { idle: Some(seconds(10)), ..TIMEOUTS }).established();
    visit.raw.end.incoming().capacity = 1000;
    visit.deaf = true;
    visit.say(&pattern(10_000));
    visit.advance(seconds(10));
    assert_eq!(visit.session.phase().name(), "Closing");
    visit.advance(seconds(4));
    visit.deaf = false;
    visit.say_goodbye();
    assert_eq!(visit.raw.heard, pattern(10_000));
    assert!(visit.raw.closed);
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn an_idle_session_whose_answer_nobody_takes_ends_without_close_notify() {
    let mut visit = with_timeouts(Timeouts { idle: Some(seconds(10)), ..TIMEOUTS }).established();
    visit.raw.end.incoming().capacity = 1000;
    visit.deaf = true;
    visit.say(&pattern(10_000));
    assert_ends_after_idle(&mut visit, seconds(15));
    visit.deaf = false;
    visit.settle();
    assert!(!visit.raw.closed && visit.raw.heard.len() < 10_000);
}

// ---- write -----------------------------------------------------------------------------------------------------

/// A session that owes an answer of which so much fits into the kernel.
fn owing(capacity: usize) -> Visit<Echo> {
    let mut visit = with_timeouts(Timeouts { idle: None, ..TIMEOUTS }).established();
    visit.raw.end.incoming().capacity = capacity;
    visit.deaf = true;
    visit.say(&pattern(10_000));
    visit
}

#[test]
fn a_peer_that_takes_nothing_has_the_write_deadline() {
    assert_ends_after(&mut owing(1000), seconds(30), Timeout::Write);
}

#[test]
fn more_from_a_peer_that_takes_nothing_does_not_move_the_write_deadline() {
    let mut visit = owing(1000);
    for _ in 0..29 {
        visit.advance(seconds(1));
        visit.say(b"more");
        visit.session.report_ready(visit.now); // nor does the poll, which may say anything
        visit.session.turn(visit.now);
    }
    assert_ends_after(&mut visit, seconds(1), Timeout::Write);
}

#[test]
fn whatever_the_peer_takes_moves_the_write_deadline() {
    let mut visit = owing(1000);
    for _ in 0..5 {
        visit.advance(seconds(29));
        visit.raw.end.incoming().capacity += 1; // as if it had taken one byte
        visit.session.settle(visit.now);
    }
    assert_ends_after(&mut visit, seconds(30), Timeout::Write);
}

// ---- close -----------------------------------------------------------------------------------------------------

#[test]
fn a_peer_that_does_not_answer_our_close_notify_has_the_close_deadline() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.close();
        assert_ends_after(&mut visit, seconds(5), Timeout::Close);
    }
}

#[test]
fn a_peer_that_goes_on_talking_does_not_move_the_close_deadline() {
    let mut visit = established();
    visit.close();
    for _ in 0..4 {
        visit.advance(seconds(1));
        visit.say(b"and another thing");
    }
    assert_ends_after(&mut visit, seconds(1), Timeout::Close);
}

#[test]
fn once_closing_only_the_end_is_timed() {
    let shorter = Timeouts { idle: Some(seconds(3)), session: Some(seconds(4)), ..TIMEOUTS };
    let mut visit = with_timeouts(shorter).established();
    visit.close();
    assert_ends_after(&mut visit, seconds(5), Timeout::Close);
}

#[test]
fn an_alert_that_nobody_takes_does_not_hold_the_session() {
    let mut visit = established();
    visit.raw.end.incoming().capacity = 0;
    let end = visit.raw.end.sent().len();
    visit.raw.end.outgoing().flip = Some(end + 10);
    visit.say(b"damaged");
    assert_eq!(visit.session.phase().name(), "Failing");
    visit.advance(seconds(5));
    assert_eq!(visit.session.reason(), Some(&CloseReason::Tls(rustls::Error::DecryptError)));
}

#[test]
fn a_close_notify_that_nobody_takes_does_not_hold_the_session() {
    let mut visit = last_word_that_nobody_takes();
    visit.advance(seconds(5) - INSTANT);
    assert_eq!(visit.session.reason(), None);
    visit.advance(INSTANT);
    assert!(visit.session.reason().is_some());
}

#[test]
fn a_close_notify_that_nobody_takes_is_not_a_clean_end() {
    let mut visit = last_word_that_nobody_takes();
    assert_ends_after(&mut visit, seconds(5), Timeout::Close);
}

/// A session whose peer has closed, has its answer, and leaves no room for our close_notify.
fn last_word_that_nobody_takes() -> Visit<Echo> {
    let mut visit = established();
    visit.raw.end.incoming().capacity = 0;
    visit.say_goodbye();
    assert_eq!(visit.session.phase().name(), "Finishing");
    visit
}

// ---- session ---------------------------------------------------------------------------------------------------

#[test]
fn the_session_deadline_is_moved_by_nothing_and_closes_with_close_notify() {
    let mut visit = with_timeouts(Timeouts { session: Some(seconds(100)), ..TIMEOUTS });
    for _ in 0..99 {
        visit.advance(seconds(1));
        visit.say(b"busy");
    }
    visit.advance(seconds(1) - INSTANT);
    assert_eq!(visit.session.phase().name(), "Established");
    visit.advance(INSTANT);
    assert_eq!(visit.session.phase().name(), "Closing");
    assert!(visit.raw.closed);
    visit.say_goodbye();
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Session)));
    assert_eq!(visit.raw.heard.len(), 99 * 4);
}

// ---- the application's own -------------------------------------------------------------------------------------

#[test]
fn an_application_closes_when_its_own_deadline_says_so() {
    let talker = Talker::says(b"hello").lingers(seconds(3));
    let mut visit = Visit::to_client(Tls::new(&TLS13), talker).established();
    visit.advance(seconds(20));
    visit.say(b"the first thing");
    visit.advance(seconds(2));
    visit.say(b"the second");
    visit.advance(seconds(1) - INSTANT);
    assert_eq!(visit.session.phase().name(), "Established");
    visit.advance(INSTANT);
    assert_eq!(visit.session.phase().name(), "Closing");
    visit.say_goodbye();
    assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Us }));
}

// ---- none ------------------------------------------------------------------------------------------------------

#[test]
fn a_session_without_deadlines_waits_for_as_long_as_it_takes() {
    let mut visit = with_timeouts(Timeouts::NONE);
    visit.raw.end.outgoing().arriving = 0;
    visit.advance(seconds(1_000_000));
    visit.raw.end.outgoing().arriving = usize::MAX;
    visit.advance(seconds(1_000_000));
    visit.say(b"hello");
    assert_eq!(visit.raw.heard, b"hello");
    assert!(visit.session.seen.deadlines.is_empty());
}

// ---- a loop that comes late ------------------------------------------------------------------------------------

/// The clock goes on, and nobody looks at it.
fn pause<A: Application>(visit: &mut Visit<A>, time: Duration) {
    visit.now += time;
}

/// The loop was stopped, or its events did not fit into one batch: the data is there, and no event has said so.
#[test]
fn a_session_that_is_due_reads_its_socket_before_it_counts_as_late() {
    let mut visit = established();
    visit.raw.say(b"in time");
    visit.raw.write();
    pause(&mut visit, seconds(61));
    visit.session.turn(visit.now); // due, and without an event
    assert_eq!(visit.session.phase().name(), "Established");
    visit.settle();
    assert_eq!(visit.raw.heard, b"in time");
}

#[test]
fn a_session_that_is_due_writes_to_its_socket_before_it_counts_as_late() {
    let mut visit = established();
    visit.raw.end.incoming().capacity = 0;
    visit.deaf = true;
    visit.say(b"hello");
    visit.raw.end.incoming().capacity = usize::MAX;
    pause(&mut visit, seconds(31));
    visit.session.turn(visit.now);
    assert_eq!(visit.session.phase().name(), "Established");
    visit.deaf = false;
    visit.settle();
    assert_eq!(visit.raw.heard, b"hello");
}

#[test]
fn a_peer_that_floods_meets_its_deadlines_all_the_same() {
    let timeouts = Timeouts { session: Some(seconds(100)), ..TIMEOUTS };
    let mut visit = with_timeouts(timeouts).established();
    pause(&mut visit, seconds(50));
    visit.say(b"still here");
    visit.raw.say(&pattern(1_000_000));
    visit.raw.write();
    pause(&mut visit, seconds(50));
    visit.session.round(visit.now);
    assert_eq!(visit.session.phase().name(), "Closing");
}

/// The peer could do nothing while the loop stood still.
#[test]
fn a_pause_of_the_loop_does_not_count_against_the_handshake() {
    let mut visit = with_timeouts(TIMEOUTS);
    visit.raw.end.outgoing().arriving = 100;
    visit.settle();
    pause(&mut visit, seconds(3600));
    visit.settle();
    assert_eq!(visit.session.reason(), None);
    visit.raw.end.outgoing().arriving = usize::MAX;
    visit.advance(seconds(9));
    assert_eq!(visit.session.phase().name(), "Established");
}

#[test]
fn a_handshake_that_a_pause_has_excused_ends_at_its_new_deadline() {
    for (pause_of, more) in [(seconds(3600), seconds(10)), (seconds(12), seconds(2))] {
        let mut visit = with_timeouts(TIMEOUTS);
        visit.raw.end.outgoing().arriving = 100;
        visit.settle();
        pause(&mut visit, pause_of);
        visit.settle();
        assert_ends_after(&mut visit, more, Timeout::Handshake);
    }
}

#[test]
fn a_loop_that_is_a_little_late_excuses_nothing() {
    let mut visit = with_timeouts(TIMEOUTS);
    visit.raw.end.outgoing().arriving = 100;
    visit.settle();
    pause(&mut visit, seconds(10) + Duration::from_millis(99));
    visit.settle();
    assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Handshake)));
}

#[test]
fn a_pause_of_the_loop_does_not_count_against_the_closing() {
    let mut visit = established();
    visit.close();
    pause(&mut visit, seconds(3600));
    visit.settle();
    assert_eq!(visit.session.reason(), None);
    visit.say_goodbye();
    assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Us }));
}

#[test]
fn the_session_deadline_is_absolute() {
    let timeouts = Timeouts { session: Some(seconds(100)), ..TIMEOUTS };
    let mut visit = with_timeouts(timeouts).established();
    visit.raw.say(b"in time");
    visit.raw.write();
    pause(&mut visit, seconds(3600));
    visit.settle();
    assert_eq!(visit.session.phase().name(), "Closing");
    assert_eq!(visit.raw.heard, b"in time");
}
