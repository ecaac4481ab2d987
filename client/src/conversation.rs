//! One session of the client, with stdin and stdout.

use std::io;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Registry};
use program::ending::Endings;
use program::observer::{EventSource, LoopContext, LoopEvent};
use program::stderr;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::mio::{Registered, Registration};
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn};

use crate::connected::Connected;
use crate::failure::Failure;
use crate::first_message::FirstMessage;
use crate::output::SharedOutput;
use crate::stdin::Stdin;
use crate::tokens::{SIGNALS, SOCKET, STDIN};

/// A session, its output, and stdin if the client sends it to the server.
pub struct Conversation {
    session: Registered<FirstMessage>,
    /// `None`: the client does not send stdin, or stdin has ended.
    stdin: Option<Stdin>,
    output: SharedOutput,
    endings: Endings,
    /// Whether stdout takes no more, and the session was closed for that.
    stdout_is_closed: bool,
    interactive: bool,
    interrupted: bool,
}

/// The end of a session.
pub struct Outcome {
    /// The close reason.
    pub reason: CloseReason,
    /// The close reason as a sentence.
    pub sentence: String,
    /// The bytes that the session has moved, if the client sent stdin.
    pub moved: Option<Moved>,
    /// Whether a signal ended the session.
    pub interrupted: bool,
    /// Whether the answer to stdin may be incomplete. The server closed first, or did not send close_notify.
    pub cut_short: bool,
}

/// The number of plaintext bytes that a session has moved.
pub struct Moved {
    /// To the server.
    pub sent: u64,
    /// From the server.
    pub received: u64,
}

impl Conversation {
    /// Wraps a session that is about to start its handshake.
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
            stdout_is_closed: false,
            interactive,
            interrupted: false,
        }
    }

    /// Sends a chunk of stdin, and gives the session a turn. Returns the close reason if the session is over.
    ///
    /// # Errors
    /// [`Failure::Input`]: stdin cannot be read. The client then ends without close_notify, because the server has
    /// not got all of stdin.
    pub fn turn(
        &mut self,
        registry: &Registry,
        cx: &mut LoopContext<'_>,
    ) -> Result<Option<CloseReason>, Failure> {
        if !self.output.borrow_mut().flush() && !std::mem::replace(&mut self.stdout_is_closed, true) {
            self.session.close(&mut cx.session()); // if more data comes, the application abandons the session
        }
        self.send_stdin(registry, cx).map_err(Failure::Input)?;
        let turn = self.session.turn(registry, &mut cx.session());
        let (Turn::Wait(wants) | Turn::Again(wants)) = turn else {
            let Turn::Done(reason) = turn else { return Ok(None) };
            return Ok(Some(reason));
        };
        let can_send_stdin = self.watch_stdin(registry, cx).map_err(Failure::Input)?;
        // A session does not read while stderr or stdout is full. This turn may have emptied them, and no event
        // reports that.
        let has_room_again = self.session.session().wants().interest() != wants.interest();
        if can_send_stdin || has_room_again {
            self.session.wake();
        }
        Ok(None)
    }

    /// Sends one chunk of stdin, if there is one and the session has room for it. At the end of stdin, sends
    /// close_notify, and the session waits for the rest of the answer.
    fn send_stdin(&mut self, registry: &Registry, cx: &mut LoopContext<'_>) -> io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        if !stdin.is_ready() || !self.session.session().has_room() || stderr::is_full() {
            return Ok(());
        }
        let Some(chunk) = stdin.read(registry)? else { return Ok(()) };
        cx.event_loop(&LoopEvent::StdinRead(chunk.len()));
        if !chunk.is_empty() {
            // This fails only if the session has just failed, and then the next turn reports that.
            let _ = self.session.send(chunk, &mut cx.session());
            return Ok(());
        }
        // The shell keeps stdin open, so the registration would stay.
        stdin.watch(registry, false, cx)?;
        self.stdin = None;
        self.session.finish_sending(&mut cx.session());
        Ok(())
    }

    /// Watches stdin while the session has room. Returns whether stdin can be read now, without an event.
    fn watch_stdin(&mut self, registry: &Registry, cx: &mut LoopContext<'_>) -> io::Result<bool> {
        let Some(stdin) = &mut self.stdin else { return Ok(false) };
        let wanted = self.session.session().has_room() && !stderr::is_full();
        stdin.watch(registry, wanted, cx)?;
        Ok(wanted && stdin.is_ready())
    }

    /// Notes the events of the poll.
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

    /// Closes the session gracefully after a signal.
    pub fn interrupt(&mut self, cx: &mut LoopContext<'_>) {
        self.interrupted = true;
        cx.event_loop(&LoopEvent::Stopping { why: "a signal came", waiting: 0 });
        self.session.close(&mut cx.session());
    }

    /// Returns whether the handshake succeeded, or a sentence why it failed. `None`: it has not ended. A session that is
    /// over has a close reason.
    pub fn handshake_result(&self, reason: Option<&CloseReason>) -> Option<Result<(), String>> {
        let until = self.session.session().until();
        match (until.handshake_bytes(), reason) {
            (None, _) => Some(Ok(())),
            (Some(_), None) => None,
            (Some(_), Some(reason)) => Some(Err(self.endings.describe_end(reason, until).to_string())),
        }
    }

    /// Returns when the next turn is due even if no event comes.
    pub fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Returns whether the next turn is due at once.
    pub fn is_runnable(&self) -> bool {
        self.session.is_runnable()
    }

    /// Ends the conversation. Returns the socket if it needs draining, and the outcome of the session. If stdout
    /// failed, the outcome is [`Failure::Output`], unless its reader has closed it.
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
        // With -i, exit status 0 means that the answer is complete. That is certain only if we sent close_notify
        // first, and the server sent its close_notify after that.
        let is_complete =
            !interactive || output_error.is_some() || reason == CloseReason::Clean { first: Endpoint::Local };
        let outcome = match output_error {
            // A closed pipe is no error: `mio-client | head -1` closes it.
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            _ => Ok(Outcome { reason, sentence, moved, interrupted, cut_short: !is_complete }),
        };
        (socket, outcome)
    }
}
