//! What happens to two sessions, beside what their applications do: everything that a seed decides.

use std::time::Duration;

use super::network::{Conditions, Fault, KernelBehavior};
use super::random::Random;
use super::{Each, Side};

/// How long a run without faults may take: less than any deadline of its sessions.
const UNHURRIED: Duration = Duration::from_millis(3500);
/// About how many bytes a handshake takes, in either direction.
pub const HANDSHAKE: usize = 2000;
/// A reader that has so many bytes before it yields before it has read them all.
pub const FLOOD: usize = 300_000;
/// A direction of a run is at most about so many segments, or so many writes.
const PIECES: usize = 300;

/// A whole run, except for its applications. [`of`](Self::of) makes a plan from a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Decides everything that is drawn during the run.
    pub seed: u64,
    /// What happens to the bytes that each end sends.
    pub conditions: Each<Conditions>,
    /// How the kernels behave.
    pub kernel: KernelBehavior,
    /// What goes wrong, in the bytes that each end sends.
    pub faults: Vec<(Side, Fault)>,
    /// What the loop of each end does beside its session.
    pub loops: Each<Loop>,
}

/// What a loop does beside the session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loop {
    /// When the loop closes the session from outside, if it does.
    pub closes_at: Option<Duration>,
    /// How long, at most, the loop serves others before it turns the session.
    pub busy: Duration,
    /// When the loop stands still, and for how long, if it does.
    pub stops: Option<(Duration, Duration)>,
}

impl Plan {
    /// The plan of a seed, for ends that send about so many bytes of plaintext.
    pub fn of(seed: u64, sends: Each<usize>) -> Self {
        Self::draw(&mut Random::new(seed), sends)
    }

    /// The same, with random numbers that draw other things too.
    pub fn draw(random: &mut Random, sends: Each<usize>) -> Self {
        let volume = |side| HANDSHAKE + sends[side];
        let mut plan = Self {
            seed: random.number(),
            conditions: Each { client: Conditions::FAIR, server: Conditions::FAIR },
            kernel: KernelBehavior {
                repeats: random.percent(30),
                merges: random.percent(60),
                spurious: if random.percent(20) { random.up_to(30) } else { 0 },
                reset_destroys: random.percent(50),
            },
            faults: Vec::new(),
            loops: Each::default(),
        };
        for side in Side::BOTH {
            plan.conditions[side] = Conditions::over(volume(side), random);
            plan.loops[side] = Loop::draw(random);
        }
        if random.percent(4) && Side::BOTH.into_iter().all(|side| sends[side] < 500) {
            for side in Side::BOTH {
                // Less than a flight; less than the header of a record.
                let conditions = &mut plan.conditions[side];
                (conditions.capacity, conditions.wakes_at) = (random.up_to(8), 1);
            }
        }
        if random.percent(45) {
            for _ in 0..random.one_of(&[1, 1, 1, 2, 3]) {
                let side = random.one_of(&Side::BOTH);
                plan.faults.push((side, Fault::draw(volume(side), random)));
            }
        }
        plan.hurry(sends);
        plan
    }

    /// Returns whether nothing disturbs the run for so long that a deadline passes.
    pub fn is_calm(&self) -> bool {
        self.faults.is_empty() && Side::BOTH.into_iter().all(|side| self.loops[side].stops.is_none())
    }

    /// Returns whether only the applications end the run: it is calm, and no loop closes its session from outside.
    pub fn is_undisturbed(&self) -> bool {
        self.is_calm() && Side::BOTH.into_iter().all(|side| self.loops[side].closes_at.is_none())
    }

    /// Makes everything fast enough for a run without faults to meet no deadline.
    fn hurry(&mut self, sends: Each<usize>) {
        let rounds: usize = Side::BOTH
            .into_iter()
            .map(|side| {
                let Conditions { capacity, chunk, segment, refused, .. } = self.conditions[side];
                let piece = capacity.min(chunk).min(segment.max(capacity / 4)).min(16 * 1024);
                (20 + 2 * (HANDSHAKE + sends[side]) / piece) * 100 / (100 - refused)
            })
            .sum();
        let most = UNHURRIED / (4 * rounds) as u32;
        for side in Side::BOTH {
            self.conditions[side].delay = self.conditions[side].delay.min(most);
            self.loops[side].busy = self.loops[side].busy.min(most);
        }
    }
}

impl Loop {
    fn draw(random: &mut Random) -> Self {
        let closes_at = random.percent(6).then(|| micros(random, 3_000_000));
        let busy = micros(random, 50_000);
        let stops = random.percent(5).then(|| {
            let length = Duration::from_secs(random.one_of(&[1, 4, 12, 70, 300]));
            (micros(random, 3_000_000), length)
        });
        Self { closes_at, busy, stops }
    }
}

impl Conditions {
    fn over(volume: usize, random: &mut Random) -> Self {
        if volume > FLOOD && random.percent(60) {
            return Self { capacity: 16 * Self::FAIR.capacity, ..Self::FAIR };
        }
        let piece = |random: &mut Random| volume / PIECES + 1 + random.magnitude(70_000);
        let capacity = match random.below(100) {
            0..45 => piece(random),
            45..85 => Self::FAIR.capacity,
            _ => 16 * Self::FAIR.capacity,
        };
        Self {
            capacity,
            wakes_at: if random.percent(30) { random.up_to(capacity) } else { 1 },
            chunk: if random.percent(30) { piece(random) } else { usize::MAX },
            segment: if random.percent(60) { piece(random) } else { usize::MAX },
            delay: micros(random, 200_000),
            refused: if random.percent(25) { random.up_to(60) } else { 0 },
        }
    }
}

impl Fault {
    fn draw(volume: usize, random: &mut Random) -> Self {
        let at = if random.percent(50) { random.below(volume) } else { random.magnitude(volume) };
        match random.below(4) {
            0 => Self::Fin(at),
            1 => Self::Reset(at),
            2 => Self::Flip(at),
            _ => Self::Stall(at, Duration::from_secs(random.one_of(&[1, 4, 8, 25, 50, 70, 10_000]))),
        }
    }
}

/// A time below so many microseconds. Every order of magnitude is equally likely.
pub fn micros(random: &mut Random, limit: usize) -> Duration {
    Duration::from_micros(random.magnitude(limit) as u64)
}
