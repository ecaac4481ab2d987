//! A client's session and a server's session that talk to each other.

use std::time::Instant;

use super::driver::Driver;
use super::network::connection;
use super::tls::Shared;
use crate::application::Application;

/// Two sessions on one network, under one virtual clock.
pub struct Pair<C, S> {
    /// The client's session.
    pub client: Driver<C>,
    /// The server's session.
    pub server: Driver<S>,
    /// The time. Only [`run`](Self::run) moves it.
    pub now: Instant,
}

impl<C: Application, S: Application> Pair<C, S> {
    /// Two sessions at the start of their handshake. Their network does nothing unusual yet.
    pub fn new(tls: impl Into<Shared>, client: C, server: S) -> Self {
        let tls = tls.into();
        let (near, far) = connection();
        let now = Instant::now();
        Self {
            client: Driver::new(tls.client(), &near, client, &tls.client_sessions, now),
            server: Driver::new(tls.server(), &far, server, &tls.server_sessions, now),
            now,
        }
    }

    /// Runs both until nothing moves at this instant.
    pub fn settle(&mut self) {
        while self.client.round(self.now) | self.server.round(self.now) {}
    }

    /// Runs both until both are over. Time passes only when nothing else can happen.
    pub fn run(&mut self) {
        self.settle();
        while self.client.reason().is_none() || self.server.reason().is_none() {
            let deadline = [self.client.deadline(), self.server.deadline()].into_iter().flatten().min();
            self.now = deadline.unwrap_or_else(|| {
                panic!(
                    "nothing can happen: client {:?}, server {:?}",
                    self.client.phase(),
                    self.server.phase()
                )
            });
            self.settle();
        }
    }
}
