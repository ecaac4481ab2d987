//! The slots: the sessions that are served, and the clients that hold a slot and have sent nothing yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use mio::Registry;
use program::observer::{EventSource, LoopContext, LoopEvent};
use slab::Slab;
use tls_session::application::Application;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::mio::{Registered, Registration};
use tls_session::observer::SessionId;
use tls_session::phase::Phase;
use tls_session::readiness::Readiness;
use tls_session::session::Turn;

use crate::accept_queue::QueuedClient;
use crate::run_queue::RunQueue;

/// The slots: one, or as many as `--slots` says.
///
/// The work of a round does not grow with the number of idle sessions. Runnable sessions are in a queue, and
/// deadlines are sorted. A deadline that moves later keeps its old place in the order, because the idle deadline
/// moves with every message. It is checked again at the old time.
pub struct Slots<A> {
    slots: Slab<Occupant<A>>,
    count: usize,
    /// The slots of sessions, by the number of the session.
    keys: HashMap<u64, usize>,
    /// The slots of silent clients, by the arrival of the client.
    silent: BTreeMap<u64, usize>,
    /// The slots of silent clients that the poll has reported in this round.
    reported: Vec<(usize, Readiness)>,
    runnable: RunQueue,
    timers: BTreeSet<(Instant, usize)>,
}

/// The content of a slot.
#[expect(clippy::large_enum_variant, reason = "a silent client is here for a moment, a session for a while")]
enum Occupant<A> {
    Silent(Silent),
    Session(Slot<A>),
}

/// A client that holds a slot, is registered with the poll, and has sent nothing. Its session begins with its first
/// byte.
pub struct Silent {
    /// The client.
    pub client: QueuedClient,
    /// Its registration.
    pub registration: Registration,
    /// When it got the slot.
    pub held_since: Instant,
}

/// A session that is served.
struct Slot<A> {
    /// If it is runnable, its key is in the run queue. [`turn_next`](Slots::turn_next) keeps this.
    session: Registered<A>,
    /// The time of its entry in the order of deadlines. It is the session's deadline, or earlier.
    timer: Option<Instant>,
}

impl<A: Application> Slots<A> {
    /// Creates empty slots.
    pub fn new(count: usize) -> Self {
        Self {
            slots: Slab::new(),
            count,
            keys: HashMap::new(),
            silent: BTreeMap::new(),
            reported: Vec::new(),
            runnable: RunQueue::default(),
            timers: BTreeSet::new(),
        }
    }

    /// Returns the number of slots that are taken.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns whether all slots are free.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the key of a free slot, if there is one.
    pub fn vacant_key(&self) -> Option<usize> {
        (self.slots.len() < self.count).then(|| self.slots.vacant_key())
    }

    /// Puts a session into the slot that [`vacant_key`](Self::vacant_key) returned. The session is runnable.
    pub fn insert(&mut self, session: Registered<A>) {
        let number = session.session().id().number;
        let key = self.slots.insert(Occupant::Session(Slot { session, timer: None }));
        self.keys.insert(number, key);
        self.enqueue(key);
    }

    fn slot_mut(&mut self, key: usize) -> Option<&mut Slot<A>> {
        match self.slots.get_mut(key)? {
            Occupant::Session(slot) => Some(slot),
            Occupant::Silent(_) => None,
        }
    }

    /// Returns the session in a slot.
    pub fn get(&self, key: usize) -> Option<&Registered<A>> {
        match self.slots.get(key)? {
            Occupant::Session(slot) => Some(&slot.session),
            Occupant::Silent(_) => None,
        }
    }

    /// Calls the session in a slot. If the call makes the session runnable, the session enters the run queue.
    pub fn call<R>(&mut self, key: usize, call: impl FnOnce(&mut Registered<A>) -> R) -> Option<R> {
        let session = &mut self.slot_mut(key)?.session;
        let was_runnable = session.is_runnable();
        let result = call(session);
        if !was_runnable && session.is_runnable() {
            self.enqueue(key);
        }
        Some(result)
    }

    /// Returns the slot of a session.
    pub fn key_of(&self, session: SessionId) -> Option<usize> {
        self.keys.get(&session.number).copied()
    }

    /// Frees the slot of a session.
    pub fn remove(&mut self, key: usize) -> Option<Registered<A>> {
        self.slot_mut(key)?;
        let Occupant::Session(slot) = self.slots.try_remove(key)? else { return None };
        self.keys.remove(&slot.session.session().id().number);
        if let Some(at) = slot.timer {
            self.timers.remove(&(at, key));
        }
        Some(slot.session)
    }

    /// Returns all sessions, with the keys of their slots.
    pub fn sessions(&self) -> impl Iterator<Item = (usize, &Registered<A>)> {
        self.slots.iter().filter_map(|(key, occupant)| match occupant {
            Occupant::Session(slot) => Some((key, &slot.session)),
            Occupant::Silent(_) => None,
        })
    }

    /// Notes what the poll has reported. A session becomes runnable. For a silent client,
    /// [`take_reported`](Self::take_reported) returns it.
    pub fn ready(&mut self, key: usize, readiness: Readiness, cx: &mut LoopContext<'_>) {
        match self.slots.get(key) {
            Some(Occupant::Session(_)) => {
                self.call(key, |session| session.ready(readiness, &mut cx.session()));
            }
            Some(Occupant::Silent(Silent { client, .. })) => {
                cx.event_loop(&LoopEvent::Ready(EventSource::Queued(client.peer)));
                self.reported.push((key, readiness));
            }
            None => {}
        }
    }

    // ---- silent clients ------------------------------------------------------------------------------------

