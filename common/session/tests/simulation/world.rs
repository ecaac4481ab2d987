//! The clock, the queue of what is to happen, and the two ends: one run of a scenario.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::Poll;
use rustls::Connection;
use tls_session::buffers::Buffers;
use tls_session::readiness::Interest;

use crate::end::End;
use crate::invariants;
use crate::journal::Journal;
use crate::network::{Happening, Network};
use crate::random::Random;
use crate::record::Record;
use crate::scenario::{Each, Scenario, Side};
use crate::support::tls::Shared;
use crate::tally::met;

/// Whoever needs more steps is turning in circles.
const STEPS: usize = 200_000;
/// Whoever needs more time waits for nothing.
const TIME: Duration = Duration::from_secs(1000);

/// Something that is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Network(Happening),
    /// An end's loop goes round.
    Round(Side),
    /// An end is closed from outside.
    Close(Side),
}

/// What the runs of a thread share, as the sessions of a loop do.
pub struct Tools {
    poll: Poll,
    buffers: Buffers,
}

impl Default for Tools {
    fn default() -> Self {
        Self { poll: Poll::new().unwrap(), buffers: Buffers::default() }
    }
}

/// One run.
pub struct World {
    /// What is run.
    pub scenario: Scenario,
    /// What is between the ends.
    pub network: Rc<RefCell<Network>>,
    /// The ends.
    pub ends: Each<End>,
    journal: Rc<RefCell<Journal>>,
    started: Instant,
    now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    events: u64,
    /// Whose loop is about to go round.
    awake: Each<bool>,
    random: Random,
}

impl World {
    /// Two ends that are about to meet.
    pub fn new(scenario: &Scenario, tls: &Shared, journal: &Rc<RefCell<Journal>>) -> Self {
        let network = Rc::new(RefCell::new(Network::new(scenario)));
        let started = Instant::now();
        let end = |side: Side, tls: Connection, terms| {
            let (part, other) = (scenario.parts[side], scenario.parts[side.other()]);
            let record = Record::new(side, other.says + other.feeds, Rc::clone(journal), started);
            End::new(side, tls, part, &network, terms, record, started)
        };
        let client = end(Side::Client, tls.client().into(), &tls.client_terms);
        let server = end(Side::Server, tls.server().into(), &tls.server_terms);
        let mut world = Self {
            scenario: scenario.clone(),
            network: Rc::clone(&network),
            ends: Each { client, server },
            journal: Rc::clone(journal),
            started,
            now: Duration::ZERO,
            queue: BinaryHeap::new(),
            events: 0,
            awake: Each::default(),
            random: Random::new(!scenario.seed),
        };
        for side in Side::BOTH {
            if let Some(at) = scenario.parts[side].told_to_close {
                world.plan(at, Event::Close(side));
            }
        }
        world
    }

