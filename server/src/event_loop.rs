//! The loop: one thread, one poll, one session at a time, or as many as `--slots` says.
//!
//! ```text
//! WAIT     poll until the earliest deadline, or not at all while something can be done
//! GATHER   note what the kernel says, for each token; do nothing yet but drain sockets and heed signals
//! ADMIT    accept the clients that have come; a free slot goes to the client that has waited longest, first of all
//!          among those that have spoken
//! TURN     each session that is runnable or due; a session that is over frees its slot
//! ```
//!
//! GATHER reads the whole batch before anything is closed, and a token that is freed in TURN is handed out again only
//! by the ADMIT of the next round, when the kernel has forgotten it. So an event can never reach a session that was
//! not there when the kernel reported it.
//!
//! TLS clients speak first, so a session begins with the client's first byte. If nobody has spoken, a free slot goes to
//! the silent client that has waited longest. It is registered with the poll and gives the slot up as soon as a queued
//! client is found to have spoken: it goes back to its old position. Silent clients therefore delay a client that speaks
//! by a tenth of a second, and by a handshake timeout if they fill the queue.
//!
//! A session costs sixteen system calls and a message three. `tests/system_calls.rs` counts them, and
//! `benches/README.md` says what each is for.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll};
use program::signals::{Asked, Signals};
use rustls::ServerConnection;
use tls_session::buffers::Scratch;
use tls_session::mio::draining::Draining;
use tls_session::mio::registration::Registrar;
use tls_session::observer::{self, EventSource, Left, LoopEvent, Observer, SessionId, Step, Watch};
use tls_session::readiness::{Interest, Readiness};
use tls_session::session::{Session, Turn};

use crate::accept_queue::{AcceptQueue, LOOK_AGAIN, QueuedClient, Sign};
use crate::descriptors;
use crate::echo::Echo;
use crate::listener::Listener;
use crate::place::Place;
use crate::service::{Load, Service};
use crate::slots::{Silent, Slot, Slots};

/// The largest number of clients that one round accepts, or sends away, before the sessions get their turn.
const ADMISSIONS_PER_ROUND: usize = 256;
/// How long to wait for descriptors before a reload is tried again.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// At least this many sockets of sessions that are over are drained at a time.
const FEWEST_DRAINING: usize = 64;

/// How much room the server has.
pub struct Room {
    /// For sessions.
    pub slots: usize,
    /// For those who wait for a slot.
    pub waiting: usize,
}

impl Room {
    /// How many sockets may be drained at a time: all sessions can end at once, and again before the first socket is
    /// drained.
    pub fn draining(&self) -> usize {
        self.slots.max(FEWEST_DRAINING)
    }
}

/// The server.
pub struct EventLoop {
    poll: Poll,
    signals: Signals,
    /// What the listener is, or was, bound to.
    address: SocketAddr,
    /// `None` once the server is stopping.
    listener: Option<Listener>,
    queue: AcceptQueue,
    slots: Slots,
    draining: Draining,
    service: Service,
    served: u64,
    /// After a signal: by when everything is over.
    stop_by: Option<Instant>,
    /// When to try again to do what a SIGHUP asked for.
    reload_at: Option<Instant>,
    scratch: Scratch,
}

