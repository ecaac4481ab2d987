//! Chapter 3: a session on a non-blocking socket. It never waits inside a call.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::{mem, thread};

use rustls::Connection;

use super::tls;

/// A TLS connection and its socket.
pub struct Session<S> {
    tls: Connection,
    socket: S,
    /// Plaintext that rustls has not taken yet.
    unsent: Vec<u8>,
    /// Whether close_notify follows this plaintext.
    is_finishing: bool,
    /// Whether our close_notify is queued or written.
    has_finished: bool,
    /// Plaintext from the peer.
    received: Vec<u8>,
    /// Whether the peer has sent close_notify.
    peer_finished: bool,
}

impl<S: Read + Write> Session<S> {
    pub fn new(tls: impl Into<Connection>, socket: S) -> Self {
        let tls = tls.into();
        let (unsent, received) = (Vec::new(), Vec::new());
        Self { tls, socket, unsent, is_finishing: false, has_finished: false, received, peer_finished: false }
    }

    /// Does everything that is possible without waiting. Returns whether anything has moved.
    pub fn turn(&mut self) -> io::Result<bool> {
        let has_written = self.write()?;
        let has_read = self.read()?;
        Ok(has_written || has_read)
    }

    fn write(&mut self) -> io::Result<bool> {
        let mut has_moved = false;
        loop {
            let taken = self.tls.writer().write(&self.unsent)?;
            self.unsent.drain(..taken);
            if self.is_finishing && self.unsent.is_empty() && !self.tls.is_handshaking() {
                self.tls.send_close_notify(); // does nothing the second time
                self.has_finished = true;
            }
            if !self.tls.wants_write() {
                return Ok(has_moved);
            }
            match self.tls.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => has_moved = true, // perhaps a part: look again
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(has_moved),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read(&mut self) -> io::Result<bool> {
        let mut has_moved = false;
        while !self.peer_finished {
            match self.tls.read_tls(&mut self.socket) {
                Ok(_) => has_moved = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let processed = self.tls.process_new_packets();
            let taken = self.tls.reader().read_to_end(&mut self.received); // even after an error
            if let Err(error) = processed {
                let _ = self.tls.write_tls(&mut self.socket); // the alert, if there is room for it now
                return Err(io::Error::other(error));
            }
            match taken {
                Ok(_) => self.peer_finished = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {} // no plaintext is left for now
                Err(error) => return Err(error),
            }
        }
        Ok(has_moved)
    }

    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// Returns whether both ends have sent close_notify, and ours is written.
    pub fn is_over(&self) -> bool {
        self.peer_finished && self.has_finished && !self.tls.wants_write()
    }
}

/// A client: sends `request` and close_notify.
pub fn client<S: Read + Write>(socket: S, request: &[u8]) -> Session<S> {
    let mut session = Session::new(tls::client(), socket);
    session.unsent.extend(request);
    session.is_finishing = true;
    session
}

/// Returns what the client has received.
pub fn answer<S>(session: Session<S>) -> Vec<u8> {
    session.received
}

/// A turn of the server: sends back what has come.
pub fn echo_turn<S: Read + Write>(session: &mut Session<S>) -> io::Result<bool> {
    let has_moved = session.turn()?;
    session.unsent.extend(mem::take(&mut session.received));
    session.is_finishing = session.peer_finished;
    Ok(has_moved)
}

/// Runs both ends on a TCP connection.
pub fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept()?;
        socket.set_nonblocking(true)?;
        let mut session = Session::new(tls::server(), socket);
        while !session.is_over() {
            if !echo_turn(&mut session)? {
                thread::yield_now(); // nothing has moved, and the kernel does not say when something will
            }
        }
        io::Result::Ok(())
    });
    let socket = TcpStream::connect(address)?;
    socket.set_nonblocking(true)?;
    let mut session = client(socket, &[7; 5_000_000]);
    while !session.is_over() {
        if !session.turn()? {
            thread::yield_now();
        }
    }
    println!("the server answered {} bytes", answer(session).len());
    server.join().map_err(|_| io::Error::other("the server has panicked"))?
}