    /// Runs until both sessions are over, and says what they met.
    ///
    /// # Errors
    /// What is not as it has to be.
    pub fn run(mut self, tools: &mut Tools) -> Result<Vec<&'static str>, String> {
        for _ in 0..STEPS {
            if Side::BOTH.into_iter().all(|side| self.is_over(side)) {
                invariants::in_the_end(&self)?;
                return Ok(Side::BOTH.into_iter().flat_map(|side| met(&self.ends[side])).collect());
            }
            self.wake();
            let Some((at, event)) = self.next() else {
                return Err("nothing can ever happen, and the sessions are not over (I7)".into());
            };
            self.now = self.now.max(at);
            if self.now > TIME {
                return Err(format!("the sessions are not over after {TIME:?} (I7)"));
            }
            self.network.borrow_mut().tick(self.now);
            self.check_deadlines()?;
            self.perform(event, tools)?;
            self.wake();
            for side in Side::BOTH {
                self.check_wakefulness(side)?;
            }
        }
        Err(format!("the sessions are not over after {STEPS} steps (I7)"))
    }

    fn is_over(&self, side: Side) -> bool {
        self.ends[side].reason.is_some()
    }

    // ---- what is next --------------------------------------------------------------------------------------

    fn plan(&mut self, at: Duration, event: Event) {
        self.events += 1;
        self.queue.push(Reverse((at, self.events, event)));
    }

    /// Whoever has a reason to go round is about to.
    fn wake(&mut self) {
        let coming = std::mem::take(&mut self.network.borrow_mut().coming);
        for (at, what) in coming {
            self.plan(at, Event::Network(what));
        }
        for side in Side::BOTH {
            let reason = self.ends[side].is_runnable() || self.network.borrow().has_news(side);
            if reason && !self.awake[side] && !self.is_over(side) {
                let busy = self.scenario.parts[side].busy.as_micros() as usize;
                let delay = Duration::from_micros(self.random.below(busy + 1) as u64);
                self.awake[side] = true;
                self.plan(self.now + delay, Event::Round(side));
            }
        }
    }

    /// The next thing in the queue, unless a deadline comes first.
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

    /// When the loop of an end that stands still at this time goes on.
    fn stopped_until(&self, side: Side, at: Duration) -> Option<Duration> {
        let (from, length) = self.scenario.parts[side].stops?;
        let until = from + length;
        (from..until).contains(&at).then_some(until)
    }

    // ---- one step ------------------------------------------------------------------------------------------

    fn perform(&mut self, event: Event, tools: &mut Tools) -> Result<(), String> {
        match event {
            Event::Network(what) => {
                self.note(what);
                self.network.borrow_mut().happen(what);
                Ok(())
            }
            Event::Close(side) => {
                if !self.is_over(side) {
                    self.ends[side].close(self.started + self.now, &mut tools.buffers);
                }
                Ok(())
            }
            Event::Round(side) => self.round(side, tools),
        }
    }

    fn note(&self, what: Happening) {
        let (whose, what, size) = match what {
            Happening::Bytes(from, count) => (from.other(), "bytes arrive", count),
            Happening::Fin(from) => (from.other(), "FIN arrives", 0),
            Happening::Resume(from) => (from.other(), "stall is over", 0),
            Happening::Reset(at) => (at, "reset arrives", 0),
            Happening::Again(side) => (side, "refused call would go well", 0),
        };
        self.journal.borrow_mut().note(self.now, whose, what, size);
    }

    fn round(&mut self, side: Side, tools: &mut Tools) -> Result<(), String> {
        self.awake[side] = false;
        if self.is_over(side) {
            return Ok(());
        }
        if let Some(until) = self.stopped_until(side, self.now) {
            self.awake[side] = true;
            self.plan(until, Event::Round(side));
            return Ok(());
        }
        let now = self.started + self.now;
        let readiness = self.network.borrow_mut().poll(side);
        let end = &mut self.ends[side];
        if let Some(readiness) = readiness {
            self.journal.borrow_mut().note(self.now, side, "poll", readiness_bits(readiness));
            end.ready(readiness, now, &mut tools.buffers);
        }
        if !end.is_runnable() && end.deadline().is_none_or(|at| at > now) {
            return Ok(());
        }
        end.round(now, tools.poll.registry(), &mut tools.buffers);
        if end.reason.is_some() {
            self.network.borrow_mut().abandon(side, end.needs_draining());
        }
        invariants::after_a_round(self, side)
    }

    /// Invariant I7: nobody waits for too long. Asked before the step that may be what ends it at last.
    fn check_deadlines(&self) -> Result<(), String> {
        for side in Side::BOTH.into_iter().filter(|side| !self.is_over(*side)) {
            // A loop that stood still comes late, and gives that time back.
            let stop = self.scenario.parts[side].stops.map_or(Duration::ZERO, |(_, length)| 2 * length);
            if let Some(timeout) = self.ends[side].record.overdue(stop, self.started + self.now) {
                return Err(format!("{side:?}: {timeout:?} should have ended it (I7)"));
            }
        }
        Ok(())
    }

    /// Invariant I1: nobody sleeps whom nobody would wake. Invariant I7: whoever sleeps waits for something.
    fn check_wakefulness(&mut self, side: Side) -> Result<(), String> {
        if self.is_over(side) || self.awake[side] || self.network.borrow().owes_news(side) {
            return Ok(());
        }
        let network = self.network.borrow();
        let end = &mut self.ends[side];
        let fin_read = network.lane(side.other()).fin_read; // what is readable behind it is the same FIN
        match end.interest() {
            Interest::NONE if end.deadline().is_none() => Err(format!("{side:?}: waits for nothing (I7)")),
            wanted if wanted.readable && network.is_readable(side) && !fin_read => {
                Err(format!("{side:?}: sleeps, and there is something to read (I1)"))
            }
            wanted if wanted.writable && network.is_writable(side) => {
                Err(format!("{side:?}: sleeps, and there is room to write (I1)"))
            }
            _ => Ok(()),
        }
    }
}

fn readiness_bits(readiness: tls_session::readiness::Readiness) -> usize {
    usize::from(readiness.is_readable())
        + 2 * usize::from(readiness.is_writable())
        + 4 * usize::from(readiness.is_read_closed())
}
