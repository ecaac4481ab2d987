//! A session under a simulated loop, and the invariants of `tls-session` that can be seen from outside.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use program::ending::Endings;
use program::exit::ExitStatus;
use rustls::Connection;
use tls_session::application::{Application, HIGH_WATER_MARK};
use tls_session::close_reason::CloseReason;
use tls_session::session::SessionConfig;
use tls_session::simulation::Side;
use tls_session::simulation::checker::Checker;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::journal::Journal;
use tls_session::simulation::network::Socket;

/// The most output that may be pending (I4): the mark, and the answer to one read of 64 KiB and to the record before it,
/// of which only the end was missing.
const PENDING_MOST: usize = HIGH_WATER_MARK + 96 * 1024;

/// Longer than all deadlines together.
const LONGEST: Duration = Duration::from_secs(200);

/// A session and its checks.
pub struct Driven<A> {
    end: Driver<A, Checker>,
    side: Side,
}

impl<A: Application> Driven<A> {
    /// A session at the start of its handshake.
    pub fn new(
        tls: impl Into<Connection>,
        socket: &Socket,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
    ) -> Self {
        let tls = tls.into();
        let side = if matches!(tls, Connection::Client(_)) { Side::Client } else { Side::Server };
        let journal = Rc::new(RefCell::new(Journal::default()));
        let checker = Checker::new(side, config.timeouts, journal, now);
        let mut end = Driver::observed(tls, socket, application, config, now, checker);
        end.share();
        Self { end, side }
    }

    /// Rounds of the loop until nothing moves at this instant. Returns whether anything moved.
    pub fn settle(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while self.end.round(now) {
            moved = true;
            self.check();
        }
        moved
    }

    fn check(&self) {
        let Checker { wrong, peak, .. } = &self.end.seen;
        assert_eq!(*wrong, None);
        assert!(*peak <= PENDING_MOST, "{peak} bytes of output are pending (I4)");
        match self.end.reason() {
            None => assert!(self.end.deadline().is_some(), "no deadline in {:?} (I7)", self.end.phase()),
            Some(reason) => self.check_end(reason),
        }
    }

    fn check_end(&self, reason: &CloseReason) {
        let local = if self.side == Side::Client { rustls::Side::Client } else { rustls::Side::Server };
        let sentence = Endings::of(local).describe(reason).to_string();
        // It may quote the peer, and goes to a terminal.
        assert!(!sentence.contains(|c: char| c.is_control()) && sentence.len() < 4096, "{sentence:?}");
        let _ = ExitStatus::from(reason);
        assert!(self.end.seen.reason.is_some(), "the end was not reported: {reason:?}");
    }

    /// Lets time pass until the session ends by itself, as every session does within its deadlines.
    pub fn finish(&mut self, mut now: Instant) -> CloseReason {
        let latest = now + LONGEST;
        loop {
            self.settle(now);
            if let Some(reason) = self.end.reason() {
                return reason.clone();
            }
            now = self.end.deadline().expect("a session that is not over has a deadline");
            assert!(now <= latest, "it does not end: {:?}", self.end.phase());
        }
    }

    /// Calls the session, unless it is over.
    pub fn act(&mut self, call: impl FnOnce(&mut Driver<A, Checker>)) {
        if self.end.reason().is_none() {
            call(&mut self.end);
        }
    }

    /// Closes the session from outside, as a signal does.
    pub fn close(&mut self, now: Instant) {
        self.act(|end| {
            end.close(now);
            end.seen.ending_at = end.seen.ending_at.or(Some(now));
        });
    }

    /// What the application has received. Only the simulation removes compared bytes, so all of them are here.
    pub fn received(&self) -> &[u8] {
        &self.end.seen.uncompared
    }

    /// What the application has sent.
    pub fn sent(&self) -> &[u8] {
        &self.end.seen.sent
    }
}
