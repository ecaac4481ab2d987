//! Chapter 10: what comes before a session. A line in plaintext, a ClientHello, and a configuration that
//! another thread chooses.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::{ServerConfig, ServerConnection};

use super::step_03::{Session, echo_turn};
use super::{step_02, tls};

/// The line that asks for TLS, and the answer to it.
pub const COMMAND: &[u8] = b"STARTTLS\n";
pub const ANSWER: &[u8] = b"go\n";

/// From the connection to its session, or to its end if it gets none.
const DEADLINE: Duration = Duration::from_secs(10);
/// The largest number of bytes that are read after an alert.
const MAX_DROPPED: usize = 64 * 1024;

/// A connection before its session.
pub struct Front<S> {
    socket: S,
    stage: Stage,
}

enum Stage {
    /// The part of the line that has come.
    Line(Vec<u8>),
    Hello(Box<Acceptor>),
}

/// The result of a turn.
pub enum Progress<S> {
    /// Wait for bytes.
    Wait(Front<S>),
    /// The ClientHello is read. Choose a configuration for this server name.
    Choose { name: Option<String>, accepted: Box<Accepted>, socket: S },
    /// The client gets no session.
    Refuse { refusal: Refusal, socket: S },
}

/// The reason why a client gets no session, and the bytes that tell the client.
#[derive(Debug)]
pub struct Refusal {
    pub error: rustls::Error,
    pub bytes: Vec<u8>,
}

impl Refusal {
    fn new((error, mut alert): (rustls::Error, AcceptedAlert)) -> Self {
        let mut bytes = Vec::new();
        let _ = alert.write_all(&mut bytes); // a Vec takes everything
        Self { error, bytes }
    }
}

/// Makes the connection of a client from its ClientHello.
pub fn connect(accepted: Accepted, config: Arc<ServerConfig>) -> Result<ServerConnection, Refusal> {
    let mut tls = accepted.into_connection(config).map_err(Refusal::new)?;
    // Bytes after the ClientHello may be inside the connection. No read brings them, so no event announces them.
    if let Err(error) = tls.process_new_packets() {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            let _ = tls.write_tls(&mut bytes);
        }
        return Err(Refusal { error, bytes });
    }
    Ok(tls)
}

impl<S: Read + Write> Front<S> {
    pub fn new(socket: S) -> Self {
        Self { socket, stage: Stage::Line(Vec::new()) }
    }

    /// Does everything that is possible without waiting.
    pub fn turn(mut self) -> io::Result<Progress<S>> {
        loop {
            let read = match &mut self.stage {
                Stage::Line(line) => Self::read_line(&mut self.socket, line),
                Stage::Hello(acceptor) => acceptor.read_tls(&mut self.socket),
            };
            match read {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Wait(self)),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            match &mut self.stage {
                Stage::Line(line) if line == COMMAND => {
                    self.socket.write_all(ANSWER)?; // nothing was written before, so there is room
                    self.stage = Stage::Hello(Box::default());
                }
                Stage::Line(line) if COMMAND.starts_with(line) => {}
                Stage::Line(_) => return Err(ErrorKind::InvalidData.into()),
                Stage::Hello(acceptor) => match acceptor.accept() {
                    Ok(None) => {} // a part of it
                    Ok(Some(accepted)) => {
                        let name = accepted.client_hello().server_name().map(str::to_owned);
                        return Ok(Progress::Choose { name, accepted: accepted.into(), socket: self.socket });
                    }
                    Err(error) => {
                        return Ok(Progress::Refuse { refusal: Refusal::new(error), socket: self.socket });
                    }
                },
            }
        }
    }

    /// Reads one byte. What follows the line belongs to TLS, so it stays in the socket.
    fn read_line(socket: &mut S, line: &mut Vec<u8>) -> io::Result<usize> {
        let mut byte = [0];
        let length = socket.read(&mut byte)?;
        line.extend(&byte[..length]);
        Ok(length)
    }
}

/// A client that gets no session. It gets the reason.
struct Refused {
    /// What is left of the last bytes.
    bytes: Vec<u8>,
    socket: TcpStream,
    dropped: usize,
}

