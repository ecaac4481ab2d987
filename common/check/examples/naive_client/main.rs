//! An HTTPS client that can be wrong in one chosen way, so that the cases against clients can be seen to fail.
//!
//! ```text
//! cargo run --bin mio-check -- --listen localhost:0 -- \
//!     target/debug/examples/naive_client --fault fin-is-the-end {ca} {host} {port}
//! ```
//!
//! Without a fault it is correct: it reports everything that is missing. It gives up if nothing comes for four seconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer;
mod fault;
mod trust;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, thread};

use clap::Parser;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Error};

use answer::Answer;
use fault::Fault;

#[derive(Parser)]
struct Flags {
    /// What is wrong
    #[arg(long, value_enum, default_value = "none")]
    fault: Fault,
    /// The authority's certificate, PEM
    ca: PathBuf,
    /// The server
    host: String,
    /// Its port
    port: u16,
}

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(4);

fn main() {
    let flags = Flags::parse();
    let fault = flags.fault;
    let Err(why) = run(&flags) else { return };
    eprintln!("naive_client: {why}");
    match (fault, &why) {
        (Fault::ErrorIsSuccess, _) | (Fault::SilenceIsSuccess, Why::Silent) => {}
        (Fault::ErrorAborts, Why::Tls(_)) => std::process::abort(),
        _ => std::process::exit(1),
    }
}

/// Why the client fails.
#[derive(Debug)]
enum Why {
    Io(io::Error),
    Tls(Error),
    Silent,
    Truncated,
    Incomplete,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::Silent => f.write_str("the server is silent"),
            Self::Truncated => f.write_str("the server left without close_notify"),
            Self::Incomplete => f.write_str("the answer is not complete"),
        }
    }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Silent,
            _ => Self::Io(error),
        }
    }
}

fn run(flags: &Flags) -> Result<(), Why> {
    let socket = TcpStream::connect((flags.host.as_str(), flags.port))?;
    socket.set_read_timeout(Some(SILENCE))?;
    let name = ServerName::try_from(flags.host.clone()).unwrap();
    let tls = ClientConnection::new(Arc::new(trust::config(&flags.ca, flags.fault)), name).unwrap();
    let mut client = Client {
        fault: flags.fault,
        start: Instant::now(),
        socket,
        tls,
        raw: Vec::new(),
        answer: Answer::new(flags.fault),
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", flags.host);
    client.tls.writer().write_all(request.as_bytes())?;
    let result = client.receive();
    if let Err(Why::Tls(_)) = result {
        let _ = client.flush(); // the alert
        if flags.fault == Fault::WaitsAfterAnError {
            thread::sleep(Duration::from_secs(3600));
        }
        if flags.fault == Fault::PlaintextFallback && client.tls.is_handshaking() {
            return Ok(io::stdout().write_all(&client.raw)?);
        }
    }
    result?;
    client.tls.send_close_notify();
    let _ = client.flush(); // the server may have closed the connection
    Ok(())
}

/// The state of the connection after a read.
enum Ended {
    /// This many bytes have come.
    No(usize),
    /// It has ended, and that counts as the end of the answer.
    Unnoticed,
    /// It has ended without close_notify.
    Truncated,
}

struct Client {
    fault: Fault,
    start: Instant,
    socket: TcpStream,
    tls: ClientConnection,
    /// The first bytes of the server.
    raw: Vec<u8>,
    answer: Answer,
}

impl Client {
    /// Reads until the answer is complete, or the session ends.
    fn receive(&mut self) -> Result<(), Why> {
        loop {
            self.flush()?;
            let ended = match self.fill() {
                Ok(0) if self.fault == Fault::FinIgnored => {
                    thread::sleep(Duration::from_millis(100));
                    Ended::No(0)
                }
                Ok(0) => {
                    let is_ignored = matches!(self.fault, Fault::FinIsTheEnd | Fault::TruncationIgnored);
                    if is_ignored { Ended::Unnoticed } else { Ended::Truncated }
                }
                Ok(length) => Ended::No(length),
                Err(Why::Io(error)) if self.is_an_end(&error) => Ended::Unnoticed,
                Err(error) => return Err(error),
            };
            let state = match self.tls.process_new_packets() {
                Ok(state) => state,
                Err(Error::AlertReceived(_)) if self.fault == Fault::AlertIsTheEnd => {
                    self.drain()?;
                    return self.answer.end();
                }
                Err(error) => {
                    self.drain()?;
                    return Err(Why::Tls(error));
                }
            };
            let was_empty = self.drain()? == 0;
            let is_done = self.answer.is_complete() || state.peer_has_closed();
            match ended {
                _ if is_done => return self.answer.end(),
                // An empty record is that short.
                Ended::No(1..100) if was_empty && self.takes_empty_for_the_end() => return self.answer.end(),
                Ended::No(_) => {}
                Ended::Unnoticed => return self.answer.end(),
                Ended::Truncated => return Err(Why::Truncated),
            }
        }
    }

    fn takes_empty_for_the_end(&self) -> bool {
        self.fault == Fault::EmptyRecordIsTheEnd && self.answer.has_begun()
    }

    fn is_an_end(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::ConnectionReset
            && matches!(self.fault, Fault::ResetIsTheEnd | Fault::TruncationIgnored)
    }

    fn flush(&mut self) -> Result<(), Why> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Reads once from the socket.
    fn fill(&mut self) -> Result<usize, Why> {
        if self.tls.is_handshaking() && self.start.elapsed() > SILENCE {
            return Err(Why::Silent);
        }
        let mut buffer = vec![0; 5 + usize::from(u16::MAX)];
        let length = self.read(&mut buffer)?;
        let mut bytes = &buffer[..length];
        if self.tls.is_handshaking() {
            self.raw.extend_from_slice(bytes);
        }
        if self.fault == Fault::PartOfARecordIsAnError && (1..3).contains(&length) && self.answer.body < 4096
        {
            return Err(Why::Incomplete);
        }
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes)?;
            if !bytes.is_empty() {
                self.tls.process_new_packets().map_err(Why::Tls)?;
                self.drain()?;
            }
        }
        if length == 0 {
            self.tls.read_tls(&mut io::empty())?;
        }
        Ok(length)
    }

    /// The client that notices empty records reads one record at a time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fault != Fault::EmptyRecordIsTheEnd {
            return self.socket.read(&mut buffer[..4096]);
        }
        self.socket.read_exact(&mut buffer[..5])?;
        let length = 5 + usize::from(u16::from_be_bytes([buffer[3], buffer[4]]));
        self.socket.read_exact(&mut buffer[5..length])?;
        Ok(length)
    }

    /// Reads the plaintext, and returns its length.
    fn drain(&mut self) -> Result<usize, Why> {
        let mut total = 0;
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = self.tls.reader().read(&mut buffer) {
            self.answer.receive(&mut buffer[..length])?;
            total += length;
        }
        Ok(total)
    }
}
