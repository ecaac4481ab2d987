//! The difference between what is wanted and what the poll was told.

use std::io;

use mio::event::Source;
use mio::{Registry, Token};

use crate::readiness::Interest;

/// The registration of one source with the poll. It changes only when what is wanted changes.
///
/// mio has no empty interest: a source that wants nothing is deregistered. A deregistered socket reports nothing, not even
/// a reset. Registering it again reports whatever is ready by then.
#[derive(Debug)]
pub struct Registration {
    token: Token,
    registered: Option<(Token, mio::Interest)>,
}

impl Registration {
    /// The registration of a source that is not registered yet. The poll will report it as `token`.
    pub fn new(token: Token) -> Self {
        Self { token, registered: None }
    }

    /// The registration of the same source under another token. The next call to [`apply`](Self::apply) moves it there.
    pub fn with_token(self, token: Token) -> Self {
        Self { token, ..self }
    }

    /// Tells the poll what is wanted now. Returns whether that was a change.
    ///
    /// # Errors
    /// Those of `epoll_ctl(2)` or `kevent(2)`: out of memory, or watches.
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

    /// Has the poll report again what is ready now, though the source was not read to its end. epoll and kqueue both do
    /// that for a source that is registered again.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn rearm(&self, registry: &Registry, source: &mut impl Source) -> io::Result<()> {
        match self.registered {
            Some((token, interest)) => registry.reregister(source, token, interest),
            None => Ok(()),
        }
    }
}
