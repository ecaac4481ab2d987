//! One session of the client, with what feeds it.

use std::io;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Registry};
use program::ending::Endings;
use program::observer::{EventSource, LoopContext, LoopEvent};
use program::stderr;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::mio::{Registered, Registration};
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn};

use crate::connected::Connected;
use crate::failure::Failure;
use crate::first_message::FirstMessage;
use crate::output::SharedOutput;
use crate::stdin::Stdin;
use crate::tokens::{SIGNALS, SOCKET, STDIN};

/// A session, its registration, and stdin if that goes to the server.
pub struct Conversation {
    session: Registered<FirstMessage>,
    /// `None` also once stdin has ended.
    stdin: Option<Stdin>,
    output: SharedOutput,
    endings: Endings,
    /// Whether stdout takes no more.
    unheard: bool,
    interactive: bool,
    interrupted: bool,
}

/// How a session ended.
pub struct Outcome {
    /// Why it ended.
    pub reason: CloseReason,
    /// The same for people.
    pub sentence: String,
    /// What went where by then, if stdin went to the server.
    pub moved: Option<Moved>,
    /// Whether a signal made it end.
    pub interrupted: bool,
    /// Whether the server ended it while stdin was still going there, or did not say that its answer was whole.
    pub cut_short: bool,
}

/// How many bytes of plaintext a session has moved.
pub struct Moved {
    /// To the server.
    pub sent: u64,
    /// From the server.
    pub received: u64,
}

impl Conversation {
    /// A session that is about to start its handshake.
    pub fn new(
        session: Session<TcpStream, FirstMessage>,
        registration: Registration,
        stdin: Option<Stdin>,
        output: SharedOutput,
        endings: Endings,
    ) -> Self {
        let interactive = stdin.is_some();
        Self {
            session: Registered::new(session, registration),
            stdin,
            output,
            endings,
            unheard: false,
            interactive,
            interrupted: false,
        }
    }

    /// Does what can be done now; a reason when the session is over.
    ///
    /// # Errors
    /// [`Failure::Input`]: stdin cannot be read. The server sees us leave without close_notify, because what we
    /// wanted to say was not all said.
    pub fn round(
        &mut self,
        registry: &Registry,
        cx: &mut LoopContext<'_>,
    ) -> Result<Option<CloseReason>, Failure> {
        if !self.output.borrow_mut().catch_up() && !std::mem::replace(&mut self.unheard, true) {
            self.session.close(&mut cx.session()); // if more comes, the application abandons the session
        }
        self.feed(registry, cx).map_err(Failure::Input)?;
        let turn = self.session.turn(registry, &mut cx.session());
        let (Turn::Wait(wants) | Turn::Again(wants)) = turn else {
            let Turn::Done(reason) = turn else { return Ok(None) };
            return Ok(Some(reason));
        };
        let can_be_fed = self.watch_stdin(registry, cx).map_err(Failure::Input)?;
        // A line of the trace may have made the room that the session waits for.
        let has_room_again = self.session.session().wants().interest() != wants.interest();
        if can_be_fed || has_room_again {
            self.session.wake();
        }
        Ok(None)
    }

    /// Takes one chunk of stdin to the session, if there is one and the session has room for it. At the end of
    /// stdin, close_notify follows, and the rest of the answer is waited for.
    fn feed(&mut self, registry: &Registry, cx: &mut LoopContext<'_>) -> io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        if !stdin.is_ready() || !self.session.session().has_room() || stderr::is_full() {
            return Ok(());
        }
        let Some(chunk) = stdin.read(registry)? else { return Ok(()) };
        cx.event_loop(&LoopEvent::StdinRead(chunk.len()));
        if !chunk.is_empty() {
            // Refused only by a session that has just failed, which the next turn reports.
            let _ = self.session.send(chunk, &mut cx.session());
            return Ok(());
        }
        // The shell holds it open, and so would the poll's registration.
        stdin.watch(registry, false, cx)?;
        self.stdin = None;
        self.session.finish_sending(&mut cx.session());
        Ok(())
    }

    /// Watches stdin while the session has room. Whether it can be read without waiting for an event.
    fn watch_stdin(&mut self, registry: &Registry, cx: &mut LoopContext<'_>) -> io::Result<bool> {
        let Some(stdin) = &mut self.stdin else { return Ok(false) };
        let wanted = self.session.session().has_room() && !stderr::is_full();
        stdin.watch(registry, wanted, cx)?;
        Ok(wanted && stdin.is_ready())
    }

    /// Takes note of what the poll said.
    pub fn gather(&mut self, events: &Events, cx: &mut LoopContext<'_>) {
        for event in events {
            match (event.token(), &mut self.stdin) {
                (SOCKET, _) => self.session.ready(Readiness::from_event(event), &mut cx.session()),
                (STDIN, Some(stdin)) => {
                    cx.event_loop(&LoopEvent::Ready(EventSource::Stdin));
                    stdin.ready();
                }
                (SIGNALS, _) => cx.event_loop(&LoopEvent::Ready(EventSource::Signals)),
                _ => {}
            }
        }
    }

    /// A signal came: closes gracefully.
    pub fn interrupt(&mut self, cx: &mut LoopContext<'_>) {
        self.interrupted = true;
        cx.event_loop(&LoopEvent::Stopping { why: "a signal came", waiting: 0 });
        self.session.close(&mut cx.session());
    }

    /// When the next round is due even if nothing happens.
    pub fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Whether the next round is due at once.
    pub fn is_runnable(&self) -> bool {
        self.session.is_runnable()
    }

    /// The socket, if it must be drained before it is closed, and what came of the session:
    /// [`Failure::Output`] if stdout took no more, and not because its reader had seen enough.
    pub fn end(self, reason: CloseReason) -> (Option<Connected>, Result<Outcome, Failure>) {
        let Self { session, interactive, interrupted, endings, .. } = self;
        let (session, registration) = session.into_parts();
        let sentence = endings.describe_end(&reason, session.until()).to_string();
        let (received, sent) = session.plaintext_bytes();
        let moved = interactive.then_some(Moved { sent, received });
        let (peer, drains) = (session.id().peer, session.needs_draining());
        let (stream, application) = session.into_parts();
        let socket = drains.then_some(Connected { stream, registration, peer });
        let output_error = application.into_output_error();
        // With -i, status 0 means that everything came back: only our close_notify first and the server's after it
        // says that.
        let whole =
            !interactive || output_error.is_some() || reason == CloseReason::Clean { first: Party::Us };
        let outcome = match output_error {
            // `mio-client | head -1` has what it wanted.
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            _ => Ok(Outcome { reason, sentence, moved, interrupted, cut_short: !whole }),
        };
        (socket, outcome)
    }
}
