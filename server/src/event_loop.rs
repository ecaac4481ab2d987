//! The loop: one thread, one poll, one session at a time, or as many as `--slots` says.
//!
//! ```text
//! WAIT     poll until the earliest deadline, or not at all while something can be done
//! GATHER   note what the kernel says, for each token; do nothing yet but drain those who linger and heed signals
//! ADMIT    accept who has come; while a slot is free, the longest waiter gets it
//! TURN     each session that is runnable or due; a session that is over frees its slot
//! ```
//!
//! GATHER reads the whole batch before anything is closed, and a token that is freed in TURN is handed out again only
//! by the ADMIT of the next round, when the kernel has forgotten it. So an event can never reach a session that was
//! not there when the kernel reported it.
//!
//! A session costs sixteen system calls and a message three. `tests/system_calls.rs` counts them, and
//! `benches/README.md` says what each is for.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::close_reason::CloseReason;
use common::observer::{self, EventSource, LoopEvent, Observer, SessionId, Step, Watch};
use common::readiness::Readiness;
use common::registrar::Registrar;
use common::scratch::Scratch;
use common::session::{Session, Turn};
use common::signals::{Asked, Signals};
use mio::net::TcpStream;
use mio::{Events, Poll};
use rustls::ServerConnection;

use crate::echo::Echo;
use crate::lingering::Lingering;
use crate::listener::Listener;
use crate::place::Place;
use crate::service::{Load, Service};
use crate::slots::{Slot, Slots};
use crate::waiting_room::{Waiter, WaitingRoom};

/// How many are let in, of a crowd, before those who are in get their turn.
const ADMISSIONS_PER_ROUND: usize = 256;

/// How much room the server has.
pub struct Room {
    /// For sessions.
    pub slots: usize,
    /// For those who wait for a slot.
    pub waiting: usize,
}

/// The server.
pub struct EventLoop {
    poll: Poll,
    signals: Signals,
    /// What the listener is, or was, bound to.
    address: SocketAddr,
    /// `None` once the server is stopping.
    listener: Option<Listener>,
    room: WaitingRoom,
    slots: Slots,
    lingering: Lingering,
    service: Service,
    served: u64,
    /// After a signal: by when everything is over.
    stop_by: Option<Instant>,
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
            room: WaitingRoom::new(room.waiting),
            slots: Slots::new(room.slots),
            lingering: Lingering::default(),
            service,
            served: 0,
            stop_by: None,
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
            self.lingering.expire(watch);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.listener.is_none() && self.slots.is_empty() && self.lingering.is_empty()
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
        let can_promote = self.room.len() > 0 && self.slots.vacant_key().is_some();
        can_promote || self.slots.any_runnable()
    }

    fn deadline(&self) -> Option<Instant> {
        let listener = self.listener.as_ref().and_then(|listener| listener.deadline(&self.room));
        [self.slots.deadline(), self.lingering.deadline(), listener].into_iter().flatten().min()
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
                Place::Lingering(key) => drainable.push(key),
            }
        }
        for key in drainable {
            self.lingering.ready(key, watch);
        }
        asked
    }

    fn heed(&mut self, asked: Asked, load: &Load<'_>, watch: &mut Watch<'_>) {
        if asked.reload && self.listener.is_some() {
            self.reload(load, watch);
        }
        if asked.end {
            self.stop_on_signal(watch);
        }
    }

    fn reload(&mut self, load: &Load<'_>, watch: &mut Watch<'_>) {
        let error = match load() {
            Ok(credentials) => {
                self.service.replace(credentials);
                None
            }
            Err(error) => Some(error),
        };
        watch.event_loop(&LoopEvent::Reloaded { error: error.as_deref() });
    }

    // ---- ADMIT ---------------------------------------------------------------------------------------------

    /// Accepting fills the room, promoting empties it, and skipping those who have left empties it too.
    fn admit(&mut self, watch: &mut Watch<'_>) {
        for _ in 0..ADMISSIONS_PER_ROUND {
            let more = self.listener.as_mut().is_some_and(|listener| listener.accept(&mut self.room, watch));
            while self.promote(watch) {}
            if !more {
                break;
            }
        }
        self.room.announce(watch);
        if let Some(listener) = &mut self.listener {
            listener.follow(&self.room, self.poll.registry(), watch);
        }
    }

    /// Gives a free slot to the one who has waited longest. `false` if there is no slot, or nobody.
    fn promote(&mut self, watch: &mut Watch<'_>) -> bool {
        let Some(key) = self.slots.vacant_key() else { return false };
        let Some((waiter, readiness)) = self.room.next(watch) else { return false };
        self.served += 1;
        let id = SessionId { number: self.served, peer: waiter.peer };
        watch.event_loop(&LoopEvent::Promoted { id, slot: key, waiting: self.room.len() });
        match self.session(id, waiter, readiness, watch) {
            Ok(session) => {
                let registrar = Registrar::new(Place::Session(key).into());
                self.slots.insert(session, registrar);
            }
            Err(error) => watch.event_loop(&LoopEvent::SessionFailed { id, error: &error }),
        }
        self.count_down(watch);
        true
    }

    fn session(
        &self,
        id: SessionId,
        waiter: Waiter,
        readiness: Readiness,
        watch: &mut Watch<'_>,
    ) -> Result<Session<TcpStream, Echo>, rustls::Error> {
        // Every reply is one write, which must not wait for the acknowledgement of the one before it. It fails on
        // a socket that was reset, which the first read will say better.
        let _ = waiter.socket.set_nodelay(true);
        let tls = ServerConnection::new(Arc::clone(&self.service.tls))?;
        let echo = Echo::new(Rc::clone(&self.service.greeting));
        watch.step(&id, &Step::Began { local: self.local_address(&waiter.socket) });
        let mut session = Session::new(id, tls, waiter.socket, echo, Rc::clone(&self.service.session), watch);
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
        for _ in 0..self.slots.round() {
            let Some(key) = self.slots.next() else { break };
            let Some(slot) = self.slots.get_mut(key) else { continue };
            let turn = slot.session.turn(watch, &mut self.scratch);
            match slot.session.await_events(turn, &mut slot.registrar, self.poll.registry(), watch) {
                Turn::Blocked => self.slots.sort_in(key),
                Turn::Yield => self.slots.wake(key),
                Turn::Done(reason) => self.free(key, &reason, watch),
            }
        }
    }

    /// The slot is free from here on, whatever the socket still has to wait for.
    fn free(&mut self, key: usize, reason: &CloseReason, watch: &mut Watch<'_>) {
        let Some(Slot { session, registrar, .. }) = self.slots.remove(key) else { return };
        let id = session.id();
        let (stream, _) = session.into_parts();
        let lingers = reason.deserves_lingering();
        watch.event_loop(&LoopEvent::Freed { id, slot: key, lingers });
        if lingers {
            self.lingering.add(stream, id.peer, registrar, self.poll.registry(), watch);
        }
        if let Some(limit) = self.stop_by {
            self.lingering.hurry(limit);
        }
    }

    // ---- the end -------------------------------------------------------------------------------------------

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
            self.lingering.hurry(limit);
        }
    }

    /// Dropping the listener closes it: who comes now is refused.
    fn stop_admitting(&mut self, why: &'static str, watch: &mut Watch<'_>) {
        if self.listener.take().is_some() {
            watch.event_loop(&LoopEvent::Stopping { why, waiting: self.room.len() });
        }
        self.room.dismiss();
    }
}
