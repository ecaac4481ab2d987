//! A client in the thread of the test, driven step by step.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use rustls::{Connection, SupportedProtocolVersion};

use crate::steps::step_02::flush;
use crate::steps::tls;

/// The size of the kernel's buffers. Linux doubles it.
const KERNEL_BUFFER: usize = 32 * 1024;

/// Creates a listener whose connections have small buffers in the kernel.
pub fn listener() -> (mio::net::TcpListener, SocketAddr) {
    let listener = mio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    sockopt::set_socket_send_buffer_size(&listener, KERNEL_BUFFER).unwrap();
    sockopt::set_socket_recv_buffer_size(&listener, KERNEL_BUFFER).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Lets two sides shake hands, until neither has anything left to write.
pub fn shake_hands(sides: &mut [Connection; 2]) {
    for turn in 0..6 {
        let mut bytes = Vec::new();
        flush(&mut sides[turn % 2], &mut bytes).unwrap();
        let mut bytes = &bytes[..];
        while !bytes.is_empty() {
            sides[1 - turn % 2].read_tls(&mut bytes).unwrap();
            sides[1 - turn % 2].process_new_packets().unwrap();
        }
    }
    assert!(sides.iter().all(|tls| !tls.is_handshaking() && !tls.wants_write()));
}

/// Calls `turn`, which moves a server, until `until` returns `true`. Fails after a long time.
pub fn drive(mut turn: impl FnMut(), mut until: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !until() {
        assert!(Instant::now() < limit, "it does not come");
        turn();
    }
}

pub struct Peer {
    pub tls: Connection,
    pub socket: TcpStream,
    /// Bytes to write behind those of TLS.
    pub raw: Vec<u8>,
    unsent: VecDeque<u8>,
    pub received: Vec<u8>,
    /// How the server has ended: `Ok` by close_notify and FIN, or the error.
    pub end: Option<Result<(), ErrorKind>>,
    pub has_close_notify: bool,
}

impl Peer {
    pub fn connect(address: SocketAddr) -> Self {
        Self::with(address, rustls::DEFAULT_VERSIONS)
    }

    pub fn with(address: SocketAddr, versions: &[&'static SupportedProtocolVersion]) -> Self {
        Self::of(address, tls::client_of(versions))
    }

    pub fn of(address: SocketAddr, tls: impl Into<Connection>) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        sockopt::set_socket_send_buffer_size(&socket, KERNEL_BUFFER).unwrap();
        sockopt::set_socket_recv_buffer_size(&socket, KERNEL_BUFFER).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut tls = tls.into();
        tls.set_buffer_limit(None);
        let (raw, unsent, received) = (Vec::new(), VecDeque::new(), Vec::new());
        Self { tls, socket, raw, unsent, received, end: None, has_close_notify: false }
    }

    /// Queues plaintext.
    pub fn send(&mut self, plaintext: &[u8]) {
        self.tls.writer().write_all(plaintext).unwrap();
    }

    /// Writes what the kernel takes now. Returns whether everything is written.
    pub fn write(&mut self) -> bool {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.unsent).unwrap();
        }
        if !self.tls.is_handshaking() {
            self.unsent.extend(self.raw.drain(..));
        }
        while !self.unsent.is_empty() {
            match self.socket.write(self.unsent.as_slices().0) {
                Ok(length) => _ = self.unsent.drain(..length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => {
                    self.end.get_or_insert(Err(error.kind()));
                    return true;
                }
            }
        }
        true
    }

    /// Reads what the kernel has now.
    pub fn read(&mut self) {
        while self.end.is_none() {
            let mut bytes = [0; 4096];
            match self.socket.read(&mut bytes) {
                Ok(0) if self.has_close_notify => self.end = Some(Ok(())),
                Ok(length) => self.take(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.end = Some(Err(error.kind())),
            }
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        let is_fin = bytes.is_empty();
        while is_fin || !bytes.is_empty() {
            match self.tls.read_tls(&mut bytes) {
                Ok(0) => bytes = &[],
                other => _ = other.unwrap(),
            }
            if let Err(error) = self.tls.process_new_packets() {
                self.end = Some(Err(io::Error::other(error).kind()));
            }
            match self.tls.reader().read_to_end(&mut self.received) {
                Ok(_) => self.has_close_notify = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => self.end = Some(Err(error.kind())),
            }
            if is_fin {
                return;
            }
        }
    }

    /// Connects and shakes hands, while `turn` moves the server.
    pub fn established(address: SocketAddr, turn: impl FnMut()) -> Self {
        let mut peer = Self::connect(address);
        peer.finish_handshake(turn);
        peer
    }

    /// Shakes hands, while `turn` moves the server.
    pub fn finish_handshake(&mut self, turn: impl FnMut()) {
        drive(turn, || {
            self.read();
            self.write() && !self.tls.is_handshaking()
        });
    }

    /// Writes and reads, while `turn` moves the server, until the peer has received exactly this.
    pub fn hears(&mut self, turn: impl FnMut(), expected: &[u8]) {
        drive(turn, || {
            self.write();
            self.read();
            self.received == expected
        });
    }

    /// Writes and reads, while `turn` moves the server, until the server has ended.
    pub fn run_to_end(&mut self, turn: impl FnMut()) {
        drive(turn, || {
            self.write();
            self.read();
            self.end.is_some()
        });
    }
}
