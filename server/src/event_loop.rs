//! The loop: one thread, one poll, one session at a time, or as many as `--slots` says.
//!
//! ```text
//! WAIT     poll until the earliest deadline, or return at once while there is work
//! GATHER   note what the kernel reports for each token, drain sockets, note signals
//! ADMIT    accept clients; a free slot goes to the longest-waiting client that has sent data, or else to the
//!          longest-waiting silent client
//! TURN     a turn for each session that is runnable or due; a session that is over frees its slot
//! ```
//!
//! GATHER notes the whole batch of events before a socket is closed. A token that is freed in TURN is used again in
//! the ADMIT of the next round at the earliest. So no event reaches a session that did not exist when the kernel
//! reported the event.
//!
//! A TLS client sends first, so a session begins with the client's first byte. A client that has sent nothing is
//! silent. If no client has sent data, a free slot goes to the longest-waiting silent client, and the poll watches
//! its socket. It keeps the slot for at least a tenth of a second. Then a queued client that has sent data takes the
//! slot, and the silent client goes back to its old position in the queue. If silent clients fill the queue, they
//! delay a client with data by up to one handshake timeout.
//!
//! `tests/system_calls.rs` counts the system calls of a session and of a message. `benches/README.md` explains each
//! of them.

mod silent;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll};
use program::observer::{self, EventSource, LoopContext, LoopEvent, Observer};
use program::signals::{Hangup, Requests, Signals};
use rustls::ServerConnection;
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Limits;
use tls_session::mio::{Draining, Listener, Registered, Registration};
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::Session;

use crate::accept_queue::{AcceptQueue, QueuedClient};
use crate::capacity::Capacity;
use crate::reload::Reload;
use crate::round::Round;
use crate::service::Service;
use crate::slots::Slots;
use crate::terms::{Load, Terms};
use crate::tokens::Source;

/// The largest number of clients that one round accepts, and the largest number that it closes for their silence.
const ADMISSIONS_PER_ROUND: usize = 256;

/// The server.
pub struct EventLoop<S: Service> {
    poll: Poll,
    signals: Signals,
    /// The address of the listener.
    address: SocketAddr,
    /// `None` once the server is stopping.
    listener: Option<Listener>,
    queue: AcceptQueue,
    /// Whether the queue was full at the last report to the observer.
    queue_is_full: bool,
    slots: Slots<S::Application>,
    draining: Draining,
    service: S,
    terms: Terms,
    served: u64,
    sessions_left: Option<u64>,
    /// After a signal, the time at which draining ends.
    stop_by: Option<Instant>,
    reload: Reload,
}

impl<S: Service> EventLoop<S> {
    /// Creates a server with this listener, which has the token [`listener_token`](crate::listener_token).
    ///
    /// # Errors
    /// No file descriptors are left, or [`Service::start`] failed.
    pub fn new(listener: Listener, capacity: &Capacity, terms: Terms, mut service: S) -> io::Result<Self> {
        let poll = Poll::new()?;
        let signals = Signals::install(poll.registry(), Source::Signals.into(), Hangup::Reloads)?;
        service.start(poll.registry())?;
        Ok(Self {
            poll,
            signals,
            address: listener.address()?,
            listener: Some(listener),
            queue: AcceptQueue::new(capacity.waiting),
            queue_is_full: false,
            slots: Slots::new(capacity.slots),
            draining: Draining::new(capacity.draining(), |key| Source::Draining(key).into()),
            service,
            terms,
            served: 0,
            sessions_left: capacity.sessions,
            stop_by: None,
            reload: Reload::default(),
        })
    }

    /// Serves clients until a signal or `--sessions` ends the server. After a SIGHUP, `load` loads the terms again.
    /// If that fails, the old terms stay in use.
    ///
    /// # Errors
    /// The errors of the poll. The failure of one client is not an error of the server.
    pub fn run(mut self, load: &Load<'_>, observer: &mut dyn Observer) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut buffers = Buffers::default();
        self.admit(&mut LoopContext::new(Instant::now(), &mut buffers, observer)); // registers the listener
        while !self.is_over() {
            let timeout = self.wait(&mut events, observer)?;
            let cx = &mut LoopContext::new(Instant::now(), &mut buffers, observer);
            cx.event_loop(&LoopEvent::Woke { events: events.iter().count(), timeout });
            let requests = self.gather(&events, cx);
            self.handle_signals(requests, load, cx);
            self.admit(cx);
            self.turn(cx);
            self.draining.expire(&mut cx.session());
        }
        Ok(())
    }

    /// Returns whether the server has stopped and has nothing left to do.
    fn is_over(&self) -> bool {
        self.listener.is_none() && self.slots.is_empty() && self.draining.is_empty()
    }

    // ---- WAIT ----------------------------------------------------------------------------------------------

