//! `--capture FILE`: records the sessions for a network analyser, with their secrets. Unlike a capture on the
//! network, this needs no special rights.
//!
//! The file is a pcapng. Each session is a TCP connection in it. The secrets of a session are in the file too, before
//! the first packet that they decrypt, so Wireshark shows the plaintext without further files. Any program that can read
//! the file can read the plaintext, so only its owner may read it.
//!
//! ```text
//! Step::Received ──▶ kept ──▶ ReadTls: first the secrets, then packets ──▶ one write(2)
//! Step::WroteTls ───────────▶ packets ───────────────────────────────────▶ one write(2)
//! ```
//!
//! The file has the real bytes of both directions, in their real order. The times are those of the turn of the loop that
//! read or wrote the bytes. The addresses, the ports and the way each end closed are real too. The segments and their
//! acknowledgements are invented: the kernel knows the real ones, but shows them only to root.
//!
//! Each step with new packets is one write of whole blocks. So the file of a program that was killed is valid to its end.
//! Only a kill during a write can leave an incomplete last block.

mod blocks;
mod file;
mod open;
mod packet;
mod recorder;
mod session;
mod stream;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use log::{info, warn};
use program::observer::LoopEvent;
use program::stderr::end_of_last_wait;
use rustls::Side;
use tls_session::bytes::{Bytes, Count};
use tls_session::observer::{SessionId, Step};
use tls_session::phase::Phase;

use self::blocks::Blocks;
use self::file::{Created, Output};
pub(crate) use self::open::{is_stdout, open};
use self::packet::Endpoints;
use self::recorder::Recorder;
use self::session::{Arrival, Session};
use self::stream::Direction;
use crate::clock::Clock;
use crate::sink::{Carried, Sink};

/// The time until a capture that could not be written is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// The time until waiting bytes are offered to a slow reader of stdout again.
const CATCH_UP: Duration = Duration::from_millis(20);

/// A sink that writes a pcapng.
pub struct Capture {
    /// The direction of the first packet of each connection.
    opener: Direction,
    recorder: Recorder,
    /// `None` while the capture records.
    stopped: Option<Stopped>,
    /// The time to write the bytes that the reader of stdout has not taken yet.
    catch_up_at: Option<Instant>,
    /// Connections without a session: those that are being opened, and those that wait.
    arrivals: HashMap<SocketAddr, Arrival>,
    sessions: HashMap<u64, Session>,
    /// The file, until the first session is in it.
    empty: Option<Created>,
}

/// The state of a capture that cannot be written for now.
struct Stopped {
    retry_at: Instant,
    /// The number of sessions that are missing or incomplete in the file.
    missing: usize,
}

/// Removes the file if it has no session. Otherwise the next run could not create it.
impl Drop for Capture {
    fn drop(&mut self) {
        let lost = self.recorder.output.finish(end_of_last_wait());
        if lost > 0 {
            warn!("the reader of the capture did not read its end: {} are lost", Bytes(lost));
        }
        let Some(created) = &self.empty else { return };
        let path = created.path.display();
        match created.remove() {
            Ok(()) => info!("--capture: there was no session; {path} is removed"),
            Err(error) => warn!("--capture: there was no session; cannot remove {path}: {error}"),
        }
    }
}

impl Capture {
    /// Makes a capture into `file`, which is empty. `start` is the present time. The program plays the role `local`.
    ///
    /// # Errors
    /// Writing to the file fails.
    pub fn new(local: Side, start: Instant, file: File) -> io::Result<Self> {
        Self::start(local, start, |blocks| Output::into_file(blocks, file))
    }

    fn start(local: Side, start: Instant, output: impl FnOnce(Blocks) -> Output) -> io::Result<Self> {
        let (name, opener) = match local {
            Side::Server => ("mio-server", Direction::In),
            Side::Client => ("mio-client", Direction::Out),
        };
        let program = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        let mut output = output(Blocks::new(&program)?);
        output.write()?;
        Ok(Self {
            opener,
            recorder: Recorder::new(Clock::at(start), output),
            stopped: None,
            catch_up_at: None,
            arrivals: HashMap::new(),
            sessions: HashMap::new(),
            empty: None,
        })
    }

    /// Returns whether a step is recorded. After a failure only a new session can restart the recording.
    fn records(&mut self, now: Instant, step: &Step<'_>) -> bool {
        let Some(stopped) = &mut self.stopped else { return true };
        if !matches!(step, Step::Began { .. }) {
            return false;
        }
        let goes_on = stopped.retry_at <= now && !self.recorder.output.is_behind();
        stopped.missing += usize::from(!goes_on);
        goes_on
    }

