//! The server that all cases share, and one client run after the other.

use std::cell::Cell;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::crypto::CryptoProvider;
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::case::{ClientCase, Need, Serve};
use super::clean;
use super::happened::{Facts, Happened};
use super::identities::{Identities, Kind};
use super::judge::judge;
use super::message::Mode;
use super::process::{ClientCommand, Places, Run};
use super::visit::Visit;
use crate::case::Version;
use crate::evidence::Evidence;
use crate::verdict::Verdict;
use crate::wire::{End, Forge};

/// How long the servers may take to notice that the client has ended.
const NOTICE: Duration = Duration::from_millis(100);
/// How often the listener looks whether the client has ended.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// The server that a client is run against.
pub struct Stage {
    listener: TcpListener,
    address: SocketAddr,
    identities: Identities,
    places: Places,
    versions: Vec<&'static SupportedProtocolVersion>,
    mode: Mutex<Option<Mode>>,
    /// How long a client may take that has nothing to wait for.
    pub patience: Duration,
}

/// The findings about a client in a clean session.
#[derive(Clone, Debug)]
pub struct ClientFacts {
    /// The version of TLS that it chose.
    pub version: Version,
    /// Its protocol.
    pub mode: Mode,
    /// Whether it shows what it receives.
    pub shows: bool,
    /// How it ended the session: "close_notify".
    pub end: String,
    /// Whether its command names our authority: it is asked to verify.
    pub names_authority: bool,
}

/// Why a client cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server or the client cannot be started.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A clean session does not end with status 0.
    #[error("the client fails in a clean session, so it cannot be judged: {why}\n{evidence}{output}")]
    NotClean {
        /// Its fault.
        why: String,
        /// The bytes on the connection.
        evidence: Evidence,
        /// Its output.
        output: String,
    },
}

/// The result of a case.
pub struct ClientOutcome {
    /// The case.
    pub case: &'static ClientCase,
    /// The verdict.
    pub verdict: Verdict,
    /// The end of the client. `None` if the case does not apply.
    pub run: Option<Run>,
    /// How the client ended the connection, if the server has waited for that.
    pub end: Option<End>,
    /// The arrow chart.
    pub evidence: Evidence,
    /// How long it took.
    pub took: Duration,
}

/// One run of the client, whatever the server did.
pub(super) struct Encounter {
    pub run: Run,
    pub evidence: Evidence,
    pub connections: usize,
    pub facts: Facts,
}

