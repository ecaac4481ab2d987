//! The sentence about the end of a session.

use std::fmt;
use std::io;
use std::sync::Arc;

use identity::{Distrust, Unauthorized};
use rustls::{Error, InvalidMessage, PeerIncompatible, Side};
use tls_session::alert_name::AlertName;
use tls_session::authorize::Refusal;
use tls_session::close_reason::{CloseReason, Endpoint, Operation, Until};
use tls_session::deadline::Timeout;
use tls_session::escaped::Escaped;
use tls_session::not_tls::Protocol;

use crate::alert_context;
use crate::certificate_request;
use crate::in_common::nothing_in_common;
use crate::offer::Offer;
use crate::peer_bytes::PeerBytes;
use crate::time_limit::timeout_flag;

/// Writes the sentences about the ends of sessions.
#[derive(Clone, Debug)]
pub struct Endings {
    local: Side,
    ours: Arc<Offer>,
    after_starttls: bool,
}

impl Endings {
    /// Returns the sentences of a program with the role `local` that allows `ours`.
    pub fn new(local: Side, ours: Offer) -> Self {
        Self { local, ours: Arc::new(ours), after_starttls: false }
    }

    /// Returns the sentences of a program with the role `local`. They do not name what it allows.
    pub fn of(local: Side) -> Self {
        Self::new(local, Offer::default())
    }

    /// Returns the sentences for sessions that follow a plaintext dialogue, if `after_starttls` is true.
    pub fn after_starttls(self, after_starttls: bool) -> Self {
        Self { after_starttls, ..self }
    }

    /// Returns the role of this program.
    pub fn local(&self) -> Side {
        self.local
    }

    /// Returns the role of its peers.
    pub fn peer(&self) -> Side {
        decode::other_side(self.local)
    }

    /// Returns the sentence for this reason.
    pub fn describe<'a>(&'a self, reason: &'a CloseReason) -> impl fmt::Display + 'a {
        Description { reason, endings: self, until: None }
    }

    /// Returns the sentence for this reason, with the state of the session at its end.
    pub fn describe_end<'a>(&'a self, reason: &'a CloseReason, until: Until<'a>) -> impl fmt::Display + 'a {
        Description { reason, endings: self, until: Some(until) }
    }
}

struct Description<'a> {
    reason: &'a CloseReason,
    endings: &'a Endings,
    /// `None` if the session continues, as during a change of phase.
    until: Option<Until<'a>>,
}

