//! What the sessions of this server have in common, and which part of it SIGHUP replaces.

use std::rc::Rc;
use std::sync::Arc;

use rustls::ServerConfig;
use tls_session::authorize::Authorize;
use tls_session::deadline::Timeouts;
use tls_session::session::SessionConfig;

/// Who the server is, and whom it lets in: what the files on disk say.
pub struct Credentials {
    /// The TLS configuration.
    pub tls: Arc<ServerConfig>,
    /// How clients are authorized.
    pub authorize: Arc<dyn Authorize>,
}

/// Loads the credentials, or says what is wrong with which file.
pub type Load<'a> = dyn Fn() -> Result<Credentials, String> + 'a;

/// What the sessions of this server have in common.
pub struct Service {
    /// The TLS configuration.
    pub tls: Arc<ServerConfig>,
    /// How clients are authorized and timed.
    pub session: Arc<SessionConfig>,
    /// What every session begins with.
    pub greeting: Rc<[u8]>,
    /// How many sessions are left to serve, if they are counted.
    pub sessions_left: Option<u64>,
}

impl Service {
    /// A service with these credentials and timeouts. Its sessions begin with `greeting`. `sessions` limits
    /// their number.
    pub fn new(
        Credentials { tls, authorize }: Credentials,
        timeouts: Timeouts,
        greeting: &[u8],
        sessions: Option<u64>,
    ) -> Self {
        let session = Arc::new(SessionConfig { authorize, timeouts });
        Self { tls, session, greeting: greeting.into(), sessions_left: sessions }
    }

    /// What sessions get from now on; those that there are keep what they began with.
    ///
    /// The new configuration has a ticket key and a store of its own: an old ticket cannot resume a session that the new
    /// files would reject.
    pub fn replace(&mut self, Credentials { tls, authorize }: Credentials) {
        self.tls = tls;
        self.session = Arc::new(SessionConfig { authorize, timeouts: self.session.timeouts });
    }
}
