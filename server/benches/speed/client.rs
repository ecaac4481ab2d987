//! One client, blocking: a rustls connection, or for the raw echo none.
//!
//! It reads into a buffer of its own and feeds rustls from memory, so that it costs less than any server here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};

use crate::payload::Payload;

/// After so long without a byte the server is taken for dead.
const PATIENCE: Duration = Duration::from_secs(20);

/// What lies between the plaintext and the socket: TLS, or for the raw echo nothing.
pub struct Client<S> {
    /// The socket.
    pub socket: S,
    tls: Option<ClientConnection>,
    /// Where the next byte that comes belongs in the payload.
    received: usize,
    /// Where the next byte that is sent comes from.
    sent: usize,
}

/// The buffer that clients share.
pub type Input = Box<[u8]>;

/// An [`Input`] that holds several records.
pub fn input() -> Input {
    vec![0; 128 * 1024].into()
}

impl Client<TcpStream> {
    /// Connects, and handshakes if there is a configuration.
    ///
    /// # Errors
    /// Of the socket, or of TLS.
    pub fn connect(
        address: SocketAddr,
        config: Option<&Arc<ClientConfig>>,
        payload: &Payload,
        input: &mut Input,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let tls = config.map(|config| {
            let name = ServerName::IpAddress(address.ip().into());
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
        });
        let mut client = Self { socket, tls: tls.transpose()?, received: 0, sent: 0 };
        client.flush()?;
        while client.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            client.receive(input, payload)?;
            client.flush()?;
        }
        Ok(client)
    }

    /// One message there and back.
    ///
    /// # Errors
    /// Of the socket or of TLS, or the answer is wrong.
    pub fn ping(&mut self, payload: &Payload, size: usize, input: &mut Input) -> io::Result<()> {
        self.send(payload, size)?;
        self.flush()?;
        while self.received < self.sent {
            self.receive(input, payload)?;
        }
        Ok(())
    }

    /// close_notify there and back, then the server's FIN.
    ///
    /// # Errors
    /// Of the socket or of TLS.
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

    /// Whether the session came of a ticket.
    pub fn is_resumed(&self) -> bool {
        let kind = self.tls.as_ref().and_then(|tls| tls.handshake_kind());
        kind == Some(HandshakeKind::Resumed)
    }

    /// The same session, on a socket that does not block.
    ///
    /// # Errors
    /// The socket refuses.
    pub fn nonblocking(self) -> io::Result<Client<mio::net::TcpStream>> {
        self.socket.set_nonblocking(true)?;
        let socket = mio::net::TcpStream::from_std(self.socket);
        Ok(Client { socket, tls: self.tls, received: self.received, sent: self.sent })
    }
}

impl<S: Read + Write> Client<S> {
    /// How many bytes have come back.
    pub fn received(&self) -> usize {
        self.received
    }

    /// How many bytes were sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Whether bytes wait to be written. Without TLS [`send`](Self::send) writes them itself.
    pub fn owes(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Sends the next `size` bytes of the payload: as one record, or for the raw echo as much as the socket takes.
    ///
    /// # Errors
    /// Of the socket.
    pub fn send(&mut self, payload: &Payload, size: usize) -> io::Result<()> {
        let piece = payload.piece(self.sent, size);
        self.sent += match &mut self.tls {
            Some(tls) => tls.writer().write(piece)?,
            None => self.socket.write(piece)?,
        };
        Ok(())
    }

    /// Announces new keys for what is sent from now on. The raw echo has none.
    ///
    /// # Errors
    /// Of TLS.
    pub fn update_keys(&mut self) -> io::Result<()> {
        self.tls.as_mut().map_or(Ok(()), |tls| tls.refresh_traffic_keys().map_err(io::Error::other))
    }

    /// Writes what rustls has to write.
    ///
    /// # Errors
    /// Of the socket, `WouldBlock` among them.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
        }
        Ok(())
    }

    /// One read, and the comparison of what came of it. Says whether it filled the buffer.
    ///
    /// # Errors
    /// Of the socket, `WouldBlock` among them; of TLS; or the bytes are wrong.
    pub fn receive(&mut self, input: &mut Input, payload: &Payload) -> io::Result<bool> {
        let length = self.socket.read(input)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = &input[..length];
        let Some(tls) = &mut self.tls else {
            payload.verify(self.received, rest)?;
            self.received += length;
            return Ok(length == input.len());
        };
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            while let Ok(chunk @ [_, ..]) = tls.reader().into_first_chunk() {
                payload.verify(self.received, chunk)?;
                let taken = chunk.len();
                self.received += taken;
                io::BufRead::consume(&mut tls.reader(), taken);
            }
        }
        Ok(length == input.len())
    }
}
