//! # The alert is written, and a reset destroys it: the peer sees `Connection reset by peer`
//!
//! **Symptom:** The server refuses a client and says why: a packet capture shows the alert. The client reports
//! `Connection reset by peer (os error 104)` and no reason. A client that has finished sending gets the alert, so
//! tests with small messages pass.
//!
//! **Cause:** The server has found the error in the middle of what the client sent. It writes the alert and closes
//! the socket, which still holds unread bytes. Then the kernel sends a reset behind the alert (RFC 1122, 4.2.2.13). A
//! client whose `write` fails with that reset often never reads, and a reset allows a kernel to drop what was not
//! read.
//!
//! **Rule:** After the alert send a FIN with `shutdown(Write)`, then read and drop what the peer still sends, within
//! limits of bytes and time, and close the socket at its FIN. Read the socket itself, not through rustls, which has
//! failed.
//!
//! **Ours:** `common/session/src/mio/draining.rs`, `Draining::close`; `common/session/src/session/calls.rs`,
//! `needs_draining`
//!
//! **Seen in:** rustls/tokio-rustls#83
//!
//! **Note:** In the simulation a reset destroys everything that the client has not read. Linux hands out what has
//! already arrived, if the client reads at all.

use std::io;

use rustls::version::TLS13;
use rustls::{AlertDescription, Error, ServerConnection};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that reads until its client breaks the protocol. It does not forget the alert.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if let Err(error) = tls.process_new_packets() {
                while tls.wants_write() {
                    tls.write_tls(&mut socket)?; // the alert
                }
                return Err(io::Error::other(error)); // the caller closes the socket
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(())
}

/// The first record of an upload is damaged on its way.
const SCHEDULE: &[Step] = &[|client| {
    let start = client.socket.sent().len();
    client.socket.outgoing().flips.push(start + 10);
    client.send(&[b'x'; 50_000]);
}];

#[test]
fn the_naive_loop_closes_the_socket_and_the_alert_is_lost() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let records = socket.clone();
    assert!(naive(server, socket, &mut poll).is_err());
    let (_, alert) = records.outgoing().records().pop().unwrap();
    assert!(alert < 30, "the last record is the alert");
    assert!(poll.unread() > 10_000);
    poll.close();
    assert_eq!(poll.peer.error, None, "the client has got no alert");
}

#[test]
fn ours_drains_the_socket_and_the_alert_arrives() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
    assert!(pair.session.needs_draining());
    assert_eq!(pair.raw.error, Some(Error::AlertReceived(AlertDescription::BadRecordMac)));
}