    /// Puts a silent client into the slot that [`vacant_key`](Self::vacant_key) returned.
    pub fn insert_silent(&mut self, silent: Silent) {
        let arrival = silent.client.arrival();
        let key = self.slots.insert(Occupant::Silent(silent));
        self.silent.insert(arrival, key);
    }

    /// Takes the slots of the silent clients that the poll has reported since the last call, with their readiness.
    pub fn take_reported(&mut self) -> Vec<(usize, Readiness)> {
        std::mem::take(&mut self.reported)
    }

    /// Returns the silent client in a slot.
    pub fn silent(&self, key: usize) -> Option<&Silent> {
        match self.slots.get(key)? {
            Occupant::Silent(silent) => Some(silent),
            Occupant::Session(_) => None,
        }
    }

    /// Returns the silent client that arrived first, and its slot.
    pub fn first_silent(&self) -> Option<(usize, &Silent)> {
        let (_, key) = self.silent.first_key_value()?;
        Some((*key, self.silent(*key)?))
    }

    /// Returns the number of silent clients.
    pub fn count_silent(&self) -> usize {
        self.silent.len()
    }

    /// Frees the slot of a silent client. Its key is the next [`vacant_key`](Self::vacant_key).
    pub fn remove_silent(&mut self, key: usize) -> Option<Silent> {
        self.silent(key)?;
        let Occupant::Silent(silent) = self.slots.try_remove(key)? else { return None };
        self.silent.remove(&silent.client.arrival());
        Some(silent)
    }

    // ---- turns and deadlines -------------------------------------------------------------------------------

    /// Returns whether a session is runnable.
    pub fn any_runnable(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// Returns the time at which the first deadline may pass.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Updates the entry of a session in the order of deadlines.
    fn update_timer(&mut self, key: usize) {
        let Some(Occupant::Session(slot)) = self.slots.get_mut(key) else { return };
        let deadline = slot.session.deadline();
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

    /// Makes sessions runnable whose deadline has passed. Sessions whose deadline has moved get a new entry.
    pub fn wake_expired(&mut self, now: Instant) {
        while let Some(&(at, key)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, key));
            let Some(slot) = self.slot_mut(key) else { continue };
            slot.timer = None;
            if slot.session.deadline().is_some_and(|at| at <= now) {
                self.call(key, Registered::wake);
            } else {
                self.update_timer(key);
            }
        }
    }

    /// Begins a round of turns. A session that becomes runnable during the round has its turn in the next round.
    pub fn begin_round(&mut self) {
        self.runnable.begin_round();
    }

    /// Gives a turn to the next session of this round. Returns its key, and the reason if the session is over. `None`:
    /// the round is over.
    pub fn turn_next(
        &mut self,
        registry: &Registry,
        cx: &mut Context<'_>,
    ) -> Option<(usize, Option<CloseReason>)> {
        let key = self.runnable.next()?;
        let turn = self.slot_mut(key).map(|slot| slot.session.turn(registry, cx));
        match turn {
            Some(Turn::Wait(_)) => self.update_timer(key),
            Some(Turn::Again(_)) => self.enqueue(key),
            Some(Turn::Done(reason)) => return Some((key, Some(reason))),
            None => {}
        }
        Some((key, None))
    }

    /// Adds a runnable session at the end of the run queue.
    fn enqueue(&mut self, key: usize) {
        let Some(session) = self.get(key) else { return };
        let is_handshaking = *session.session().phase() == Phase::Handshaking;
        self.runnable.push(key, is_handshaking);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;

    use identity::AnyClient;
    use mio::Token;
    use mio::net::TcpStream;
    use rustls::{ServerConfig, ServerConnection};
    use testing::certificates::Identity;
    use tls_session::application::{Next, Outbox};
    use tls_session::buffers::Buffers;
    use tls_session::deadline::Timeouts;
    use tls_session::session::{Session, SessionConfig};

    use crate::run_queue::HANDSHAKES_PER_ROUND;

    pub(crate) struct Silence;

    impl Application for Silence {
        fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
            Next::Continue
        }
    }

    /// Fills a slot with a session whose peer sends nothing, and returns the peer.
    pub(crate) fn fill(slots: &mut Slots<Silence>, tls: &Arc<ServerConfig>) -> std::net::TcpListener {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let socket = TcpStream::connect(peer).unwrap();
        let tls = ServerConnection::new(Arc::clone(tls)).unwrap();
        let config = SessionConfig { authorize: Arc::new(AnyClient), timeouts: Timeouts::NONE };
        let (mut buffers, mut nobody) = (Buffers::default(), ());
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        let id = SessionId { number: slots.len() as u64, peer };
        let session = Session::new(id, peer, tls, socket, Silence, Arc::new(config), cx);
        slots.insert(Registered::new(session, Registration::new(Token(0))));
        listener
    }

    /// Runs one round in which every session yields, and returns the order.
    fn round_of_yields(slots: &mut Slots<Silence>) -> Vec<usize> {
        let mut order = Vec::new();
        slots.begin_round();
        while let Some(key) = slots.runnable.next() {
            order.push(key);
            slots.enqueue(key);
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
    fn a_round_limits_handshakes_and_the_next_round_continues_with_the_others() {
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
    fn a_stopped_deadline_leaves_the_order() {
        let mut slots = Slots::new(1);
        fill(&mut slots, &Identity::localhost().server_config());
        let at = Instant::now();
        slots.slot_mut(0).unwrap().timer = Some(at);
        slots.timers.insert((at, 0));
        slots.update_timer(0);
        assert_eq!(slots.deadline(), None);
        assert_eq!(slots.slot_mut(0).unwrap().timer, None);
    }
}
