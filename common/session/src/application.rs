//! The interface between a session and its application: plaintext in, plaintext out, and time. No TLS, no sockets.

use std::io::Write as _;
use std::time::Instant;

use rustls::Writer;

use crate::rustls_facts;

/// The high-water mark of pending output, in bytes of ciphertext.
///
/// While more output is pending, a session does not read (invariant I4). One read can exceed the mark by the answer
/// to what [`Limits`](crate::context::Limits) allow.
pub const HIGH_WATER_MARK: usize = 64 * 1024;

/// The decision of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// The session goes on.
    Continue,
    /// The application has finished. The session sends close_notify behind all pending output. Then the peer has the
    /// close timeout to answer.
    Close,
    /// The application needs nothing more from the peer. What it has sent is complete. The session sends close_notify and
    /// a FIN, and reads nothing more.
    Abandon,
    /// The application cannot complete its answer. The session sends what is pending and a FIN, without close_notify. So
    /// the peer knows that the answer is cut off (invariant I6).
    Abort,
}

/// What happens to the plaintext of a session, such as the server's echo, or the client that closes after the first
/// message.
///
/// An application takes all plaintext at once. So the buffers of the loop hold no plaintext between turns, and
/// pending output is the only memory that a peer can make grow (invariant I4).
///
/// An application sends through the [`Outbox`] of its call. Code outside a session uses
/// [`Session::send`](crate::session::Session::send).
pub trait Application {
    /// Handles the end of the handshake. The peer is authorized.
    fn established(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }

    /// Handles the next plaintext. It is never empty. It can end anywhere, in the middle of a line for example.
    /// `outbox` is `None` if nothing can be sent any more, because our close_notify is queued or the session has
    /// failed.
    ///
    /// An application that returns [`Next::Close`] may ignore the rest of `plaintext`. The session still calls `received`
    /// for what the peer sends before its close_notify, with `None` as `outbox`. The application may ignore that too.
    /// After [`Next::Abandon`] or [`Next::Abort`] the session does not call `received` again.
    fn received(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next;

    /// Returns whether a server accepts early data (0-RTT, RFC 8446, 2.3). The default is `false`. Then the session
    /// tells rustls to reject it, whatever [`max_early_data_size`](rustls::ServerConfig::max_early_data_size) is.
    ///
    /// rustls accepts no early data if the server has a [`ticketer`](rustls::ServerConfig::ticketer).
    fn accepts_early_data(&self) -> bool {
        false
    }

    /// Handles early data. An attacker can replay it, so an application must do only what may happen twice.
    ///
    /// RFC 8446, 8: "TLS does not provide inherent replay protections for 0-RTT data."
    ///
    /// The session delivers early data after [`established`](Self::established), when the peer is authorized, and
    /// before the first [`received`](Self::received). `max_early_data_size` limits its length. Only an application
    /// that [accepts early data](Self::accepts_early_data) gets any.
    fn received_early(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        let _ = (now, plaintext, outbox);
        Next::Continue
    }

    /// Handles the peer's close_notify. The peer will send nothing more.
    ///
    /// The application can send the rest of its answer here, and return [`Next::Close`]. Our close_notify follows
    /// that output, and certifies that the answer is complete. The default sends nothing. An application that answers
    /// later, from a timer or from outside, returns [`Next::Continue`].
    /// Then the session is half-closed: the application can still send, its timer runs, and the deadlines hold. That
    /// ends when the application returns [`Next::Close`], or the loop calls
    /// [`Session::finish_sending`](crate::session::Session::finish_sending).
    ///
    /// A FIN without close_notify does not call this. The application has answered what it received, and the end is a
    /// truncation.
    ///
    /// In TLS 1.2 the peer's close_notify would end our half too. RFC 5246, 7.2.1: "The other party MUST respond with
    /// a close_notify alert of its own and close down the connection immediately, discarding any pending writes." We
    /// finish the answer there too.
    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Close
    }

    /// Handles the moment when pending output, which was above [`HIGH_WATER_MARK`], is not above it any more. The
    /// application can send again.
    fn resume_sending(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }

    /// Returns whether the application is in the middle of an answer that it sends later.
    ///
    /// Our close_notify certifies that an answer is complete (invariant I6). While this returns `true`, a session that is
    /// idle for too long ends without close_notify, and [`Session::close`](crate::session::Session::close) waits for the
    /// rest of the answer. The default is right for an application that answers in `received`.
    fn is_answering(&self) -> bool {
        false
    }

    /// Returns whether the session reads on while `pending_output` bytes of ciphertext are pending (invariant I4).
    ///
    /// The default is to read up to [`HIGH_WATER_MARK`]. An application that answers must not get more data while the
    /// peer does not read the answers.
    ///
    /// An application that answers nothing has to read on, however much output is pending. Otherwise it could
    /// deadlock with a peer that answers: each end would wait for the other end to read.
    ///
    /// An application that passes its plaintext on returns `false` while its own receiver takes no more. Signals and
    /// deadlines still work. The session asks again in its next turn, so an application that resumes reading needs a
    /// turn.
    fn reads_on(&self, pending_output: usize) -> bool {
        pending_output <= HIGH_WATER_MARK
    }

    /// Returns when the session has to call [`timer`](Self::timer), while the application can send.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Handles the passing of [`deadline`](Self::deadline). An application that continues must move its deadline first.
    fn timer(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }
}

/// The sending side of a session, as its application sees it.
///
/// It takes everything, unless the keys of a TLS 1.2 session are used up
/// ([`CloseReason::KeysUsedUp`](crate::close_reason::CloseReason::KeysUsedUp)). The session removes rustls' own limit
/// on pending output. With that limit the writer would take only a part, and the rest would need a second queue.
/// Memory stays bounded because a session with too much pending output stops reading.
pub struct Outbox<'a> {
    writer: Writer<'a>,
    /// The number of records that our keys can still seal.
    records_left: &'a mut u64,
    report: &'a mut dyn FnMut(&[u8]),
    rejection: Option<Rejection>,
}

/// The reason why plaintext was not taken.
pub(crate) enum Rejection {
    /// The error of rustls.
    Failed(std::io::Error),
    /// The plaintext needs more records than our keys can seal.
    KeysUsedUp,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(
        writer: Writer<'a>,
        records_left: &'a mut u64,
        report: &'a mut dyn FnMut(&[u8]),
    ) -> Self {
        Self { writer, records_left, report, rejection: None }
    }

    /// Sends plaintext to the peer. Each call makes at least one TLS record, which costs 22 bytes in TLS 1.3. If an
    /// answer has many small parts, collect them and call `send` once.
    ///
    /// No limit applies to one call: all of `plaintext` becomes pending output. [`HIGH_WATER_MARK`] only decides whether
    /// the session reads. So an application limits its own answers. It can send a part that exceeds the mark, and the
    /// next part from [`resume_sending`](Application::resume_sending).
    pub fn send(&mut self, plaintext: &[u8]) {
        if plaintext.is_empty() || self.rejection.is_some() {
            return;
        }
        let Some(records_left) = self.records_left.checked_sub(rustls_facts::records_of(plaintext)) else {
            self.rejection = Some(Rejection::KeysUsedUp);
            return;
        };
        *self.records_left = records_left;
        match self.writer.write_all(plaintext) {
            Ok(()) => (self.report)(plaintext),
            Err(error) => self.rejection = Some(Rejection::Failed(error)),
        }
    }

    /// Returns the reason why plaintext was not taken, if there was any. The session fails then.
    pub(crate) fn into_rejection(self) -> Option<Rejection> {
        self.rejection
    }
}
