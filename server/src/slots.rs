//! The slots: the sessions that are being served, and the clients that hold a slot and have sent nothing yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use mio::net::TcpStream;
use slab::Slab;
use tls_session::mio::registration::Registrar;
use tls_session::observer::{EventSource, LoopEvent, Step, Watch};
use tls_session::phase::Phase;
use tls_session::readiness::Readiness;
use tls_session::session::Session;

use crate::accept_queue::QueuedClient;
use crate::echo::Echo;
use crate::run_queue::RunQueue;

/// A number of places for sessions: one, unless `--slots` says otherwise.
///
/// Nothing here grows with the number of those who are idle. Who can go on stands in a queue, and the deadlines are
/// sorted; a deadline that has moved back, as the idle one does with every message, is left where it was sorted in,
/// and looked at again when that time has come. Where there is none any more, nothing is left: a poll that need not
/// time out is cheaper.
pub struct Slots {
    slots: Slab<Holder>,
    places: usize,
    /// The slots of silent clients, by the arrival of the client.
    silent: BTreeMap<u64, usize>,
    /// The slots of silent clients that the poll has reported in this round.
    heard: Vec<(usize, Readiness)>,
    runnable: RunQueue,
    timers: BTreeSet<(Instant, usize)>,
}

/// What a slot holds.
#[expect(clippy::large_enum_variant, reason = "a silent client is here for a moment, a session for a while")]
enum Holder {
    Silent(Silent),
    Session(Slot),
}

