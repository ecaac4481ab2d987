//! A session and a raw peer on one wire, under one virtual clock.

use std::time::{Duration, Instant};

use tls_session::application::Application;

use super::peer::Peer;
use super::raw::Raw;
use super::tls::Shared;
use super::wire::wire;

/// A session that is visited by somebody whom the test plays.
pub struct Visit<A> {
    /// The session.
    pub session: Peer<A>,
    /// Who visits it.
    pub raw: Raw,
    /// Whether the visitor leaves everything unread.
    pub deaf: bool,
    /// The time, which only [`advance`](Self::advance) moves.
    pub now: Instant,
}

impl<A: Application> Visit<A> {
    /// A server's session, and a client that visits it.
    pub fn to_server(tls: impl Into<Shared>, application: A) -> Self {
        let tls = tls.into();
        let (near, far) = wire();
        let now = Instant::now();
        Self {
            session: Peer::new(tls.server(), &far, application, &tls.server_terms, now),
            raw: Raw::new(tls.client(), &near),
            deaf: false,
            now,
        }
    }

    /// A client's session, and the server that it visits.
    pub fn to_client(tls: impl Into<Shared>, application: A) -> Self {
        let tls = tls.into();
        let (near, far) = wire();
        let now = Instant::now();
        Self {
            session: Peer::new(tls.client(), &near, application, &tls.client_terms, now),
            raw: Raw::new(tls.server(), &far),
            deaf: false,
            now,
        }
    }

    /// The same, with the handshake behind it.
    pub fn established(mut self) -> Self {
        self.settle();
        assert_eq!(self.session.phase().name(), "Established");
        self
    }

    /// Lets both go on until nothing moves at this instant.
    pub fn settle(&mut self) {
        while self.raw.write() | (!self.deaf && self.raw.read()) | self.session.round(self.now) {}
    }

    /// Lets so much time pass, every deadline in it being met on time.
    pub fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        self.settle();
        while let Some(at) = self.session.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.settle();
        }
        self.now = until;
        self.settle();
    }

    /// The visitor says this, and both go on.
    pub fn say(&mut self, plaintext: &[u8]) {
        self.raw.say(plaintext);
        self.settle();
    }

    /// The session is closed from outside, and both go on.
    pub fn close(&mut self) {
        self.session.close(self.now);
        self.settle();
    }

    /// The session's application has said everything, and both go on.
    pub fn finish_sending(&mut self) {
        self.session.finish_sending(self.now);
        self.settle();
    }

    /// The visitor says that it has said everything, and both go on.
    pub fn say_goodbye(&mut self) {
        self.raw.tls.send_close_notify();
        self.settle();
    }
}
