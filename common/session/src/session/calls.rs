//! The other methods of a session, which a loop or an application calls between turns.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{Connection, ProtocolVersion, Side};

use super::{Input, Session, SessionConfig, Turn};
use crate::application::{Application, Next};
use crate::authorize::{Notes, Opaque};
use crate::close_reason::{CloseReason, Operation, Until};
use crate::context::Context;
use crate::deadline::{Deadlines, Timeout};
use crate::framing::Framing;
use crate::observer::{SessionId, Step};
use crate::pending_output::PendingOutput;
use crate::phase::{Cause, Event, Phase};
use crate::readiness::Readiness;
use crate::transport::Transport;

/// The error of [`Session::send`]: the session takes no plaintext.
///
/// The handshake is not done, our close_notify is queued or sent, or the session has failed or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session is not open for sending")
    }
}

impl std::error::Error for NotSent {}

impl<T: Transport, A: Application> Session<T, A> {
    /// Creates a session at the start of its handshake. `local` is the local address of the transport.
    ///
    /// For a server, the handshake deadline starts here. A client first waits for the server's first byte, with the
    /// wait deadline, because the server may be serving other clients.
    pub fn new(
        id: SessionId,
        local: SocketAddr,
        tls: impl Into<Connection>,
        transport: T,
        application: A,
        config: Arc<SessionConfig>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut tls = tls.into();
        tls.set_buffer_limit(None); // see `Outbox`: HIGH_WATER_MARK is the limit
        if let Connection::Server(tls) = &mut tls
            && tls.is_handshaking()
            && !application.accepts_early_data()
        {
            tls.reject_early_data();
        }
        let mut session = Self {
            id,
            tls,
            transport,
            application,
            config,
            phase: Phase::Handshaking,
            // A socket that has just connected can be written. The kernel reports it when it can be read.
            readiness: Readiness::new(false, true, false),
            deadlines: Deadlines::default(),
            input: Input::Unknown,
            pending_output: PendingOutput::default(),
            since_empty: 0,
            framing: Framing::default(),
            unprocessed: Vec::new(),
            records_left: 0,
            notes: Notes::default(),
            handshake_bytes: Some(Box::default()),
            received: 0,
            sent: 0,
            began: cx.now,
            closes_after_answer: false,
            needs_draining: false,
        };
        cx.step(&id, &Step::Began { local });
        session.start(
            match session.peer_side() {
                Side::Client => Timeout::Handshake,
                Side::Server => Timeout::Wait,
            },
            cx,
        );
        session.start(Timeout::Session, cx);
        session
    }

    /// Notes what the event source has reported. Nothing happens before the next [`turn`](Self::turn).
    pub fn ready(&mut self, readiness: Readiness, cx: &mut Context<'_>) {
        cx.step(&self.id, &Step::Ready(readiness));
        if readiness.is_readable() {
            self.note_input(Input::Unknown);
        }
        self.readiness.merge(readiness);
    }

    /// Returns whether the session takes plaintext from outside, and pending output is not above the high-water mark.
    pub fn has_room(&self) -> bool {
        self.phase.sends() && self.pending_output.has_room()
    }

    /// Queues plaintext that comes from outside the session. The next [`turn`](Self::turn) writes it.
    ///
    /// A caller that does not check [`has_room`](Self::has_room) first can queue more than the high-water mark.
    ///
    /// # Errors
    /// [`NotSent`] if the session takes no plaintext. Then nothing of it is sent.
    pub fn send(&mut self, plaintext: &[u8], cx: &mut Context<'_>) -> Result<(), NotSent> {
        let mut taken = false;
        self.call_application(cx, |_, _, outbox| {
            if let Some(outbox) = outbox {
                outbox.send(plaintext);
                taken = true;
            }
            Next::Continue
        });
        if !taken || !self.phase.sends() {
            return Err(NotSent); // the session is not open, or the plaintext was rejected, which ends the session
        }
        self.restart_idle_deadline(cx);
        Ok(())
    }

