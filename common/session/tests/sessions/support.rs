//! Parts that several modules share.

use rustls::SupportedProtocolVersion;
use tls_session::application::Application;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::Tls;

/// An echo after the handshake. The test plays its peer.
pub fn echo(version: &'static SupportedProtocolVersion) -> RawPair<Echo> {
    RawPair::server(Tls::new(version), Echo::default()).established()
}

/// Damages the next record of the peer.
pub fn damage_next<A: Application>(pair: &RawPair<A>) {
    let end = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().flips = vec![end + 10];
}
