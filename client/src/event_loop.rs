//! The client's loop: connect, run one session, write the rest of its output.

mod connect;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::LastPresented;
use mio::{Events, Poll};
use program::ending::Endings;
use program::exit::ExitStatus;
use program::host_port::HostPort;
use program::observer::{self, LoopContext, LoopEvent, Observer};
use program::signals::{Hangup, Signals};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tls_session::buffers::Buffers;
use tls_session::context::Limits;
use tls_session::deadline::Timeouts;
use tls_session::mio::Draining;
use tls_session::observer::SessionId;
use tls_session::session::{Session, SessionConfig};

use crate::connected::Connected;
use crate::conversation::{Conversation, Outcome};
use crate::failure::Failure;
use crate::first_message::FirstMessage;
use crate::output::SharedOutput;
use crate::starttls::Protocol;
use crate::stdin::Stdin;
use crate::tokens::{DRAINING, SIGNALS, STDIN};

/// The plan of the client, which its sessions share.
pub struct Plan {
    /// The server's host and port.
    pub target: HostPort,
    /// The name that the server's certificate must have.
    pub server_name: ServerName<'static>,
    /// The protocol of the plaintext before TLS. `None`: the client begins with TLS.
    pub starttls: Option<Protocol>,
    /// The texts for the ends of sessions.
    pub endings: Endings,
    /// The TLS configuration. It stores the tickets that resume later sessions.
    pub tls: Arc<ClientConfig>,
    /// The authorization of the server, and the timeouts.
    pub session: Arc<SessionConfig>,
    /// The timeout of one connection attempt, and then of STARTTLS.
    pub connect_timeout: Option<Duration>,
    /// The message to send after the handshake.
    pub message: Option<Vec<u8>>,
    /// The time from the first data to our close. `None`: the client does not close by itself.
    pub linger: Option<Duration>,
    /// Whether the client sends stdin to the server.
    pub interactive: bool,
    /// With `--show-certs`: the place of what the server presents. The session ends with the handshake.
    pub show_certs: Option<LastPresented>,
}

impl Plan {
    fn application(&self, output: SharedOutput) -> FirstMessage {
        match self.show_certs {
            Some(_) => FirstMessage::handshake_only(output),
            None => FirstMessage::new(self.message.clone(), self.linger, output),
        }
    }
}

/// The client.
pub struct EventLoop<'o> {
    poll: Poll,
    events: Events,
    signals: Signals,
    buffers: Buffers,
    observer: &'o mut dyn Observer,
    output: SharedOutput,
    sessions: u64,
}

