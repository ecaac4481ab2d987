//! Every way in which a session can end, with its sentence for people and its exit status.

use std::fmt;
use std::io;

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, Side};

use crate::alert_context::AlertContext;
use crate::alert_name::AlertName;
use crate::deadline::Timeout;
use crate::escaped::Escaped;
use crate::exit::ExitStatus;
use crate::foreign::Foreign;
use crate::heard::Heard;
use crate::identity::{CertificateRequest, Unauthorized};
use crate::offer::{is_obsolete, version_name};

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
    /// We left before the handshake was done.
    Abandoned,
    /// We left, with a close_notify: nobody was there any more to take what the peer says.
    Left,
    /// The peer ended the session with a fatal alert.
    PeerAlert(AlertDescription, AlertContext),
    /// The peer speaks something, and it is not TLS.
    NotTls(Foreign),
    /// The peer's proof of identity was not accepted.
    Unauthorized(Unauthorized),
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

    /// The exit status that stands for this reason.
    pub fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Clean { .. } | Self::Unconfirmed | Self::Left => ExitStatus::Clean,
            Self::Truncated { .. } => ExitStatus::Truncated,
            Self::Abandoned => ExitStatus::Interrupted,
            Self::PeerAlert(..) | Self::NotTls(_) | Self::Unauthorized(_) | Self::Tls(_) => ExitStatus::Tls,
            Self::Transport { .. } => ExitStatus::Transport,
            Self::TimedOut(_) => ExitStatus::TimedOut,
        }
    }

    /// The sentence for people. `peer` is the side that the other end plays.
    pub fn describe(&self, peer: Side) -> impl fmt::Display + '_ {
        Description { reason: self, side: peer, until: None }
    }

    /// The sentence for people, with how far the session had come by its end.
    pub fn describe_end<'a>(&'a self, peer: Side, until: Until<'a>) -> impl fmt::Display + 'a {
        Description { reason: self, side: peer, until: Some(until) }
    }
}

/// How far a session came before it ended.
#[derive(Clone, Copy, Debug)]
pub enum Until<'a> {
    /// The handshake was not done, and this had come from the peer.
    Handshake(&'a Heard),
    /// The handshake was done.
    Established,
    /// The server had asked this client for a certificate, and had sent no data since.
    Asked {
        /// What had come from the server, if the handshake was not done.
        heard: Option<&'a Heard>,
        /// What the server asked for, and what this client sent.
        request: &'a CertificateRequest,
    },
}

struct Description<'a> {
    reason: &'a CloseReason,
    side: Side,
    /// `None` if the session goes on, as during a change of phase.
    until: Option<Until<'a>>,
}

impl Description<'_> {
    fn peer(&self) -> &'static str {
        if self.side == Side::Client { "client" } else { "server" }
    }

    /// What the peer had sent, if the handshake was not done.
    fn heard(&self) -> Option<&Heard> {
        match self.until {
            Some(Until::Handshake(heard)) => Some(heard),
            Some(Until::Asked { heard, .. }) => heard,
            Some(Until::Established) | None => None,
        }
    }

    /// Why a server may have left without an alert, behind a semicolon.
    fn what_was_asked(&self) -> String {
        match self.until {
            Some(Until::Asked { request, .. }) => format!("; {}", request.explain_silence()),
            _ => String::new(),
        }
    }

    /// What the peer had sent, behind a semicolon.
    fn what_came(&self) -> String {
        self.heard().map(|heard| format!("; {}", heard.describe(self.peer()))).unwrap_or_default()
    }

    fn tls(&self, error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sentence) = self.heard().and_then(|heard| nothing_in_common(error, self.side, heard)) {
            return write!(f, "TLS failed: {sentence}");
        }
        write!(f, "TLS failed: {}{}", Escaped::new(&error.to_string()), tls_hint(error))
    }

    fn transport(
        &self,
        doing: Doing,
        kind: io::ErrorKind,
        error: &str,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let peer = self.peer();
        match (kind, doing) {
            (io::ErrorKind::ConnectionReset, _) => write!(f, "the {peer} reset the connection")?,
            (_, Doing::Reading) => write!(f, "reading from the {peer} failed: {error}")?,
            (_, Doing::Writing) => write!(f, "writing to the {peer} failed: {error}")?,
        }
        match (self.heard(), self.until) {
            (Some(heard), _) => write!(f, " during the handshake; {}", heard.describe(peer))?,
            (None, Some(_)) if kind == io::ErrorKind::ConnectionReset => {
                f.write_str(" after the handshake, so something may be missing")?;
            }
            _ => {}
        }
        f.write_str(&self.what_was_asked())
    }
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer();
        match self.reason {
            CloseReason::Clean { first: Party::Us } => write!(f, "closed cleanly, we first"),
            CloseReason::Clean { first: Party::Peer } => write!(f, "closed cleanly, the {peer} first"),
            CloseReason::Unconfirmed => {
                write!(f, "we closed; the {peer} just left, without a close_notify of its own")?;
                f.write_str(&self.what_was_asked())
            }
            CloseReason::Truncated { established: true } => {
                write!(f, "truncated: the {peer} left without close_notify, so something may be missing")?;
                f.write_str(&self.what_was_asked())
            }
            CloseReason::Truncated { established: false } => {
                write!(f, "truncated: the {peer} left before the handshake was done{}", self.what_came())?;
                f.write_str(&self.what_was_asked())
            }
            CloseReason::Abandoned => write!(f, "we left before the handshake was done"),
            CloseReason::Left => write!(f, "we left: nobody takes what the {peer} says"),
            CloseReason::PeerAlert(alert, context) => {
                write!(f, "the {peer} ended the session with the alert {}", AlertName(*alert))?;
                f.write_str(&context.explain(*alert, self.side))
            }
            CloseReason::NotTls(foreign) => write!(f, "the {peer} does not speak TLS: {foreign}"),
            CloseReason::Unauthorized(why) => {
                write!(f, "the {peer} is not authorized: {why}{}", unauthorized_hint(why))
            }
            CloseReason::Tls(error) => self.tls(error, f),
            CloseReason::Transport { doing, kind, error } => self.transport(*doing, *kind, error, f),
            CloseReason::TimedOut(Timeout::Wait) => {
                write!(f, "timed out ({}): {}", Timeout::Wait, Timeout::Wait.what_was_missing())
            }
            CloseReason::TimedOut(timeout) => {
                let missing = timeout.what_was_missing();
                write!(f, "timed out ({timeout}): {missing}{}", self.what_came())
            }
        }
    }
}

