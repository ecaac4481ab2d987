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
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use common::observer::{LoopEvent, SessionId, Step};
use common::phase::Phase;
use log::{info, warn};
use rustls::Side;

use self::blocks::Blocks;
use self::clock::Clock;
use self::file::{Made, Tape};
use self::packet::Ends;
use self::session::{Arrival, Session};
use self::stream::{Packet, Way};
use crate::args::ShowError;
use crate::secrets::Secret;
use crate::sink::{Carried, Sink};

/// When so much has come within one step, it is written before the rest.
const BATCH: usize = 64 * 1024;

/// Whether to capture, on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct CaptureArgs {
    /// Write each session with its secrets to FILE, new, for Wireshark
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
}

impl CaptureArgs {
    /// The capture that was asked for, at the end whose peers play the side `peer`.
    ///
    /// # Errors
    /// A file that is there already, or that cannot be made.
    pub fn open(&self, peer: Side, start: Instant) -> Result<Option<Capture>, ShowError> {
        let Some(path) = &self.capture else { return Ok(None) };
        let name = path.display();
        let (file, made) =
            file::create(path).map_err(|why| ShowError::new(format!("--capture: {name} {why}")))?;
        let mut capture = Capture::new(peer, start, file)
            .map_err(|error| ShowError::new(format!("--capture: {name} cannot be written: {error}")))?;
        capture.empty = Some(made);
        warn!("--capture: {name} holds the secrets of its sessions; whoever can read it can decrypt them");
        Ok(Some(capture))
    }
}

/// A sink that writes a pcapng.
pub struct Capture {
    /// The way of the first packet of each connection.
    opener: Way,
    recorder: Recorder,
    /// The connections that have come, or are coming, and are no sessions yet.
    arrivals: HashMap<SocketAddr, Arrival>,
    sessions: HashMap<u64, Session>,
    /// The file, until the first session is in it.
    empty: Option<Made>,
}

/// A capture without a session shows nothing, and would be in the way of the next try.
impl Drop for Capture {
    fn drop(&mut self) {
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
    pub fn new(peer: Side, start: Instant, file: File) -> io::Result<Self> {
        let (name, opener) = match peer {
            Side::Client => ("mio-server", Way::In),
            Side::Server => ("mio-client", Way::Out),
        };
        let program = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        let mut tape = Tape::new(Blocks::new(&program)?, file);
        tape.write()?;
        let recorder = Recorder { clock: Clock::new(start, SystemTime::now()), tape };
        Ok(Self { opener, recorder, arrivals: HashMap::new(), sessions: HashMap::new(), empty: None })
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
            Step::PhaseChanged { to: Phase::Severed { .. }, .. } | Step::SentFin(Err(_)) => {
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

    /// Nothing is recorded any more, and nothing is kept for it.
    fn end(&mut self, error: &io::Error) {
        self.recorder.tape.end(error);
        self.sessions = HashMap::new();
        self.arrivals = HashMap::new();
    }
}

impl Sink for Capture {
    fn is_watching(&self) -> bool {
        self.recorder.tape.is_open()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        let recorded = self.record(now, id, step, carried).and_then(|()| self.recorder.tape.write());
        if let Err(error) = recorded {
            self.end(&error);
        }
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
