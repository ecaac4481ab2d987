//! The facts for the summary of a session.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use program::exit::ExitStatus;
use rustls::{AlertDescription, HandshakeKind, HandshakeType, ProtocolVersion, Side};
use serde::{Deserialize, Serialize};
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::escaped::Escaped;
use tls_session::handshake::{Handshake, suite_name};

use decode::explain::{self, Certificate, Certificates, Fault, Marks};
use decode::hello;
use decode::tickets::{Issuer, Tickets};
use decode::{Alert, Content, Message, Protection, Record};

use super::closure::{Closure, Closures};
use super::fault;
use super::overhead::Overhead;
use super::segments::Segment;

/// The known facts of a session. They grow during the session.
#[derive(Debug)]
pub(super) struct Facts {
    /// The number of the session, from 1.
    pub(super) number: u64,
    /// The end that this program is; `None` if it only has a capture of both.
    pub(super) us: Option<Side>,
    /// The time of day at which it began.
    pub(super) began: String,
    /// Its duration so far.
    pub(super) lasted: Duration,
    pub(super) agreed: Option<Agreed>,
    pub(super) outcome: Option<Outcome>,
    /// TLS did not begin (STARTTLS).
    pub(super) is_without_tls: bool,
    /// Says what this program cannot know about the end of the session.
    pub(super) unknown: Option<&'static str>,
    pub(super) moments: Moments,
    /// How far each end has closed.
    pub(super) closures: Closures,
    pub(super) client: End,
    pub(super) server: End,
    /// The server has asked the client for a certificate.
    pub(super) certificate_requested: bool,
    /// What marks the fields of messages.
    pub(super) marks: Marks,
    /// The session that this one resumes, if this process saw it.
    pub(super) origin: Option<Issuer>,
    /// The number of tickets that the server has issued.
    tickets: u32,
    /// The latest ClientHello.
    client_hello: Option<Arc<Message>>,
    /// An encrypted record was decrypted.
    pub(super) opened: bool,
    /// The page has values of keys.
    pub(super) has_keys: bool,
    /// The application got or sent data.
    pub(super) has_data: bool,
    /// How the user gets a page with decrypted records.
    pub(super) advice: Option<&'static str>,
}

/// When things happened, counted from the beginning of the session. `None`: never, or at an unknown time.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// The time that TCP needed to connect before the session began.
    pub(super) connecting: Option<Duration>,
    /// The client's first record. A client may open TCP long before it sends its ClientHello.
    pub(super) asked: Option<Duration>,
    /// The server's first record.
    pub(super) answered: Option<Duration>,
    /// The first application data, and the last.
    pub(super) data: Option<(Duration, Duration)>,
    /// The first alert, FIN or reset.
    pub(super) closing: Option<Duration>,
}

/// One end: its address, and what it sent.
#[derive(Debug)]
pub(super) struct End {
    pub(super) address: SocketAddr,
    /// The number of bytes on the wire.
    pub(super) bytes: u64,
    /// The number of bytes of application data.
    pub(super) data: u64,
    pub(super) records: u64,
    pub(super) certificates: Option<Certificates>,
    pub(super) overhead: Overhead,
}

/// The result of the handshake.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    /// The end of the handshake, counted from the beginning of the session; `None` if it could not be decrypted.
    pub(super) after: Option<Duration>,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: String,
    pub(super) group: Option<String>,
    pub(super) kind: Option<HandshakeKind>,
    pub(super) alpn: Option<String>,
    pub(super) authorization: String,
    /// The peer should have proved its identity, but did not.
    pub(super) alarming: bool,
}

/// How a session ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) sentence: String,
    pub(super) grade: Grade,
    /// Set if one end has refused the other.
    pub(super) refusal: Option<Refusal>,
}

/// The end that refused the other.
#[derive(Debug)]
pub(super) enum Refusal {
    /// We refused the peer, for this reason.
    Ours(String),
    /// The peer refused us with this alert.
    Theirs(AlertDescription),
}

