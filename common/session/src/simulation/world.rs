//! A run: two sessions, the network between them, and the virtual clock. The invariants are checked after every step.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::Connection;

use super::checker::Checker;
use super::driver::Driver;
use super::invariants;
use super::journal::Journal;
use super::network::{Happening, Network};
use super::plan::Plan;
use super::random::Random;
use super::tls::Shared;
use super::{Each, Side, cryptography};
use crate::application::Application;
use crate::readiness::{Interest, Readiness};
use crate::session::SessionConfig;

/// A run that needs more steps turns in circles.
const STEPS: usize = 200_000;
/// A run that needs more time waits for nothing.
const TIME: Duration = Duration::from_secs(1000);

/// Something that is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Network(Happening),
    /// An end's loop makes a round.
    Round(Side),
    /// An end's loop closes the session.
    Close(Side),
}

/// What a test adds to a run, and what it checks. Every method does nothing by default.
///
/// A check can use [`World::received`], [`World::sent`] and [`World::is_certified`]. The [`Checker`] of each end
/// (`world.ends[side].seen`) knows the rest.
pub trait Hooks<A: Application> {
    /// An end is about to have a turn, at this time. A loop that [sends](Driver::send) from outside does so here.
    fn before_turn(&mut self, side: Side, end: &mut Driver<A, Checker>, now: Instant) {
        let _ = (side, end, now);
    }

    /// Returns whether the loop of an end has more to send, so that another round is due without an event. Asked after each
    /// turn.
    fn has_more(&self, side: Side, end: &Driver<A, Checker>) -> bool {
        let _ = (side, end);
        false
    }

    /// An end has made a round.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn after_round(&mut self, world: &World<A>, side: Side) -> Result<(), String> {
        let _ = (world, side);
        Ok(())
    }

    /// Both sessions are over.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn at_the_end(&mut self, world: &World<A>) -> Result<(), String> {
        let _ = world;
        Ok(())
    }
}

/// No hooks.
impl<A: Application> Hooks<A> for () {}

/// One run.
pub struct World<A> {
    /// What happens.
    pub plan: Plan,
    /// What is between the ends.
    pub network: Network,
    /// The ends.
    pub ends: Each<Driver<A, Checker>>,
    journal: Rc<RefCell<Journal>>,
    started: Instant,
    now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    events: u64,
    /// Whether the loop of an end is about to make a round.
    awake: Each<bool>,
    /// Whether a hook has more to send.
    has_more: Each<bool>,
    random: Random,
}

impl<A: Application> World<A> {
    /// Two ends with these applications, which are about to meet. The seed of the plan also decides all random
    /// numbers that rustls draws on this thread from now on.
    pub fn new(plan: &Plan, tls: &Shared, applications: Each<A>, journal: &Rc<RefCell<Journal>>) -> Self {
        cryptography::seed(plan.seed);
        let network = Network::seeded(plan.seed, plan.conditions, plan.kernel, &plan.faults);
        let started = Instant::now();
        let end = |side: Side, tls: Connection, application, config: &Arc<SessionConfig>| {
            let checker = Checker::new(side, config.timeouts, Rc::clone(journal), started);
            Driver::observed(tls, &network.socket(side), application, config, started, checker)
        };
        let client = end(Side::Client, tls.client().into(), applications.client, &tls.client_sessions);
        let server = end(Side::Server, tls.server().into(), applications.server, &tls.server_sessions);
        let mut world = Self {
            plan: plan.clone(),
            network: network.clone(),
            ends: Each { client, server },
            journal: Rc::clone(journal),
            started,
            now: Duration::ZERO,
            queue: BinaryHeap::new(),
            events: 0,
            awake: Each::default(),
            has_more: Each::default(),
            random: Random::new(!plan.seed),
        };
        for side in Side::BOTH {
            if let Some(at) = plan.loops[side].closes_at {
                world.schedule(at, Event::Close(side));
            }
        }
        world
    }

