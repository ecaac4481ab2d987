//! `--capture FILE`: the sessions as a network analyser sees them, decrypted, and without the rights that capturing
//! on the network needs.
//!
//! The file is a pcapng: every session is a TCP connection in it, and its secrets stand before the first packet that
//! they decrypt, in the file itself. So it opens in Wireshark as it is; and whoever has it can read all that its
//! sessions said. It is made for its owner alone.
//!
//! ```text
//! Step::Received ──▶ held ──▶ ReadTls: the secrets, then ──▶ packets ──▶ one write(2)
//! Step::Sent ──────▶ gathered ──▶ WroteTls ────────────────▶ packets ──▶ one write(2)
//! ```
//!
//! What is real in it: the bytes of both directions, their order and their times (those of the turn of the loop that
//! met them), the addresses and ports, who ended and how. What is made up: into which segments the bytes were divided,
//! and when they were acknowledged. The kernel knows that, and tells only root.
//!
//! Each step that has something to say is one write of whole blocks, so a file that was left behind by a program that
//! was killed is good to its end; only a kill within a write can leave a last block that is cut off.

mod blocks;
mod clock;
mod file;
mod packet;
mod session;
mod stream;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use log::{info, warn};
use program::outlet::Outlet;
use program::stderr::end_of_last_wait;
use rustls::Side;
use tls_session::observer::{LoopEvent, SessionId, Step};
use tls_session::phase::Phase;

use self::blocks::Blocks;
use self::clock::Clock;
use self::file::{Made, Tape};
use self::packet::Ends;
use self::session::{Arrival, Session};
use self::stream::{Packet, Way};
use crate::args::ShowError;
use crate::sink::{Carried, Sink};
use decode::secrets::Secret;

/// When so much has come within one step, it is written before the rest.
const BATCH: usize = 64 * 1024;
/// How long to leave a capture alone that could not be written.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to leave the reader of stdout alone that is slow.
const CATCH_UP: Duration = Duration::from_millis(20);

/// Whether to capture, on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct CaptureArgs {
    /// Write all sessions and their secrets to the new FILE, for Wireshark; `-` means stdout
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
}

impl CaptureArgs {
    /// Whether stdout is what the capture goes to, as with tcpdump.
    pub fn takes_stdout(&self) -> bool {
        let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Path::new);
        self.capture.as_deref().is_some_and(|path| names.contains(&path))
    }

    /// The capture that was asked for, at the end whose peers play the side `peer`.
    ///
    /// # Errors
    /// A file that is there already, or that cannot be made; a stdout that is a terminal.
    pub fn open(&self, local: Side, start: Instant) -> Result<Option<Capture>, ShowError> {
        let Some(path) = &self.capture else { return Ok(None) };
        let name = if self.takes_stdout() { "stdout".into() } else { path.to_string_lossy() };
        let unwritable =
            |error: io::Error| ShowError::new(format!("--capture: {name} cannot be written: {error}"));
        let capture = if self.takes_stdout() {
            if io::stdout().is_terminal() {
                return Err(ShowError::new(
                    "--capture: stdout is a terminal; name a file, or append `| tshark -r -`".to_owned(),
                ));
            }
            let stdout = Outlet::new(io::stdout().as_fd()).map_err(unwritable)?;
            Capture::start(local, start, |blocks| Tape::into_stream(blocks, stdout)).map_err(unwritable)?
        } else {
            let (file, made) =
                file::create(path).map_err(|why| ShowError::new(format!("--capture: {name} {why}")))?;
            let mut capture = Capture::new(local, start, file).map_err(unwritable)?;
            capture.empty = Some(made);
            capture
        };
        warn!("--capture: {name} holds the secrets of its sessions; any reader of {name} can decrypt them");
        Ok(Some(capture))
    }
}

/// A sink that writes a pcapng.
pub struct Capture {
    /// The way of the first packet of each connection.
    opener: Way,
    recorder: Recorder,
    /// `None` while it records.
    stopped: Option<Stopped>,
    /// When to write what the reader of stdout has not taken yet.
    catch_up_at: Option<Instant>,
    /// The connections that have come, or are coming, and are no sessions yet.
    arrivals: HashMap<SocketAddr, Arrival>,
    sessions: HashMap<u64, Session>,
    /// The file, until the first session is in it.
    empty: Option<Made>,
}

/// A capture that cannot be written for the moment.
struct Stopped {
    retry_at: Instant,
    /// How many sessions are not in it, or not to their end.
    missing: usize,
}

/// A capture without a session shows nothing, and would be in the way of the next try.
impl Drop for Capture {
    fn drop(&mut self) {
        let lost = self.recorder.tape.finish(end_of_last_wait());
        if lost > 0 {
            warn!("nobody read the last {lost} bytes of the capture");
        }
        let Some(made) = &self.empty else { return };
        match made.remove() {
            Ok(()) => info!("--capture: there was no session, and there is no {made}"),
            Err(error) => warn!("--capture: there was no session in {made}, which stays: {error}"),
        }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("sessions", &self.sessions.keys()).finish_non_exhaustive()
    }
}

