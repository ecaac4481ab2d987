//! # Read until `WouldBlock`, and one fast sender starves all other connections
//!
//! **Symptom:** One client uploads at full speed, and all others time out. The process uses 100 % CPU in one
//! connection. Each loop over the events takes seconds, although each read takes microseconds.
//!
//! **Cause:** An edge-triggered poll asks for reads until `WouldBlock` (mio, `src/poll.rs`, "Draining readiness"). A
//! sender that is as fast as the reader never lets it come. While the inner loop lasts, no other event is looked at.
//! Decrypting is slower than receiving, so TLS makes it easy for the sender.
//!
//! **Rule:** Limit the work of one turn, and keep the connections that have more to do in a list of your own. Serve
//! the others, then come back to them without waiting for an event: the edge is used up.
//!
//! **Ours:** `common/session/src/session/wants.rs`, `Turn::Again`; `common/session/src/context.rs`, `Limits::SHARED`;
//! `server/src/run_queue.rs`, `RunQueue`
//!
//! **Seen in:** tokio-rs/mio#45, rsyslog/rsyslog#5502, twitter/twemproxy#416, dabeaz/curio#106
//!
//! **Note:** The test cannot last for ever, so its fast client has sent 4 MiB. That is less than one Linux socket can
//! hold (`tcp_rmem`).

use std::io::{self, Read as _, Write as _};

use rustls::version::TLS13;
use tls_session::simulation::network::{Socket, connection};
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::tls;

/// One round of a server's loop: reads the clients that the poll has reported, and passes what they sent to `received`.
fn naive(ready: &mut [Socket], mut received: impl FnMut(usize, &[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    for (client, socket) in ready.iter_mut().enumerate() {
        loop {
            match socket.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => received(client, &buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

const FAST: usize = 0;
const QUIET: usize = 1;
const UPLOAD: usize = 4 * 1024 * 1024;

#[test]
fn the_naive_loop_reads_everything_of_the_fast_client_first() {
    let clients = [connection(), connection()];
    clients[FAST].0.clone().write_all(&vec![b'x'; UPLOAD]).unwrap();
    clients[QUIET].0.clone().write_all(b"ping").unwrap();
    let mut upload = 0;
    let mut waited_for = None;
    naive(&mut clients.map(|(_, server)| server), |client, bytes| match client {
        FAST => upload += bytes.len(),
        _ => waited_for = Some(upload),
    })
    .unwrap();
    assert_eq!(waited_for, Some(UPLOAD), "the quiet client waited for the whole upload");
}

#[test]
fn ours_takes_turns() {
    let tls = tls(&TLS13);
    let mut fast = RawPair::server(&tls, Echo::default()).established();
    let mut quiet = RawPair::server(&tls, Echo::default()).established();
    for pair in [&mut fast, &mut quiet] {
        pair.session.share(); // two sessions in one loop
    }
    fast.raw.send(&vec![b'x'; UPLOAD]);
    fast.raw.write();
    quiet.raw.send(b"ping");
    quiet.raw.write();

    fast.session.round(fast.now);
    quiet.session.round(quiet.now);
    assert_eq!(quiet.session.received(), b"ping", "the quiet client waited for one turn of the fast one");
    assert!(fast.session.received().len() <= 32 * 1024, "{}", fast.session.received().len());
    assert!(fast.session.is_runnable(), "the fast client has its next turn without an event");
}
