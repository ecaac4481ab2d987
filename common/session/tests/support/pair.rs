//! A client and a server session on one wire, under one virtual clock.

use std::time::Instant;

use tls_session::application::Application;

use super::peer::Peer;
use super::tls::Shared;
use super::wire::wire;

/// Two sessions that talk to each other.
pub struct Pair<C, S> {
    /// The client's session.
    pub client: Peer<C>,
    /// The server's session.
    pub server: Peer<S>,
    /// The time, which only [`run`](Self::run) moves.
    pub now: Instant,
}

impl<C: Application, S: Application> Pair<C, S> {
    /// Two sessions at the start of their handshake, on a wire that does nothing unusual yet.
    pub fn new(tls: impl Into<Shared>, client: C, server: S) -> Self {
        let tls = tls.into();
        let (near, far) = wire();
        let now = Instant::now();
        Self {
            client: Peer::new(tls.client(), &near, client, &tls.client_terms, now),
            server: Peer::new(tls.server(), &far, server, &tls.server_terms, now),
            now,
        }
    }

    /// Lets both go on until nothing moves at this instant.
    pub fn settle(&mut self) {
        while self.client.round(self.now) | self.server.round(self.now) {}
    }

    /// Lets both go on until both are over. Time passes only when nothing else can happen.
    pub fn run(&mut self) {
        self.settle();
        while self.client.reason().is_none() || self.server.reason().is_none() {
            let deadline = self.deadline();
            self.now = deadline.unwrap_or_else(|| {
                panic!("stuck for ever: client {:?}, server {:?}", self.client.phase(), self.server.phase())
            });
            self.settle();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.client.deadline(), self.server.deadline()].into_iter().flatten().min()
    }
}