impl Capture {
    /// A capture into `file`, which is empty; `start` is now. At the end whose peers play the side `peer`.
    ///
    /// # Errors
    /// Those of writing to the file.
    pub fn new(local: Side, start: Instant, file: File) -> io::Result<Self> {
        Self::start(local, start, |blocks| Tape::into_file(blocks, file))
    }

    fn start(local: Side, start: Instant, tape: impl FnOnce(Blocks) -> Tape) -> io::Result<Self> {
        let (name, opener) = match local {
            Side::Server => ("mio-server", Way::In),
            Side::Client => ("mio-client", Way::Out),
        };
        let program = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        let mut tape = tape(Blocks::new(&program)?);
        tape.write()?;
        Ok(Self {
            opener,
            recorder: Recorder { clock: Clock::new(start, SystemTime::now()), tape },
            stopped: None,
            catch_up_at: None,
            arrivals: HashMap::new(),
            sessions: HashMap::new(),
            empty: None,
        })
    }

    /// Whether a step is recorded. While the capture is stopped, only a new session can make it go on.
    fn records(&mut self, now: Instant, step: &Step<'_>) -> bool {
        let Some(stopped) = &mut self.stopped else { return true };
        if !matches!(step, Step::Began { .. }) {
            return false;
        }
        let goes_on = stopped.retry_at <= now && !self.recorder.tape.is_behind();
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
            Step::Received([]) => session.ended(now, recorder),
            Step::Received(bytes) => session.received(now, bytes, recorder),
            Step::ReadTls(bytes) => session.processed(bytes.len(), &carried.secrets, recorder),
            Step::Sent(slice) => {
                session.sending(slice);
                Ok(())
            }
            Step::WroteTls(_) => session.sent(now, recorder),
            Step::SentFin(Ok(())) => session.fin(now, Way::Out, recorder),
            Step::PhaseChanged { to: Phase::WriteFailed { .. }, .. } | Step::SentFin(Err(_)) => {
                session.lost_its_connection();
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
        let arrival = self.arrivals.remove(&id.peer).unwrap_or(Arrival { opened: now, connected: now });
        let ends = Ends::new(local, id.peer);
        let session = Session::begin(now, id, ends, self.opener, arrival, &mut self.recorder)?;
        self.sessions.insert(id.number, session);
        self.empty = None;
        Ok(())
    }

    /// Nothing is recorded before a later session begins, and nothing is kept of those that there are.
    fn stop(&mut self, now: Instant, error: &io::Error) {
        let consequence = self.recorder.tape.stop(error);
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
        self.recorder.tape.is_open()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        if !self.records(now, step) {
            if let Step::Began { .. } = step {
                self.arrivals.remove(&id.peer);
            }
            return;
        }
        let recorded = self.record(now, id, step, carried).and_then(|()| self.recorder.tape.write());
        match recorded {
            Err(error) => self.stop(now, &error),
            Ok(()) => {
                if let Some(Stopped { missing, .. }) = self.stopped.take() {
                    warn!("capture continues with {id}; {missing} sessions are incomplete or missing");
                }
            }
        }
        if self.recorder.tape.is_behind() {
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
        if let Err(error) = self.recorder.tape.catch_up() {
            self.stop(now, &error);
        }
        self.catch_up_at = self.recorder.tape.is_behind().then_some(now + CATCH_UP);
    }

    /// Remembers when connections came, for as long as they may become sessions.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        match event {
            LoopEvent::Connecting(peer) | LoopEvent::Accepted(peer) => {
                self.arrivals.insert(*peer, Arrival { opened: now, connected: now });
            }
            LoopEvent::Connected(peer) => {
                self.arrivals.entry(*peer).and_modify(|arrival| arrival.connected = now);
            }
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

/// Puts packets and secrets into the file, with times.
struct Recorder {
    clock: Clock,
    tape: Tape,
}

impl Recorder {
    fn packet(&mut self, at: Instant, packet: &Packet) -> io::Result<()> {
        self.put(at, packet, None)
    }

    fn commented(&mut self, at: Instant, packet: &Packet, comment: String) -> io::Result<()> {
        self.put(at, packet, Some(comment))
    }

    fn put(&mut self, at: Instant, packet: &Packet, comment: Option<String>) -> io::Result<()> {
        self.tape.blocks.packet(self.clock.stamp(at), packet, comment)?;
        if self.tape.blocks.bytes().len() < BATCH { Ok(()) } else { self.tape.write() }
    }

    fn secrets(&mut self, secrets: &[Secret]) -> io::Result<()> {
        self.tape.blocks.secrets(secrets)
    }
}