/// The grade of an outcome, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Both ends have finished.
    Clean,
    /// Something may be missing.
    Doubtful,
    /// An error ended the session.
    Failed,
}

impl Moments {
    /// Returns the time until the client's first record, or zero if it was so short that the client only made its ClientHello.
    pub(super) fn waited_for_hello(&self) -> Option<Duration> {
        const NOTICEABLE: Duration = Duration::from_millis(1);
        self.asked.map(|asked| if asked < NOTICEABLE { Duration::ZERO } else { asked })
    }
}

impl End {
    fn at(address: SocketAddr) -> Self {
        Self { address, bytes: 0, data: 0, records: 0, certificates: None, overhead: Overhead::default() }
    }
}

impl Facts {
    /// Begins the facts of a session between these addresses. `us` is the end that this program is, if it is one.
    pub(super) fn new(
        number: u64,
        us: Option<Side>,
        [client, server]: [SocketAddr; 2],
        began: String,
    ) -> Self {
        Self {
            number,
            us,
            began,
            lasted: Duration::ZERO,
            agreed: None,
            outcome: None,
            is_without_tls: false,
            unknown: None,
            moments: Moments::default(),
            closures: Closures::NONE,
            client: End::at(client),
            server: End::at(server),
            certificate_requested: false,
            marks: Marks::default(),
            origin: None,
            tickets: 0,
            client_hello: None,
            opened: false,
            has_keys: false,
            has_data: false,
            advice: None,
        }
    }

    /// Returns about how many bytes it keeps, mostly names in certificates.
    pub(super) fn size(&self) -> usize {
        let certificates = [&self.client, &self.server]
            .into_iter()
            .filter_map(|end| end.certificates.as_ref()?.first.as_ref());
        certificates.map(Certificate::size).sum::<usize>() + 1024
    }

