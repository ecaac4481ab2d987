//! What an application sees of a session: plaintext in, plaintext out, and time. No TLS, no sockets.

use std::io::Write as _;
use std::time::Instant;

use rustls::Writer;

/// The high-water mark of pending output, in bytes of ciphertext.
///
/// While more is pending, a session reads nothing that would add to it (invariant I4). One read can add what fits into
/// [`Limits`](crate::context::Limits).
pub const HIGH_WATER_MARK: usize = 64 * 1024;

/// What an application decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// The session goes on.
    Continue,
    /// The application has finished. The session sends close_notify behind everything that was sent, and the peer has the
    /// close timeout to answer.
    Close,
    /// The application abandons the session. The session sends close_notify and a FIN, and reads nothing more.
    Abandon,
}

/// A role: the echo of the server, or the client that closes after the first message.
///
/// An application takes all plaintext that it is given, at once. So no plaintext stays in the buffers of the loop between
/// turns, and pending output is the only memory that grows with what a peer does (invariant I4).
///
/// An outbox is where an application sends. Code outside a session sends with
/// [`Session::send`](crate::session::Session::send).
pub trait Application {
    /// The handshake is done, and the peer is authorized.
    fn established(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }

    /// Plaintext came, in order. `outbox` is `None` if nothing can be sent any more: our close_notify is queued, or the
    /// session has failed.
    fn received(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next;

    /// Returns whether a server accepts early data (0-RTT, RFC 8446, 2.3). The default is no, and then the session
    /// tells rustls to reject it, whatever [`max_early_data_size`](rustls::ServerConfig::max_early_data_size) says.
    ///
    /// rustls accepts no early data if the server has a [`ticketer`](rustls::ServerConfig::ticketer).
    fn accepts_early_data(&self) -> bool {
        false
    }

    /// Early data came. An attacker can replay early data (RFC 8446, 8): the application must not do anything
    /// for it that must not happen twice.
    ///
    /// The session delivers early data after [`established`](Self::established), when the peer is authorized, and
    /// before the first [`received`](Self::received). `max_early_data_size` bounds its length. Only an application
    /// that [accepts early data](Self::accepts_early_data) gets any.
    fn received_early(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        let _ = (now, plaintext, outbox);
        Next::Continue
    }

    /// The peer has sent its close_notify: it will send nothing more.
    ///
    /// By default the answer is complete with what the application has sent by now. Our close_notify follows, and
    /// certifies it. An application that answers later, from a timer or from outside, returns [`Next::Continue`].
    /// The session is half-closed from then on: the application can still send, its timer runs, and the deadlines
    /// hold, until the application returns [`Next::Close`] or the loop calls
    /// [`Session::finish_sending`](crate::session::Session::finish_sending).
    ///
    /// A FIN without close_notify does not call this: the application answers what it has received, and the end is a
    /// truncation. RFC 5246, 7.2.1 demands that a TLS 1.2 end discards its pending writes when it receives
    /// close_notify. We finish the answer there too.
    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Close
    }

    /// Pending output was above [`HIGH_WATER_MARK`] and is not any more: the application can send again without growing
    /// without bound.
    fn drained(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }

    /// Returns whether the session reads on while `pending_output` bytes of ciphertext wait to be written (invariant I4).
    ///
    /// By default it does up to [`HIGH_WATER_MARK`]: an application that answers what it gets must not get more while the
    /// peer does not read the answers. An application that answers nothing has to read on, however much is pending. If it
    /// did not, and its peer is one that answers, each would wait for the other to read, for ever. An application that
    /// passes its plaintext on returns `false` to pause the session while nobody takes the plaintext. Signals and
    /// deadlines go on meanwhile. The session asks again in its next turn: an application that resumes reading needs one.
    fn reads_on(&self, pending_output: usize) -> bool {
        pending_output <= HIGH_WATER_MARK
    }

    /// When [`timer`](Self::timer) is to be called, as long as the session is open.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed. An application that goes on must have moved its deadline.
    fn timer(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }
}

/// Where an application sends.
///
/// It takes everything. The session lifts rustls' own limit on pending output, because a writer that takes only a part
/// moves the rest into a second queue. What bounds memory is that a session with too much pending output stops reading.
pub struct Outbox<'a> {
    writer: Writer<'a>,
    report: &'a mut dyn FnMut(&[u8]),
    refusal: Option<std::io::Error>,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(writer: Writer<'a>, report: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { writer, report, refusal: None }
    }

    /// Sends plaintext to the peer. One call makes as few records as it can.
    pub fn send(&mut self, plaintext: &[u8]) {
        if plaintext.is_empty() || self.refusal.is_some() {
            return;
        }
        match self.writer.write_all(plaintext) {
            Ok(()) => (self.report)(plaintext),
            Err(refusal) => self.refusal = Some(refusal),
        }
    }

    /// Why rustls did not take what was sent. That is an error of the session.
    pub(crate) fn into_refusal(self) -> Option<std::io::Error> {
        self.refusal
    }
}
