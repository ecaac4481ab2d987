//! Parts that several modules share.

use rustls::SupportedProtocolVersion;
use tls_session::application::Application;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, Tls};

pub const GREETING: &[u8] = b"welcome!\n";

/// A client that closes when it has received so many bytes, and an echo with a greeting.
pub fn greeted(tls: &Shared, message: &[u8], closes_after: usize) -> Pair<Talker, Echo> {
    Pair::new(tls, Talker::sends(message).closes_after(closes_after), Echo::greeting(GREETING))
}

/// An echo after the handshake. The test plays its peer.
pub fn echo(version: &'static SupportedProtocolVersion) -> RawPair<Echo> {
    RawPair::server(Tls::new(version), Echo::default()).established()
}

/// Damages the next record of the peer.
pub fn damage_next<A: Application>(pair: &RawPair<A>) {
    let end = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().flips = vec![end + 10];
}