impl EventLoop {
    /// A server that listens already.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn new(listener: Listener, room: Room, service: Service) -> io::Result<Self> {
        let poll = Poll::new()?;
        let signals = Signals::install_with_reload(poll.registry(), Place::Signals.into())?;
        Ok(Self {
            poll,
            signals,
            address: listener.address()?,
            listener: Some(listener),
            queue: AcceptQueue::new(room.waiting),
            slots: Slots::new(room.slots),
            draining: Draining::new(room.draining(), |key| Place::Draining(key).into()),
            service,
            served: 0,
            stop_by: None,
            reload_at: None,
            scratch: Scratch::default(),
        })
    }

    /// Serves client after client until a signal or `--sessions` ends it. On SIGHUP, `load` loads the credentials
    /// again; if it cannot, the old ones stay.
    ///
    /// # Errors
    /// The poll's own. What happens to one client is never an error of the server.
    pub fn run(mut self, load: &Load<'_>, observer: &mut dyn Observer) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.admit(&mut Watch::new(Instant::now(), observer)); // registers the listener
        while !self.is_over() {
            let timeout = self.wait(&mut events, observer)?;
            let watch = &mut Watch::new(Instant::now(), observer);
            watch.event_loop(&LoopEvent::Woke { events: events.iter().count(), timeout });
            let asked = self.gather(&events, watch);
            self.heed(asked, load, watch);
            self.admit(watch);
            self.turn(watch);
            self.draining.expire(watch);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.listener.is_none() && self.slots.is_empty() && self.draining.is_empty()
    }

    // ---- WAIT ----------------------------------------------------------------------------------------------

    /// Sleeps until something happens, and says how long it might have taken.
    fn wait(&mut self, events: &mut Events, observer: &mut dyn Observer) -> io::Result<Option<Duration>> {
        loop {
            let timeout = if self.has_work() {
                Some(Duration::ZERO)
            } else {
                self.deadline().map(|at| at.saturating_duration_since(Instant::now()))
            };
            let shortened = observer::shorten(timeout, observer);
            match self.poll.poll(events, shortened) {
                // A signal handler ran, and the signal is an event by now. The timeout is computed again.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            observer::attend(observer);
            if shortened == timeout || !events.is_empty() {
                return Ok(timeout);
            }
        }
    }

    /// Whether something can be done that no event will announce.
    fn has_work(&self) -> bool {
        let can_promote = self.queue.len() > 0 && self.slots.vacant_key().is_some();
        can_promote || self.slots.any_runnable()
    }

    fn deadline(&self) -> Option<Instant> {
        let listener = self.listener.as_ref().and_then(|listener| listener.deadline(&self.queue));
        let queue = self.queue.deadline(self.handshake_timeout());
        let silent = self.slots.first_silent().and_then(|(_, silent)| {
            [self.end_of_silence(silent), self.end_of_hold(silent)].into_iter().flatten().min()
        });
        let reload = self.reload_at.filter(|_| self.listener.is_some());
        let deadlines = [self.slots.deadline(), self.draining.deadline(), listener, queue, silent, reload];
        deadlines.into_iter().flatten().min()
    }

    fn handshake_timeout(&self) -> Option<Duration> {
        self.service.session.timeouts.handshake
    }

    /// When a client that holds a slot has been silent for too long.
    fn end_of_silence(&self, silent: &Silent) -> Option<Instant> {
        silent.client.since.checked_add(self.handshake_timeout()?)
    }

    /// When a silent client that holds a slot has to give way to a queued client that has spoken.
    fn end_of_hold(&self, silent: &Silent) -> Option<Instant> {
        let end = silent.held_since + LOOK_AGAIN;
        (self.queue.len() > 0).then(|| self.queue.next_look().map_or(end, |at| at.max(end)))
    }

    // ---- GATHER --------------------------------------------------------------------------------------------

    fn gather(&mut self, events: &Events, watch: &mut Watch<'_>) -> Asked {
        let mut asked = Asked::default();
        let mut drainable = Vec::new();
        for event in events {
            match Place::from(event.token()) {
                Place::Listener => {
                    watch.event_loop(&LoopEvent::Ready(EventSource::Listener));
                    if let Some(listener) = &mut self.listener {
                        listener.ready();
                    }
                }
                Place::Signals => {
                    watch.event_loop(&LoopEvent::Ready(EventSource::Signals));
                    asked = self.signals.asked();
                }
                Place::Session(key) => self.slots.ready(key, Readiness::of(event), watch),
                Place::Draining(key) => drainable.push(key),
            }
        }
        for key in drainable {
            self.draining.ready(key, watch);
        }
        asked
    }

    fn heed(&mut self, asked: Asked, load: &Load<'_>, watch: &mut Watch<'_>) {
        let is_due = self.reload_at.is_some_and(|at| at <= watch.now);
        if (asked.reload || is_due) && self.listener.is_some() {
            self.reload(load, watch);
        }
        if asked.end {
            self.stop_on_signal(watch);
        }
    }

    /// Loads the credentials again. If there are no descriptors for it, this is tried again later.
    fn reload(&mut self, load: &Load<'_>, watch: &mut Watch<'_>) {
        let is_retry = self.reload_at.take().is_some();
        match load() {
            Ok(credentials) => {
                self.service.replace(credentials);
                watch.event_loop(&LoopEvent::Reloaded { error: None });
            }
            Err(error) if descriptors::are_exhausted() => {
                self.reload_at = Some(watch.now + RELOAD_PAUSE);
                if !is_retry {
                    watch.event_loop(&LoopEvent::ReloadPostponed { error: &error });
                }
            }
            Err(error) => watch.event_loop(&LoopEvent::Reloaded { error: Some(&error) }),
        }
    }

    // ---- ADMIT ---------------------------------------------------------------------------------------------

    /// Accepting fills the queue, filling slots empties it, and skipping the clients that have left empties it too.
    fn admit(&mut self, watch: &mut Watch<'_>) {
        self.hear(watch);
        self.end_long_silence(watch);
        self.queue.make_room(ADMISSIONS_PER_ROUND, self.handshake_timeout(), watch);
        for _ in 0..ADMISSIONS_PER_ROUND {
            let more = self.listener.as_mut().is_some_and(|listener| listener.accept(&mut self.queue, watch));
            while self.fill_slot(watch) {}
            if !more {
                break;
            }
        }
        self.give_way(watch);
        self.queue.announce(watch);
        if let Some(listener) = &mut self.listener {
            listener.follow(&self.queue, self.poll.registry(), watch);
        }
    }

    /// Begins the sessions of silent clients that have spoken, and frees the slots of those that have left.
    fn hear(&mut self, watch: &mut Watch<'_>) {
        for (key, readiness) in self.slots.take_heard() {
            let Some(silent) = self.slots.silent(key) else { continue };
            // A socket that is readable and not at its end holds bytes. Otherwise only the socket can tell.
            let sign = if readiness.is_read_closed() { silent.client.peek() } else { Sign::Spoken };
            self.settle(key, sign, readiness, watch);
        }
    }

    /// Sends silent clients away that have held a slot for longer than the handshake may take.
    fn end_long_silence(&mut self, watch: &mut Watch<'_>) {
        while let Some((key, silent)) = self.slots.first_silent()
            && self.end_of_silence(silent).is_some_and(|at| at <= watch.now)
        {
            let sign = silent.client.peek(); // the loop may be late, and the client's bytes may be there
            if let Sign::Silent = sign {
                let Some(Silent { client, .. }) = self.slots.release(key) else { return };
                self.queue.skip(&client, Left::Silent(watch.now - client.since), watch);
                client.dismiss();
            } else {
                self.settle(key, sign, Readiness::all(), watch);
            }
        }
    }

    /// Does what a sign of a silent client in a slot demands.
    fn settle(&mut self, key: usize, sign: Sign, readiness: Readiness, watch: &mut Watch<'_>) {
        if let Sign::Silent = sign {
            return;
        }
        let Some(Silent { client, registrar, .. }) = self.slots.release(key) else { return };
        match sign {
            Sign::Spoken => self.begin(key, client, registrar, readiness, watch),
            Sign::Failed(error) => self.queue.skip(&client, Left::Error(&error), watch),
            Sign::Fin | Sign::Silent => self.queue.skip(&client, Left::Fin, watch),
        }
    }

    /// Gives a free slot to the client that has waited longest, first of all among those that have spoken. `false` if
    /// there is no slot, or no client.
    fn fill_slot(&mut self, watch: &mut Watch<'_>) -> bool {
        let Some(key) = self.slots.vacant_key() else { return false };
        let registrar = Registrar::new(Place::Session(key).into());
        if let Some(client) = self.queue.next_speaker(watch) {
            self.begin(key, client, registrar, Readiness::all(), watch);
            return true;
        }
        let Some(client) = self.queue.next_silent() else { return false };
        self.hold(key, client, registrar, watch);
        true
    }

    /// Gives a free slot to a client that has sent nothing, and has the poll report its first byte.
    fn hold(
        &mut self,
        slot: usize,
        mut client: QueuedClient,
        mut registrar: Registrar,
        watch: &mut Watch<'_>,
    ) {
        let wanted = Interest::READABLE;
        if let Err(error) = registrar.apply(self.poll.registry(), &mut client.socket, wanted) {
            return self.queue.skip(&client, Left::Error(&error), watch);
        }
        let peer = client.peer;
        watch.event_loop(&LoopEvent::SlotHeld { peer, slot, waiting: self.queue.len() });
        watch.event_loop(&LoopEvent::InterestChanged(EventSource::Queued(peer), wanted));
        self.slots.hold(Silent { client, registrar, held_since: watch.now });
    }

    /// Takes slots from silent clients and gives them to queued clients that have spoken. A silent client keeps its slot
    /// for [`LOOK_AGAIN`] at least: its first byte may be on its way.
    fn give_way(&mut self, watch: &mut Watch<'_>) {
        if self.queue.next_look().is_some_and(|at| at > watch.now) {
            return;
        }
        while let Some((key, silent)) = self.slots.first_silent()
            && silent.held_since + LOOK_AGAIN <= watch.now
        {
            let Some(speaker) = self.queue.next_speaker(watch) else { return };
            let Some(Silent { mut client, mut registrar, .. }) = self.slots.release(key) else { return };
            let peer = client.peer;
            match registrar.apply(self.poll.registry(), &mut client.socket, Interest::NONE) {
                Ok(_) => self.queue.reenter(client),
                Err(error) => self.queue.skip(&client, Left::Error(&error), watch),
            }
            watch.event_loop(&LoopEvent::SlotGivenUp { peer, slot: key, waiting: self.queue.len() });
            let registrar = Registrar::new(Place::Session(key).into());
            self.begin(key, speaker, registrar, Readiness::all(), watch);
        }
    }

    /// Begins the session of a client that has spoken, in this free slot.
    fn begin(
        &mut self,
        slot: usize,
        client: QueuedClient,
        registrar: Registrar,
        readiness: Readiness,
        watch: &mut Watch<'_>,
    ) {
        self.served += 1;
        let id = SessionId { number: self.served, peer: client.peer };
        watch.event_loop(&LoopEvent::Promoted { id, slot, waiting: self.queue.len() });
        match self.session(id, client, readiness, watch) {
            Ok(session) => self.slots.insert(session, registrar),
            Err(error) => watch.event_loop(&LoopEvent::SessionFailed { id, error: &error }),
        }
        self.count_down(watch);
    }

    fn session(
        &self,
        id: SessionId,
        client: QueuedClient,
        readiness: Readiness,
        watch: &mut Watch<'_>,
    ) -> Result<Session<TcpStream, Echo>, rustls::Error> {
        // Every reply is one write, which must not wait for the acknowledgement of the one before it. It fails on
        // a socket that was reset, which the first read will say better.
        let _ = client.socket.set_nodelay(true);
        let tls = ServerConnection::new(Arc::clone(&self.service.tls))?;
        let echo = Echo::new(Rc::clone(&self.service.greeting));
        watch.step(&id, &Step::Began { local: self.local_address(&client.socket) });
        let mut session =
            Session::new(id, tls, client.socket, echo, Arc::clone(&self.service.session), watch);
        watch.step(&id, &Step::Ready(readiness));
        session.ready(readiness);
        Ok(session)
    }

    /// Our address as this client knows it. Only who listens on every address has to ask the kernel.
    fn local_address(&self, socket: &TcpStream) -> SocketAddr {
        match self.address.ip().is_unspecified() {
            true => socket.local_addr().unwrap_or(self.address),
            false => self.address,
        }
    }

    // ---- TURN ----------------------------------------------------------------------------------------------

    fn turn(&mut self, watch: &mut Watch<'_>) {
        self.slots.wake_due(watch.now);
        self.scratch.share_among(self.slots.len());
        self.slots.begin_round();
        while let Some(key) = self.slots.next() {
            let Some(slot) = self.slots.get_mut(key) else { continue };
            let turn = slot.session.turn(watch, &mut self.scratch);
            match slot.session.await_events(turn, &mut slot.registrar, self.poll.registry(), watch) {
                Turn::Blocked => self.slots.sort_in(key),
                Turn::Yield => self.slots.wake(key),
                Turn::Done(_) => self.free(key, watch),
            }
        }
    }

    /// The slot is free from here on, whatever the socket still has to wait for.
    fn free(&mut self, key: usize, watch: &mut Watch<'_>) {
        let Some(Slot { session, registrar, .. }) = self.slots.remove(key) else { return };
        let id = session.id();
        let drains = session.needs_draining();
        let (stream, _) = session.into_parts();
        watch.event_loop(&LoopEvent::Freed { id, slot: key, drains });
        if drains {
            self.draining.add(stream, id.peer, registrar, self.poll.registry(), watch);
        }
        if let Some(limit) = self.stop_by {
            self.draining.cap_deadline(limit);
        }
    }

    // ---- the end -------------------------------------------------------------------------------------------

    /// Counts a session that has begun, with its client's first byte.
    fn count_down(&mut self, watch: &mut Watch<'_>) {
        if let Some(left) = &mut self.service.sessions_left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop_admitting("the last session of --sessions has begun", watch);
            }
        }
    }

    /// Finishes what is owed, says close_notify, and sends the others away.
    fn stop_on_signal(&mut self, watch: &mut Watch<'_>) {
        self.stop_admitting("a signal came", watch);
        for key in self.slots.keys() {
            if let Some(slot) = self.slots.get_mut(key) {
                slot.session.close(watch);
                self.slots.wake(key);
            }
        }
        if let Some(time) = self.service.session.timeouts.close {
            let limit = watch.now + time;
            self.stop_by = Some(limit);
            self.draining.cap_deadline(limit);
        }
    }

    /// Dropping the listener closes it: clients that come now are refused. Clients without a session are sent away.
    fn stop_admitting(&mut self, why: &'static str, watch: &mut Watch<'_>) {
        if self.listener.take().is_some() {
            let waiting = self.queue.len() + self.slots.count_silent();
            watch.event_loop(&LoopEvent::Stopping { why, waiting });
        }
        self.queue.dismiss();
        while let Some((key, _)) = self.slots.first_silent()
            && let Some(silent) = self.slots.release(key)
        {
            silent.client.dismiss();
        }
    }
}
