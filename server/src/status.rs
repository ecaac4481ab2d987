//! The status line of the server: the served sessions, and the number of queued clients.

use std::time::Instant;

use program::observer::{LoopEvent, Observer};
use program::stderr;
use tls_session::observer::{SessionId, SocketEvent, Step};

/// An observer that keeps the status line up to date.
#[derive(Default)]
pub struct Status {
    served: Vec<SessionId>,
    waiting: usize,
}

impl Status {
    fn show(&self) {
        stderr::show_status(&self.line());
    }

    /// Notes an event. Returns whether the line has changed.
    fn note(&mut self, event: &LoopEvent<'_>) -> bool {
        match event {
            LoopEvent::Waiting { position, .. } => self.waiting = *position,
            LoopEvent::Promoted { id, waiting, .. } => {
                self.served.push(*id);
                self.waiting = *waiting;
            }
            LoopEvent::Skipped { waiting, .. }
            | LoopEvent::SlotHeld { waiting, .. }
            | LoopEvent::SlotGivenUp { waiting, .. } => self.waiting = *waiting,
            LoopEvent::SessionFailed { id, .. } => self.served.retain(|served| served != id),
            LoopEvent::Stopping { .. } => self.waiting = 0,
            LoopEvent::Listening(_) => {}
            _ => return false,
        }
        true
    }

    fn line(&self) -> String {
        let served = match self.served.as_slice() {
            [] => "no sessions".to_owned(),
            [session] => format!("serving {session}"),
            sessions => format!("serving {} sessions", sessions.len()),
        };
        format!("{served}, {} waiting", self.waiting)
    }
}

impl tls_session::observer::Observer for Status {
    fn step(&mut self, _now: Instant, id: SessionId, step: &Step<'_>) {
        if let Step::Closed { .. } = step {
            self.served.retain(|served| *served != id);
            self.show();
        }
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        self.event_loop(now, &event.into());
    }
}

impl Observer for Status {
    fn event_loop(&mut self, _now: Instant, event: &LoopEvent<'_>) {
        if self.note(event) {
            self.show();
        }
    }
}

/// Clears the line at the end of the program.
impl Drop for Status {
    fn drop(&mut self) {
        stderr::show_status("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_the_served_session_and_the_number_of_queued_clients() {
        let peer = "127.0.0.1:50312".parse().unwrap();
        let id = SessionId { number: 7, peer };
        let mut status = Status::default();
        assert_eq!(status.line(), "no sessions, 0 waiting");
        status.note(&LoopEvent::Waiting { peer, position: 1 });
        status.note(&LoopEvent::Waiting { peer, position: 2 });
        assert_eq!(status.line(), "no sessions, 2 waiting");
        status.note(&LoopEvent::Promoted { id, slot: 0, waiting: 1 });
        assert_eq!(status.line(), "serving session 7: 127.0.0.1:50312, 1 waiting");
        status.note(&LoopEvent::Stopping { why: "a test", waiting: 1 });
        assert_eq!(status.line(), "serving session 7: 127.0.0.1:50312, 0 waiting");
    }
}