    /// Runs until both sessions are over. Returns the world as it is then.
    ///
    /// # Errors
    /// The first thing that is wrong, in words, and when it was found.
    pub fn run(mut self, hooks: &mut impl Hooks<A>) -> Result<Self, String> {
        match self.steps(hooks) {
            Ok(()) => Ok(self),
            Err(wrong) => Err(format!("at {:.6} s: {wrong}", self.now.as_secs_f64())),
        }
    }

    /// The plaintext that the application of this end has sent.
    pub fn sent(&self, side: Side) -> &[u8] {
        &self.ends[side].seen.sent
    }

    /// The plaintext that the application of this end has received. It is the beginning of what the other has sent.
    pub fn received(&self, side: Side) -> &[u8] {
        let sent = self.sent(side.other());
        &sent[..sent.len().min(self.ends[side].seen.received)]
    }

    /// Returns whether this end may rely on the answer of the other (invariant I6). A close_notify has certified the
    /// answer to everything that this end had sent, and the other did not end the session before.
    pub fn is_certified(&self, side: Side) -> bool {
        let (end, other) = (&self.ends[side].seen, &self.ends[side.other()].seen);
        let listens = !end.has_refused_peer && !end.was("Failing");
        end.saw_close_notify && listens && !other.was("Closing") && !other.was("Failing")
    }

    fn steps(&mut self, hooks: &mut impl Hooks<A>) -> Result<(), String> {
        for _ in 0..STEPS {
            if Side::BOTH.into_iter().all(|side| self.is_over(side)) {
                invariants::at_the_end(self)?;
                return hooks.at_the_end(self);
            }
            self.wake();
            let Some((at, event)) = self.next() else {
                let phases = Side::BOTH.map(|side| self.ends[side].phase());
                return Err(format!(
                    "nothing can ever happen, and the sessions are not over: {phases:?} (I7)"
                ));
            };
            self.now = self.now.max(at);
            if self.now > TIME {
                return Err(format!("the sessions are not over after {TIME:?} (I7)"));
            }
            self.network.tick(self.now);
            self.check_deadlines()?;
            self.perform(event, hooks)?;
            self.wake();
            for side in Side::BOTH {
                self.check_sleep(side)?;
            }
        }
        let sizes = Each { client: self.sent(Side::Client).len(), server: self.sent(Side::Server).len() };
        Err(format!(
            "the sessions are not over after {STEPS} steps (I7), or the plan is for less than {sizes:?} bytes"
        ))
    }

    fn is_over(&self, side: Side) -> bool {
        self.ends[side].reason().is_some()
    }

    // ---- what is next --------------------------------------------------------------------------------------

    fn schedule(&mut self, at: Duration, event: Event) {
        self.events += 1;
        self.queue.push(Reverse((at, self.events, event)));
    }

    /// Schedules a round for each end that has a reason.
    fn wake(&mut self) {
        for (at, what) in self.network.take_coming() {
            self.schedule(at, Event::Network(what));
        }
        for side in Side::BOTH {
            let has_reason =
                self.ends[side].is_runnable() || self.has_more[side] || self.network.has_edge(side);
            if has_reason && !self.awake[side] && !self.is_over(side) {
                let busy = self.plan.loops[side].busy.as_micros() as usize;
                let delay = Duration::from_micros(self.random.below(busy + 1) as u64);
                self.awake[side] = true;
                self.schedule(self.now + delay, Event::Round(side));
            }
        }
    }

    /// The next event in the queue, unless a deadline comes first.
    fn next(&mut self) -> Option<(Duration, Event)> {
        let deadline = |side: Side| {
            let at = self.ends[side].deadline()? - self.started;
            Some((self.stopped_until(side, at).unwrap_or(at), Event::Round(side)))
        };
        let due = Side::BOTH.into_iter().filter_map(deadline).min();
        match (self.queue.peek(), due) {
            (Some(Reverse((at, ..))), Some(due)) if due.0 < *at => Some(due),
            (None, due) => due,
            (Some(_), _) => self.queue.pop().map(|Reverse((at, _, event))| (at, event)),
        }
    }