impl<'o> EventLoop<'o> {
    /// Creates a loop that can run one session after the other, and writes their text to `output`.
    ///
    /// # Errors
    /// [`Failure::EventLoop`]: no file descriptors are left.
    pub fn new(observer: &'o mut dyn Observer, output: SharedOutput) -> Result<Self, Failure> {
        let poll = Poll::new().map_err(Failure::EventLoop)?;
        let signals = Signals::install(poll.registry(), SIGNALS, Hangup::Ends).map_err(Failure::EventLoop)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(16),
            signals,
            buffers: Buffers::default(),
            observer,
            output,
            sessions: 0,
        })
    }

    /// Runs one session, from the resolution of the host name to the last byte of output.
    ///
    /// # Errors
    /// The session could not start, or stdin or stdout failed. The end of a session is not an error here. It is in the
    /// [`Outcome`].
    pub fn run(&mut self, plan: &Plan) -> Result<Outcome, Failure> {
        let mut connected = self.connect(&plan.target, plan.connect_timeout)?;
        if let Some(protocol) = plan.starttls {
            connected = self.start_tls(connected, protocol, &plan.target, plan.connect_timeout)?;
        }
        let Connected { stream, registration, peer } = connected;
        self.sessions += 1;
        let id = SessionId { number: self.sessions, peer };
        let tls = ClientConnection::new(Arc::clone(&plan.tls), plan.server_name.clone())
            .map_err(|error| Failure::Configuration(format!("rustls cannot begin a session: {error}")))?;
        let application = plan.application(Rc::clone(&self.output));
        let stdin = plan.interactive.then(|| Stdin::new(STDIN)).transpose().map_err(Failure::Input)?;
        let local = stream.local_addr().map_err(Failure::EventLoop)?;
        let began = Instant::now();
        let cx = &mut LoopContext::new(began, &mut self.buffers, self.observer);
        let session =
            Session::new(id, local, tls, stream, application, Arc::clone(&plan.session), &mut cx.session());
        let (output, endings) = (Rc::clone(&self.output), plan.endings.clone());
        let conversation = Conversation::new(session, registration, stdin, output, endings);
        let mut outcome = self.run_session(conversation, plan)?;
        if !outcome.interrupted && ExitStatus::from(&outcome.reason) != ExitStatus::TimedOut {
            outcome.interrupted = self.write_rest(&plan.session.timeouts, began)?;
        }
        Ok(outcome)
    }

    /// Runs a session to its end, and drains its socket.
    fn run_session(&mut self, mut conversation: Conversation, plan: &Plan) -> Result<Outcome, Failure> {
        let mut now = Instant::now();
        loop {
            let cx = &mut LoopContext::new(now, &mut self.buffers, self.observer);
            cx.limits = Limits::ALONE;
            let reason = conversation.turn(self.poll.registry(), cx)?;
            // The handshake proves that the server has the key of its certificate. The next turn notices a closed stdout.
            if let Some(presented) = &plan.show_certs
                && let Some(result) = conversation.handshake_result(reason.as_ref())
                && let Some(presented) = presented.take()
            {
                let report = presented.report(result.err().as_deref());
                self.output.borrow_mut().write(report.as_bytes());
            }
            if let Some(reason) = reason {
                let (socket, outcome) = conversation.end(reason);
                let interrupted = socket.map_or(Ok(false), |socket| self.drain(socket))?;
                let mut outcome = outcome?;
                outcome.interrupted |= interrupted;
                return Ok(outcome);
            }
            now = self.wait(conversation.deadline(), conversation.is_runnable())?;
            conversation.gather(&self.events, &mut LoopContext::new(now, &mut self.buffers, self.observer));
            if self.is_interrupted() {
                conversation.interrupt(&mut LoopContext::new(now, &mut self.buffers, self.observer));
            }
        }
    }

    /// Writes the rest of the output after the session. Returns whether a signal came.
    ///
    /// The readers of stdout and of the trace have as much time as during the session. They lose the rest if they read
    /// nothing for the idle timeout, or when the session timeout has passed.
    fn write_rest(&mut self, timeouts: &Timeouts, began: Instant) -> Result<bool, Failure> {
        let mut moved = Instant::now();
        self.output.borrow_mut().flush(); // its event may have come while the socket was drained
        let mut left = self.output.borrow().waiting();
        while left > 0 {
            let idle = timeouts.idle.and_then(|time| moved.checked_add(time));
            let session = timeouts.session.and_then(|time| began.checked_add(time));
            let deadline = [idle, session].into_iter().flatten().min();
            let now = self.wait(deadline, false)?;
            if self.is_interrupted() {
                return Ok(true);
            }
            self.output.borrow_mut().flush();
            let waiting = self.output.borrow().waiting();
            if waiting < left {
                moved = now;
            } else if deadline.is_some_and(|at| at <= now) {
                break;
            }
            left = waiting;
        }
        Ok(false)
    }

    /// Drains a socket before it is closed. A signal ends that. Returns whether one came.
    fn drain(&mut self, socket: Connected) -> Result<bool, Failure> {
        let Connected { stream, registration, peer } = socket;
        let mut draining = Draining::new(1, |_| DRAINING);
        let cx = &mut LoopContext::new(Instant::now(), &mut self.buffers, self.observer);
        draining.add(stream, peer, registration, self.poll.registry(), &mut cx.session());
        while !draining.is_empty() {
            let now = self.wait(draining.deadline(), false)?;
            if self.is_interrupted() {
                return Ok(true);
            }
            let cx = &mut LoopContext::new(now, &mut self.buffers, self.observer);
            if self.events.iter().any(|event| event.token() == DRAINING) {
                draining.ready(0, &mut cx.session());
            }
            draining.expire(&mut cx.session());
        }
        Ok(false)
    }

    /// Polls until an event comes or the deadline passes. Returns the time after that.
    fn wait(&mut self, deadline: Option<Instant>, runnable: bool) -> Result<Instant, Failure> {
        loop {
            let timeout = if runnable {
                Some(Duration::ZERO)
            } else {
                deadline.map(|at| at.saturating_duration_since(Instant::now()))
            };
            let registry = self.poll.registry();
            self.output.borrow_mut().watch(registry).map_err(Failure::EventLoop)?;
            let before = self.output.borrow().state();
            let capped = observer::cap_timeout(timeout, self.observer);
            match self.poll.poll(&mut self.events, capped) {
                // A signal handler ran, and its signal is an event now. Poll again with a new timeout.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(Failure::EventLoop)?,
            }
            observer::run_due_timer(self.observer);
            // The observer's timer may have written output. The session or the end of the program may be waiting for
            // that.
            let is_same = self.output.borrow().state() == before;
            if capped != timeout && self.events.is_empty() && is_same {
                continue;
            }
            let now = Instant::now();
            let events = self.events.iter().count();
            LoopContext::new(now, &mut self.buffers, self.observer)
                .event_loop(&LoopEvent::Woke { events, timeout });
            return Ok(now);
        }
    }

    /// Returns whether the last events include a signal that ends the client.
    fn is_interrupted(&mut self) -> bool {
        self.events.iter().any(|event| event.token() == SIGNALS) && self.signals.take_requests().end
    }

    /// Reports an event of the loop to the observer.
    fn report(&mut self, event: &LoopEvent<'_>) {
        LoopContext::new(Instant::now(), &mut self.buffers, self.observer).event_loop(event);
    }
}