    /// Closes the session from outside, after a signal for example. After the handshake the close is graceful:
    /// close_notify is sent, and a later [`turn`](Self::turn) is done within the close timeout. If the application
    /// [is answering](Application::is_answering), it has the close timeout to finish its answer.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        let has_no_close_deadline = matches!(
            self.phase,
            Phase::HalfClosed | Phase::PeerClosed { .. } | Phase::Closing { cause: Cause::FinishedSending }
        );
        let is_answering = self.phase == Phase::Established && self.application.is_answering();
        if (has_no_close_deadline || is_answering) && self.deadlines.get(Timeout::Close).is_none() {
            self.start(Timeout::Close, cx);
        }
        self.closes_after_answer = is_answering;
        if !is_answering {
            self.on(Event::CloseRequested, cx);
        }
    }

    /// Sends close_notify after all pending output. The session then waits for the rest of the peer's answer, unless
    /// the peer has already sent its close_notify. Before the end of the handshake, this does nothing.
    ///
    /// RFC 8446, 6.1, of close_notify: "This does not have any effect on its read side of the connection."
    pub fn finish_sending(&mut self, cx: &mut Context<'_>) {
        self.on(Event::FinishedSending, cx);
    }

    /// Ends the session because its transport cannot be used. For example, the poll refuses to watch it.
    pub fn lose_transport(&mut self, operation: Operation, error: &io::Error, cx: &mut Context<'_>) -> Turn {
        self.on(Event::EndAtOnce(CloseReason::transport(operation, error)), cx);
        self.turn(cx)
    }

    /// Ends the session because its answer cannot be completed. The peer gets a FIN, and no close_notify unless one was
    /// sent before. Without close_notify, the peer knows that the answer is cut off (invariant I6).
    pub fn abort(&mut self, cx: &mut Context<'_>) {
        self.on(Event::EndAtOnce(CloseReason::Aborted), cx);
    }
}

impl<T, A> Session<T, A> {
    /// Returns the session's number and its peer.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Returns the phase of the session.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Returns the role of the peer.
    pub fn peer_side(&self) -> Side {
        match self.tls {
            Connection::Client(_) => Side::Server,
            Connection::Server(_) => Side::Client,
        }
    }

    /// Returns the number of plaintext bytes that the application received, and the number that it sent.
    pub fn plaintext_bytes(&self) -> (u64, u64) {
        (self.received, self.sent)
    }

    /// Returns the progress of the session.
    pub fn until(&self) -> Until<'_> {
        let handshake_bytes = self.handshake_bytes.as_deref();
        // In TLS 1.2 a server authorizes the client before it finishes the handshake.
        let is_authorized =
            handshake_bytes.is_none() && self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        match self.unanswered_request() {
            Some(request) if !is_authorized => Until::CertificateRequested { handshake_bytes, request },
            _ => handshake_bytes.map_or(Until::Established, Until::Handshake),
        }
    }

    /// Returns the server's request for a certificate. `None`: there was none, or the server has sent data since, so it
    /// accepted the answer.
    pub(super) fn unanswered_request(&self) -> Option<&Opaque> {
        self.notes.certificate_request.as_ref().filter(|_| self.received == 0)
    }

    /// Returns the application.
    pub fn application(&self) -> &A {
        &self.application
    }

    /// Returns the application, so that code outside the session can change it. The next [`turn`](Session::turn) calls
    /// [`reads_on`](Application::reads_on) and [`deadline`](Application::deadline) again.
    pub fn application_mut(&mut self) -> &mut A {
        &mut self.application
    }

    /// Returns the transport.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Returns whether the socket of a session that is over must be drained before it is closed.
    ///
    /// RFC 1122, 4.2.2.13: "If such a host issues a CLOSE call while received data is still pending in TCP, or if new
    /// data is received after CLOSE is called, its TCP SHOULD send a RST to show that data was lost." The reset
    /// destroys output that the peer has not read yet, such as an alert or the rest of an answer (invariant I6).
    pub fn needs_draining(&self) -> bool {
        self.needs_draining
    }

    /// Returns the transport and the application of a session that is over.
    pub fn into_parts(self) -> (T, A) {
        (self.transport, self.application)
    }
}
