//! The facts for the summary of a session.

use std::net::SocketAddr;
use std::time::Duration;

use program::ending::Endings;
use program::exit::ExitStatus;
use rustls::{HandshakeKind, HandshakeType, ProtocolVersion, Side};
use tls_session::alert_name::AlertName;
use tls_session::close_reason::{CloseReason, Until};
use tls_session::escaped::Escaped;
use tls_session::handshake::{Handshake, suite_name};
use tls_session::observer::SessionId;

use decode::explain::{self, Certificate, Certificates};
use decode::{Content, Message, Protection, Record};

/// The known facts of a session. They grow during the session.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) id: SessionId,
    pub(super) endings: Endings,
    pub(super) local: SocketAddr,
    /// The time of day at which it began.
    pub(super) began: String,
    /// Its duration so far.
    pub(super) lasted: Duration,
    pub(super) agreed: Option<Agreed>,
    pub(super) end: Option<End>,
    /// Sent by the client.
    pub(super) client: Sent,
    /// Sent by the server.
    pub(super) server: Sent,
    /// The server has asked the client for a certificate.
    pub(super) certificate_requested: bool,
    /// An encrypted record was decrypted.
    pub(super) opened: bool,
    /// The application got or sent data.
    pub(super) has_data: bool,
}

/// The bytes and records that one end sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) bytes: u64,
    pub(super) records: u64,
    pub(super) certificates: Option<Certificates>,
}

/// The result of the handshake.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) after: Duration,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: String,
    pub(super) group: Option<String>,
    pub(super) kind: Option<HandshakeKind>,
    pub(super) alpn: Option<String>,
    pub(super) authorization: String,
    /// The peer should have proved its identity, but did not.
    pub(super) alarming: bool,
}

/// The end of a session.
#[derive(Debug)]
pub(super) struct End {
    pub(super) sentence: String,
    pub(super) outcome: Outcome,
    /// Set if one end has refused the other.
    pub(super) refusal: Option<Refusal>,
    /// Bytes of application data that we received.
    pub(super) received: u64,
    /// Bytes of application data that we sent.
    pub(super) sent: u64,
}

/// The end that refused the other.
#[derive(Debug)]
pub(super) enum Refusal {
    /// We refused the peer, for this reason.
    Ours(String),
    /// The peer refused us with this alert.
    Theirs(String),
}

/// The outcome of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Clean,
    Doubtful,
    Failed,
}

impl Facts {
    pub(super) fn new(id: SessionId, endings: Endings, local: SocketAddr, began: String) -> Self {
        Self {
            id,
            endings,
            local,
            began,
            lasted: Duration::ZERO,
            agreed: None,
            end: None,
            client: Sent::default(),
            server: Sent::default(),
            certificate_requested: false,
            opened: false,
            has_data: false,
        }
    }

    pub(super) fn us(&self) -> Side {
        self.endings.local()
    }

    /// Returns about how many bytes it keeps, mostly names in certificates.
    pub(super) fn size(&self) -> usize {
        let certificates = [&self.client, &self.server]
            .into_iter()
            .filter_map(|sent| sent.certificates.as_ref()?.first.as_ref());
        certificates.map(Certificate::size).sum::<usize>() + 1024
    }

    pub(super) fn address_of(&self, side: Side) -> SocketAddr {
        if side == self.endings.peer() { self.id.peer } else { self.local }
    }

    pub(super) fn of(&self, side: Side) -> &Sent {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(super) fn sent_by(&mut self, side: Side) -> &mut Sent {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    pub(super) fn agree(&mut self, handshake: &Handshake) {
        let Handshake { version, suite, group, kind, alpn, authorization, .. } = handshake;
        self.agreed = Some(Agreed {
            after: self.lasted,
            version: *version,
            suite: suite.map(|suite| suite_name(suite.suite()).to_owned()).unwrap_or_default(),
            group: group.map(|group| format!("{group:?}")),
            kind: *kind,
            alpn: alpn.as_ref().map(|protocol| Escaped::new(protocol).to_string()),
            authorization: authorization.report.clone(),
            alarming: authorization.is_warning,
        });
    }

    pub(super) fn close(&mut self, reason: &CloseReason, until: Until<'_>, received: u64, sent: u64) {
        let outcome = match (reason, ExitStatus::from(reason)) {
            (CloseReason::Clean { .. }, _) => Outcome::Clean,
            (_, ExitStatus::Clean) => Outcome::Doubtful,
            _ => Outcome::Failed,
        };
        let refusal = match reason {
            CloseReason::Unauthorized(why) => Some(Refusal::Ours(why.to_string())),
            CloseReason::PeerAlert(alert, _) => Some(Refusal::Theirs(AlertName(*alert).to_string())),
            _ => None,
        };
        let sentence = self.endings.describe_end(reason, until).to_string();
        self.end = Some(End { sentence, outcome, refusal, received, sent });
    }

    pub(super) fn record(&mut self, record: &Record) {
        self.sent_by(record.sender).records += 1;
        let opened = matches!(record.protection, Protection::Opened { .. });
        self.opened |= opened;
        self.has_data |= opened && matches!(record.content, Content::ApplicationData(1..));
        for message in record.messages() {
            self.message(message);
        }
    }

    fn message(&mut self, message: &Message) {
        match message.kind {
            HandshakeType::CertificateRequest => self.certificate_requested = true,
            HandshakeType::Certificate => {
                self.sent_by(message.sender).certificates = Some(explain::certificates(message));
            }
            _ => {}
        }
    }
}
