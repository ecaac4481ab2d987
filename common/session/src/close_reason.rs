//! Every way in which a session can end.

use std::io;

use rustls::{AlertDescription, Error};

use crate::authorize::{Opaque, Refusal};
use crate::deadline::Timeout;
use crate::handshake_bytes::HandshakeBytes;
use crate::not_tls::ForeignProtocol;

/// One of the two endpoints of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// This program.
    Local,
    /// The peer.
    Peer,
}

/// The operation that failed on the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A read.
    Read,
    /// A write.
    Write,
}

/// The reason why a session ended. There is one variant for each way to end.
#[derive(Clone, Debug, PartialEq)]
pub enum CloseReason {
    /// Both ends sent close_notify. Or only the peer did, and it closed the connection before ours could be written.
    Clean {
        /// The endpoint whose close_notify came first.
        first: Endpoint,
    },
    /// We sent close_notify, and the peer answered with a FIN alone. So it is not known whether the peer had finished.
    Unconfirmed,
    /// The peer sent a FIN without close_notify, so its data may have been cut off.
    ///
    /// RFC 8446, 6.1: "If a transport-level close is received prior to a "close_notify", the receiver cannot know
    /// that all the data that was sent has been received."
    Truncated {
        /// Whether the handshake was done before.
        established: bool,
    },
    /// We closed before the handshake was done.
    Abandoned,
    /// The application abandoned the session, and takes nothing more from the peer. The session sent close_notify.
    AbandonedByApplication,
    /// Our answer could not be completed: the application aborted, or the loop did
    /// ([`Session::abort`](crate::session::Session::abort)). The session sent a FIN, and no close_notify unless one was
    /// sent before.
    Aborted,
    /// The peer ended the session with a fatal alert.
    PeerAlert(AlertDescription, AlertContext),
    /// The peer speaks another protocol than TLS.
    NotTls(ForeignProtocol),
    /// The peer was not authorized.
    Unauthorized(Refusal),
    /// The peer violated the protocol, or the two ends have no parameters in common.
    Tls(Error),
    /// The keys of this TLS 1.2 session cannot seal the next data of the application, so our data is cut off. The
    /// session sent what fitted, as far as the close timeout allowed, and a FIN without close_notify. A new session
    /// has new keys, and TLS 1.3 changes its keys in time.
    ///
    /// The session counts a record for each 16,384 bytes of a call of [`Outbox::send`](crate::application::Outbox::send).
    /// With a smaller `max_fragment_size` in the configuration, rustls makes more records. Then the session misses the
    /// limit, and rustls sends close_notify.
    KeysUsedUp {
        /// The number of records that the keys can seal: the
        /// [`confidentiality_limit`](rustls::CipherSuiteCommon::confidentiality_limit) of the cipher suite.
        limit: u64,
    },
    /// The connection beneath TLS failed.
    Transport {
        /// The operation that failed.
        operation: Operation,
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The operating system's text for the error.
        error: String,
    },
    /// A deadline passed.
    TimedOut(Timeout),
}

impl CloseReason {
    pub(crate) fn transport(operation: Operation, error: &io::Error) -> Self {
        Self::Transport { operation, kind: error.kind(), error: error.to_string() }
    }
}

/// The progress of a session before it ended.
#[derive(Clone, Copy, Debug)]
pub enum Until<'a> {
    /// The handshake was not done. The peer had sent these bytes.
    Handshake(&'a HandshakeBytes),
    /// The handshake was done.
    Established,
    /// The server had requested a certificate from this client, and had sent no data since.
    CertificateRequested {
        /// The bytes that the server had sent, if the handshake was not done.
        handshake_bytes: Option<&'a HandshakeBytes>,
        /// The server's request, and the client's answer.
        request: &'a Opaque,
    },
}

impl<'a> Until<'a> {
    /// Returns the bytes that the peer had sent. `None`: the handshake was done.
    pub fn handshake_bytes(self) -> Option<&'a HandshakeBytes> {
        match self {
            Self::Handshake(bytes) => Some(bytes),
            Self::CertificateRequested { handshake_bytes, .. } => handshake_bytes,
            Self::Established => None,
        }
    }
}

/// The state of the session when the peer's alert came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertContext {
    /// The progress of the handshake.
    pub stage: Stage,
    /// The server's request for a certificate, and this client's answer. `None`: there was no request, or the server
    /// has sent data since. Then it accepted the answer.
    pub request: Option<Opaque>,
}

/// The progress of a handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The two ends have agreed on nothing yet.
    #[default]
    Hello,
    /// The two ends have agreed on version and cipher suite. In TLS 1.3 they have agreed on the group, too.
    Agreed,
    /// The handshake is done.
    Established,
}
