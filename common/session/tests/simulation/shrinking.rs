//! A scenario that fails, made smaller as long as it still fails.

use std::time::Duration;

use crate::scenario::{Each, Ending, Fault, Scenario, Side, Weather};

/// Whoever waits for a report waits for no more runs than these.
const TRIES: usize = 1000;

/// The smallest scenario that is reached by making one thing simpler at a time.
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

/// All that is one step simpler, the largest steps first.
fn simpler(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Scenario)| {
        let mut changed = scenario.clone();
        change(&mut changed);
        if changed != *scenario {
            all.push(changed);
        }
    };
    for index in 0..scenario.faults.len() {
        offer(&|scenario| {
            scenario.faults.remove(index);
        });
    }
    offer(&|scenario| scenario.weather = Each::default());
    for side in Side::BOTH {
        offer(&|scenario| scenario.weather[side] = Weather::FAIR);
    }
    offer(&|scenario| scenario.tls12 = false);
    offer(&|scenario| scenario.resumed = false);
    offer(&|scenario| scenario.certificates = false);
    offer(&|scenario| scenario.poll.spurious = 0);
    offer(&|scenario| scenario.poll.repeats = true);
    offer(&|scenario| scenario.poll.merges = true);
    for side in Side::BOTH {
        simpler_part(side, &mut offer);
        simpler_weather(side, &mut offer);
    }
    for index in 0..scenario.faults.len() {
        offer(&|scenario| scenario.faults[index].1 = sooner(scenario.faults[index].1));
    }
    all
}

fn sooner(fault: Fault) -> Fault {
    match fault {
        Fault::Fin(at) => Fault::Fin(at / 2),
        Fault::Reset(at) => Fault::Reset(at / 2),
        Fault::Flip(at) => Fault::Flip(at / 2),
        Fault::Stall(at, time) => Fault::Stall(at / 2, time),
    }
}

type Offer<'a> = dyn FnMut(&dyn Fn(&mut Scenario)) + 'a;

fn simpler_part(side: Side, offer: &mut Offer<'_>) {
    offer(&|scenario| scenario.parts[side].told_to_close = None);
    offer(&|scenario| scenario.parts[side].busy = Duration::ZERO);
    offer(&|scenario| scenario.parts[side].stops = None);
    offer(&|scenario| scenario.parts[side].answers_after = None);
    offer(&|scenario| scenario.parts[side].ending = Ending::Stays);
    for (numerator, denominator) in [(0, 1), (1, 2), (9, 10)] {
        let less = move |size: usize| size * numerator / denominator;
        offer(&|scenario| scenario.parts[side].feeds = less(scenario.parts[side].feeds));
        offer(&|scenario| scenario.parts[side].says = less(scenario.parts[side].says));
        offer(&|scenario| {
            if let Ending::Closes(heard) | Ending::Leaves(heard) = &mut scenario.parts[side].ending {
                *heard = less(*heard);
            }
        });
        // Less is said, and what is waited for with it.
        offer(&|scenario| {
            let before = scenario.says(side);
            scenario.parts[side].says = less(scenario.parts[side].says);
            scenario.parts[side].feeds = less(scenario.parts[side].feeds);
            let fewer = before - scenario.says(side);
            if let Ending::Closes(heard) | Ending::Leaves(heard) = &mut scenario.parts[side.other()].ending {
                *heard = heard.saturating_sub(fewer);
            }
            if let Ending::Closes(heard) | Ending::Leaves(heard) = &mut scenario.parts[side].ending {
                *heard = heard.saturating_sub(fewer);
            }
        });
    }
}

fn simpler_weather(side: Side, offer: &mut Offer<'_>) {
    offer(&|scenario| scenario.weather[side].hiccups = 0);
    offer(&|scenario| scenario.weather[side].delay = Weather::FAIR.delay);
    offer(&|scenario| scenario.weather[side].wakes_at = 1);
    offer(&|scenario| scenario.weather[side].chunk = usize::MAX);
    offer(&|scenario| scenario.weather[side].segment = usize::MAX);
    offer(&|scenario| {
        let weather = &mut scenario.weather[side];
        weather.capacity = (weather.capacity * 2).min(Weather::FAIR.capacity);
    });
}
