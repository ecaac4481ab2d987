//! # A wrapper around the socket has no `write_vectored`: one system call for each record
//!
//! **Symptom:** `strace` shows hundreds of small `sendto` calls where it showed a few `writev` calls before.
//! Throughput falls, and with `TCP_NODELAY` each record becomes a packet. A new wrapper around the socket only counts
//! bytes, limits the rate, or writes a log.
//!
//! **Cause:** `write_tls` hands up to 64 records to one call of `write_vectored` (rustls, `ChunkVecBuffer::write_to`,
//! `vecbuf.rs`). The default of `Write::write_vectored` passes the first non-empty slice to `write`, and drops the
//! others. So a wrapper that implements `write` and `flush` compiles, works, and writes one record at a time.
//!
//! **Rule:** Forward `write_vectored` in every wrapper between rustls and the socket. The number that it returns may
//! end in the middle of a slice.
//!
//! **Ours:** `common/session/src/session/tap.rs`, `Tap`
//!
//! **Seen in:** tokio-rs/tls#42, youyuanwu/tonic-tls#58

use std::io::{self, Write};
use std::time::Instant;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;

use super::support::{self, Poll, Step, tls};

/// A socket that counts the bytes that it sends.
struct Counted<S> {
    socket: S,
    sent: usize,
}

impl<S: Write> Write for Counted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.socket.write(bytes)?;
        self.sent += length;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A server that sends many short lines when its client is there. Returns the number of bytes.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    let mut counted = Counted { socket: socket.clone(), sent: 0 };
    while poll.wait().is_some() {
        while tls.wants_read() && tls.read_tls(&mut socket).is_ok_and(|length| length > 0) {
            let was_handshaking = tls.is_handshaking();
            tls.process_new_packets().map_err(io::Error::other)?;
            if was_handshaking && !tls.is_handshaking() {
                for line in 0..LINES {
                    writeln!(tls.writer(), "{line:6}")?;
                }
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut counted)?;
        }
    }
    Ok(counted.sent)
}

/// Each line is one record.
const LINES: usize = 200;
const SCHEDULE: &[Step] = &[];

#[test]
fn the_naive_loop_makes_a_system_call_for_each_record() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let sent = naive(server, socket.clone(), &mut poll).unwrap();
    assert_eq!(sent, socket.sent().len());
    assert_eq!(poll.peer.received.len(), LINES * "123456\n".len());
    let records = socket.outgoing().records().len();
    let writes = socket.outgoing().writes;
    assert_eq!(writes, records);
    assert!(records > LINES);
}

/// The same lines.
struct Lines;

impl Application for Lines {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        for line in 0..LINES {
            outbox.send(format!("{line:6}\n").as_bytes());
        }
        Next::Continue
    }

    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }
}

#[test]
fn ours_writes_many_records_with_one_call() {
    let pair = support::run(RawPair::server(tls(&TLS13), Lines), SCHEDULE);
    assert_eq!(pair.raw.received.len(), LINES * "123456\n".len());
    let writes = pair.session.socket.outgoing().writes;
    assert!(writes < 10, "{writes} writes");
}