/// A client that holds a slot, is registered with the poll, and has sent nothing. Its session begins with its first
/// byte.
pub struct Silent {
    /// The client.
    pub client: QueuedClient,
    /// Its registration.
    pub registrar: Registrar,
    /// When it got the slot.
    pub held_since: Instant,
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
        Self {
            slots: Slab::new(),
            places,
            silent: BTreeMap::new(),
            heard: Vec::new(),
            runnable: RunQueue::default(),
            timers: BTreeSet::new(),
        }
    }

    /// The number of slots that are taken.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether all slots are free.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The key of a free slot, if there is one.
    pub fn vacant_key(&self) -> Option<usize> {
        (self.slots.len() < self.places).then(|| self.slots.vacant_key())
    }

    /// Fills the slot that [`vacant_key`](Self::vacant_key) named. A new session has a turn at once.
    pub fn insert(&mut self, session: Session<TcpStream, Echo>, registrar: Registrar) {
        let slot = Slot { session, registrar, queued: false, timer: None };
        let key = self.slots.insert(Holder::Session(slot));
        self.wake(key);
    }

    /// The session in a slot.
    pub fn get_mut(&mut self, key: usize) -> Option<&mut Slot> {
        match self.slots.get_mut(key)? {
            Holder::Session(slot) => Some(slot),
            Holder::Silent(_) => None,
        }
    }

    /// Frees the slot of a session.
    pub fn remove(&mut self, key: usize) -> Option<Slot> {
        self.get_mut(key)?;
        let Holder::Session(slot) = self.slots.try_remove(key)? else { return None };
        if let Some(at) = slot.timer {
            self.timers.remove(&(at, key));
        }
        Some(slot)
    }

    /// The keys of all sessions.
    pub fn keys(&self) -> Vec<usize> {
        let session = |(key, holder)| matches!(holder, &Holder::Session(_)).then_some(key);
        self.slots.iter().filter_map(session).collect()
    }

    /// Notes what the poll has reported. A session has a turn; a silent client is among those that
    /// [`take_heard`](Self::take_heard) returns.
    pub fn ready(&mut self, key: usize, readiness: Readiness, watch: &mut Watch<'_>) {
        match self.slots.get_mut(key) {
            Some(Holder::Session(slot)) => {
                watch.step(&slot.session.id(), &Step::Ready(readiness));
                slot.session.ready(readiness);
                self.wake(key);
            }
            Some(Holder::Silent(Silent { client, .. })) => {
                watch.event_loop(&LoopEvent::Ready(EventSource::Queued(client.peer)));
                self.heard.push((key, readiness));
            }
            None => {}
        }
    }

    /// A session has a turn without waiting for anything.
    pub fn wake(&mut self, key: usize) {
        if let Some(Holder::Session(slot)) = self.slots.get_mut(key)
            && !slot.queued
        {
            slot.queued = true;
            let is_handshaking = matches!(slot.session.phase(), Phase::Handshaking);
            self.runnable.push(key, is_handshaking);
        }
    }

    // ---- silent clients ------------------------------------------------------------------------------------

    /// Fills the slot that [`vacant_key`](Self::vacant_key) named with a client that has sent nothing.
    pub fn hold(&mut self, silent: Silent) {
        let arrival = silent.client.arrival();
        let key = self.slots.insert(Holder::Silent(silent));
        self.silent.insert(arrival, key);
    }

    /// The silent clients that the poll has reported since the last call, and what for.
    pub fn take_heard(&mut self) -> Vec<(usize, Readiness)> {
        std::mem::take(&mut self.heard)
    }

    /// The silent client in a slot.
    pub fn silent(&self, key: usize) -> Option<&Silent> {
        match self.slots.get(key)? {
            Holder::Silent(silent) => Some(silent),
            Holder::Session(_) => None,
        }
    }

    /// The silent client that arrived first, and its slot.
    pub fn first_silent(&self) -> Option<(usize, &Silent)> {
        let (_, key) = self.silent.first_key_value()?;
        Some((*key, self.silent(*key)?))
    }

    /// The number of silent clients.
    pub fn count_silent(&self) -> usize {
        self.silent.len()
    }

    /// Frees the slot of a silent client. Its key is the next [`vacant_key`](Self::vacant_key).
    pub fn release(&mut self, key: usize) -> Option<Silent> {
        self.silent(key)?;
        let Holder::Silent(silent) = self.slots.try_remove(key)? else { return None };
        self.silent.remove(&silent.client.arrival());
        Some(silent)
    }

    // ---- turns and deadlines -------------------------------------------------------------------------------

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
        let Some(Holder::Session(slot)) = self.slots.get_mut(key) else { return };
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
            let Some(slot) = self.get_mut(key) else { continue };
            slot.timer = None;
            if slot.session.earliest_deadline().is_some_and(|at| at <= now) {
                self.wake(key);
            } else {
                self.sort_in(key);
            }
        }
    }

    /// Begins a round of turns. A session that yields has its next turn in the next round.
    pub fn begin_round(&mut self) {
        self.runnable.begin_round();
    }

    /// The next session of this round.
    pub fn next(&mut self) -> Option<usize> {
        let key = self.runnable.next()?;
        if let Some(slot) = self.get_mut(key) {
            slot.queued = false;
        }
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use identity::AnyClient;
    use mio::Token;
    use rustls::{ServerConfig, ServerConnection};
    use testing::certificates::Identity;
    use tls_session::deadline::Timeouts;
    use tls_session::observer::SessionId;
    use tls_session::session::SessionConfig;

    use crate::run_queue::HANDSHAKES_PER_ROUND;

    /// Fills a slot with a session whose client has said nothing.
    fn fill(slots: &mut Slots, tls: &Arc<ServerConfig>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let socket = TcpStream::connect(peer).unwrap();
        let tls = ServerConnection::new(Arc::clone(tls)).unwrap();
        let config = SessionConfig { authorize: Arc::new(AnyClient), timeouts: Timeouts::default() };
        let mut nobody = ();
        let watch = &mut Watch::new(Instant::now(), &mut nobody);
        let id = SessionId { number: 1, peer };
        let session =
            Session::new(id, tls, socket, Echo::new(b"".as_slice().into()), Arc::new(config), watch);
        slots.insert(session, Registrar::new(Token(0)));
    }

    /// One round, in which every session that has a turn yields.
    fn round_of_yields(slots: &mut Slots) -> Vec<usize> {
        let mut order = Vec::new();
        slots.begin_round();
        while let Some(key) = slots.next() {
            order.push(key);
            slots.wake(key);
        }
        order
    }

    #[test]
    fn a_session_that_yields_has_its_next_turn_in_the_next_round() {
        let mut slots = Slots::new(2);
        let tls = Identity::localhost().server_config();
        fill(&mut slots, &tls);
        fill(&mut slots, &tls);
        for _ in 0..3 {
            assert_eq!(round_of_yields(&mut slots), [0, 1]);
        }
    }

    #[test]
    fn a_round_has_a_limited_number_of_handshakes_and_the_next_round_goes_on_behind_them() {
        let count = 2 * HANDSHAKES_PER_ROUND;
        let mut slots = Slots::new(count);
        let tls = Identity::localhost().server_config();
        for _ in 0..count {
            fill(&mut slots, &tls);
        }
        let keys: Vec<usize> = (0..count).collect();
        for keys in keys.chunks(HANDSHAKES_PER_ROUND).cycle().take(5) {
            assert_eq!(round_of_yields(&mut slots), keys);
        }
    }

    #[test]
    fn a_deadline_that_is_gone_wakes_nobody() {
        let mut slots = Slots::new(1);
        fill(&mut slots, &Identity::localhost().server_config());
        let at = Instant::now();
        slots.get_mut(0).unwrap().timer = Some(at);
        slots.timers.insert((at, 0));
        slots.sort_in(0);
        assert_eq!(slots.deadline(), None);
        assert_eq!(slots.get_mut(0).unwrap().timer, None);
    }
}
