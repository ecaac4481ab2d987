//! The terms of new sessions: TLS configuration, authorization and timeouts.

use std::sync::Arc;

use rustls::ServerConfig;
use tls_session::session::SessionConfig;

/// The terms of new sessions, from the files on disk and the flags.
///
/// SIGHUP loads new terms for new sessions. Running sessions keep their terms. The new TLS configuration has its own
/// ticket key and its own session cache. So an old ticket cannot resume a session that the new files would reject.
pub struct Terms {
    /// The TLS configuration.
    pub tls: Arc<ServerConfig>,
    /// The authorization of clients, and the timeouts.
    pub session: Arc<SessionConfig>,
}

/// A function that loads the terms. Its error is a sentence with the file and the cause.
pub type Load<'a> = dyn Fn() -> Result<Terms, String> + 'a;
