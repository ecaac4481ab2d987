//! # An idle connection is registered for `WRITABLE` again and again: 100 % CPU
//!
//! **Symptom:** The process uses a whole core while nothing happens. `strace` shows `epoll_wait` and
//! `epoll_ctl(EPOLL_CTL_MOD)` in turn, without end: each `epoll_wait` returns at once with `EPOLLOUT`.
//!
//! **Cause:** A socket with room in its send buffer is writable, and an idle socket always has room. An
//! edge-triggered poll says so once. But `reregister` makes the kernel look again and report what is ready (Linux,
//! `ep_modify`, `fs/eventpoll.c`; kqueue does the same for `EV_ADD`). A loop that registers after each event "to arm
//! it again" gets the next event at once.
//!
//! **Rule:** Ask for `WRITABLE` only while output is waiting, which is while `wants_write` returns true after a
//! `WouldBlock`. Call `reregister` only when the interest changes.
//!
//! **Ours:** `common/session/src/mio/registration.rs`, `Registration::apply`; `common/session/src/session/wants.rs`,
//! `Session::wants`
//!
//! **Seen in:** Dooskington/grubbnet#12, blabaere/scaproust#12

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::readiness::Interest;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

const BOTH: Interest = Interest { readable: true, writable: true };

/// A server that collects what its client sends. Returns how many events have brought nothing.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    let (mut message, mut idle) = (Vec::new(), 0);
    while poll.wait().is_some() && idle < ENOUGH {
        let mut has_moved = false;
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(idle),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut message); // all that there is, then WouldBlock
            has_moved = true;
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
            has_moved = true;
        }
        idle += usize::from(!has_moved);
        poll.watch(BOTH); // arm the poll again
    }
    Ok(idle)
}

/// A server would go on for ever.
const ENOUGH: usize = 1000;

/// After the handshake the client sends nothing.
const SCHEDULE: &[Step] = &[];

#[test]
fn the_naive_loop_spins() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert_eq!(naive(server, socket, &mut poll).unwrap(), ENOUGH);
    assert_eq!(poll.unread(), 0, "there is nothing to read");
}

#[test]
fn ours_sleeps_while_nothing_happens() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()).established(), SCHEDULE);
    assert_eq!(pair.session.interest(), Interest::READABLE);
    assert!(!pair.session.is_runnable());
    assert_eq!(pair.session.socket.poll(), None);
}
