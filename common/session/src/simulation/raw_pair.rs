//! A session and a raw peer.

use std::time::{Duration, Instant};

use super::driver::Driver;
use super::network::connection;
use super::raw::Raw;
use super::tls::Shared;
use crate::application::Application;

/// A session whose peer is played by the test, on one network, under one virtual clock.
pub struct RawPair<A> {
    /// The session.
    pub session: Driver<A>,
    /// Its peer.
    pub raw: Raw,
    /// Whether the peer leaves everything unread.
    pub peer_paused: bool,
    /// The time. Only [`advance`](Self::advance) moves it.
    pub now: Instant,
}

impl<A: Application> RawPair<A> {
    /// A server's session, and a raw client.
    pub fn server(tls: impl Into<Shared>, application: A) -> Self {
        let tls = tls.into();
        let (near, far) = connection();
        let now = Instant::now();
        Self {
            session: Driver::new(tls.server(), &far, application, &tls.server_sessions, now),
            raw: Raw::new(tls.client(), &near),
            peer_paused: false,
            now,
        }
    }

    /// A client's session, and a raw server.
    pub fn client(tls: impl Into<Shared>, application: A) -> Self {
        let tls = tls.into();
        let (near, far) = connection();
        let now = Instant::now();
        Self {
            session: Driver::new(tls.client(), &near, application, &tls.client_sessions, now),
            raw: Raw::new(tls.server(), &far),
            peer_paused: false,
            now,
        }
    }

    /// The same, after the handshake.
    pub fn established(mut self) -> Self {
        self.settle();
        assert_eq!(self.session.phase().name(), "Established");
        self
    }

    /// Runs both until nothing moves at this instant.
    pub fn settle(&mut self) {
        while self.raw.write() | (!self.peer_paused && self.raw.read()) | self.session.round(self.now) {}
    }

    /// Lets so much time pass. The loop is on time for each deadline.
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

    /// The peer sends this, and both go on.
    pub fn send(&mut self, plaintext: &[u8]) {
        self.raw.send(plaintext);
        self.settle();
    }

    /// The peer sends close_notify, and both go on.
    pub fn send_close_notify(&mut self) {
        self.raw.tls.send_close_notify();
        self.settle();
    }

    /// The loop closes the session, and both go on.
    pub fn close(&mut self) {
        self.session.close(self.now);
        self.settle();
    }

    /// The session's application has finished sending, and both go on.
    pub fn finish_sending(&mut self) {
        self.session.finish_sending(self.now);
        self.settle();
    }
}