    pub(super) fn of(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(super) fn of_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    pub(super) fn agree(&mut self, handshake: &Handshake) {
        let Handshake { version, suite, group, kind, alpn, authorization, .. } = handshake;
        self.agreed = Some(Agreed {
            after: Some(self.lasted),
            version: *version,
            suite: suite.map(|suite| suite_name(suite.suite()).to_owned()).unwrap_or_default(),
            group: group.map(|group| format!("{group:?}")),
            kind: *kind,
            alpn: alpn.as_ref().map(|protocol| Escaped::new(protocol).to_string()),
            authorization: authorization.report.clone(),
            alarming: authorization.is_warning,
        });
    }

    /// Ends the session for this reason, which `sentence` describes.
    pub(super) fn close(&mut self, reason: &CloseReason, sentence: String) {
        let grade = match (reason, ExitStatus::from(reason)) {
            (CloseReason::Clean { .. }, _) => Grade::Clean,
            (_, ExitStatus::Clean) => Grade::Doubtful,
            _ => Grade::Failed,
        };
        let refusal = match reason {
            CloseReason::Unauthorized(why) => Some(Refusal::Ours(why.to_string())),
            CloseReason::PeerAlert(alert, _) => Some(Refusal::Theirs(*alert)),
            _ => None,
        };
        self.unknown = match reason {
            CloseReason::Clean { first: Endpoint::Peer } => Some(
                "close_notify does not say why the peer closed first. It may have finished, or one of its time limits may \
                 have passed.",
            ),
            CloseReason::Truncated { established: true } => Some(
                "A crash of the peer, a broken line, and an attacker look alike: the connection ends without close_notify.",
            ),
            _ => None,
        };
        // Our own reason says more than our alert.
        if let (Some(us), Some(fault)) = (self.us, fault::of(reason)) {
            self.marks.fault = Some((decode::other_side(us), fault));
        }
        self.outcome = Some(Outcome { sentence, grade, refusal });
    }

    /// Ends a connection on which TLS did not begin.
    pub(super) fn fail_before_tls(&mut self, sentence: String) {
        self.is_without_tls = true;
        self.outcome = Some(Outcome { sentence, grade: Grade::Failed, refusal: None });
    }

    pub(super) fn record(&mut self, record: &Record) {
        let end = self.of_mut(record.sender);
        end.records += 1;
        end.overhead.add(record);
        self.closures.close(record.sender, Closure::by(record));
        let opened = matches!(record.protection, Protection::Opened { .. });
        self.opened |= opened;
        self.has_keys |= record.derivations.iter().any(|derivation| derivation.value.is_some());
        self.has_data |= opened && matches!(record.content, Content::ApplicationData(1..));
        let moments = &mut self.moments;
        match record.sender {
            Side::Client => moments.asked.get_or_insert(self.lasted),
            Side::Server => moments.answered.get_or_insert(self.lasted),
        };
        match record.content {
            Content::ApplicationData(1..) => {
                let (first, _) = moments.data.unwrap_or((self.lasted, self.lasted));
                moments.data = Some((first, self.lasted));
            }
            Content::Alert(Alert { unauthenticated: false, description, .. }) if !record.is_warning() => {
                moments.closing.get_or_insert(self.lasted);
                // Some servers refuse a client without a certificate with an alert about certificates.
                let owner = decode::other_side(record.sender);
                let has_presented = self.of(owner).certificates.as_ref().is_some_and(|sent| sent.count > 0);
                let refused =
                    fault::of_alert(description).filter(|fault| has_presented || *fault == Fault::Proof);
                self.marks.fault = self.marks.fault.or(refused.map(|fault| (owner, fault)));
            }
            _ => {}
        }
        for message in record.messages() {
            self.message(message);
        }
    }

    /// Returns whether records of this end could not be decrypted. Then its alerts and its data are not known.
    pub(super) fn is_sealed(&self, side: Side) -> bool {
        self.of(side).overhead.sealed > 0
    }

    /// Returns the time of the handshake, from the ClientHello on; `None` if its end is not known.
    pub(super) fn handshake(&self) -> Option<Duration> {
        let after = self.agreed.as_ref()?.after?;
        Some(after.saturating_sub(self.moments.waited_for_hello().unwrap_or_default()))
    }

    /// Returns whether ClientHello has the name of a server.
    pub(super) fn names_server(&self) -> bool {
        self.client_hello.as_ref().is_some_and(|hello| hello::server_name(hello.body()).is_some())
    }

    /// Returns the FIN of this end, which comes now.
    pub(super) fn fin(&self, sender: Side) -> Segment {
        let [own, other] = [sender, decode::other_side(sender)].map(|side| self.closures.of(side));
        Segment::Fin { sender, own, other }
    }

    /// Notes an event of the TCP connection.
    pub(super) fn segment(&mut self, segment: Segment) {
        match segment {
            Segment::Connected(took) => self.moments.connecting = took,
            Segment::Fin { sender, .. } => self.closures.close(sender, Closure::Closed),
            Segment::Reset(_) => self.closures.close_both(Closure::Closed),
        }
        if segment.sender().is_some() {
            self.moments.closing.get_or_insert(self.lasted);
        }
    }

    /// Finds the session that this one resumes. Remembers the tickets that this session issues.
    pub(super) fn resume(&mut self, record: &Record, tickets: &mut Tickets) {
        for message in record.pieces().iter().filter_map(|piece| piece.message.as_ref()) {
            match (message.kind, &self.client_hello) {
                (HandshakeType::ClientHello, _) => self.client_hello = Some(Arc::clone(message)),
                (HandshakeType::ServerHello, Some(client_hello)) => {
                    self.origin = tickets.origin(client_hello, message);
                }
                _ => {}
            }
            tickets.saw(message, self.number, self.tickets);
            let is_ticket = message.kind == HandshakeType::NewSessionTicket;
            self.tickets = self.tickets.saturating_add(u32::from(is_ticket));
        }
    }

    fn message(&mut self, message: &Message) {
        self.marks.choices.learn(message);
        match message.kind {
            HandshakeType::CertificateRequest => self.certificate_requested = true,
            HandshakeType::Certificate => {
                self.of_mut(message.sender).certificates = Some(explain::certificates(message));
            }
            _ => {}
        }
    }
}
