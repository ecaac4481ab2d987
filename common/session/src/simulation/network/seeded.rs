//! What happens on a network by chance: delays, refused calls, events that come together or for nothing.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::{Cut, Network, State};
use crate::readiness::Interest;
use crate::simulation::random::Random;
use crate::simulation::{Each, Side};

/// What a network and two kernels do to the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// How many bytes fit between writer and reader.
    pub capacity: usize,
    /// How much room there must be before a refused writer is told.
    pub wakes_at: usize,
    /// How many bytes one write takes at most.
    pub chunk: usize,
    /// How many bytes arrive together at most.
    pub segment: usize,
    /// How long each segment takes at most.
    pub delay: Duration,
    /// How many calls in a hundred fail without a cause.
    pub refused: usize,
}

impl Conditions {
    /// Nothing unusual.
    pub const FAIR: Self = Self {
        capacity: 256 * 1024,
        wakes_at: 1,
        chunk: usize::MAX,
        segment: usize::MAX,
        delay: Duration::from_micros(10),
        refused: 0,
    };
}

/// How the kernels of both ends behave, and their polls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelBehavior {
    /// Bytes that arrive after unread bytes are an event too.
    pub repeats: bool,
    /// An event reports everything that is ready, not only what is new.
    pub merges: bool,
    /// How many polls in a hundred report an event that has no cause.
    pub spurious: usize,
    /// A reset destroys the bytes that the application has not read yet. Some kernels do that, others do not.
    pub reset_destroys: bool,
}

/// What goes wrong after so many bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The reader gets end-of-file. The writer is told nothing.
    Fin(usize),
    /// The connection is reset, for both ends.
    Reset(usize),
    /// The next byte arrives damaged.
    Flip(usize),
    /// Nothing arrives for so long.
    Stall(usize, Duration),
}

/// Something that happens to the network at its time. Lanes are named by their writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// So many bytes of a lane arrive.
    Bytes(Side, usize),
    /// The FIN of a lane arrives.
    Fin(Side),
    /// A stalled lane goes on.
    Resume(Side),
    /// A reset arrives at this end.
    Reset(Side),
    /// A call of this end that was refused by chance would succeed now.
    Again(Side),
}

/// A socket that is drained throws away so many bytes at most.
const DRAIN_LIMIT: usize = 64 * 1024;

/// What is on its way in one lane.
#[derive(Debug, Default)]
struct Way {
    /// When the last thing that was sent arrives. Nothing overtakes it.
    last: Duration,
    stalls: Vec<(usize, Duration)>,
    is_stalled: bool,
    /// What has come as far as the stall.
    held: usize,
    held_fin: bool,
}

#[derive(Debug)]
pub(super) struct Chance {
    random: Random,
    conditions: Each<Conditions>,
    kernel: KernelBehavior,
    now: Duration,
    coming: Vec<(Duration, Happening)>,
    ways: Each<Way>,
}

impl Chance {
    pub(super) fn is_spurious(&mut self) -> bool {
        self.random.percent(self.kernel.spurious)
    }

    pub(super) fn merges(&self) -> bool {
        self.kernel.merges
    }

    pub(super) fn reset_destroys(&self) -> bool {
        self.kernel.reset_destroys
    }

    /// How many bytes the next write takes at most.
    pub(super) fn chunk(&mut self, side: Side) -> usize {
        self.random.up_to(self.conditions[side].chunk)
    }

    pub(super) fn send(&mut self, side: Side, mut left: usize) {
        while left > 0 {
            let piece = self.random.up_to(self.conditions[side].segment).min(left);
            self.later(side, Happening::Bytes(side, piece));
            left -= piece;
        }
    }

    /// Plans what arrives on a lane after everything that is already on its way.
    pub(super) fn later(&mut self, from: Side, what: Happening) {
        let delay = self.conditions[from].delay.as_micros() as usize;
        let delay = Duration::from_micros(self.random.below(delay + 1) as u64);
        let way = &mut self.ways[from];
        way.last = way.last.max(self.now + delay);
        self.coming.push((way.last, what));
    }
}

impl Network {
    /// A network on which things happen by chance. Each fault is in the bytes that the named end sends.
    pub fn seeded(
        seed: u64,
        conditions: Each<Conditions>,
        kernel: KernelBehavior,
        faults: &[(Side, Fault)],
    ) -> Self {
        let network = Self::default();
        let state = &mut *network.0.borrow_mut();
        let mut ways = Each::<Way>::default();
        for side in Side::BOTH {
            let lane = &mut state.lanes[side];
            lane.arriving = 0;
            (lane.capacity, lane.wakes_at) = (conditions[side].capacity, conditions[side].wakes_at);
        }
        for (side, fault) in faults {
            let lane = &mut state.lanes[*side];
            let earlier = |at, kind| match lane.cut {
                Some((before, _)) if before <= at => lane.cut,
                _ => Some((at, kind)),
            };
            match *fault {
                Fault::Fin(at) => lane.cut = earlier(at, Cut::Fin),
                Fault::Reset(at) => lane.cut = earlier(at, Cut::Reset),
                // A byte that is damaged twice would be whole again.
                Fault::Flip(at) if lane.flips.contains(&at) => {}
                Fault::Flip(at) => lane.flips.push(at),
                Fault::Stall(at, time) => ways[*side].stalls.push((at, time)),
            }
        }
        for side in Side::BOTH {
            ways[side].stalls.sort();
        }
        let (random, now, coming) = (Random::new(seed), Duration::ZERO, Vec::new());
        state.chance = Some(Chance { random, conditions, kernel, now, coming, ways });
        network.clone()
    }

