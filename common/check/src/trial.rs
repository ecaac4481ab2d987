//! What the code of a case has in hand.

mod closing;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::{AlertDescription, ContentType, SupportedProtocolVersion};

use crate::case::{Case, Version};
use crate::evidence::Evidence;
use crate::exchange;
use crate::probe::Facts;
use crate::target::Target;
use crate::usage::Usage;
use crate::verdict::{Judgement, Stop, Verdict, failed, noted};
use crate::wire::hello::ClientHello;
use crate::wire::{Client, Connection, Disguise, End, Forge};

pub use closing::Closing;
use closing::Open;

/// How long a case waits for the end of a connection. If only a failure would explain that it is still open, the case waits
/// for the patience: see [`Trial::left_open`].
pub const END_LIMIT: Duration = Duration::from_secs(3);
/// The longest case, apart from the patience.
const LONGEST: Duration = Duration::from_secs(60);

/// One run of a case: its target, and what has happened so far.
pub struct Trial<'a> {
    /// The server.
    pub target: &'a Target,
    /// What the probe has found out about it.
    pub facts: &'a Facts,
    /// The version of TLS of this run.
    pub version: Version,
    /// What happened.
    pub evidence: Evidence,
    /// Random numbers. The same seed gives the same numbers.
    pub random: fastrand::Rng,
    end: Option<End>,
    /// What came instead of an end from a server that left the connection open.
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
    /// What happened.
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

    /// Sends these records on a thread, and receives the echo of this plaintext meanwhile. A server may stop to read
    /// while its answer is not read.
    ///
    /// # Errors
    /// [`Stop::Failed`]: the echo does not come, is not complete, or is not the right one.
    pub fn echo_of(&self, client: &mut Client, records: Vec<u8>, plaintext: &[u8]) -> Result<(), Stop> {
        let (received, end) =
            receive_while(client, Duration::ZERO, plaintext.len(), move |sender| sender.send(&records))?;
        exchange::compare(plaintext, &received, end)
    }

    /// Calls `send` on a thread. Meanwhile, but not before this pause, receives until the server ends the session.
    /// Returns the plaintext and the end. Keeps the end for the outcome. After this many bytes the end has to come
    /// within [`END_LIMIT`].
    ///
    /// # Errors
    /// There is no free file descriptor.
    pub fn end_behind(
        &mut self,
        client: &mut Client,
        pause: Duration,
        expected: usize,
        send: impl FnOnce(&mut Connection) -> io::Result<()> + Send + 'static,
    ) -> io::Result<(Vec<u8>, End)> {
        let (mut received, end) = receive_while(client, pause, expected, send)?;
        let end = match end {
            Some(end) => {
                let waited = client.connection().limit();
                self.open = Some(Open { connection: None, since: Instant::now(), waited }); // it was shut down
                self.keep_end(&end);
                end
            }
            None => {
                let (more, end) = self.end_of(client);
                received.extend(more);
                end
            }
        };
        Ok((received, end))
    }

    /// Receives until the server ends the session, or for [`END_LIMIT`]. Keeps the end for the outcome.
    pub fn end_of(&mut self, client: &mut Client) -> (Vec<u8>, End) {
        let since = Instant::now();
        client.connection().set_limit(END_LIMIT);
        let (plaintext, end) = client.receive_to_end();
        self.keep_end_of(client.connection(), since, &end);
        (plaintext, end)
    }

    /// Reads until the server ends an unencrypted connection, or for [`END_LIMIT`]. Keeps the end for the outcome.
    pub fn end_of_connection(&mut self, connection: &mut Connection) -> (Vec<u8>, End) {
        let since = Instant::now();
        connection.set_limit(END_LIMIT);
        let (bytes, end) = connection.read_to_end();
        self.keep_end_of(connection, since, &end);
        (bytes, end)
    }

    /// [`end_of`](Self::end_of) for a session with an error: see [`closed_after`](Self::closed_after).
    pub fn end_after_error(&mut self, client: &mut Client) -> (Vec<u8>, End) {
        let (plaintext, end) = self.end_of(client);
        (plaintext, self.closed_after(client, end))
    }

    /// Checks that the server closes the connection after this end of a session, as it must after an alert. Returns
    /// [`End::Open`] if it does not. Keeps the end for the outcome.
    pub fn closed_after(&mut self, client: &mut Client, end: End) -> End {
        match end {
            // It came from the caller's call, or from `end_of`, which has kept the connection.
            End::Open if self.open.is_none() => {
                let waited = client.connection().limit();
                let now = Instant::now();
                self.keep_end_of(client.connection(), now.checked_sub(waited).unwrap_or(now), &end);
            }
            End::Alert(_) | End::Other(_) => {
                let since = Instant::now();
                client.connection().set_limit(END_LIMIT);
                if client.connection().read_to_end().1.is_open() {
                    client.connection().note(format!("the server did not close the connection after {end}"));
                    self.unclosed = Some(end);
                    self.keep_end_of(client.connection(), since, &End::Open);
                    return End::Open;
                }
                self.keep_end(&end);
            }
            _ => self.keep_end(&end),
        }
        end
    }

    /// What came instead of an end from a server that did not close the connection: see
    /// [`closed_after`](Self::closed_after).
    pub fn unclosed(&self) -> Option<&End> {
        self.unclosed.as_ref()
    }

    /// Keeps this end for the outcome.
    pub fn keep_end(&mut self, end: &End) {
        self.end = Some(end.clone());
    }

    /// Keeps this end for the outcome. If the connection is open, keeps it for [`left_open`](Self::left_open). `since` is when
    /// the case began to wait.
    pub fn keep_end_of(&mut self, connection: &Connection, since: Instant, end: &End) {
        self.keep_end(end);
        self.open = end.is_open().then(|| Open {
            connection: connection.try_clone().ok(), // without a descriptor, the case has waited long enough
            since,
            waited: since.elapsed(),
        });
    }

    /// Judges how the server answered close_notify.
    pub fn answer_to_close_notify(&mut self, end: &End) -> Verdict {
        match (end, self.version) {
            (End::CloseNotify, _) => Verdict::Held,
            // In TLS 1.3 each side closes its direction when it wants to.
            (End::Open, Version::Tls13) => noted(format!(
                "the server neither answers close_notify nor closes the connection within {} s",
                END_LIMIT.as_secs()
            )),
            (End::Alert(_), _) => noted(format!("the answer to close_notify was {end}")),
            // In TLS 1.2 the type of the record shows that it is an alert.
            (End::Open, Version::Tls12) => self.left_open_without(
                |bytes| bytes.first() == Some(&u8::from(ContentType::Alert)),
                |time| {
                    format!(
                        "close_notify was not answered within {time} (RFC 5246, 7.2.1: MUST respond with close_notify)"
                    )
                },
            ),
            (_, Version::Tls13) => failed(format!(
                "the answer to close_notify was {end} (RFC 8446, 6.1: MUST send close_notify before it closes)"
            )),
            (_, Version::Tls12) => failed(format!(
                "the answer to close_notify was {end} (RFC 5246, 7.2.1: MUST respond with close_notify)"
            )),
        }
    }

    /// The rule that a fatal alert ends the connection.
    pub fn close_rule(&self) -> &'static str {
        match self.version {
            Version::Tls13 => "RFC 8446, 6.2: MUST immediately close",
            Version::Tls12 => "RFC 5246, 7.2.2: both parties immediately close",
        }
    }

    /// Judges the end of a connection that must end because of an error (RFC 8446, 6.2). One of these alerts holds.
    /// Another end is noted. A connection that stays open for the patience has failed.
    pub fn must_end(&mut self, end: &End, alerts: &[AlertDescription]) -> Judgement {
        Ok(match end {
            End::Alert(alert) if alerts.contains(alert) => Verdict::Held,
            End::Open => {
                let after = self.unclosed.as_ref().map(|end| format!(" after {end}")).unwrap_or_default();
                let rule = self.close_rule();
                self.left_open(|time| {
                    format!("the server did not close the connection{after} within {time} ({rule})")
                })
            }
            End::Fin | End::Reset => noted(format!("no alert: the connection ended with {end}")),
            other => noted(format!("the connection ended with {other}")),
        })
    }
}

/// Calls `send` on a thread. Meanwhile, but not before this pause, receives this much plaintext. Returns it. If it is
/// less, also returns the end.
fn receive_while(
    client: &mut Client,
    pause: Duration,
    expected: usize,
    send: impl FnOnce(&mut Connection) -> io::Result<()> + Send + 'static,
) -> io::Result<(Vec<u8>, Option<End>)> {
    let mut connection = client.connection().try_clone()?;
    let sender = thread::spawn(move || send(&mut connection));
    thread::sleep(pause);
    let (received, end) = client.receive_up_to(expected);
    if end.is_some() {
        client.connection().shut_down(); // ends the thread
    }
    let _ = sender.join(); // what was received shows how the session went
    Ok((received, end))
}