    fn record(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) -> io::Result<()> {
        if let Step::Began { local } = step {
            return self.begin(now, id, *local);
        }
        let Some(session) = self.sessions.get_mut(&id.number) else { return Ok(()) };
        let recorder = &mut self.recorder;
        match step {
            Step::Received([]) => session.end_of_file(now, recorder),
            Step::Received(bytes) => session.received(now, bytes, recorder),
            Step::ReadTls(bytes) => session.processed(bytes.len(), &carried.secrets, recorder),
            Step::WroteTls(_) => session.sent(now, &carried.written, recorder),
            Step::SentFin(Ok(())) => session.fin(now, Direction::Out, recorder),
            Step::PhaseChanged { to: Phase::WriteFailed { .. }, .. } | Step::SentFin(Err(_)) => {
                session.set_disconnected();
                Ok(())
            }
            Step::Closed { reason, .. } => {
                session.closed(now, reason, recorder)?;
                self.sessions.remove(&id.number);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, now: Instant, id: SessionId, local: SocketAddr) -> io::Result<()> {
        let arrival = self.arrivals.remove(&id.peer).unwrap_or_else(|| Arrival::at(now));
        let endpoints = Endpoints::new(local, id.peer);
        let session = Session::begin(now, id, endpoints, self.opener, arrival, &mut self.recorder)?;
        self.sessions.insert(id.number, session);
        self.empty = None;
        Ok(())
    }

    /// Keeps bytes before TLS until the session begins.
    fn preamble(&mut self, now: Instant, peer: &SocketAddr, direction: Direction, bytes: &[u8]) {
        if let Some(arrival) = self.arrivals.get_mut(peer) {
            arrival.preamble.push((now, direction, bytes.to_vec()));
        }
    }

    /// Stops recording until a later session begins, and forgets the present sessions.
    fn stop(&mut self, now: Instant, error: &io::Error) {
        let consequence = self.recorder.output.stop(error);
        if self.stopped.is_none() {
            warn!("capture stopped: cannot write ({error}); {consequence}");
        }
        let before = self.stopped.as_ref().map_or(0, |stopped| stopped.missing);
        self.stopped = Some(Stopped { retry_at: now + PAUSE, missing: before + self.sessions.len() });
        self.sessions = HashMap::new();
        self.arrivals = HashMap::new();
    }
}

impl Sink for Capture {
    fn is_watching(&self) -> bool {
        self.recorder.output.is_open()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        if !self.records(now, step) {
            if let Step::Began { .. } = step {
                self.arrivals.remove(&id.peer);
            }
            return;
        }
        let recorded = self.record(now, id, step, carried).and_then(|()| self.recorder.output.write());
        match recorded {
            Err(error) => self.stop(now, &error),
            Ok(()) => {
                if let Some(Stopped { missing, .. }) = self.stopped.take() {
                    let missing = Count(missing, "incomplete or missing session");
                    warn!("capture continues with {id} after {missing}");
                }
            }
        }
        if self.recorder.output.is_behind() {
            self.catch_up_at.get_or_insert(now + CATCH_UP);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.catch_up_at
    }

    fn timer(&mut self, now: Instant) {
        if self.catch_up_at.is_none_or(|at| now < at) {
            return;
        }
        if let Err(error) = self.recorder.output.catch_up() {
            self.stop(now, &error);
        }
        self.catch_up_at = self.recorder.output.is_behind().then_some(now + CATCH_UP);
    }

    /// Remembers when connections were opened, until they become sessions or fail.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        match event {
            LoopEvent::Connecting(peer) | LoopEvent::Accepted(peer) => {
                self.arrivals.insert(*peer, Arrival::at(now));
            }
            LoopEvent::Connected(peer) => {
                self.arrivals.entry(*peer).and_modify(|arrival| arrival.connected = now);
            }
            LoopEvent::PreambleIn(peer, bytes) => self.preamble(now, peer, Direction::In, bytes),
            LoopEvent::PreambleOut(peer, bytes) => self.preamble(now, peer, Direction::Out, bytes),
            LoopEvent::ConnectFailed(peer, _)
            | LoopEvent::Skipped { peer, .. }
            | LoopEvent::SessionFailed { id: SessionId { peer, .. }, .. } => {
                self.arrivals.remove(peer);
            }
            LoopEvent::Stopping { .. } => self.arrivals.clear(),
            _ => {}
        }
    }
}