impl Description<'_> {
    fn peer(&self) -> &'static str {
        decode::side_name(self.endings.peer())
    }

    /// Returns the bytes of the peer, if the handshake was not complete.
    fn received(&self) -> Option<PeerBytes<'_>> {
        self.until?.handshake_bytes().map(PeerBytes)
    }

    /// Explains why a server may have left without an alert, after a semicolon.
    fn certificate_request(&self) -> String {
        match self.until {
            Some(Until::CertificateRequested { request, .. }) => request
                .downcast_ref()
                .map(|request| format!("; {}", certificate_request::explain_silence(request)))
                .unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Returns the bytes of the peer, after a semicolon.
    fn received_bytes(&self) -> String {
        self.received().map(|received| format!("; {}", received.describe(self.peer()))).unwrap_or_default()
    }

    fn unauthorized_hint(&self, why: &Refusal) -> &'static str {
        match (why.reason().downcast_ref(), self.endings.local) {
            (Some(Unauthorized::WrongName { is_for_another_server: true, .. }), _) => {
                "; if this is the right server, give --server-name one of its names"
            }
            (Some(Unauthorized::Untrusted { reason: Distrust::UnknownIssuer, .. }), Side::Client) => {
                "; if you trust this server, name its certificate with --ca; if not, another server may have answered"
            }
            (Some(Unauthorized::Untrusted { reason: Distrust::UnknownIssuer, .. }), Side::Server) => {
                "; if you trust this client, add its certificate to the file of --client-ca"
            }
            _ => "",
        }
    }

    fn tls(&self, error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nothing_in_common =
            |received| nothing_in_common(error, self.endings.peer(), &self.endings.ours, &received);
        if let Some(sentence) = self.received().and_then(nothing_in_common) {
            return write!(f, "TLS failed: {sentence}");
        }
        write!(f, "TLS failed: {}{}", Escaped::new(&error.to_string()), tls_hint(error))
    }

    fn transport(
        &self,
        operation: Operation,
        kind: io::ErrorKind,
        error: &str,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let peer = self.peer();
        match (kind, operation) {
            (io::ErrorKind::ConnectionReset, _) => write!(f, "the {peer} reset the connection")?,
            (_, Operation::Read) => write!(f, "reading from the {peer} failed: {error}")?,
            (_, Operation::Write) => write!(f, "writing to the {peer} failed: {error}")?,
        }
        match (self.received(), self.until) {
            (Some(received), _) => write!(f, " during the handshake; {}", received.describe(peer))?,
            (None, Some(_)) if kind == io::ErrorKind::ConnectionReset => {
                f.write_str(" after the handshake, so something may be missing")?;
            }
            _ => {}
        }
        f.write_str(&self.certificate_request())
    }
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer();
        match self.reason {
            CloseReason::Clean { first: Endpoint::Local } => write!(f, "closed cleanly, we first"),
            CloseReason::Clean { first: Endpoint::Peer } => write!(f, "closed cleanly, the {peer} first"),
            CloseReason::Unconfirmed => {
                write!(f, "we closed; the {peer} just left, without a close_notify of its own")?;
                f.write_str(&self.certificate_request())
            }
            CloseReason::Truncated { established: true } => {
                write!(f, "truncated: the {peer} left without close_notify, so something may be missing")?;
                f.write_str(&self.certificate_request())
            }
            CloseReason::Truncated { established: false } => {
                write!(
                    f,
                    "truncated: the {peer} left before the handshake was done{}",
                    self.received_bytes()
                )?;
                f.write_str(&self.certificate_request())
            }
            CloseReason::Abandoned => write!(f, "we left before the handshake was done"),
            CloseReason::AbandonedByApplication => {
                write!(f, "we left: the data of the {peer} has no reader")
            }
            CloseReason::Aborted => write!(f, "we left: our answer to the {peer} could not be completed"),
            CloseReason::PeerAlert(alert, context) => {
                write!(f, "the {peer} ended the session with the alert {}", AlertName(*alert))?;
                f.write_str(&alert_context::explain(context, *alert, self.endings.peer(), &self.endings.ours))
            }
            CloseReason::NotTls(foreign) if self.endings.after_starttls => write!(
                f,
                "the {peer} sent plaintext after it agreed to begin TLS; its first bytes: \"{}\"; an attacker on the \
                 path may have injected it (CVE-2011-0411)",
                Escaped::new(foreign.first_bytes())
            ),
            CloseReason::NotTls(foreign) => {
                write!(f, "the {peer} does not speak TLS: {foreign}")?;
                f.write_str(match self.endings.local {
                    Side::Client => starttls_hint(foreign.protocol()),
                    Side::Server => tls_client_hint(foreign.protocol()),
                })
            }
            CloseReason::Unauthorized(why) => {
                write!(f, "the {peer} is not authorized: {why}{}", self.unauthorized_hint(why))
            }
            CloseReason::Tls(error) => self.tls(error, f),
            CloseReason::KeysUsedUp { limit } => {
                // Only a client can connect again.
                let remedy = match self.endings.local {
                    Side::Client => "connect again, or use TLS 1.3 (see --tls)",
                    Side::Server => "use TLS 1.3 (see --tls)",
                };
                write!(
                    f,
                    "the keys of this TLS 1.2 session are used up after {limit} records, so our data is cut off; {remedy}"
                )
            }
            CloseReason::Transport { operation, kind, error } => self.transport(*operation, *kind, error, f),
            CloseReason::TimedOut(timeout) => {
                let received = match timeout {
                    Timeout::Wait => String::new(), // the server sent nothing
                    _ => self.received_bytes(),
                };
                let (flag, missing) = (timeout_flag(*timeout), what_was_missing(*timeout));
                write!(f, "timed out ({flag}): {missing}{received}")
            }
        }
    }
}

/// Returns the flag of the client for a server that begins without TLS.
fn starttls_hint(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::SmtpOrFtp) => ", or use --starttls smtp",
        Some(Protocol::Imap) => ", or use --starttls imap",
        Some(Protocol::Pop3) => ", or use --starttls pop3",
        _ => "",
    }
}

/// Returns the way to begin with TLS, for a client that does not.
fn tls_client_hint(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Http | Protocol::Http2) => "; this server needs TLS: use https:// instead of http://",
        _ => "; this server needs TLS: connect with a TLS client, such as `openssl s_client`",
    }
}

/// Returns the event that did not happen in time, as a sentence.
pub fn what_was_missing(timeout: Timeout) -> &'static str {
    match timeout {
        Timeout::Wait => "no byte came from the server (it may be busy with another client)",
        Timeout::Handshake => "the handshake did not finish",
        Timeout::Idle => "no application data moved in either direction",
        Timeout::Write => "the peer accepted no byte of our pending output",
        Timeout::Close => "the peer did not finish closing",
        Timeout::Session => "the session was still open",
    }
}

fn tls_hint(error: &Error) -> &'static str {
    match error {
        Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon | PeerIncompatible::NoKxGroupsInCommon,
        ) => "; try other values of --suite and --group, or none",
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic,
        ) => "; both ends need a version in common, see --tls",
        Error::PeerIncompatible(PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon) => {
            "; the server asks for a certificate, and accepts no signature that TLS 1.3 allows"
        }
        Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired) => {
            "; perhaps the client knows no version above TLS 1.1"
        }
        // If the peer's first byte is wrong, the reason is `NotTls` instead.
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "; it began with TLS and continued with something else"
        }
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
            "; a handshake message may have at most 65535 bytes"
        }
        Error::DecryptError => "; the record was damaged in transit, or forged",
        _ => "",
    }
}
