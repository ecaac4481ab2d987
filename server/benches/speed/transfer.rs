//! A bulk transfer: one session, full records, sent and received at once.

use std::io;
use std::net::TcpStream;

use mio::{Events, Interest, Poll, Token};

use crate::client::{Client, Input};
use crate::payload::Payload;
use crate::work::{Flood, RECORD};

/// How many records are sealed before they are written: more would only wait in memory.
const BATCH: usize = 4;

/// The same for records of one byte.
const SMALL_BATCH: usize = 256;

/// Sends `total` bytes and gets them back, with at most `window` of them on their way.
///
/// # Errors
/// Of the socket or of TLS, or a byte came back wrong.
pub fn run(
    client: Client<TcpStream>,
    total: usize,
    window: usize,
    payload: &Payload,
    input: &mut Input,
) -> io::Result<()> {
    let mut client = client.nonblocking()?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1);
    poll.registry().register(&mut client.socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
    let end = client.sent() + total;
    while client.received() < end {
        let before = (client.sent(), client.received(), client.owes());
        blocked(write(&mut client, end, window, payload))?;
        blocked(client.receive(input, payload).map(drop))?;
        if (client.sent(), client.received(), client.owes()) == before {
            poll.poll(&mut events, None)?;
        }
    }
    Ok(())
}

/// Sends until the kernel, the window or the end says stop.
fn write(
    client: &mut Client<mio::net::TcpStream>,
    end: usize,
    window: usize,
    payload: &Payload,
) -> io::Result<()> {
    client.flush()?;
    loop {
        for _ in 0..BATCH {
            let on_their_way = client.sent() - client.received();
            let size = RECORD.min(end - client.sent());
            if size == 0 || on_their_way + size > window {
                return client.flush();
            }
            client.send(payload, size)?;
        }
        client.flush()?;
    }
}

/// Seals a few records and writes what the kernel takes of them. Nothing new is sealed before they are gone.
///
/// # Errors
/// Of the socket, `WouldBlock` among them.
pub fn write_batch(
    client: &mut Client<mio::net::TcpStream>,
    flood: Flood,
    payload: &Payload,
) -> io::Result<()> {
    client.flush()?;
    let (records, size) = match flood {
        Flood::Bulk => (BATCH, RECORD),
        Flood::Bytes | Flood::KeyUpdates => (SMALL_BATCH, 1),
    };
    for _ in 0..records {
        if matches!(flood, Flood::KeyUpdates) {
            client.update_keys()?;
        }
        client.send(payload, size)?;
    }
    client.flush()
}

/// Waits until everything that was sent is back.
///
/// # Errors
/// Of the socket or of TLS, or a byte came back wrong.
pub fn finish(
    client: &mut Client<mio::net::TcpStream>,
    payload: &Payload,
    input: &mut Input,
) -> io::Result<()> {
    while client.received() < client.sent() {
        blocked(client.flush())?;
        blocked(client.receive(input, payload).map(drop))?;
    }
    Ok(())
}

/// Nothing can be done now, and that is no error.
///
/// # Errors
/// All others.
pub fn blocked(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        other => other,
    }
}
