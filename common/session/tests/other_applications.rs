//! The simulation judges any application, not only an echo: one that answers later, never answers, aborts, or refuses
//! its peer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use tls_session::application::{Application, Next, Outbox};
use tls_session::authorize::{Authorization, Authorize};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::checker::Checker;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::invariants::ensure;
use tls_session::simulation::plan::Plan;
use tls_session::simulation::roles::{Echo, Silent, Talker};
use tls_session::simulation::seeds::{SharedJournal, first_failure};
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::world::{Hooks, World};
use tls_session::simulation::{Each, Side, pattern};

type Boxed = Box<dyn Application>;

const SEEDS: std::ops::Range<u64> = 0..300;

/// How many bytes the client sends.
const MESSAGE: usize = 3000;

/// Sends its message back in reverse, so long after the client's close_notify.
#[derive(Default)]
struct Reverses {
    received: Vec<u8>,
    answers_at: Option<Instant>,
}

impl Application for Reverses {
    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.received.extend_from_slice(plaintext);
        Next::Continue
    }

    fn peer_finished(&mut self, now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.answers_at = Some(now + Duration::from_millis(700));
        Next::Continue
    }

    fn is_answering(&self) -> bool {
        self.answers_at.is_some()
    }

    fn reads_on(&self, _pending_output: usize) -> bool {
        true
    }

    fn deadline(&self) -> Option<Instant> {
        self.answers_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.received.reverse();
        outbox.send(&self.received);
        Next::Close
    }
}

/// Aborts when it has received something.
struct Aborts;

impl Application for Aborts {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Abort
    }
}

/// Refuses every peer.
struct Refuses;

impl Authorize for Refuses {
    fn authorize(&self, _presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let refusal = Some(CertificateError::Revoked.into());
        Authorization { report: "refused".into(), is_warning: false, refusal }
    }
}

/// The client has finished sending after its message, and the answer to it is the reverse.
#[derive(Default)]
struct HalfCloses {
    has_finished: bool,
}

impl Hooks<Boxed> for HalfCloses {
    fn before_turn(&mut self, side: Side, end: &mut Driver<Boxed, Checker>, now: Instant) {
        if self.has_more(side, end) {
            end.finish_sending(now);
            self.has_finished = true;
        }
    }

    fn has_more(&self, side: Side, end: &Driver<Boxed, Checker>) -> bool {
        side == Side::Client && !self.has_finished && end.seen.was("Established")
    }

    fn at_the_end(&mut self, world: &World<Boxed>) -> Result<(), String> {
        let is_clean = Side::BOTH.into_iter().all(|side| world.ends[side].is_clean());
        ensure(is_clean || !world.plan.is_undisturbed(), || "undisturbed, and not clean".into())?;
        let asked: Vec<u8> = world.received(Side::Server).iter().rev().copied().collect();
        let answer = world.sent(Side::Server);
        ensure(!world.is_certified(Side::Client) || answer == asked, || {
            format!("{} bytes of {}", answer.len(), asked.len())
        })
    }
}

/// Aborts the server's session in its third turn after the handshake.
#[derive(Default)]
struct LoopAborts {
    turns: usize,
}

impl Hooks<Boxed> for LoopAborts {
    fn before_turn(&mut self, side: Side, end: &mut Driver<Boxed, Checker>, now: Instant) {
        self.turns += usize::from(side == Side::Server && end.seen.was("Established"));
        if self.turns == 3 {
            end.abort(now);
        }
    }
}

fn talker() -> Talker {
    Talker::sends(&pattern(MESSAGE))
}

/// Runs the seeds. Checks that none fails, and that many servers ended like this.
#[track_caller]
fn assert_holds<H: Hooks<Boxed> + Default>(
    change: impl Fn(Tls) -> Tls,
    client: impl Fn() -> Talker,
    server: impl Fn() -> Boxed,
    ended: impl Fn(&CloseReason) -> bool,
) {
    let tls = VERSIONS.map(|version| change(Tls::new(version)).shared());
    let count = Cell::new(0);
    let failure = first_failure(SEEDS, |seed, journal: &SharedJournal| {
        let plan = Plan::of(seed, Each { client: MESSAGE, server: MESSAGE });
        let applications = Each::<Boxed> { client: Box::new(client()), server: server() };
        let tls = &tls[usize::from(seed % 2 == 1)];
        let world = World::new(&plan, tls, applications, journal).run(&mut H::default())?;
        count.set(count.get() + usize::from(world.ends.server.reason().is_some_and(&ended)));
        Ok(())
    });
    if let Some(failure) = failure {
        panic!("{failure}");
    }
    assert!(count.get() > 50, "only {} servers ended like this", count.get());
}

fn is_clean(reason: &CloseReason) -> bool {
    matches!(reason, CloseReason::Clean { .. })
}

fn is_timed_out(reason: &CloseReason) -> bool {
    matches!(reason, CloseReason::TimedOut(_))
}

#[test]
fn an_application_that_answers_after_a_half_close_holds() {
    let server = || -> Boxed { Box::new(Reverses::default()) };
    assert_holds::<HalfCloses>(|tls| tls, talker, server, is_clean);
}

#[test]
fn an_application_that_never_answers_runs_into_its_deadlines() {
    let server = || -> Boxed { Box::new(Silent) };
    assert_holds::<()>(|tls| tls, talker, server, is_timed_out);
}

#[test]
fn an_application_may_abort() {
    let server = || -> Boxed { Box::new(Aborts) };
    assert_holds::<()>(|tls| tls, talker, server, |reason| *reason == CloseReason::Aborted);
}

#[test]
fn a_loop_may_abort() {
    let (server, paced) =
        (|| -> Boxed { Box::new(Echo::default()) }, || talker().pauses(300, Duration::from_millis(50)));
    assert_holds::<LoopAborts>(|tls| tls, paced, server, |reason| *reason == CloseReason::Aborted);
}

#[test]
fn either_end_may_refuse_the_other() {
    let refuse_server = |tls: Tls| tls.authorizing_server(Arc::new(Refuses));
    let refuse_client = |mut tls: Tls| {
        tls.server_sessions.authorize = Arc::new(Refuses);
        tls
    };
    let server = || -> Boxed { Box::new(Echo::default()) };
    let refused = |reason: &CloseReason| matches!(reason, CloseReason::Unauthorized(_));
    assert_holds::<()>(refuse_client, talker, server, refused);
    assert_holds::<()>(refuse_server, talker, server, |_| true);
}
