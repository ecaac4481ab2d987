//! What a role sees of a session: plaintext in, plaintext out, and time. No TLS, no sockets.

use std::io::Write as _;
use std::time::Instant;

use rustls::Writer;

/// Above this many bytes of ciphertext owed to the peer nothing more is taken on that would make it owe more
/// (invariant I4). What one helping can add on top is bounded by [`Scratch`](crate::buffers::Scratch).
pub const OWED_MARK: usize = 64 * 1024;

/// Whether the application has more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// The session goes on.
    Continue,
    /// Everything is said: close_notify goes out behind it, and the peer has `--close-timeout` to answer.
    Close,
    /// Nobody is there any more to take what the peer says: close_notify, FIN, and not a byte more is read.
    Leave,
}

/// A role: the echo of the server, the first-message-then-close of the client.
///
/// An application takes whatever it is given at once and whole. Nothing of a session therefore stays in the
/// loop's receive buffer between turns, and the memory that a peer can cost is decided in one place, by how much
/// the session lets itself owe (invariant I4).
pub trait Application {
    /// The handshake is done and the peer was found acceptable.
    fn established(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }

    /// Plaintext came, in order. `outbox` is `None` once nothing can be answered any more: our close_notify is
    /// out, or the session has failed.
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
    /// By default the answer is complete with what the application has sent by now: our close_notify follows, and
    /// certifies it. An application that answers later, from a timer or from outside, returns [`Next::Continue`].
    /// The session is half-closed from then on: the application can still send, its timer runs, and the deadlines
    /// hold, until it returns [`Next::Close`] or the loop calls
    /// [`Session::said_all`](crate::session::Session::said_all).
    ///
    /// A FIN without close_notify does not call this: the application answers what it has received, and the end is a
    /// truncation. RFC 5246, 7.2.1 demands that a TLS 1.2 end discards its pending writes when it receives
    /// close_notify. We finish the answer there too.
    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Close
    }

    /// Whether to read on while `owed` bytes of ciphertext wait to be sent (invariant I4).
    ///
    /// By default up to [`OWED_MARK`]: an application that answers what it gets must not get more while the peer
    /// does not read the answers. One that answers nothing has to read on whatever it owes. If it did not, and its
    /// peer is one that answers, both would wait for the other to read, for ever. An application that hands on what
    /// it gets returns `false` while nobody takes it. Signals and deadlines go on meanwhile.
    fn reads_on(&self, owed: usize) -> bool {
        owed <= OWED_MARK
    }

    /// When [`timer`](Self::timer) wants to be called, as long as the session is open.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed. An application that goes on must have moved its deadline.
    fn timer(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let _ = (now, outbox);
        Next::Continue
    }
}

/// Where an application puts what it has to say.
///
/// It takes everything: rustls' own limit on what waits to be sent is lifted, because a writer that takes part of
/// a buffer only moves the rest into a second queue. What bounds memory is that a session which owes too much
/// stops reading.
pub struct Outbox<'a> {
    writer: Writer<'a>,
    told: &'a mut dyn FnMut(&[u8]),
    refusal: Option<std::io::Error>,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(writer: Writer<'a>, told: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { writer, told, refusal: None }
    }

    /// Sends plaintext to the peer. One call makes as few records as it can.
    pub fn send(&mut self, plaintext: &[u8]) {
        if plaintext.is_empty() || self.refusal.is_some() {
            return;
        }
        match self.writer.write_all(plaintext) {
            Ok(()) => (self.told)(plaintext),
            Err(refusal) => self.refusal = Some(refusal),
        }
    }

    /// Why rustls would not take what was sent, if it would not: an error of the session, not of the application.
    pub(crate) fn into_refusal(self) -> Option<std::io::Error> {
        self.refusal
    }
}
