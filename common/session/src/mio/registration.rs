//! The registration of an event source with the poll.

use std::io;

use mio::event::Source;
use mio::{Registry, Token};

use crate::readiness::Interest;

/// The registration of one source with the poll. It calls the poll only when the wanted interest changes.
///
/// mio has no empty interest, so a source that wants nothing is deregistered. A deregistered socket reports nothing,
/// not even a reset. Registering it again reports whatever is ready by then.
#[derive(Debug)]
pub struct Registration {
    token: Token,
    registered: Option<(Token, mio::Interest)>,
}

impl Registration {
    /// Creates the registration of a source that is not registered yet. The poll will report it as `token`.
    pub fn new(token: Token) -> Self {
        Self { token, registered: None }
    }

    /// Changes the token of the source. The next call to [`apply`](Self::apply) tells the poll.
    pub fn with_token(self, token: Token) -> Self {
        Self { token, ..self }
    }

    /// Tells the poll the wanted interest. Returns whether it has changed.
    ///
    /// # Errors
    /// The errors of `epoll_ctl(2)` or `kevent(2)`: no memory, or too many watches.
    pub fn apply(
        &mut self,
        registry: &Registry,
        source: &mut impl Source,
        wanted: Interest,
    ) -> io::Result<bool> {
        let wanted = Option::from(wanted).map(|interest| (self.token, interest));
        match (self.registered, wanted) {
            (before, after) if before == after => return Ok(false),
            (None, Some((token, interest))) => registry.register(source, token, interest)?,
            (Some(_), Some((token, interest))) => registry.reregister(source, token, interest)?,
            (_, None) => registry.deregister(source)?,
        }
        self.registered = wanted;
        Ok(true)
    }

    /// Makes the poll report again what is ready now, although the source was not read until it was empty. epoll and
    /// kqueue both do that for a source that is registered again.
    ///
    /// # Errors
    /// The errors of [`apply`](Self::apply).
    pub fn rearm(&self, registry: &Registry, source: &mut impl Source) -> io::Result<()> {
        match self.registered {
            Some((token, interest)) => registry.reregister(source, token, interest),
            None => Ok(()),
        }
    }
}
