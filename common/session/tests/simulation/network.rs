//! The network and the two kernels at its ends, as far as sockets show them.
//!
//! A lane is what one end writes and the other reads. What is written arrives in pieces and later, in order; the
//! world says when ([`Network::happen`]). Each kernel reports what is news to its poll, once: an edge. It owes an edge
//! for the first byte in an empty inbox, for a FIN, for a reset, and for room after a write that was refused; for
//! nothing else. Being registered again makes news of all that is so.

mod calls;

use std::time::Duration;

use tls_session::readiness::Interest;
use tls_session::readiness::Readiness;

use crate::random::Random;
use crate::scenario::{Each, Fault, Manner, Scenario, Side, Weather};

/// Something that happens to the network at its time. Those with a lane name it by its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// So many bytes of a lane arrive.
    Bytes(Side, usize),
    /// The FIN at the end of a lane arrives.
    Fin(Side),
    /// A stalled lane goes on.
    Resume(Side),
    /// A reset arrives at this end.
    Reset(Side),
    /// A call of this end that was refused for no reason would go well now.
    Again(Side),
}

/// Bytes in one direction.
#[derive(Debug, Default)]
pub struct Lane {
    /// Everything that was written, undamaged.
    pub log: Vec<u8>,
    /// How much of it has arrived.
    arrived: usize,
    /// How much of it was read.
    pub taken: usize,
    /// Some of what was taken was thrown away by a socket that lingers.
    pub drained: bool,
    /// How much of it is lost, for ever.
    lost: usize,
    /// What arrived while the lane is stalled.
    held: usize,
    held_fin: bool,
    stalled: bool,
    /// When the last thing that was sent arrives.
    last: Duration,
    /// The writer has sent its FIN.
    fin_sent: bool,
    fin_arrived: bool,
    /// Whether the reader has been told of the end, be it the writer's or a fault.
    pub fin_read: bool,
    /// Somebody on the way has put an end to it.
    cut: bool,
    /// The bytes that are damaged on their way.
    flips: Vec<usize>,
    faults: Vec<Fault>,
    /// A write was refused for want of room.
    refused: bool,
}

impl Lane {
    /// The damaged bytes that the reader has taken.
    pub fn damaged(&self) -> impl Iterator<Item = usize> + '_ {
        self.flips.iter().copied().filter(|at| *at < self.taken)
    }

    fn waiting(&self) -> usize {
        self.arrived - self.taken
    }

    fn room(&self, weather: &Weather) -> usize {
        weather.capacity.saturating_sub(self.log.len() - self.taken - self.lost)
    }
}

/// What one end's kernel knows beside the bytes.
#[derive(Debug, Default)]
struct Kernel {
    registered: Interest,
    /// What the poll has not been told yet.
    readable_news: bool,
    writable_news: bool,
    reset: bool,
    /// A call has returned the reset; it does so once.
    reset_told: bool,
    closed: bool,
    /// How many calls were refused for no reason and have not been made good.
    refusals: usize,
    /// What still comes is thrown away, so much of it at most.
    lingers: Option<usize>,
}

/// A lingering socket throws away so much.
const LINGERING: usize = 64 * 1024;

/// Two lanes and two kernels.
#[derive(Debug)]
pub struct Network {
    lanes: Each<Lane>,
    kernels: Each<Kernel>,
    weather: Each<Weather>,
    manner: Manner,
    random: Random,
    now: Duration,
    /// What is to happen, and when.
    pub coming: Vec<(Duration, Happening)>,
}

impl Network {
    /// A connection on which nothing was said yet.
    pub fn new(scenario: &Scenario) -> Self {
        let mut network = Self {
            lanes: Each::default(),
            kernels: Each::default(),
            weather: scenario.weather,
            manner: scenario.poll,
            random: Random::new(scenario.seed),
            now: Duration::ZERO,
            coming: Vec::new(),
        };
        for (side, fault) in &scenario.faults {
            network.lanes[*side].faults.push(*fault);
        }
        for side in Side::BOTH {
            network.lanes[side].faults.sort_by_key(|fault| fault.at());
        }
        network
    }

    /// What an end sends.
    pub fn lane(&self, writer: Side) -> &Lane {
        &self.lanes[writer]
    }

    /// Whether a call of this end has been told of a reset.
    pub fn reset_told(&self, side: Side) -> bool {
        self.kernels[side].reset_told
    }

    /// Whether a read would bring this end something, be it the end.
    pub fn is_readable(&self, side: Side) -> bool {
        let lane = &self.lanes[side.other()];
        lane.waiting() > 0 || lane.fin_arrived || self.kernels[side].reset
    }

    /// Whether a write of this end would be taken.
    pub fn is_writable(&self, side: Side) -> bool {
        let (lane, weather) = (&self.lanes[side], &self.weather[side]);
        let wakes_at = if lane.refused { weather.wakes_at } else { 1 };
        lane.room(weather) >= wakes_at || self.kernels[side].reset
    }

    // ---- what happens --------------------------------------------------------------------------------------

    /// Time goes by.
    pub fn tick(&mut self, now: Duration) {
        self.now = now;
    }

    /// Something happens now.
    pub fn happen(&mut self, what: Happening) {
        match what {
            Happening::Bytes(from, count) => self.arrive(from, count),
            Happening::Fin(from) => self.arrive_fin(from),
            Happening::Resume(from) => {
                let lane = &mut self.lanes[from];
                lane.stalled = false;
                let (held, fin) = (std::mem::take(&mut lane.held), std::mem::take(&mut lane.held_fin));
                self.arrive(from, held);
                if fin {
                    self.arrive_fin(from);
                }
            }
            Happening::Reset(at) => self.reset(at),
            Happening::Again(side) => {
                self.kernels[side].refusals -= 1;
                let (readable, writable) = (self.is_readable(side), self.is_writable(side));
                self.news(side, readable, writable);
            }
        }
    }

