//! The description of a case against a client.

use std::io;
use std::time::Duration;

use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;

/// The group of a case. The groups run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientGroup {
    /// How records are cut and joined in good sessions.
    Framing,
    /// Answers that are not a handshake.
    Answers,
    /// Handshakes that end too early, or never.
    Handshakes,
    /// How sessions end.
    Ends,
    /// Encrypted records that must not come.
    Sealed,
    /// Very much data, or data very slowly.
    Floods,
    /// Certificates that a client must not accept.
    Certificates,
}

impl ClientGroup {
    /// How long a case takes with a good client, in addition to the patience.
    pub fn extra(self) -> Duration {
        match self {
            Self::Floods => Duration::from_secs(10),
            _ => Duration::ZERO,
        }
    }
}

/// A need of a case: an ability of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It speaks HTTP.
    Http,
    /// It shows what it receives, and speaks any protocol.
    Output,
    /// It speaks TLS 1.3.
    Tls13,
}

/// The client shows what it receives.
pub(super) const OUTPUT: &[Need] = &[Need::Output];
/// The client shows what it receives, and speaks TLS 1.3.
pub(super) const OUTPUT13: &[Need] = &[Need::Output, Need::Tls13];

/// The meaning of an end of the client in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The client kept the rule.
    Good,
    /// Several behaviours are allowed.
    Allowed,
    /// A MUST is broken, or bytes are lost, for this reason.
    Bad(&'static str),
    /// Bad for this reason if the client speaks HTTP, which says where an answer ends. Otherwise allowed.
    BadInHttp(&'static str),
    /// The client has accepted a certificate that it should not accept. Bad if its command names our authority.
    Unverified(&'static str),
    /// The client has accepted a certificate for another name. Bad if its command names our authority and it speaks HTTP.
    UnverifiedName,
}

/// The meaning of each end of the client in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Exit status 0.
    pub success: Reading,
    /// Another exit status.
    pub error: Reading,
    /// It still runs when the patience is over.
    pub hang: Reading,
}

/// The server has sent a fatal alert, and the client does not end.
pub(super) const FATAL: &str = "a fatal alert ends the connection (RFC 8446, 6.2: MUST)";
/// The server has sent a damaged record, and the client does not end.
pub(super) const DAMAGED: &str = "a damaged record ends the connection (RFC 8446, 5.2: MUST)";
/// The server has closed the connection, and the client does not end.
pub const STUCK: Reading = Reading::Bad("the connection has ended, and nothing more can come");

impl Expect {
    /// The session is good: the client must succeed.
    pub const SUCCESS: Self = Self {
        success: Reading::Good,
        error: Reading::Bad("the session was good and complete"),
        hang: STUCK,
    };

    /// The connection ends badly: the client must report an error. It must end, because nothing more can come.
    pub const fn error_at_end(why_not_success: &'static str) -> Self {
        Self { success: Reading::Bad(why_not_success), error: Reading::Good, hang: STUCK }
    }

    /// [`error_at_end`](Self::error_at_end) where only HTTP has a MUST (RFC 9112). RFC 8446 has none.
    pub const fn error_in_http(why_not_success: &'static str) -> Self {
        Self { success: Reading::BadInHttp(why_not_success), ..Self::error_at_end("") }
    }

    /// The server breaks TLS and keeps the connection open: the client must end the session with an error.
    pub const fn error(why_not_success: &'static str, why_not_wait: &'static str) -> Self {
        Self {
            success: Reading::Bad(why_not_success),
            error: Reading::Good,
            hang: Reading::Bad(why_not_wait),
        }
    }

    /// The server breaks TLS and keeps the connection open. A client may wait for more.
    pub const fn error_or_wait(why_not_success: &'static str) -> Self {
        Self { success: Reading::Bad(why_not_success), error: Reading::Good, hang: Reading::Allowed }
    }

    /// The server is silent: how long a client waits is its policy.
    pub const fn silence(why_not_success: &'static str) -> Self {
        Self { success: Reading::Bad(why_not_success), error: Reading::Allowed, hang: Reading::Allowed }
    }

    /// Success and error are allowed, but the client must end. With success it must have shown everything.
    pub const ANY_END: Self = Self { success: Reading::Allowed, error: Reading::Allowed, hang: STUCK };
}

/// How a server behaves on one connection. An error says that the client has ended the connection.
pub type Serve = fn(&Visit<'_>, Connection) -> io::Result<()>;

/// A case against a client.
pub struct ClientCase {
    /// Its description.
    pub about: About,
    /// Its group.
    pub group: ClientGroup,
    /// Its needs.
    pub needs: &'static [Need],
    /// The server.
    pub serve: Serve,
    /// The meaning of each end of the client.
    pub expect: Expect,
    /// How long the client's output is not read.
    pub unread: Duration,
}

impl About {
    /// The case against clients with this description.
    pub(super) const fn client_case(
        self,
        group: ClientGroup,
        needs: &'static [Need],
        expect: Expect,
        serve: Serve,
    ) -> ClientCase {
        ClientCase { about: self, group, needs, serve, expect, unread: Duration::ZERO }
    }
}
