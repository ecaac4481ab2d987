//! The servers that are part of the benchmark: it runs itself once more as one of them.

mod bare;
mod blocking;
mod raw;
mod tokio;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::certificate::server_config;
use crate::options::Options;

/// One of these servers.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// tokio-rustls.
    Tokio,
    /// rustls' `Stream`, blocking.
    Blocking,
    /// No TLS.
    Raw,
    /// rustls connections that are kept, and nothing around them.
    Bare,
}

/// Serves until it is killed.
///
/// # Errors
/// It cannot listen, or the certificate is no good.
pub fn run(peer: Peer, options: &Options) -> io::Result<()> {
    let missing = || io::Error::other("--serve needs --listen, --cert and --key");
    let (address, cert, key) = (
        options.listen.ok_or_else(missing)?,
        options.cert.as_deref().ok_or_else(missing)?,
        options.key.as_deref().ok_or_else(missing)?,
    );
    start(peer, address, server_config(cert, key)?)
}

fn start(peer: Peer, address: SocketAddr, config: Arc<ServerConfig>) -> io::Result<()> {
    match peer {
        Peer::Tokio => tokio::run(address, config),
        Peer::Blocking => blocking::run(address, &config),
        Peer::Raw => raw::run(address),
        Peer::Bare => bare::run(address, &config),
    }
}
