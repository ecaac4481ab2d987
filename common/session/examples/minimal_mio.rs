//! One TLS session on mio and rustls, in one file, with nothing hidden: an echo for one client.
//!
//! It teaches the smallest loop that is right. `tls_session::session::Session` is this loop with an application, more
//! deadlines, several sessions, and a reason for each end. The numbers are the invariants in the documentation of
//! `tls-session`.
//!
//! ```sh
//! cargo run --example minimal_mio
//! openssl s_client -quiet -connect 127.0.0.1:8000
//! ```

use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::{ServerConfig, ServerConnection, version::TLS13};

/// Above so much pending output the server reads no more (I4).
const HIGH_WATER_MARK: usize = 64 * 1024;
/// A handshake has so much time, and so has the end. In between, a session ends if no byte moves for so long (I7).
const PATIENCE: Duration = Duration::from_secs(60);
/// The socket of a session that is over is read for so long, so that closing it resets nothing (I6).
const DRAINING: Duration = Duration::from_secs(2);

struct Session {
    socket: TcpStream,
    tls: ServerConnection,
    /// The bytes that rustls had queued after the last call.
    pending: usize,
    /// The client has sent close_notify or a FIN, or TLS has failed. Nothing more goes to rustls.
    has_ended: bool,
}

impl Session {
    /// Moves bytes until the socket blocks in both directions (I1). Returns whether any moved.
    fn turn(&mut self) -> io::Result<bool> {
        let mut has_moved = false;
        loop {
            has_moved |= self.flush()?; // pending output goes first (I3)
            if self.has_ended || self.pending > HIGH_WATER_MARK {
                return Ok(has_moved);
            }
            match self.tls.read_tls(&mut self.socket) {
                Ok(0) => self.has_ended = true, // a FIN: the client has sent no close_notify, so it gets none (I5)
                Ok(_) => self.process(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(has_moved),
                Err(error) => return Err(error), // a reset, or a handshake message of more than 64 KiB
            }
            has_moved = true;
        }
    }

    /// Writes what rustls has queued. Returns whether the socket took bytes.
    fn flush(&mut self) -> io::Result<bool> {
        let before = self.pending;
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(written) => self.pending = self.pending.saturating_sub(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.pending < before)
    }

    /// Echoes what has come, and answers close_notify. One call follows each `read_tls` that brings bytes (I2).
    fn process(&mut self) {
        let processed = self.tls.process_new_packets();
        let mut plaintext = Vec::new();
        let _ = self.tls.reader().read_to_end(&mut plaintext); // WouldBlock: that was all for now
        let _ = self.tls.writer().write_all(&plaintext); // fails only if TLS has failed
        match processed {
            Ok(state) if !state.peer_has_closed() => {
                self.pending = state.tls_bytes_to_write() + plaintext.len();
                return;
            }
            Ok(_) => self.tls.send_close_notify(), // behind the whole echo (I6)
            Err(error) => _ = writeln!(io::stderr(), "TLS failed: {error}"), // an alert may be queued
        }
        self.has_ended = true;
    }

    /// Sends the FIN, and drops what the client still sends. Closing a socket with unread bytes would reset the
    /// connection, and the reset could destroy our last output (I6).
    fn close(mut self, poll: &mut Poll, events: &mut Events) -> io::Result<()> {
        let until = Instant::now() + DRAINING;
        let mut sink = [0; 4096];
        let _ = self.socket.shutdown(Shutdown::Write); // fails after a reset
        while Instant::now() < until {
            match self.socket.read(&mut sink) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => wait(poll, events, until)?,
                _ => break, // the client's FIN, or a reset
            }
        }
        Ok(())
    }
}

/// Waits for events, until the deadline or until a signal handler runs.
fn wait(poll: &mut Poll, events: &mut Events, deadline: Instant) -> io::Result<()> {
    events.clear();
    match poll.poll(events, Some(deadline.saturating_duration_since(Instant::now()))) {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        other => other,
    }
}

/// Runs the session to its end.
fn run(session: &mut Session, poll: &mut Poll, events: &mut Events) -> io::Result<()> {
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        // Each turn tries both directions, whatever the events say. So no edge is forgotten. A session that is late is tried
        // too: perhaps only this process was stopped (I7).
        let is_late = Instant::now() >= deadline;
        let has_moved = session.turn()?;
        if session.has_ended && !session.tls.wants_write() {
            return Ok(());
        }
        if has_moved && !session.tls.is_handshaking() && !session.has_ended {
            deadline = Instant::now() + PATIENCE;
        } else if is_late {
            return Err(ErrorKind::TimedOut.into());
        }
        wait(poll, events, deadline)?;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../src/simulation/certificate.pem"))?;
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../src/simulation/key.pem"))?;
    // In TLS 1.2 the keys seal 2^24 records, and then rustls drops data without an error.
    let config = ServerConfig::builder_with_protocol_versions(&[&TLS13]);
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key)?;
    let mut tls = ServerConnection::new(config.into())?;
    tls.set_buffer_limit(None); // the mark is the limit: with rustls' own limit, `write_all` could fail
    tls.writer().write_all(b"welcome!\n")?; // rustls keeps it until the handshake is done

    let address: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8000").parse()?;
    let listener = std::net::TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let (socket, _) = listener.accept()?; // blocks: there is nothing else to do yet
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let mut socket = TcpStream::from_std(socket);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    // mio reports edges: a direction that becomes ready, once. So both directions can stay registered.
    poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;

    let mut session = Session { socket, tls, pending: 0, has_ended: false };
    let result = run(&mut session, &mut poll, &mut events);
    session.close(&mut poll, &mut events)?;
    Ok(result?)
}