impl Refused {
    fn new(refusal: Refusal, socket: TcpStream) -> Self {
        println!("the client gets no session: {}", refusal.error);
        Self { bytes: refusal.bytes, socket, dropped: 0 }
    }

    /// Writes the last bytes, sends the FIN, and drops what the client still sends. Returns whether all of it is done.
    fn turn(&mut self) -> io::Result<bool> {
        loop {
            let is_written = self.bytes.is_empty();
            let moved = match is_written {
                false => self.socket.write(&self.bytes),
                true => {
                    let _ = self.socket.shutdown(Shutdown::Write); // does nothing the second time
                    self.socket.read(&mut [0; 4096])
                }
            };
            match moved {
                Ok(length) if !is_written => _ = self.bytes.drain(..length),
                Ok(length @ 1..) if self.dropped + length < MAX_DROPPED => self.dropped += length,
                Ok(_) => return Ok(true), // the client's FIN, or too much
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

enum Connection {
    Front(Front<TcpStream>),
    Choosing(Box<Accepted>, TcpStream),
    Session(Box<Session<TcpStream>>),
    Refused(Refused),
}

impl Connection {
    fn new(accepted: Accepted, config: Arc<ServerConfig>, socket: TcpStream) -> Self {
        match connect(accepted, config) {
            Ok(tls) => Self::Session(Box::new(Session::new(tls, socket))),
            Err(refusal) => Self::Refused(Refused::new(refusal, socket)),
        }
    }

    /// Does everything that is possible without waiting. Returns whether the connection is over.
    fn turn(&mut self) -> io::Result<bool> {
        match self {
            Self::Front(_) | Self::Choosing(..) => Ok(false),
            Self::Session(session) => {
                while echo_turn(session)? {}
                Ok(session.is_over())
            }
            Self::Refused(refused) => refused.turn(),
        }
    }
}

/// Serves one client. A thread chooses the configuration.
pub fn serve_one<T: Send + 'static>(
    config: Arc<ServerConfig>,
    client: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
) -> io::Result<T> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let client = thread::spawn(move || std::net::TcpStream::connect(address).map(client));
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    let mut socket = TcpStream::from_std(socket);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    poll.registry().register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, chosen) = mpsc::channel();
    let deadline = Instant::now() + DEADLINE;
    let mut connection = Connection::Front(Front::new(socket));
    loop {
        let timeout = match &connection {
            Connection::Session(_) => None, // the session of chapter 3 has no deadline
            _ => Some(deadline.saturating_duration_since(Instant::now())),
        };
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        connection = match connection {
            Connection::Front(front) => match front.turn()? {
                Progress::Wait(front) => Connection::Front(front),
                Progress::Refuse { refusal, socket } => Connection::Refused(Refused::new(refusal, socket)),
                Progress::Choose { name, accepted, socket } => {
                    let (config, sender, waker) = (Arc::clone(&config), sender.clone(), Arc::clone(&waker));
                    thread::spawn(move || {
                        println!("the client asks for {name:?}");
                        let _ = sender.send(config); // a database would be asked here
                        waker.wake()
                    });
                    Connection::Choosing(accepted, socket)
                }
            },
            Connection::Choosing(accepted, socket) => match chosen.try_recv() {
                Ok(config) => Connection::new(*accepted, config, socket),
                Err(_) => Connection::Choosing(accepted, socket), // another event
            },
            other => other,
        };
        if connection.turn()? {
            break;
        }
        if !matches!(connection, Connection::Session(_)) && deadline <= Instant::now() {
            return Err(ErrorKind::TimedOut.into());
        }
    }
    drop(connection);
    client.join().map_err(|_| io::Error::other("the client has panicked"))?
}

/// Asks for TLS, and sends a request.
pub fn main() -> io::Result<()> {
    let answer = serve_one(tls::server_config(), |mut socket| {
        socket.write_all(COMMAND)?;
        socket.read_exact(&mut [0; ANSWER.len()])?;
        step_02::exchange(&mut tls::client().into(), &mut socket, b"hello")
    });
    println!("the client has {:?}", answer??);
    Ok(())
}
