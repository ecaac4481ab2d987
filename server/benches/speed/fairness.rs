//! Quiet sessions, alone and next to a session that floods the server.
//!
//! One thread runs all clients. It serves the quiet ones after each small step of the flooding client (a few records
//! sealed, or one buffer opened), so that at most this step is added to their latency. It never sleeps, with or
//! without the flood. Slices of a tenth of a second with and without the flood alternate, and the median slice
//! counts: another program that takes the core for a moment disturbs only one slice.

use std::io;
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;

use crate::busy;
use crate::client::{Client, Input};
use crate::transfer::{self, ignore_would_block};
use crate::work::Flood;

/// The time between two bytes of the quiet sessions: a very small load for an idle server.
const INTERVAL: Duration = Duration::from_micros(200);

/// The number of bytes in a slice.
const SLICE: usize = 500;

/// How long the bytes took: sorted, for each slice.
#[derive(Default)]
pub struct Outcome {
    /// Without the flood.
    pub alone: Vec<Vec<Duration>>,
    /// Next to the flood.
    pub beside: Vec<Vec<Duration>>,
    /// How long the flood lasted.
    pub sending: Duration,
}

/// Measures `count` bytes without the flood and `count` bytes next to it.
///
/// # Errors
/// The socket or TLS fails, or a wrong byte comes back.
pub fn run(
    quiet: &mut [Client<TcpStream>],
    flooding: &mut Client<TcpStream>,
    flood: Flood,
    count: usize,
    input: &mut Input,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    for _ in 0..count / SLICE {
        outcome.alone.push(slice(quiet, None, input)?);
        let start = Instant::now();
        outcome.beside.push(slice(quiet, Some((flooding, flood)), input)?);
        transfer::finish(flooding, input)?;
        outcome.sending += start.elapsed();
    }
    Ok(outcome)
}

/// Lets the quiet clients send one byte each, in turn. Meanwhile the flooding client, if there is one, sends and
/// receives as much as it can.
fn slice(
    quiet: &mut [Client<TcpStream>],
    mut flooding: Option<(&mut Client<TcpStream>, Flood)>,
    input: &mut Input,
) -> io::Result<Vec<Duration>> {
    let (mut poll, mut events) = busy::watch(quiet)?;
    let mut sent_at = vec![Instant::now(); quiet.len()];
    let mut latencies = Vec::with_capacity(SLICE);
    let mut turns = (0..quiet.len()).cycle().take(SLICE).peekable();
    let mut next_at = Instant::now();
    while latencies.len() < SLICE {
        if let Some(key) = turns.next_if(|&key| Instant::now() >= next_at && is_idle(&quiet[key])) {
            next_at = Instant::now() + INTERVAL;
            sent_at[key] = Instant::now();
            quiet[key].send(1)?;
            quiet[key].flush()?;
        }
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            let Token(key) = event.token();
            ignore_would_block(quiet[key].receive(input))?;
            if is_idle(&quiet[key]) {
                latencies.push(sent_at[key].elapsed());
            }
        }
        if let Some((flooding, flood)) = &mut flooding {
            ignore_would_block(transfer::write_batch(flooding, *flood))?;
            ignore_would_block(flooding.receive(input))?;
        }
    }
    for client in quiet {
        poll.registry().deregister(&mut client.socket)?;
    }
    latencies.sort_unstable();
    Ok(latencies)
}

/// Whether everything that was sent has come back.
fn is_idle(client: &Client<TcpStream>) -> bool {
    client.received() == client.sent()
}
