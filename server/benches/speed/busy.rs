//! Many busy sessions at the same time.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Input};
use crate::transfer::ignore_would_block;

/// The size of a message.
const MESSAGE: usize = 1024;

/// Lets each client send one message after the other, each when the one before has come back. Ends when `count`
/// messages of all clients together have come back. Returns how long each message took.
///
/// # Errors
/// The socket or TLS fails, or a wrong byte comes back.
pub fn run(
    clients: &mut [Client<mio::net::TcpStream>],
    count: usize,
    input: &mut Input,
) -> io::Result<Vec<Duration>> {
    let (mut poll, mut events) = watch(clients)?;
    let mut sent_at = vec![Instant::now(); clients.len()];
    let mut latencies = Vec::with_capacity(count + clients.len());
    for client in clients.iter_mut() {
        send(client)?;
    }
    let mut missing = clients.len();
    let mut unsent = count.saturating_sub(missing);
    while missing > 0 {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(key) = event.token();
            let client = &mut clients[key];
            ignore_would_block(client.receive(input))?; // the buffer is larger than a message
            if client.received() < client.sent() {
                continue; // the rest of the message makes another event
            }
            latencies.push(sent_at[key].elapsed());
            if unsent == 0 {
                missing -= 1;
                continue;
            }
            unsent -= 1;
            sent_at[key] = Instant::now();
            send(client)?;
        }
    }
    for client in clients {
        poll.registry().deregister(&mut client.socket)?;
    }
    Ok(latencies)
}

/// Registers clients with a new poll. The index of a client is its token.
///
/// # Errors
/// No file descriptors are left.
pub fn watch(clients: &mut [Client<mio::net::TcpStream>]) -> io::Result<(Poll, Events)> {
    let (poll, events) = (Poll::new()?, Events::with_capacity(clients.len()));
    for (key, client) in clients.iter_mut().enumerate() {
        poll.registry().register(&mut client.socket, Token(key), Interest::READABLE)?;
    }
    Ok((poll, events))
}

fn send(client: &mut Client<mio::net::TcpStream>) -> io::Result<()> {
    client.send(MESSAGE)?;
    client.flush() // 1 KiB fits into an empty socket buffer: this never blocks
}
