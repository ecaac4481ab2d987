//! Many sessions at once: some busy, some idle.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Input};
use crate::payload::Payload;

/// The size of a message of a busy session.
pub const MESSAGE: usize = 1024;

/// Has each of the clients send one message after the other, each as soon as the one before is back, until `count`
/// are back in all. Returns how long each took.
///
/// # Errors
/// Of the sockets or of TLS, or a byte came back wrong.
pub fn run(
    clients: &mut [Client<mio::net::TcpStream>],
    count: usize,
    payload: &Payload,
    input: &mut Input,
) -> io::Result<Vec<Duration>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(clients.len());
    for (key, client) in clients.iter_mut().enumerate() {
        poll.registry().register(&mut client.socket, Token(key), Interest::READABLE)?;
    }
    let mut asked = vec![Instant::now(); clients.len()];
    let mut latencies = Vec::with_capacity(count + clients.len());
    for client in clients.iter_mut() {
        ask(client, payload)?;
    }
    let mut missing = clients.len();
    let mut unasked = count.saturating_sub(missing);
    while missing > 0 {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(key) = event.token();
            let client = &mut clients[key];
            drain(client, payload, input)?;
            if client.received() < client.sent() {
                continue; // the rest of the message makes another event
            }
            latencies.push(asked[key].elapsed());
            if unasked == 0 {
                missing -= 1;
                continue;
            }
            unasked -= 1;
            asked[key] = Instant::now();
            ask(client, payload)?;
        }
    }
    for client in clients {
        poll.registry().deregister(&mut client.socket)?;
    }
    Ok(latencies)
}

fn ask(client: &mut Client<mio::net::TcpStream>, payload: &Payload) -> io::Result<()> {
    client.send(payload, MESSAGE)?;
    client.flush() // 1 KiB into an empty socket buffer: it never blocks
}

fn drain(client: &mut Client<mio::net::TcpStream>, payload: &Payload, input: &mut Input) -> io::Result<()> {
    match client.receive(input, payload) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()), // a message is smaller than the buffer: a read that brought something has drained the socket
    }
}
