//! One client: a rustls connection, or none for the raw echo.
//!
//! It reads into a large buffer and feeds rustls from memory, so that it needs less CPU time than each server here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};

use crate::payload;

/// A server that sends nothing for this long has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// A client. Its socket blocks until [`nonblocking`](Self::nonblocking).
pub struct Client<S> {
    /// The socket.
    pub socket: S,
    tls: Option<ClientConnection>,
    /// How many bytes have come back: the position of the next one in the payload.
    received: usize,
    /// How many bytes were sent: the position of the next one in the payload.
    sent: usize,
}

/// The receive buffer that clients share.
pub type Input = Box<[u8]>;

/// Returns an [`Input`] that holds several records.
pub fn input() -> Input {
    vec![0; 128 * 1024].into()
}

impl Client<TcpStream> {
    /// Connects. With a configuration, finishes the handshake.
    ///
    /// # Errors
    /// The socket or TLS fails.
    pub fn connect(
        address: SocketAddr,
        config: Option<&Arc<ClientConfig>>,
        input: &mut Input,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(READ_TIMEOUT))?;
        let tls = config.map(|config| {
            let name = ServerName::IpAddress(address.ip().into());
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
        });
        let mut client = Self { socket, tls: tls.transpose()?, received: 0, sent: 0 };
        client.flush()?;
        while client.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            client.receive(input)?;
            client.flush()?;
        }
        Ok(client)
    }

    /// Sends one message and waits for its echo.
    ///
    /// # Errors
    /// The socket or TLS fails, or a wrong byte comes back.
    pub fn ping(&mut self, size: usize, input: &mut Input) -> io::Result<()> {
        self.send(size)?;
        self.flush()?;
        while self.received < self.sent {
            self.receive(input)?;
        }
        Ok(())
    }

    /// Sends close_notify and waits for the server's close_notify. Without TLS, does the same with FINs.
    ///
    /// # Errors
    /// The socket or TLS fails.
    pub fn close(mut self, input: &mut Input) -> io::Result<()> {
        let Some(mut tls) = self.tls.take() else {
            self.socket.shutdown(std::net::Shutdown::Write)?;
            return self.socket.read(input).map(drop);
        };
        tls.send_close_notify();
        self.tls = Some(tls);
        self.flush()?;
        loop {
            let length = self.socket.read(input)?;
            let (Some(tls), 1..) = (&mut self.tls, length) else { break };
            let mut rest = &input[..length];
            tls.read_tls(&mut rest)?;
            if tls.process_new_packets().map_err(io::Error::other)?.peer_has_closed() {
                return Ok(());
            }
        }
        Err(io::Error::other("the server ended without close_notify"))
    }

    /// Whether the session was resumed.
    pub fn is_resumed(&self) -> bool {
        let kind = self.tls.as_ref().and_then(|tls| tls.handshake_kind());
        kind == Some(HandshakeKind::Resumed)
    }

    /// Makes the socket non-blocking.
    ///
    /// # Errors
    /// The socket fails.
    pub fn nonblocking(self) -> io::Result<Client<mio::net::TcpStream>> {
        self.socket.set_nonblocking(true)?;
        let socket = mio::net::TcpStream::from_std(self.socket);
        Ok(Client { socket, tls: self.tls, received: self.received, sent: self.sent })
    }
}

impl<S: Read + Write> Client<S> {
    /// The number of bytes that have come back.
    pub fn received(&self) -> usize {
        self.received
    }

    /// The number of bytes that were sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Whether TLS has output to write. Without TLS, [`send`](Self::send) writes to the socket.
    pub fn has_pending_output(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Puts the next `size` bytes of the payload into one record. Without TLS, writes as much as the socket takes.
    ///
    /// # Errors
    /// The socket fails.
    pub fn send(&mut self, size: usize) -> io::Result<()> {
        let piece = payload::piece(self.sent, size);
        self.sent += match &mut self.tls {
            Some(tls) => tls.writer().write(piece)?,
            None => self.socket.write(piece)?,
        };
        Ok(())
    }

    /// Sends a key update. Does nothing without TLS.
    ///
    /// # Errors
    /// TLS fails.
    pub fn update_keys(&mut self) -> io::Result<()> {
        self.tls.as_mut().map_or(Ok(()), |tls| tls.refresh_traffic_keys().map_err(io::Error::other))
    }

    /// Writes the pending output of TLS.
    ///
    /// # Errors
    /// The socket fails or would block.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
        }
        Ok(())
    }

    /// Reads once, and compares the plaintext with the payload.
    ///
    /// # Errors
    /// The socket fails or would block, TLS fails, or a wrong byte comes back.
    pub fn receive(&mut self, input: &mut Input) -> io::Result<()> {
        let length = self.socket.read(input)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = &input[..length];
        let Some(tls) = &mut self.tls else {
            payload::verify(self.received, rest)?;
            self.received += length;
            return Ok(());
        };
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            while let Ok(chunk @ [_, ..]) = tls.reader().into_first_chunk() {
                payload::verify(self.received, chunk)?;
                let taken = chunk.len();
                self.received += taken;
                io::BufRead::consume(&mut tls.reader(), taken);
            }
        }
        Ok(())
    }
}
