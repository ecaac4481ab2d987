//! Two connections in memory, and records that rustls would never write.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, Connection, ConnectionTrafficSecrets, ContentType, Error, IoState, ProtocolVersion,
    SupportedCipherSuite, SupportedProtocolVersion,
};
use tls_session::simulation::network::records;
use tls_session::simulation::tls::{Shared, Tls};

/// The kinds of a TLS alert and of a handshake message that the tests forge.
pub const WARNING: u8 = 1;
pub const FATAL: u8 = 2;
pub const KEY_UPDATE: u8 = 24;

/// Configurations for full handshakes, whose secrets a test may extract.
pub fn tls(version: &'static SupportedProtocolVersion) -> Tls {
    let mut tls = Tls::new(version);
    tls.client.enable_secret_extraction = true;
    tls.server.enable_secret_extraction = true;
    tls
}

/// A client and a server. Bytes move only when the test moves them.
pub struct Pair {
    pub client: Connection,
    pub server: Connection,
}

impl Pair {
    /// Both at the start of their handshake.
    pub fn of(tls: impl Into<Shared>) -> Self {
        let tls = tls.into();
        Self { client: tls.client().into(), server: tls.server().into() }
    }

    /// Both after the handshake. Nothing is queued.
    pub fn established(version: &'static SupportedProtocolVersion) -> Self {
        Self::of(tls(version)).settled()
    }

    /// The same, after everything that was queued has arrived.
    pub fn settled(mut self) -> Self {
        self.settle();
        assert!(!self.client.is_handshaking() && !self.server.is_handshaking());
        self
    }

    /// Moves bytes until nothing is queued.
    pub fn settle(&mut self) {
        while self.client.wants_write() || self.server.wants_write() {
            receive(&mut self.server, &output(&mut self.client)).unwrap();
            receive(&mut self.client, &output(&mut self.server)).unwrap();
        }
    }

    /// The server, and a peer that seals records with the keys of the client.
    pub fn forge(self) -> (Connection, Sealer) {
        (self.server, Sealer::of(self.client))
    }
}

/// A connection of TLS 1.3 whose peer is forged.
pub fn forged() -> (Connection, Sealer) {
    Pair::established(&TLS13).forge()
}

/// A connection of TLS 1.2 whose peer is forged.
pub fn forged12() -> (Connection, Sealer) {
    Pair::established(&TLS12).forge()
}

/// Takes all queued ciphertext.
pub fn output(tls: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut bytes).unwrap();
    }
    bytes
}

/// Returns the lengths of these records.
pub fn lengths(bytes: &[u8]) -> Vec<usize> {
    records(bytes).iter().map(|(_, length)| *length).collect()
}

/// Takes all queued ciphertext, and counts its records.
pub fn output_records(tls: &mut Connection) -> usize {
    records(&output(tls)).len()
}

/// Passes bytes to `read_tls` alone, as far as one call takes them.
pub fn read_tls(tls: &mut Connection, mut bytes: &[u8]) -> usize {
    tls.read_tls(&mut bytes).unwrap()
}

/// Passes bytes to rustls: one `process_new_packets` behind each `read_tls`.
pub fn receive(tls: &mut Connection, mut bytes: &[u8]) -> Result<IoState, Error> {
    let mut state = None;
    while !bytes.is_empty() {
        if tls.read_tls(&mut bytes).unwrap() == 0 {
            break;
        }
        state = Some(tls.process_new_packets()?);
    }
    state.map_or_else(|| tls.process_new_packets(), Ok)
}

/// Takes all plaintext.
pub fn plaintext(tls: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = tls.reader().read_to_end(&mut bytes); // WouldBlock behind the plaintext
    bytes
}

/// What the reader says when it is asked for bytes.
pub fn read(tls: &mut Connection) -> Result<usize, ErrorKind> {
    tls.reader().read(&mut [0; 8]).map_err(|error| error.kind())
}

/// Queues plaintext, and returns its ciphertext.
pub fn seal(tls: &mut Connection, plaintext: &[u8]) -> Vec<u8> {
    tls.writer().write_all(plaintext).unwrap();
    output(tls)
}

/// Damages the last byte.
pub fn damaged(mut bytes: Vec<u8>) -> Vec<u8> {
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

/// Returns the alert that `from` has queued, as its peer sees it. `None`: nothing is queued.
pub fn queued_alert(from: &mut Connection, to: &mut Connection) -> Option<AlertDescription> {
    let bytes = output(from);
    if bytes.is_empty() {
        return None;
    }
    match receive(to, &bytes) {
        Err(Error::AlertReceived(alert)) => Some(alert),
        other => panic!("no fatal alert: {other:?}"),
    }
}

/// A socket that fails, always in the same way.
pub struct Broken(pub ErrorKind);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

/// A socket that must not be used.
pub struct Untouched;

impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("the socket was read")
    }
}

impl Write for Untouched {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("the socket was written")
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("the socket was flushed")
    }
}

/// A socket that takes part of a write, and notes the number of slices.
#[derive(Default)]
pub struct Taking {
    /// How many bytes each write takes. `None`: all.
    pub limit: Option<usize>,
    pub slices: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Write for Taking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.slices.push(slices.len());
        let all = slices.iter().flat_map(|slice| slice.iter().copied());
        let before = self.bytes.len();
        self.bytes.extend(all.take(self.limit.unwrap_or(usize::MAX)));
        Ok(self.bytes.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seals records with the keys of a connection. It puts anything into them.
pub struct Sealer {
    encrypter: Box<dyn MessageEncrypter>,
    sequence: u64,
}

impl Sealer {
    /// Takes the keys from a connection that has finished its handshake.
    pub fn of(tls: Connection) -> Self {
        let suite = tls.negotiated_cipher_suite().unwrap();
        let (sequence, secrets) = tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { panic!("another cipher") };
        let encrypter = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
            SupportedCipherSuite::Tls12(suite) => {
                let (fixed, explicit) = iv.as_ref().split_at(4);
                suite.aead_alg.encrypter(key, fixed, explicit)
            }
        };
        let mut sealer = Self { encrypter, sequence: 0 };
        for _ in 0..sequence {
            sealer.record(ContentType::ApplicationData, b""); // aws-lc wants to see every sequence number
        }
        sealer
    }

    /// Returns a record of this type with this content.
    pub fn record(&mut self, typ: ContentType, content: &[u8]) -> Vec<u8> {
        let payload = OutboundChunks::Single(content);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        self.sequence += 1;
        self.encrypter.encrypt(message, self.sequence - 1).unwrap().encode()
    }
}