    fn arrive(&mut self, from: Side, count: usize) {
        if self.lanes[from].stalled {
            self.lanes[from].held += count;
            return;
        }
        if self.lanes[from].cut || self.kernels[from.other()].reset {
            self.lanes[from].lost += count;
            return self.made_room(from);
        }
        let arrived = self.lanes[from].arrived;
        let met = self.lanes[from].faults.first().copied();
        match met.filter(|fault| fault.at() <= arrived + count) {
            None => self.accept(from, count),
            Some(fault) => {
                self.lanes[from].faults.remove(0);
                let before = fault.at().saturating_sub(arrived);
                self.accept(from, before);
                self.meet(from, fault);
                self.arrive(from, count - before);
            }
        }
    }

    fn meet(&mut self, from: Side, fault: Fault) {
        match fault {
            Fault::Fin(_) => {
                self.end_lane(from);
                self.lanes[from].cut = true;
            }
            Fault::Reset(_) => Side::BOTH.into_iter().for_each(|side| self.reset(side)),
            // A byte that is damaged twice would be whole again.
            Fault::Flip(at) if self.lanes[from].flips.contains(&at) => {}
            Fault::Flip(at) => self.lanes[from].flips.push(at),
            Fault::Stall(_, time) => {
                self.lanes[from].stalled = true;
                self.coming.push((self.now + time, Happening::Resume(from)));
            }
        }
    }

    fn accept(&mut self, from: Side, count: usize) {
        let to = from.other();
        let lane = &mut self.lanes[from];
        let first = lane.waiting() == 0;
        lane.arrived += count;
        if count == 0 {
            return;
        }
        let kernel = &mut self.kernels[to];
        if let Some(left) = &mut kernel.lingers {
            lane.taken += count;
            lane.drained = true;
            *left = left.saturating_sub(count);
            if *left == 0 {
                self.close(to);
            }
            self.made_room(from);
        } else if kernel.closed {
            self.later(to, Happening::Reset(from));
        } else if first || self.manner.repeats {
            self.news(to, true, false);
        }
    }

    fn arrive_fin(&mut self, from: Side) {
        let lane = &mut self.lanes[from];
        if lane.stalled {
            lane.held_fin = true;
        } else if !lane.cut {
            self.end_lane(from);
        }
    }

    fn end_lane(&mut self, from: Side) {
        self.lanes[from].fin_arrived = true;
        self.news(from.other(), true, false);
    }

    /// A writer that was refused is told once there is room enough.
    fn made_room(&mut self, writer: Side) {
        let (lane, weather) = (&mut self.lanes[writer], &self.weather[writer]);
        if lane.refused && lane.room(weather) >= weather.wakes_at {
            lane.refused = false;
            self.news(writer, false, true);
        }
    }

    fn reset(&mut self, at: Side) {
        if !self.kernels[at].closed {
            self.kernels[at].reset = true;
            self.news(at, true, true);
        }
    }

    fn news(&mut self, side: Side, readable: bool, writable: bool) {
        let kernel = &mut self.kernels[side];
        let registered = kernel.registered;
        if registered == Interest::NONE {
            return;
        }
        kernel.readable_news |= readable && (registered.readable || kernel.reset);
        kernel.writable_news |= writable && (registered.writable || kernel.reset);
    }

    /// Something that a lane brings behind all that is on its way already.
    fn later(&mut self, from: Side, what: Happening) {
        let delay = self.weather[from].delay.as_micros() as usize;
        let delay = Duration::from_micros(self.random.below(delay + 1) as u64);
        let lane = &mut self.lanes[from];
        lane.last = lane.last.max(self.now + delay);
        self.coming.push((lane.last, what));
    }

    // ---- the poll ------------------------------------------------------------------------------------------

    /// What the poll is to report to this end from now on. Whatever is so is news again.
    pub fn register(&mut self, side: Side, interest: Interest) {
        let kernel = &mut self.kernels[side];
        (kernel.registered, kernel.readable_news, kernel.writable_news) = (interest, false, false);
        let (readable, writable) = (self.is_readable(side), self.is_writable(side));
        self.news(side, readable, writable);
    }

    /// Whether the poll would return.
    pub fn has_news(&self, side: Side) -> bool {
        self.kernels[side].readable_news || self.kernels[side].writable_news
    }

    /// Whether the poll is about to return, though nobody sends or reads anything.
    pub fn owes_news(&self, side: Side) -> bool {
        self.has_news(side) || self.kernels[side].refusals > 0
    }

    /// What the poll reports.
    pub fn poll(&mut self, side: Side) -> Option<Readiness> {
        let spurious = self.random.percent(self.manner.spurious);
        let fin = self.lanes[side.other()].fin_arrived;
        let now = (self.is_readable(side), self.is_writable(side));
        let kernel = &mut self.kernels[side];
        let registered = kernel.registered;
        if registered == Interest::NONE {
            return None;
        }
        let news = (
            std::mem::take(&mut kernel.readable_news) && now.0,
            std::mem::take(&mut kernel.writable_news) && now.1,
        );
        if !news.0 && !news.1 && !spurious {
            return None;
        }
        let all = self.manner.merges || kernel.reset;
        let readable = spurious || news.0 || all && now.0 && registered.readable;
        let writable = spurious || news.1 || all && now.1 && registered.writable;
        Some(Readiness::new(readable, writable, readable && (fin || kernel.reset)))
    }
}