    /// Polls until an event comes or a deadline passes. Returns the timeout of the poll.
    fn wait(&mut self, events: &mut Events, observer: &mut dyn Observer) -> io::Result<Option<Duration>> {
        loop {
            let timeout = if self.has_work() {
                Some(Duration::ZERO)
            } else {
                self.deadline().map(|at| at.saturating_duration_since(Instant::now()))
            };
            let capped = observer::cap_timeout(timeout, observer);
            match self.poll.poll(events, capped) {
                // A signal handler ran, and its signal is an event now. Poll again with a new timeout.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            observer::run_due_timer(observer);
            if capped == timeout || !events.is_empty() {
                return Ok(timeout);
            }
        }
    }

    /// Returns whether there is work that no event will report.
    fn has_work(&self) -> bool {
        let can_promote = self.queue.len() > 0 && self.slots.vacant_key().is_some();
        let can_accept = !self.queue.is_full() && self.listener.as_ref().is_some_and(Listener::is_ready);
        can_promote || can_accept || self.slots.any_runnable()
    }

    /// Returns the earliest deadline.
    fn deadline(&self) -> Option<Instant> {
        let listener = self.listener.as_ref().and_then(Listener::deadline);
        let queue = self.queue.deadline(self.handshake_timeout());
        let reload = self.reload.deadline().filter(|_| self.listener.is_some());
        let sessions = [self.slots.deadline(), self.draining.deadline(), self.service.deadline()];
        [listener, queue, self.deadline_of_silent(), reload].into_iter().chain(sessions).flatten().min()
    }

    /// Returns how long a client may be silent, and how long its handshake may take.
    fn handshake_timeout(&self) -> Option<Duration> {
        self.terms.session.timeouts.handshake
    }

    // ---- GATHER --------------------------------------------------------------------------------------------

    /// Handles a batch of events. Returns the requests of the signals.
    fn gather(&mut self, events: &Events, cx: &mut LoopContext<'_>) -> Requests {
        let mut requests = Requests::default();
        let mut drainable = Vec::new();
        for event in events {
            match Source::from(event.token()) {
                Source::Listener => {
                    cx.event_loop(&LoopEvent::Ready(EventSource::Listener));
                    if let Some(listener) = &mut self.listener {
                        listener.ready();
                    }
                }
                Source::Signals => {
                    cx.event_loop(&LoopEvent::Ready(EventSource::Signals));
                    requests = self.signals.take_requests();
                }
                Source::Slot(key) => self.slots.ready(key, Readiness::from_event(event), cx),
                Source::Draining(key) => drainable.push(key),
                Source::Foreign(_) => {
                    let registry = self.poll.registry();
                    self.service.ready(event, &mut Round { slots: &mut self.slots, registry, cx });
                }
            }
        }
        for key in drainable {
            self.draining.ready(key, &mut cx.session());
        }
        requests
    }

    /// Reloads the terms after a SIGHUP, and stops after another signal.
    fn handle_signals(&mut self, requests: Requests, load: &Load<'_>, cx: &mut LoopContext<'_>) {
        if self.listener.is_some()
            && let Some(terms) = self.reload.run(requests.reload, load, cx)
        {
            self.terms = terms;
        }
        if requests.end {
            self.stop_on_signal(cx);
        }
    }

    // ---- ADMIT ---------------------------------------------------------------------------------------------

    /// Accepts clients, and gives free slots to them.
    fn admit(&mut self, cx: &mut LoopContext<'_>) {
        self.begin_reported_sessions(cx);
        self.close_silent(cx);
        self.queue.make_room(ADMISSIONS_PER_ROUND, self.handshake_timeout(), cx);
        for _ in 0..ADMISSIONS_PER_ROUND {
            while self.fill_slot(cx) {}
            if self.queue.is_full() {
                break;
            }
            let accepted = self.listener.as_mut().and_then(|listener| listener.accept(&mut cx.session()));
            let Some((socket, peer)) = accepted else { break };
            self.queue.push(socket, peer, cx.now);
        }
        self.replace_silent(cx);
        self.queue.announce(cx);
        if let Some(listener) = &mut self.listener {
            listener.set_room(!self.queue.is_full(), self.poll.registry(), &mut cx.session());
            self.report_queue(cx);
        }
    }

    /// Reports to the observer when the queue becomes full, and when it has room again.
    fn report_queue(&mut self, cx: &mut LoopContext<'_>) {
        let is_full = self.queue.is_full();
        if std::mem::replace(&mut self.queue_is_full, is_full) != is_full {
            cx.event_loop(if is_full { &LoopEvent::QueueFull } else { &LoopEvent::QueueHasRoom });
        }
    }

    /// Gives a free slot to the longest-waiting client with data, or else to the longest-waiting silent client. Returns
    /// `false` if there is no free slot, or no client.
    fn fill_slot(&mut self, cx: &mut LoopContext<'_>) -> bool {
        let Some(key) = self.slots.vacant_key() else { return false };
        let registration = Registration::new(Source::Slot(key).into());
        if let Some(client) = self.queue.next_with_data(cx) {
            self.begin(key, client, registration, Readiness::all(), cx);
            return true;
        }
        let Some(client) = self.queue.next_silent() else { return false };
        self.hold_slot(key, client, registration, cx);
        true
    }

    /// Begins the session of a client with data, in a free slot.
    fn begin(
        &mut self,
        slot: usize,
        client: QueuedClient,
        registration: Registration,
        readiness: Readiness,
        cx: &mut LoopContext<'_>,
    ) {
        self.served += 1;
        let id = SessionId { number: self.served, peer: client.peer };
        cx.event_loop(&LoopEvent::Promoted { id, slot, waiting: self.queue.len() });
        match ServerConnection::new(Arc::clone(&self.terms.tls)) {
            Ok(tls) => {
                let mut session = Registered::new(self.session(id, tls, client, cx), registration);
                session.ready(readiness, &mut cx.session());
                self.slots.insert(session);
            }
            Err(error) => cx.event_loop(&LoopEvent::SessionFailed { id, error: &error }),
        }
        self.count_down(cx);
    }

    /// Creates the session of a client.
    fn session(
        &mut self,
        id: SessionId,
        tls: ServerConnection,
        client: QueuedClient,
        cx: &mut LoopContext<'_>,
    ) -> Session<TcpStream, S::Application> {
        // Each reply is one write. It must not wait for the acknowledgement of the previous reply. This fails on a
        // socket that was reset, and then the first read reports the reset.
        let _ = client.socket.set_nodelay(true);
        let local = self.local_address(&client.socket);
        let application = self.service.application(id);
        let config = Arc::clone(&self.terms.session);
        Session::new(id, local, tls, client.socket, application, config, &mut cx.session())
    }

    /// Returns the local address of a connection. Only a listener on every address has to ask the kernel.
    fn local_address(&self, socket: &TcpStream) -> SocketAddr {
        match self.address.ip().is_unspecified() {
            true => socket.local_addr().unwrap_or(self.address),
            false => self.address,
        }
    }

    // ---- TURN ----------------------------------------------------------------------------------------------

    /// Gives a turn to each session of this round.
    fn turn(&mut self, cx: &mut LoopContext<'_>) {
        self.slots.wake_expired(cx.now);
        cx.limits = if self.slots.len() > 1 { Limits::SHARED } else { Limits::ALONE };
        self.slots.begin_round();
        loop {
            let turned = self.slots.turn_next(self.poll.registry(), &mut cx.session());
            let Some((key, end)) = turned else { break };
            if let Some(reason) = end {
                self.free(key, &reason, cx);
            }
        }
        let registry = self.poll.registry();
        self.service.after_round(&mut Round { slots: &mut self.slots, registry, cx });
    }

    /// Frees the slot of a session that is over. Its socket may still need draining.
    fn free(&mut self, key: usize, reason: &CloseReason, cx: &mut LoopContext<'_>) {
        let Some(session) = self.slots.remove(key) else { return };
        let (id, drains) = (session.session().id(), session.session().needs_draining());
        cx.event_loop(&LoopEvent::Freed { id, slot: key, drains });
        let application = self.draining.close(session, self.poll.registry(), &mut cx.session());
        self.service.ended(id, application, reason);
        if let Some(limit) = self.stop_by {
            self.draining.cap_deadline(limit);
        }
    }

    // ---- the end -------------------------------------------------------------------------------------------

    /// Counts a session that has begun. After the last one of `--sessions`, accepts no more clients.
    fn count_down(&mut self, cx: &mut LoopContext<'_>) {
        if let Some(left) = &mut self.sessions_left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop_admitting("the last session of --sessions has begun", cx);
            }
        }
    }

    /// Closes all sessions gracefully, and closes the connections of all other clients.
    fn stop_on_signal(&mut self, cx: &mut LoopContext<'_>) {
        self.stop_admitting("a signal came", cx);
        let keys: Vec<usize> = self.slots.sessions().map(|(key, _)| key).collect();
        for key in keys {
            self.slots.call(key, |session| session.close(&mut cx.session()));
        }
        if let Some(time) = self.terms.session.timeouts.close {
            let limit = cx.now + time;
            self.stop_by = Some(limit);
            self.draining.cap_deadline(limit);
        }
    }

    /// Closes the listener, so that the kernel refuses new connections. Closes the connections of clients without a
    /// session.
    fn stop_admitting(&mut self, why: &'static str, cx: &mut LoopContext<'_>) {
        if self.listener.take().is_some() {
            let waiting = self.queue.len() + self.slots.count_silent();
            cx.event_loop(&LoopEvent::Stopping { why, waiting });
        }
        self.queue.close_all();
        while let Some((key, _)) = self.slots.first_silent()
            && let Some(silent) = self.slots.remove_silent(key)
        {
            silent.client.close();
        }
    }
}
