//! One run of a case: the connections, the clients and the limits for its code.

mod closing;
mod ends;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;

use crate::case::{Case, Version};
use crate::evidence::Evidence;
use crate::exchange;
use crate::probe::Facts;
use crate::target::Target;
use crate::usage::Usage;
use crate::verdict::{Stop, Verdict};
use crate::wire::hello::ClientHello;
use crate::wire::{Client, Connection, Disguise, End, Forge};

pub use closing::Closing;
use closing::Open;

/// How long a case waits for the end of a connection. If only a failure would explain that it is still open, the case waits
/// for the patience: see [`Trial::left_open`].
pub const END_LIMIT: Duration = Duration::from_secs(3);
/// The longest case, apart from the patience.
const LONGEST: Duration = Duration::from_secs(60);

/// One run of a case: its target, and the events so far.
pub struct Trial<'a> {
    /// The server.
    pub target: &'a Target,
    /// The findings of the probe.
    pub facts: &'a Facts,
    /// The version of TLS of this run.
    pub version: Version,
    /// The arrow chart.
    pub evidence: Evidence,
    /// Random numbers. The same seed gives the same numbers.
    pub random: fastrand::Rng,
    end: Option<End>,
    /// The end of TLS from a server that left the connection open.
    unclosed: Option<End>,
    /// The connection that was still open when the case stopped waiting.
    open: Option<Open>,
    closing: &'a Closing,
    deadline: Instant,
}

/// The result of one run of a case. A clone shares the evidence.
#[derive(Clone)]
pub struct Outcome {
    /// The case.
    pub case: &'static Case,
    /// The version of TLS.
    pub version: Version,
    /// The verdict.
    pub verdict: Verdict,
    /// How the server ended the hostile connection, if the case waited for that.
    pub end: Option<End>,
    /// The arrow chart.
    pub evidence: Evidence,
    /// How long it took.
    pub took: Duration,
}

/// Runs a case in one version, without a good session after it. `closing` is the same for all cases of a run.
pub fn judge(
    target: &Target,
    facts: &Facts,
    closing: &Closing,
    case: &'static Case,
    version: Version,
    seed: u64,
) -> Outcome {
    let start = Instant::now();
    let mut trial = Trial {
        target,
        facts,
        version,
        evidence: Evidence::default(),
        random: fastrand::Rng::with_seed(seed),
        end: None,
        unclosed: None,
        open: None,
        closing,
        deadline: start + LONGEST + target.patience,
    };
    let verdict = (case.run)(&mut trial).unwrap_or_else(Verdict::from);
    Outcome { case, version, verdict, end: trial.end, evidence: trial.evidence, took: start.elapsed() }
}

impl Trial<'_> {
    /// The end of the longest run of a case. A case stops before.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Opens a TCP connection. Its limit is the patience.
    ///
    /// # Errors
    /// The server refuses it, or does not answer.
    pub fn connection(&self) -> io::Result<Connection> {
        Ok(self.target.connect(&self.evidence)?.until(self.deadline))
    }

    /// [`connection`](Self::connection) that the evidence leaves out: one of very many.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn unrecorded_connection(&self) -> io::Result<Connection> {
        Ok(self.target.connect(&Evidence::default())?.until(self.deadline))
    }

    /// [`connection`](Self::connection) with a small receive buffer that does not grow.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn connection_with_small_window(&self) -> io::Result<Connection> {
        let connection = Connection::open_with_small_window(self.target.address, self.target.patience)?;
        Ok(connection.record(&self.evidence).until(self.deadline))
    }

    /// A client of this version on a connection, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn client_on(&self, connection: Connection) -> io::Result<Client> {
        self.target.client_with(self.target.config(&[self.version.rustls()])?, connection)
    }

    /// A new client of this version, before its handshake.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn client(&self) -> io::Result<Client> {
        self.client_on(self.connection()?)
    }

    /// [`client`](Self::client), and the forge of its records.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn forged(&self) -> io::Result<(Client, Forge)> {
        let forge = Forge::default();
        Ok((self.client_of(forge.provider())?, forge))
    }

    /// A client of this version before its handshake, whose ClientHello is changed like this. The session works: the
    /// keys of the client come from the changed ClientHello.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn disguised(
        &self,
        change: impl FnMut(&mut ClientHello) + Send + 'static,
    ) -> io::Result<(Client, Disguise)> {
        let disguise = Disguise::new(change);
        Ok((self.client_of(disguise.provider())?, disguise))
    }

    /// [`client`](Self::client) with these algorithms.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn client_of(&self, provider: CryptoProvider) -> io::Result<Client> {
        let config = self.target.config_with(&[self.version.rustls()], provider)?;
        self.target.client_with(config, self.connection()?)
    }

    /// A client after its handshake and the greeting.
    ///
    /// # Errors
    /// As [`connection`](Self::connection), or the handshake fails.
    pub fn ready(&self) -> io::Result<Client> {
        self.greeted(self.client()?)
    }

    /// [`ready`](Self::ready), and the forge of its records.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn ready_forged(&self) -> io::Result<(Client, Forge)> {
        let (client, forge) = self.forged()?;
        Ok((self.greeted(client)?, forge))
    }

    /// Finishes the handshake and receives the greeting.
    ///
    /// # Errors
    /// The handshake fails, or the greeting does not come.
    pub fn greeted(&self, mut client: Client) -> io::Result<Client> {
        exchange::handshake(self.facts, &mut client)?;
        Ok(client)
    }

    /// The record with the ClientHello that rustls would send in this version.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn hello(&self) -> io::Result<Vec<u8>> {
        self.hello_of(&[self.version.rustls()])
    }

    /// The record with the ClientHello that rustls would send in these versions.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn hello_of(&self, versions: &[&'static SupportedProtocolVersion]) -> io::Result<Vec<u8>> {
        let config = Arc::new(self.target.config(versions)?);
        let name = self.target.name.clone();
        let mut tls = rustls::ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut hello = Vec::new();
        tls.write_tls(&mut hello)?;
        Ok(hello)
    }

    /// The memory and the descriptors of the target at this moment, if its process is known.
    pub fn usage(&self) -> Option<Usage> {
        self.target.process.and_then(Usage::of_tree)
    }

    /// The request that the target answers. Empty if nothing is known about the target.
    pub fn request(&self) -> Vec<u8> {
        exchange::request(self.target)
    }

    /// Receives the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Stop::Failed`]: it does not come, is not complete, or is not the right one.
    pub fn answer(&self, client: &mut Client) -> Result<(), Stop> {
        exchange::answer(self.target, client)
    }

    /// Sends the request and receives the answer.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn exchange(&self, client: &mut Client) -> Result<(), Stop> {
        client.send(&self.request())?;
        self.answer(client)
    }
}