    /// Sets the time since the beginning.
    pub fn tick(&self, now: Duration) {
        if let Some(chance) = &mut self.0.borrow_mut().chance {
            chance.now = now;
        }
    }

    /// When the next thing happens, as time since the beginning. A loop that sleeps must wake up by then.
    pub fn next_at(&self) -> Option<Duration> {
        self.0.borrow().chance.as_ref()?.coming.iter().map(|(at, _)| *at).min()
    }

    /// Moves the clock, and carries out everything that happens until then.
    ///
    /// This is for a loop of your own. A loop that wants every single thing calls [`tick`](Self::tick),
    /// [`take_coming`](Self::take_coming) and [`happen`](Self::happen) instead.
    pub fn advance(&self, now: Duration) {
        while let Some((at, what)) = self.take_first(now) {
            self.tick(at);
            self.happen(what);
        }
        self.tick(now);
    }

    /// Takes what happens first, if it happens until then. What was sent first comes first.
    fn take_first(&self, until: Duration) -> Option<(Duration, Happening)> {
        let mut state = self.0.borrow_mut();
        let coming = &mut state.chance.as_mut()?.coming;
        let (index, _) = coming.iter().enumerate().min_by_key(|(_, (at, _))| *at)?;
        (coming[index].0 <= until).then(|| coming.remove(index))
    }

    /// Returns what is to happen, and when, as far as no end has been told.
    pub fn take_coming(&self) -> Vec<(Duration, Happening)> {
        self.0.borrow_mut().chance.as_mut().map_or_else(Vec::new, |chance| std::mem::take(&mut chance.coming))
    }

    /// Carries out what is to happen now.
    pub fn happen(&self, what: Happening) {
        let state = &mut *self.0.borrow_mut();
        match what {
            Happening::Bytes(from, count) => state.arrive(from, count),
            Happening::Fin(from) => state.arrive_fin(from),
            Happening::Resume(from) => {
                let Some(chance) = &mut state.chance else { return };
                let way = &mut chance.ways[from];
                way.is_stalled = false;
                let (held, fin) = (std::mem::take(&mut way.held), std::mem::take(&mut way.held_fin));
                state.arrive(from, held);
                if fin {
                    state.arrive_fin(from);
                }
            }
            Happening::Reset(at) => state.reset(at),
            Happening::Again(side) => {
                state.kernels[side].refusals -= 1;
                state.kernels[side].rearmed = true;
            }
        }
        state.meet_cuts();
    }
}

impl State {
    /// Refuses a call by chance. Soon the poll reports that it would succeed.
    pub(super) fn refuse(&mut self, side: Side, lane: Side) -> io::Result<()> {
        let Some(chance) = &mut self.chance else { return Ok(()) };
        let conditions = chance.conditions[lane];
        if !chance.random.percent(conditions.refused) {
            return Ok(());
        }
        // Nothing comes after a reset, so no kernel promises that something will.
        if chance.random.percent(60) || self.kernels[side].reset {
            return Err(ErrorKind::Interrupted.into());
        }
        self.kernels[side].refusals += 1;
        chance.coming.push((chance.now + conditions.delay, Happening::Again(side)));
        Err(ErrorKind::WouldBlock.into())
    }

    fn arrive(&mut self, from: Side, count: usize) {
        let Some(chance) = &mut self.chance else { return };
        let (way, lane) = (&mut chance.ways[from], &mut self.lanes[from]);
        if way.is_stalled {
            way.held += count;
        } else if let Some(&(at, time)) = way.stalls.first().filter(|(at, _)| *at <= lane.arriving + count) {
            way.stalls.remove(0);
            let before = at.saturating_sub(lane.arriving);
            (way.is_stalled, way.held) = (true, count - before);
            chance.coming.push((chance.now + time, Happening::Resume(from)));
            self.deliver(from, before);
        } else {
            self.deliver(from, count);
        }
    }

    /// The kernel of the reader gets so many bytes.
    fn deliver(&mut self, from: Side, count: usize) {
        let to = from.other();
        if self.kernels[to].reset {
            return;
        }
        let lane = &mut self.lanes[from];
        let (before, was_empty) = (lane.arrived(), lane.waiting() == 0);
        lane.arriving += count;
        let count = lane.arrived() - before;
        if count == 0 {
            return;
        }
        let Some(chance) = &mut self.chance else { return };
        lane.reader_waits |= was_empty || chance.kernel.repeats;
        let kernel = &mut self.kernels[to];
        if kernel.closed {
            chance.later(to, Happening::Reset(from));
        } else if let Some(left) = &mut kernel.drains {
            *left = left.saturating_sub(count);
            if *left == 0 {
                kernel.stopped_draining = true;
                self.close_now(to);
            }
        }
    }

    fn arrive_fin(&mut self, from: Side) {
        let Some(chance) = &mut self.chance else { return };
        if chance.ways[from].is_stalled {
            chance.ways[from].held_fin = true;
        } else {
            self.lanes[from].arriving = usize::MAX;
        }
    }

    pub(super) fn close(&mut self, side: Side, drains: bool) {
        self.kernels[side].registered = Interest::NONE;
        if self.chance.is_some() && !drains {
            return self.close_now(side);
        }
        self.lanes[side.other()].discarded = true;
        self.kernels[side].drains = self.chance.is_some().then_some(DRAIN_LIMIT);
    }

    /// `close(2)`. With unread bytes it resets the connection (RFC 1122, 4.2.2.13).
    fn close_now(&mut self, side: Side) {
        let kernel = &mut self.kernels[side];
        (kernel.closed, kernel.drains) = (true, None);
        if self.lanes[side.other()].waiting() > 0
            && let Some(chance) = &mut self.chance
        {
            chance.later(side, Happening::Reset(side.other()));
        }
    }
}
