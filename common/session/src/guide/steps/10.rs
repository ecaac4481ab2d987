//! Chapter 10: what comes before a session. A line in plaintext, a ClientHello, and a configuration that somebody else chooses.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, mpsc};
use std::thread;

use mio::{Events, Interest, Poll, Token, Waker};
use rustls::server::{Accepted, Acceptor};

use super::step_03::{Session, echo_turn};
use super::{step_02, tls};

/// The line that asks for TLS, and the answer to it.
pub const COMMAND: &[u8] = b"STARTTLS\n";
pub const ANSWER: &[u8] = b"go\n";

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
                    Err((error, mut alert)) => {
                        let _ = alert.write_all(&mut self.socket);
                        return Err(io::Error::other(error));
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

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

enum Connection<S> {
    Front(Front<S>),
    Choosing(Box<Accepted>, S),
    Session(Box<Session<S>>),
}

/// Serves one client. A thread chooses the configuration.
pub fn main() -> io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut client = std::net::TcpStream::connect(listener.local_addr()?)?;
    let client = thread::spawn(move || {
        client.write_all(COMMAND)?;
        client.read_exact(&mut [0; ANSWER.len()])?;
        step_02::exchange(&mut tls::client().into(), &mut client, b"hello")
    });
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    poll.registry().register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, chosen) = mpsc::channel();
    let mut connection = Connection::Front(Front::new(socket));
    loop {
        poll.poll(&mut events, None)?;
        connection = match connection {
            Connection::Front(front) => match front.turn()? {
                Progress::Wait(front) => Connection::Front(front),
                Progress::Choose { name, accepted, socket } => {
                    let (sender, waker) = (sender.clone(), Arc::clone(&waker));
                    thread::spawn(move || {
                        println!("the client asks for {name:?}");
                        let _ = sender.send(tls::server_config()); // a database would be asked here
                        waker.wake()
                    });
                    Connection::Choosing(accepted, socket)
                }
            },
            Connection::Choosing(accepted, socket) => match chosen.try_recv() {
                Ok(config) => {
                    let tls =
                        accepted.into_connection(config).map_err(|(error, _)| io::Error::other(error))?;
                    Connection::Session(Box::new(Session::new(tls, socket)))
                }
                Err(_) => Connection::Choosing(accepted, socket), // another event
            },
            session => session,
        };
        if let Connection::Session(session) = &mut connection {
            while echo_turn(session)? {}
            if session.is_over() {
                break;
            }
        }
    }
    println!("the client has {:?}", client.join());
    Ok(())
}
