//! A session whose peer sends what the input says.
//!
//! The first byte of an input says how its bytes come (see [`How`]). The peer sends the others. Both ends draw the same random
//! numbers in every run. So bytes that a real peer once sent (see [`seeds`](crate::seeds)) are still valid: the handshake
//! succeeds, and what follows can be decrypted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::Connection;
use tls_session::application::Application;
use tls_session::close_reason::CloseReason;
use tls_session::session::SessionConfig;
use tls_session::simulation::network::{Cut, connection};
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::transport::Transport as _;

use crate::driven::Driven;
use crate::tls::{Versions, ends};

/// How the bytes come, and what follows them. Two bits are the size of the segments, two are the end, one is for a peer that
/// reads no more than 2000 bytes, and one for a server that asks for a certificate.
#[derive(Clone, Copy, Debug)]
pub struct How(pub u8);

/// What follows the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Fin,
    Reset,
    Silence,
    /// Nothing, and the session is closed from outside.
    Closed,
}

impl How {
    fn segment(self) -> usize {
        [usize::MAX, 1, 7, 1000][usize::from(self.0 & 3)]
    }

    fn end(self) -> End {
        [End::Fin, End::Reset, End::Silence, End::Closed][usize::from(self.0 >> 2 & 3)]
    }

    fn stops_reading(self) -> bool {
        self.0 & 16 != 0
    }

    /// Returns whether the server asks for a certificate.
    pub fn asks(self) -> bool {
        self.0 & 32 != 0
    }
}

/// Runs an echo server on this input. Returns the reason for its end.
pub fn to_server(input: &[u8]) -> Option<CloseReason> {
    let (&how, bytes) = input.split_first()?;
    let ends = ends(Versions::Both, Versions::Both, How(how).asks()).shared();
    Some(run(ends.server(), echo(), &ends.server_sessions, How(how), bytes))
}

/// Runs a client on this input. Returns the reason for its end.
pub fn to_client(input: &[u8]) -> Option<CloseReason> {
    let (&how, bytes) = input.split_first()?;
    let ends = ends(Versions::Both, Versions::Both, How(how).asks()).shared();
    Some(run(ends.client(), talker(), &ends.client_sessions, How(how), bytes))
}

/// The server's application.
pub fn echo() -> Echo {
    Echo::greeting(b"welcome!\n")
}

/// The client's application.
pub fn talker() -> Talker {
    Talker::sends(b"hello").lingers(Duration::from_secs(3))
}

fn run(
    tls: impl Into<Connection>,
    application: impl Application,
    config: &Arc<SessionConfig>,
    how: How,
    bytes: &[u8],
) -> CloseReason {
    let (near, mut far) = connection();
    let now = Instant::now();
    let mut session = Driven::new(tls, &near, application, config, now);
    {
        let mut incoming = near.incoming();
        incoming.segment = how.segment();
        incoming.log.extend_from_slice(bytes);
        incoming.cut = (how.end() == End::Reset).then_some((bytes.len(), Cut::Reset));
    }
    if how.stops_reading() {
        near.outgoing().capacity = 2000;
    }
    if how.end() == End::Fin {
        far.shutdown_write().expect("a FIN");
    }
    session.settle(now);
    if how.end() == End::Closed {
        session.close(now);
    }
    let reason = session.finish(now);
    let is_cut = matches!(reason, CloseReason::Truncated { .. } | CloseReason::Unconfirmed);
    assert!(
        !is_cut || matches!(how.end(), End::Fin | End::Reset),
        "{reason:?}, and the peer has not ended (I5)"
    );
    reason
}