impl Stage {
    /// Listens at this address. `host` is the value of `{host}`. Without a mode, the clean session finds it out.
    ///
    /// # Errors
    /// The address is in use, or the certificates cannot be made.
    pub fn new(
        address: SocketAddr,
        host: &str,
        mode: Option<Mode>,
        versions: &[Version],
        patience: Duration,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let identities = Identities::new()?;
        let places = Places {
            ca: identities.ca().to_string_lossy().into_owned(),
            host: host.to_owned(),
            port: address.port(),
        };
        let versions = versions.iter().map(|version| version.rustls()).collect();
        Ok(Self { listener, address, identities, places, versions, mode: Mutex::new(mode), patience })
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The protocol of the client. An echo, as long as it is unknown.
    pub fn mode(&self) -> Mode {
        self.known_mode().unwrap_or(Mode::Echo)
    }

    /// The protocol of the client, if it is known.
    pub fn known_mode(&self) -> Option<Mode> {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration of a server with this certificate.
    ///
    /// # Errors
    /// rustls refuses it.
    pub fn config(&self, kind: Kind, provider: CryptoProvider) -> io::Result<Arc<ServerConfig>> {
        self.identities.config(kind, provider, &self.versions)
    }

    /// Runs a clean session, and returns its findings about the client.
    ///
    /// # Errors
    /// The session does not end with status 0.
    pub fn probe(&self, command: &ClientCommand) -> Result<ClientFacts, ClientError> {
        let encounter = self.meet(command, clean::serve, self.patience, Duration::ZERO)?;
        if let Some(mode) = encounter.facts.mode {
            *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = Some(mode);
        }
        clean::facts(self.mode(), command, encounter)
    }

    /// Runs a case, if it applies to this client.
    ///
    /// # Errors
    /// The client cannot be started.
    pub fn run(
        &self,
        command: &ClientCommand,
        facts: &ClientFacts,
        case: &'static ClientCase,
    ) -> io::Result<ClientOutcome> {
        if let Some(reason) = not_applicable(case, facts) {
            let verdict = Verdict::NotApplicable(reason.to_owned());
            let (evidence, took) = Default::default();
            return Ok(ClientOutcome { case, verdict, run: None, end: None, evidence, took });
        }
        let encounter = self.meet(command, case.serve, self.patience + case.group.extra(), case.unread)?;
        let verdict = judge(case, facts, &encounter);
        let Encounter { run, evidence, facts: Facts { end, .. }, .. } = encounter;
        let took = run.took;
        Ok(ClientOutcome { case, verdict, run: Some(run), end, evidence, took })
    }

    /// Runs the client once. Each of its connections is served in this way.
    pub(super) fn meet(
        &self,
        command: &ClientCommand,
        serve: Serve,
        limit: Duration,
        unread: Duration,
    ) -> io::Result<Encounter> {
        let evidence = Evidence::default();
        let happened = Happened::default();
        self.drop_backlog();
        let deadline = Instant::now() + limit + NOTICE;
        let run = thread::scope(|scope| {
            let visits = scope.spawn(|| self.accept(scope, &happened, &evidence, serve, deadline));
            let run = command.start(&self.places, unread).and_then(|client| client.wait(limit));
            let by = Instant::now() + NOTICE;
            while happened.serving() && Instant::now() < by {
                thread::sleep(Duration::from_millis(1));
            }
            happened.end();
            let _ = visits.join();
            run
        })?;
        let facts = happened.facts().clone();
        evidence.note(format!("{} after {:.3} s", run.ended, run.took.as_secs_f64()));
        let words = run.last_words();
        if !words.is_empty() {
            evidence.note(format!("its last words: {words}"));
        }
        Ok(Encounter { run, evidence, connections: happened.connections(), facts })
    }

    /// Accepts until the client has ended, and serves each connection on a thread.
    fn accept<'scope, 'env>(
        &'scope self,
        scope: &'scope thread::Scope<'scope, 'env>,
        happened: &'scope Happened,
        evidence: &'scope Evidence,
        serve: Serve,
        deadline: Instant,
    ) {
        while !happened.over() {
            let mut waiting = [PollFd::new(&self.listener, PollFlags::IN)];
            let _ = poll(&mut waiting, Some(&LOOK));
            let Ok((socket, _)) = self.listener.accept() else { continue };
            if socket.set_nonblocking(false).is_err() {
                continue;
            }
            let Some(number) = happened.add(&socket) else { continue };
            let visit = Visit {
                stage: self,
                happened,
                number,
                evidence: evidence.clone(),
                forge: Forge::default(),
                deadline,
                half_closed: Cell::new(false),
            };
            scope.spawn(move || {
                visit.run(serve, socket);
                visit.happened.served(number);
            });
        }
    }

    /// Drops connections that a client before has left behind.
    fn drop_backlog(&self) {
        while self.listener.accept().is_ok() {}
    }
}

/// Why a case does not apply to a client.
fn not_applicable(case: &ClientCase, facts: &ClientFacts) -> Option<&'static str> {
    case.needs.iter().find_map(|need| match need {
        Need::Http if facts.mode != Mode::Http => Some("the client does not speak HTTP"),
        Need::Output if !facts.shows => Some("the client does not show what it receives"),
        Need::Tls13 if facts.version != Version::Tls13 => Some("the client does not speak TLS 1.3"),
        _ => None,
    })
}