    /// When the loop of an end goes on that stands still at this time.
    fn stopped_until(&self, side: Side, at: Duration) -> Option<Duration> {
        let (from, length) = self.plan.loops[side].stops?;
        let until = from + length;
        (from..until).contains(&at).then_some(until)
    }

    // ---- one step ------------------------------------------------------------------------------------------

    fn perform(&mut self, event: Event, hooks: &mut impl Hooks<A>) -> Result<(), String> {
        match event {
            Event::Network(what) => {
                self.note(what);
                self.network.happen(what);
            }
            Event::Close(side) if !self.is_over(side) => {
                let now = self.started + self.now;
                let end = &mut self.ends[side];
                end.close(now);
                end.seen.ending_at = end.seen.ending_at.or(Some(now));
            }
            Event::Close(_) => {}
            Event::Round(side) => return self.round(side, hooks),
        }
        Ok(())
    }

    fn note(&self, what: Happening) {
        let (side, what, size) = match what {
            Happening::Bytes(from, count) => (from.other(), "bytes arrive", count),
            Happening::Fin(from) => (from.other(), "FIN arrives", 0),
            Happening::Resume(from) => (from.other(), "stall is over", 0),
            Happening::Reset(at) => (at, "reset arrives", 0),
            Happening::Again(side) => (side, "refused call would succeed", 0),
        };
        self.journal.borrow_mut().note(self.now, side, what, size);
    }

    fn round(&mut self, side: Side, hooks: &mut impl Hooks<A>) -> Result<(), String> {
        self.awake[side] = false;
        if self.is_over(side) {
            return Ok(());
        }
        if let Some(until) = self.stopped_until(side, self.now) {
            self.awake[side] = true;
            self.schedule(until, Event::Round(side));
            return Ok(());
        }
        let now = self.started + self.now;
        let end = &mut self.ends[side];
        if let Some(readiness) = end.poll(now) {
            self.journal.borrow_mut().note(self.now, side, "poll", readiness_bits(readiness));
        }
        if !end.has_work(now) && !self.has_more[side] {
            return Ok(());
        }
        hooks.before_turn(side, end, now);
        end.turn(now);
        self.has_more[side] = hooks.has_more(side, end);
        invariants::after_round(self, side)?;
        hooks.after_round(self, side)
    }

    /// Invariant I7: no session waits for too long. This is asked before the step that may end the wait at last.
    fn check_deadlines(&self) -> Result<(), String> {
        for side in Side::BOTH.into_iter().filter(|side| !self.is_over(*side)) {
            // A loop that stood still comes late, and gives that time back.
            let stop = self.plan.loops[side].stops.map_or(Duration::ZERO, |(_, length)| 2 * length);
            if let Some(timeout) = self.ends[side].seen.overdue(stop, self.started + self.now) {
                return Err(format!("{side:?}: {timeout:?} should have ended it (I7)"));
            }
        }
        Ok(())
    }

    /// Invariant I1: a session that sleeps has nothing to do. Invariant I7: it waits for something.
    fn check_sleep(&self, side: Side) -> Result<(), String> {
        if self.is_over(side) || self.awake[side] || self.network.will_have_edge(side) {
            return Ok(());
        }
        let end = &self.ends[side];
        let fin_read = self.network.lane(side.other()).fin_read; // what is readable after it is the same FIN
        match end.interest() {
            Interest::NONE if end.deadline().is_none() => Err(format!("{side:?}: waits for nothing (I7)")),
            wanted if wanted.readable && self.network.is_readable(side) && !fin_read => {
                Err(format!("{side:?}: sleeps, and there is something to read (I1)"))
            }
            wanted if wanted.writable && self.network.is_writable(side) => {
                Err(format!("{side:?}: sleeps, and there is room to write (I1)"))
            }
            _ => Ok(()),
        }
    }
}

fn readiness_bits(readiness: Readiness) -> usize {
    usize::from(readiness.is_readable())
        + 2 * usize::from(readiness.is_writable())
        + 4 * usize::from(readiness.is_read_closed())
}
