//! A bulk transfer: one session sends and receives full records at the same time.

use std::io;
use std::net::TcpStream;

use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Input};
use crate::work::{Flood, RECORD};

/// The number of records that are sealed before they are written. More would only wait in memory.
const BATCH: usize = 4;

/// The same, for records of one byte.
const SMALL_BATCH: usize = 256;

/// Sends `total` bytes and receives their echo, with at most `window` of them in flight.
///
/// # Errors
/// The socket or TLS fails, or a wrong byte comes back.
pub fn run(client: Client<TcpStream>, total: usize, window: usize, input: &mut Input) -> io::Result<()> {
    let mut client = client.nonblocking()?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1);
    poll.registry().register(&mut client.socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
    let end = client.sent() + total;
    while client.received() < end {
        let before = (client.sent(), client.received(), client.has_pending_output());
        ignore_would_block(write(&mut client, end, window))?;
        ignore_would_block(client.receive(input))?;
        if (client.sent(), client.received(), client.has_pending_output()) == before {
            poll.poll(&mut events, None)?;
        }
    }
    Ok(())
}

/// Sends until the kernel takes no more, the window is full, or everything is sent.
fn write(client: &mut Client<mio::net::TcpStream>, end: usize, window: usize) -> io::Result<()> {
    client.flush()?;
    loop {
        for _ in 0..BATCH {
            let in_flight = client.sent() - client.received();
            let size = RECORD.min(end - client.sent());
            if size == 0 || in_flight + size > window {
                return client.flush();
            }
            client.send(size)?;
        }
        client.flush()?;
    }
}

/// Flushes pending output, then seals a few records and writes what the kernel takes.
///
/// # Errors
/// The socket fails or would block.
pub fn write_batch(client: &mut Client<mio::net::TcpStream>, flood: Flood) -> io::Result<()> {
    client.flush()?;
    let (records, size) = match flood {
        Flood::Bulk => (BATCH, RECORD),
        Flood::Bytes | Flood::KeyUpdates => (SMALL_BATCH, 1),
    };
    for _ in 0..records {
        if matches!(flood, Flood::KeyUpdates) {
            client.update_keys()?;
        }
        client.send(size)?;
    }
    client.flush()
}

/// Waits until everything that was sent has come back.
///
/// # Errors
/// The socket or TLS fails, or a wrong byte comes back.
pub fn finish(client: &mut Client<mio::net::TcpStream>, input: &mut Input) -> io::Result<()> {
    while client.received() < client.sent() {
        ignore_would_block(client.flush())?;
        ignore_would_block(client.receive(input))?;
    }
    Ok(())
}

/// Turns `WouldBlock` into success.
///
/// # Errors
/// All other errors.
pub fn ignore_would_block(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        other => other,
    }
}
