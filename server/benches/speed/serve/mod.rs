//! The servers inside the benchmark, which runs itself again as one of them.

mod bare;
mod blocking;
mod raw;
mod tokio;

use std::io;

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
    /// rustls connections that are kept and not served.
    Bare,
}

/// Serves until the process is killed.
///
/// # Errors
/// The server cannot listen, or cannot use the certificate.
pub fn run(peer: Peer, options: &Options) -> io::Result<()> {
    let missing = || io::Error::other("--serve needs --listen, --cert and --key");
    let (address, cert, key) = (
        options.listen.ok_or_else(missing)?,
        options.cert.as_deref().ok_or_else(missing)?,
        options.key.as_deref().ok_or_else(missing)?,
    );
    let config = server_config(cert, key)?;
    match peer {
        Peer::Tokio => tokio::run(address, config),
        Peer::Blocking => blocking::run(address, &config),
        Peer::Raw => raw::run(address),
        Peer::Bare => bare::run(address, &config),
    }
}
