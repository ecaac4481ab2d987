//! What must hold for these applications, beside the invariants that hold for all.

use std::time::Instant;

use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::simulation::checker::Checker;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::invariants::ensure;
use tls_session::simulation::world::{Hooks, World};
use tls_session::simulation::{Each, Side};

use crate::role::{Feed, Role};
use crate::scenario::{Ending, Scenario};

/// What one turn can take in: a large read, and the record that it completes.
const READ_SIZE: usize = 64 * 1024 + 18 * 1024;
/// What TLS adds: a header and a tag to each record, and its own handshake messages.
const SLACK: usize = 8 * 1024;

/// Feeds and checks the ends of a scenario.
pub struct Checks<'a> {
    scenario: &'a Scenario,
    feeds: Each<Feed>,
}

impl<'a> Checks<'a> {
    /// At the start of a run.
    pub fn of(scenario: &'a Scenario) -> Self {
        Self { scenario, feeds: Feed::of(scenario.parts) }
    }

    /// Nothing went wrong, so no end may report that something did.
    fn ends_well(&self, world: &World<Role>) -> Result<(), String> {
        let reasons = Side::BOTH.map(|side| world.ends[side].reason().cloned());
        if reasons.contains(&Some(CloseReason::AbandonedByApplication)) {
            return Ok(()); // it reads nothing more, so its close_notify may be late
        }
        for side in Side::BOTH {
            let fired = world.ends[side].seen.fired;
            ensure(fired.is_none(), || {
                format!("{side:?}: a deadline passed, and nothing was in its way: {fired:?}")
            })?;
        }
        if reasons.contains(&Some(CloseReason::Abandoned)) {
            return Ok(());
        }
        let is_clean = reasons.iter().all(|reason| matches!(reason, Some(CloseReason::Clean { .. })));
        let has_first = reasons.contains(&Some(CloseReason::Clean { first: Endpoint::Local }));
        ensure(is_clean && has_first, || format!("nothing went wrong, and still {reasons:?}"))?;
        let is_closed_early = self.scenario.plan.loops.client.closes_at.is_some();
        if world.ends.server.seen.was("Closing") || is_closed_early {
            return Ok(()); // the answer may be incomplete
        }
        let expected = match self.scenario.parts.client.ending {
            Ending::Closes(after) => after,
            _ => self.scenario.sends(Side::Server),
        };
        let received = world.ends.client.seen.received;
        ensure(received >= expected, || format!("the client received {received} of {expected} bytes"))
    }

    /// Invariant I6: after the peer's close_notify an end has the answer to everything that the peer accepted, unless
    /// the peer ended the session.
    fn is_answered(&self, world: &World<Role>, side: Side) -> Result<(), String> {
        let (end, other) = (&world.ends[side].seen, &world.ends[side.other()]);
        let is_certified = end.saw_close_notify && !end.was("Failing");
        let part = self.scenario.parts[side.other()];
        if !is_certified || !part.echoes || other.seen.was("Closing") || other.seen.was("Failing") {
            return Ok(());
        }
        let (sent, answer) = (other.seen.sent.len(), part.sends + other.application().received);
        ensure(sent == answer && other.application().unanswered == 0, || {
            format!("{side:?}: a close_notify after {sent} bytes of an answer of {answer} (I6)")
        })
    }
}

impl Hooks<Role> for Checks<'_> {
    fn before_turn(&mut self, side: Side, end: &mut Driver<Role, Checker>, now: Instant) {
        self.feeds[side].send(self.scenario.parts[side], end, now);
    }

    fn has_more(&self, side: Side, end: &Driver<Role, Checker>) -> bool {
        self.feeds[side].has_more(end)
    }

    fn after_round(&mut self, world: &World<Role>, side: Side) -> Result<(), String> {
        let (end, part) = (&world.ends[side], self.scenario.parts[side]);
        let late_answer = part.answers_after.map_or(0, |_| end.application().received); // sent as one piece
        let bound = HIGH_WATER_MARK + READ_SIZE + SLACK + part.sends + late_answer;
        let peak = end.seen.peak;
        ensure(peak <= bound, || format!("{side:?}: {peak} bytes are pending, more than {bound} (I4)"))?;
        self.is_answered(world, side)
    }

    fn at_the_end(&mut self, world: &World<Role>) -> Result<(), String> {
        if self.scenario.is_calm() { self.ends_well(world) } else { Ok(()) }
    }
}
