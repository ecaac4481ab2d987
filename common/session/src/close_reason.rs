//! Every way in which a session can end.

use std::io;

use rustls::{AlertDescription, Error};

use crate::authorize::{Detail, Refusal};
use crate::deadline::Timeout;
use crate::handshake_bytes::HandshakeBytes;
use crate::not_tls::Foreign;

/// Who said close_notify first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// This end.
    Us,
    /// The other end.
    Peer,
}

/// What we were doing to the transport when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Receiving.
    Reading,
    /// Sending.
    Writing,
}

/// Why a session ended: one variant for each way to end.
#[derive(Clone, Debug, PartialEq)]
pub enum CloseReason {
    /// close_notify went both ways; or the peer's came, and it left before ours could go.
    Clean {
        /// Whose came first.
        first: Party,
    },
    /// We sent close_notify; the peer answered with a bare FIN. Nothing says that it had finished.
    Unconfirmed,
    /// The peer's FIN without its close_notify: what it sent may have been cut off (RFC 8446, 6.1).
    Truncated {
        /// Whether the handshake was over by then.
        established: bool,
    },
    /// We closed before the handshake was done.
    Abandoned,
    /// The application abandoned the session, which then sent its close_notify: nobody takes what the peer sends.
    AbandonedByApplication,
    /// The peer ended the session with a fatal alert.
    PeerAlert(AlertDescription, AlertContext),
    /// The peer speaks something, and it is not TLS.
    NotTls(Foreign),
    /// The peer's proof of identity was not accepted.
    Unauthorized(Refusal),
    /// The peer broke the protocol, or has nothing in common with us.
    Tls(Error),
    /// The connection beneath TLS failed.
    Transport {
        /// What failed.
        doing: Doing,
        /// How, in the operating system's classes.
        kind: io::ErrorKind,
        /// The operating system's words.
        error: String,
    },
    /// A deadline passed.
    TimedOut(Timeout),
}

impl CloseReason {
    pub(crate) fn transport(doing: Doing, error: &io::Error) -> Self {
        Self::Transport { doing, kind: error.kind(), error: error.to_string() }
    }
}

/// How far a session came before it ended.
#[derive(Clone, Copy, Debug)]
pub enum Until<'a> {
    /// The handshake was not done, and this had come from the peer.
    Handshake(&'a HandshakeBytes),
    /// The handshake was done.
    Established,
    /// The server had asked this client for a certificate, and had sent no data since.
    Asked {
        /// What had come from the server, if the handshake was not done.
        came: Option<&'a HandshakeBytes>,
        /// What the server asked for, and what this client sent.
        request: &'a Detail,
    },
}

/// What had happened in the session when the peer's alert came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertContext {
    /// How far the session was.
    pub stage: Stage,
    /// The server's request for a certificate, and what this client sent. `None`: there was no request, or the server
    /// has said more since, and so did not mind the answer.
    pub request: Option<Detail>,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing has been agreed on.
    #[default]
    Hello,
    /// Version and cipher suite have been agreed on. In TLS 1.3 the group has been, too.
    Agreed,
    /// The handshake is done.
    Established,
}
