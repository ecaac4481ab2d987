//! Quiet sessions, alone and beside one that sends without end.
//!
//! One thread plays all of them, the quiet ones first: whenever a moment of the sender is over (a few records
//! sealed, or one buffer opened) it looks after them, so that at most this moment is added to what they wait for.
//! It never sleeps, with or without the sender. Both are measured in slices of a tenth of a second that alternate,
//! and what counts is the median slice: another program that takes the core for a moment spoils one of them.

use std::io;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Input};
use crate::payload::Payload;
use crate::transfer::{self, blocked};
use crate::work::Flood;

/// How often one of the quiet sessions sends its byte: a load that an idle server hardly notices.
const PACE: Duration = Duration::from_micros(200);

/// How many bytes there are in a slice.
const SLICE: usize = 500;

/// How long the bytes took, slice by slice, in order in each of them.
#[derive(Default)]
pub struct Outcome {
    /// Without the sender.
    pub alone: Vec<Vec<Duration>>,
    /// Beside it.
    pub beside: Vec<Vec<Duration>>,
    /// How long the sender was at work.
    pub sending: Duration,
}

/// Measures with and without the sender, `count` bytes each.
///
/// # Errors
/// Of the sockets or of TLS, or a byte came back wrong.
pub fn run(
    quiet: &mut [Client<TcpStream>],
    sender: &mut Client<TcpStream>,
    flood: Flood,
    count: usize,
    payload: &Payload,
    input: &mut Input,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    for _ in 0..count / SLICE {
        outcome.alone.push(slice(quiet, None, payload, input)?);
        let start = Instant::now();
        outcome.beside.push(slice(quiet, Some((sender, flood)), payload, input)?);
        transfer::finish(sender, payload, input)?;
        outcome.sending += start.elapsed();
    }
    Ok(outcome)
}

/// The quiet clients take turns, each with one byte there and back; meanwhile the sender, if there is one, sends
/// and receives as much as it can.
fn slice(
    quiet: &mut [Client<TcpStream>],
    mut sender: Option<(&mut Client<TcpStream>, Flood)>,
    payload: &Payload,
    input: &mut Input,
) -> io::Result<Vec<Duration>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(quiet.len());
    for (key, client) in quiet.iter_mut().enumerate() {
        poll.registry().register(&mut client.socket, Token(key), Interest::READABLE)?;
    }
    let mut asked = vec![Instant::now(); quiet.len()];
    let mut latencies = Vec::with_capacity(SLICE);
    let mut turns = (0..quiet.len()).cycle().take(SLICE).peekable();
    let mut due = Instant::now();
    while latencies.len() < SLICE {
        if let Some(key) = turns.next_if(|&key| Instant::now() >= due && is_idle(&quiet[key])) {
            due = Instant::now() + PACE;
            asked[key] = Instant::now();
            quiet[key].send(payload, 1)?;
            quiet[key].flush()?;
        }
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            let Token(key) = event.token();
            blocked(quiet[key].receive(input, payload).map(drop))?;
            if is_idle(&quiet[key]) {
                latencies.push(asked[key].elapsed());
            }
        }
        if let Some((sender, flood)) = &mut sender {
            blocked(transfer::write_batch(sender, *flood, payload))?;
            blocked(sender.receive(input, payload).map(drop))?;
        }
    }
    for client in quiet {
        poll.registry().deregister(&mut client.socket)?;
    }
    latencies.sort_unstable();
    Ok(latencies)
}

/// Whether all that was sent is back.
fn is_idle(client: &Client<TcpStream>) -> bool {
    client.received() == client.sent()
}
