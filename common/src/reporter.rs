//! The observer that everybody has: what a session came to, in log lines.

use std::time::Instant;

use log::{Level, debug, info, log, warn};
use rustls::Side;

use crate::close_reason::CloseReason;
use crate::observer::{Left, LoopEvent, Observer, SessionId, Step};

/// Logs the events that a person wants to know of: one line for each.
pub struct Reporter {
    peer: Side,
}

impl Reporter {
    /// A reporter at the end whose peers play the side `peer`.
    pub fn new(peer: Side) -> Self {
        Self { peer }
    }

    /// A server goes on after whatever a client did, so the log is the only place to say it. A client ends with it,
    /// and says it once, in its own name.
    fn level_of(&self, reason: &CloseReason) -> Level {
        match (reason, self.peer) {
            (CloseReason::Clean { .. }, _) => Level::Info,
            (CloseReason::Unconfirmed, _) | (_, Side::Client) => Level::Warn,
            (_, Side::Server) => Level::Debug,
        }
    }
}

impl Observer for Reporter {
    fn step(&mut self, _now: Instant, id: SessionId, step: &Step<'_>) {
        match step {
            Step::Established(handshake) if handshake.verdict.is_alarming() => {
                warn!("{id} connected: {handshake}");
            }
            Step::Established(handshake) => info!("{id} connected: {handshake}"),
            Step::DeadlineFired(timeout) => debug!("{id}: {timeout} passed"),
            Step::Closed { reason, received, sent } => {
                let level = self.level_of(reason);
                let outcome = reason.describe(self.peer);
                log!(level, "{id} {outcome}; {received} bytes received, {sent} sent");
            }
            _ => {}
        }
    }

    fn event_loop(&mut self, _now: Instant, event: &LoopEvent<'_>) {
        match event {
            LoopEvent::Listening(address) => info!("listening on {address}"),
            LoopEvent::Waiting { peer, place } => {
                info!("{peer} waits for its turn, number {place} in the queue")
            }
            LoopEvent::RoomFull => {
                info!(
                    "the waiting room is full: further clients wait in the kernel's backlog (see --waiting)"
                );
            }
            LoopEvent::RoomAgain => debug!("there is room again"),
            LoopEvent::AcceptFailed(error) => {
                warn!("accepting a connection failed, trying again soon: {error} (see ulimit -n)");
            }
            LoopEvent::Skipped { peer, left: Left::Fin } => info!("{peer} left before its turn"),
            LoopEvent::Skipped { peer, left: Left::Error(error) } => {
                info!("{peer} left before its turn: {error}")
            }
            LoopEvent::Promoted { id, waiting, .. } => debug!("{id} is served, {waiting} waiting"),
            LoopEvent::SessionFailed { id, error } => warn!("{id} could not be served: {error}"),
            LoopEvent::Connecting(address) => debug!("connecting to {address}"),
            LoopEvent::ConnectFailed(address, error) => debug!("connecting to {address} failed: {error}"),
            LoopEvent::Connected(address) => debug!("TCP connection to {address}"),
            LoopEvent::LingeringOver { peer, drained } => {
                debug!("{peer}: {drained} more bytes came, thrown away")
            }
            LoopEvent::Reloaded { error: None } => info!("SIGHUP: new sessions get what the files hold now"),
            LoopEvent::Reloaded { error: Some(error) } => {
                warn!("SIGHUP: nothing changes, mend this and send it again: {error}");
            }
            LoopEvent::Stopping { why, waiting: 0 } => info!("stopping: {why}"),
            LoopEvent::Stopping { why, waiting } => info!("stopping: {why}; {waiting} waiting are sent away"),
            LoopEvent::Woke { .. }
            | LoopEvent::Ready(_)
            | LoopEvent::InterestChanged(..)
            | LoopEvent::Accepted(_)
            | LoopEvent::Freed { .. }
            | LoopEvent::StdinRead(_) => {}
        }
    }
}
