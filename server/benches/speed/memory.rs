//! A limit: rustls on both sides, and memory between them. Only the server's work is timed.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection, SideData};

use crate::certificate::{Certificate, server_config};
use crate::options::Options;
use crate::payload;
use crate::sample::{Metric, Sample};
use crate::work::{Load, RECORD};

/// The number of records in one step of a bulk transfer.
const BATCH: usize = 4;

/// Runs a load. Returns `None` if this load needs sockets. The process has a core to itself, so that wall time is CPU
/// time.
///
/// # Errors
/// TLS fails, or a wrong byte comes back.
pub fn run(load: Load, options: &Options, certificate: &Certificate) -> io::Result<Option<Sample>> {
    let (amount, time) = match load {
        Load::Sessions { count, resumed } => {
            let count = options.amount(count);
            (count as f64, sessions(count, resumed, certificate)?)
        }
        Load::PingPong { count } => {
            let count = options.amount(count);
            (count as f64, echo(count, 1, 1, certificate)?)
        }
        Load::Bulk { total, .. } => {
            let count = options.amount(total) / RECORD / BATCH;
            ((count * BATCH * RECORD) as f64 / 1e6, echo(count, RECORD, BATCH, certificate)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(BTreeMap::from([(Metric::PerCpu, amount / time.as_secs_f64())])))
}

/// A client and a server.
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    /// The time that the server has taken.
    server_time: Duration,
}

fn sessions(count: usize, resumed: bool, certificate: &Certificate) -> io::Result<Duration> {
    let resumption = if resumed { Resumption::in_memory_sessions(8) } else { Resumption::disabled() };
    let client = certificate.client_config(resumption)?;
    let server = server_config(&certificate.certificate, &certificate.key)?;
    let mut time = Duration::ZERO;
    for number in 0..count + 20 {
        let mut pair = Pair::connect(&client, &server)?;
        pair.ping(2, 1)?;
        pair.client.send_close_notify();
        pair.client_writes()?;
        pair.server_turns()?;
        if number >= 20 {
            time += pair.server_time; // the first sessions only warm up
        }
    }
    Ok(time)
}

fn echo(count: usize, size: usize, batch: usize, certificate: &Certificate) -> io::Result<Duration> {
    let client = certificate.client_config(Resumption::disabled())?;
    let server = server_config(&certificate.certificate, &certificate.key)?;
    let mut pair = Pair::connect(&client, &server)?;
    for number in 0..count + count / 20 {
        if number == count / 20 {
            pair.server_time = Duration::ZERO;
        }
        pair.ping(size, batch)?;
    }
    Ok(pair.server_time)
}

impl Pair {
    fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> io::Result<Self> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut client = ClientConnection::new(Arc::clone(client), name).map_err(io::Error::other)?;
        client.set_buffer_limit(None);
        let begin = Instant::now();
        let mut server = ServerConnection::new(Arc::clone(server)).map_err(io::Error::other)?;
        server.set_buffer_limit(None);
        let server_time = begin.elapsed();
        let (to_server, to_client) = (Vec::new(), Vec::new());
        let mut pair = Self { client, server, to_server, to_client, server_time };
        while pair.client.is_handshaking() || pair.server.is_handshaking() {
            pair.client_writes()?;
            pair.server_turns()?;
            feed(&mut pair.client, &mut pair.to_client, |_| Ok(()))?;
        }
        Ok(pair)
    }

    /// Echoes `batch` messages of this size.
    fn ping(&mut self, size: usize, batch: usize) -> io::Result<()> {
        for number in 0..batch {
            self.client.writer().write_all(payload::piece(number * size, size))?;
        }
        self.client_writes()?;
        self.server_turns()?;
        let mut received = 0;
        feed(&mut self.client, &mut self.to_client, |client| {
            while let Ok(chunk @ [_, ..]) = client.reader().into_first_chunk() {
                let taken = chunk.len();
                payload::verify(received, chunk)?;
                received += taken;
                client.reader().consume(taken);
            }
            Ok(())
        })?;
        if received == size * batch { Ok(()) } else { Err(io::Error::other("the echo is incomplete")) }
    }

    fn client_writes(&mut self) -> io::Result<()> {
        while self.client.wants_write() {
            self.client.write_tls(&mut self.to_server)?;
        }
        Ok(())
    }

    /// Does the server's work, and times it.
    fn server_turns(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        feed(&mut self.server, &mut self.to_server, |server| {
            while let Ok(chunk @ [_, ..]) = server.reader().into_first_chunk() {
                let taken = chunk.len();
                // The chunk borrows the connection, which is needed to write: copy it.
                let copy = chunk.to_vec();
                server.writer().write_all(&copy)?;
                server.reader().consume(taken);
            }
            Ok(())
        })?;
        while self.server.wants_write() {
            self.server.write_tls(&mut self.to_client)?;
        }
        self.server_time += begin.elapsed();
        Ok(())
    }
}

/// Feeds these bytes to a connection. Calls `then` after each step, to take the plaintext.
fn feed<S: SideData>(
    connection: &mut ConnectionCommon<S>,
    bytes: &mut Vec<u8>,
    mut then: impl FnMut(&mut ConnectionCommon<S>) -> io::Result<()>,
) -> io::Result<()> {
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        connection.read_tls(&mut rest)?;
        connection.process_new_packets().map_err(io::Error::other)?;
        then(connection)?;
    }
    bytes.clear();
    Ok(())
}
