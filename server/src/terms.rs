//! What holds for every new session.

use std::sync::Arc;

use rustls::ServerConfig;
use tls_session::session::SessionConfig;

/// The TLS configuration, and how clients are authorized and timed: what the files on disk and the flags say.
///
/// SIGHUP loads new terms for the sessions to come. The others keep theirs. The new TLS configuration has a ticket key and
/// a store of its own: an old ticket cannot resume a session that the new files would reject.
pub struct Terms {
    /// The TLS configuration.
    pub tls: Arc<ServerConfig>,
    /// How clients are authorized and timed.
    pub session: Arc<SessionConfig>,
}

/// Loads the terms, or says what is wrong with which file.
pub type Load<'a> = dyn Fn() -> Result<Terms, String> + 'a;
