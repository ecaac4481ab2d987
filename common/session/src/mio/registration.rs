//! The difference between "what we want to hear" and "what the poll was told".

use std::io;

use mio::event::Source;
use mio::{Registry, Token};

use crate::readiness::Interest;

/// One source's registration with the poll, changed only when what is wanted changes.
///
/// mio has no empty interest, so wanting nothing means being deregistered; while that lasts not even a reset is
/// reported, and coming back reports whatever is ready by then.
#[derive(Debug)]
pub struct Registrar {
    token: Token,
    registered: Option<(Token, mio::Interest)>,
}

impl Registrar {
    /// A source that is not registered yet and will be known by `token`.
    pub fn new(token: Token) -> Self {
        Self { token, registered: None }
    }

    /// A source that is registered already, under another token perhaps: the next call to
    /// [`apply`](Self::apply) moves it to `token`.
    pub fn adopt(self, token: Token) -> Self {
        Self { token, ..self }
    }

    /// Tells the poll what is wanted now; `true` when that was news.
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

    /// Has the poll report again what is ready now, though nobody has read to the end. epoll and kqueue both do that
    /// for a source that is registered again.
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
