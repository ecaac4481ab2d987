//! The sessions that are being served, and who of them has a turn.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use common::observer::{Step, Watch};
use common::readiness::Readiness;
use common::registrar::Registrar;
use common::session::Session;
use mio::net::TcpStream;
use slab::Slab;

use crate::echo::Echo;

/// A number of places for sessions: one, unless `--slots` says otherwise.
///
/// Nothing here grows with the number of those who are idle. Who can go on stands in a queue, and the deadlines are
/// sorted; a deadline that has moved back, as the idle one does with every message, is left where it was sorted in,
/// and looked at again when that time has come. Where there is none any more, nothing is left: a poll that need not
/// time out is cheaper.
pub struct Slots {
    slots: Slab<Slot>,
    places: usize,
    runnable: VecDeque<usize>,
    timers: BTreeSet<(Instant, usize)>,
}

/// A session that is served, and its registration with the poll.
pub struct Slot {
    /// The session.
    pub session: Session<TcpStream, Echo>,
    /// Its registration.
    pub registrar: Registrar,
    /// Whether its key is in the queue.
    queued: bool,
    /// Where its deadline is sorted in: at its time, or before.
    timer: Option<Instant>,
}

impl Slots {
    /// Empty slots.
    pub fn new(places: usize) -> Self {
        Self { slots: Slab::new(), places, runnable: VecDeque::new(), timers: BTreeSet::new() }
    }

    /// How many are served.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nobody is served.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The key of a free slot, if there is one.
    pub fn vacant_key(&self) -> Option<usize> {
        (self.slots.len() < self.places).then(|| self.slots.vacant_key())
    }

    /// Fills the slot that [`vacant_key`](Self::vacant_key) named. A new session has a turn at once.
    pub fn insert(&mut self, session: Session<TcpStream, Echo>, registrar: Registrar) {
        let key = self.slots.insert(Slot { session, registrar, queued: false, timer: None });
        self.wake(key);
    }

    /// A slot by its key.
    pub fn get_mut(&mut self, key: usize) -> Option<&mut Slot> {
        self.slots.get_mut(key)
    }

    /// Frees a slot.
    pub fn remove(&mut self, key: usize) -> Option<Slot> {
        let slot = self.slots.try_remove(key)?;
        if let Some(at) = slot.timer {
            self.timers.remove(&(at, key));
        }
        Some(slot)
    }

    /// The keys of all that are served.
    pub fn keys(&self) -> Vec<usize> {
        self.slots.iter().map(|(key, _)| key).collect()
    }

    /// The poll has said something about a session: it has a turn.
    pub fn ready(&mut self, key: usize, readiness: Readiness, watch: &mut Watch<'_>) {
        if let Some(slot) = self.slots.get_mut(key) {
            watch.step(&slot.session.id(), &Step::Ready(readiness));
            slot.session.ready(readiness);
            self.wake(key);
        }
    }

    /// A session has a turn without waiting for anything.
    pub fn wake(&mut self, key: usize) {
        if let Some(slot) = self.slots.get_mut(key)
            && !slot.queued
        {
            slot.queued = true;
            self.runnable.push_back(key);
        }
    }

    /// Whether one has a turn now.
    pub fn any_runnable(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// When a deadline may be due.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// A session's turn is over, and with it its deadline may be another.
    pub fn sort_in(&mut self, key: usize) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let deadline = slot.session.earliest_deadline();
        if slot.timer.is_some_and(|timer| deadline.is_some_and(|at| timer <= at)) {
            return;
        }
        if let Some(timer) = std::mem::replace(&mut slot.timer, deadline) {
            self.timers.remove(&(timer, key));
        }
        if let Some(at) = deadline {
            self.timers.insert((at, key));
        }
    }

    /// Those whose deadline has passed have a turn too; those whose deadline has moved are sorted in again.
    pub fn wake_due(&mut self, now: Instant) {
        while let Some(&(at, key)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, key));
            let Some(slot) = self.slots.get_mut(key) else { continue };
            slot.timer = None;
            if slot.session.earliest_deadline().is_some_and(|at| at <= now) {
                self.wake(key);
            } else {
                self.sort_in(key);
            }
        }
    }

    /// How many have a turn in this round. Whoever yields stands in the queue again, for the next.
    pub fn round(&self) -> usize {
        self.runnable.len()
    }

    /// The one whose turn it is.
    pub fn next(&mut self) -> Option<usize> {
        let key = self.runnable.pop_front()?;
        if let Some(slot) = self.slots.get_mut(key) {
            slot.queued = false;
        }
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use std::sync::Arc;

    use common::admission::Admission;
    use common::deadline::Timeouts;
    use common::observer::SessionId;
    use common::session::SessionConfig;
    use mio::Token;
    use rustls::{ServerConfig, ServerConnection};
    use testing::certificates::Identity;

    /// Fills a slot with a session whose client has said nothing.
    fn fill(slots: &mut Slots, tls: &Arc<ServerConfig>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let socket = TcpStream::connect(peer).unwrap();
        let tls = ServerConnection::new(Arc::clone(tls)).unwrap();
        let config = SessionConfig { admission: Admission::AnyClient, timeouts: Timeouts::default() };
        let mut nobody = ();
        let watch = &mut Watch::new(Instant::now(), &mut nobody);
        let id = SessionId { number: 1, peer };
        let session = Session::new(id, tls, socket, Echo::new(b"".as_slice().into()), Rc::new(config), watch);
        slots.insert(session, Registrar::new(Token(0)));
    }

    #[test]
    fn who_yields_waits_for_the_next_round() {
        let mut slots = Slots::new(2);
        let tls = Identity::localhost().server_config();
        fill(&mut slots, &tls);
        fill(&mut slots, &tls);
        for _ in 0..3 {
            let mut had_a_turn = Vec::new();
            for _ in 0..slots.round().min(9) {
                let key = slots.next().unwrap();
                had_a_turn.push(key);
                slots.wake(key); // it yields
            }
            assert_eq!(had_a_turn, [0, 1]);
        }
    }

    #[test]
    fn a_deadline_that_is_gone_wakes_nobody() {
        let mut slots = Slots::new(1);
        fill(&mut slots, &Identity::localhost().server_config());
        let at = Instant::now();
        slots.slots[0].timer = Some(at);
        slots.timers.insert((at, 0));
        slots.sort_in(0);
        assert_eq!(slots.deadline(), None);
        assert_eq!(slots.slots[0].timer, None);
    }
}
