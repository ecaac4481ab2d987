//! Makes a scenario that fails smaller, as long as it still fails.
//!
//! proptest does not do this, because its strategies would have to draw the scenarios. Most draws depend on earlier ones
//! (delays on sizes, faults on lengths). proptest draws such values again instead of making them smaller.

use std::time::Duration;

use tls_session::simulation::network::{Conditions, Fault};
use tls_session::simulation::{Each, Side};

use crate::scenario::{Ending, Part, Scenario};

/// More runs would keep people waiting for a report.
const TRIES: usize = 1000;

/// The smallest scenario that can be reached by making one thing simpler at a time.
pub fn shrink(mut scenario: Scenario, fails: impl Fn(&Scenario) -> bool) -> Scenario {
    let mut tries = 0;
    let mut fails = |scenario: &Scenario| {
        tries += 1;
        tries <= TRIES && fails(scenario)
    };
    while let Some(smaller) = simpler(&scenario).into_iter().find(&mut fails) {
        scenario = smaller;
    }
    scenario
}

/// Everything that is one step simpler, the largest steps first.
fn simpler(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Scenario)| {
        let mut changed = scenario.clone();
        change(&mut changed);
        if changed != *scenario {
            all.push(changed);
        }
    };
    for index in 0..scenario.plan.faults.len() {
        offer(&|scenario| {
            scenario.plan.faults.remove(index);
        });
    }
    offer(&|scenario| scenario.plan.conditions = Each::default());
    offer(&|scenario| scenario.tls12 = false);
    offer(&|scenario| scenario.resumed = false);
    offer(&|scenario| scenario.certificates = false);
    offer(&|scenario| scenario.plan.kernel.spurious = 0);
    offer(&|scenario| scenario.plan.kernel.reset_destroys = false);
    offer(&|scenario| scenario.plan.kernel.repeats = true);
    offer(&|scenario| scenario.plan.kernel.merges = true);
    for side in Side::BOTH {
        offer(&|scenario| scenario.plan.conditions[side] = Conditions::FAIR);
        offer(&|scenario| scenario.plan.loops[side].closes_at = None);
        offer(&|scenario| scenario.plan.loops[side].busy = Duration::ZERO);
        offer(&|scenario| scenario.plan.loops[side].stops = None);
        simpler_part(side, &mut offer);
        simpler_conditions(side, &mut offer);
    }
    for index in 0..scenario.plan.faults.len() {
        offer(&|scenario| {
            let (Fault::Fin(at) | Fault::Reset(at) | Fault::Flip(at) | Fault::Stall(at, _)) =
                &mut scenario.plan.faults[index].1;
            *at /= 2;
        });
    }
    all
}

type Offer<'a> = dyn FnMut(&dyn Fn(&mut Scenario)) + 'a;

fn simpler_part(side: Side, offer: &mut Offer<'_>) {
    offer(&|scenario| scenario.parts[side].answers_after = None);
    offer(&|scenario| scenario.parts[side].ending = Ending::Waits);
    for (numerator, denominator) in [(0, 1), (1, 2), (9, 10)] {
        let less = move |size: &mut usize| *size = *size * numerator / denominator;
        offer(&|scenario| less(&mut scenario.parts[side].feeds));
        offer(&|scenario| less(&mut scenario.parts[side].sends));
        offer(&|scenario| ends_after(&mut scenario.parts[side], less));
        // Less is sent, and both ends wait for less.
        offer(&|scenario| {
            let before = scenario.sends(side);
            less(&mut scenario.parts[side].sends);
            less(&mut scenario.parts[side].feeds);
            let fewer = before - scenario.sends(side);
            for side in Side::BOTH {
                ends_after(&mut scenario.parts[side], |after| *after = after.saturating_sub(fewer));
            }
        });
    }
}

/// Changes after how many bytes an end closes or abandons the session, if it does.
fn ends_after(part: &mut Part, change: impl Fn(&mut usize)) {
    if let Ending::Closes(after) | Ending::Abandons(after) = &mut part.ending {
        change(after);
    }
}

fn simpler_conditions(side: Side, offer: &mut Offer<'_>) {
    let fair = Conditions::FAIR;
    offer(&|scenario| scenario.plan.conditions[side].refused = 0);
    offer(&|scenario| scenario.plan.conditions[side].delay = fair.delay);
    offer(&|scenario| scenario.plan.conditions[side].wakes_at = 1);
    offer(&|scenario| scenario.plan.conditions[side].chunk = usize::MAX);
    offer(&|scenario| scenario.plan.conditions[side].segment = usize::MAX);
    offer(&|scenario| {
        let capacity = &mut scenario.plan.conditions[side].capacity;
        *capacity = (*capacity * 2).min(fair.capacity);
    });
}