fn unauthorized_hint(why: &Unauthorized) -> &'static str {
    match why {
        Unauthorized::WrongName { names, near: None, .. } if names.counts() => {
            "; if that is whom you mean, name it with --server-name"
        }
        _ => "",
    }
}

/// What each side has of what they have nothing of in common, and the flag for it.
fn nothing_in_common(error: &Error, peer: Side, heard: &Heard) -> Option<String> {
    use PeerIncompatible as Peer;
    let Error::PeerIncompatible(error) = error else { return None };
    let ours = heard.ours();
    let we_allow =
        |names: String| if names == "none" { String::new() } else { format!("; we allow {names}") };
    match error {
        Peer::Tls12NotOffered
        | Peer::Tls12NotOfferedOrEnabled
        | Peer::SupportedVersionsExtensionRequired
        | Peer::SignatureAlgorithmsExtensionRequired
        | Peer::ServerDoesNotSupportTls12Or13
        | Peer::ServerTlsVersionIsDisabledByOurConfig => {
            let (theirs, is_obsolete) = match peer {
                Side::Client => {
                    let offer = heard.client_offer()?;
                    let is_obsolete = offer.versions.iter().all(|version| is_obsolete(*version));
                    (format!("the client offers {}", offer.version_names()), is_obsolete)
                }
                Side::Server => {
                    let version = heard.server_version()?;
                    (format!("the server chose {}", version_name(version)), is_obsolete(version))
                }
            };
            let ours = we_allow(ours.version_names());
            match (is_obsolete, error) {
                (true, _) => {
                    Some(format!("no version in common: {theirs}, which is obsolete (RFC 8996){ours}"))
                }
                // The version is not what is wrong.
                (false, Peer::SignatureAlgorithmsExtensionRequired) => None,
                (false, _) => Some(format!("no version in common: {theirs}{ours} (see --tls)")),
            }
        }
        Peer::NoCipherSuitesInCommon => {
            let theirs = heard.client_offer()?;
            let names = theirs.suite_names();
            if theirs.suites.iter().any(|suite| ours.suites.contains(suite)) {
                return Some(format!(
                    "no cipher suite fits: the client offers {names}, and those that we allow do not fit its \
                     version or the key of our certificate (see --suite)"
                ));
            }
            let ours = we_allow(ours.suite_names());
            Some(format!("no cipher suite in common: the client offers {names}{ours} (see --suite)"))
        }
        Peer::NoKxGroupsInCommon => {
            let names = heard.client_offer()?.group_names();
            let ours = we_allow(ours.group_names());
            Some(format!("no key exchange group in common: the client offers {names}{ours} (see --group)"))
        }
        _ => None,
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
            "; the server asks for a certificate, and takes no signature that TLS 1.3 allows"
        }
        Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired) => {
            "; does the client know no version above TLS 1.1?"
        }
        Error::NoApplicationProtocol => "; the client offers none of those that --alpn names",
        // One that begins so is `NotTls`.
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "; it began with TLS and went on with something else"
        }
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
            "; a handshake message may have 65535 bytes at most"
        }
        Error::DecryptError => "; the record was damaged on its way, or forged",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_that_names_the_peer_by_its_part() {
        let truncated = CloseReason::Truncated { established: true };
        assert!(
            truncated.describe(Side::Client).to_string().contains("the client left without close_notify")
        );
        assert!(
            truncated.describe(Side::Server).to_string().contains("the server left without close_notify")
        );
    }
}
