//! Who is served and how many wait, for whoever watches a terminal.

use std::time::Instant;

use common::observer::{LoopEvent, Observer, SessionId, Step};
use common::status_line;

/// An observer that keeps the status line up to date.
#[derive(Default)]
pub struct Status {
    served: Vec<SessionId>,
    waiting: usize,
}

impl Status {
    fn show(&self) {
        status_line::show(&self.line());
    }

    fn line(&self) -> String {
        let served = match self.served.as_slice() {
            [] => "nobody is served".to_owned(),
            [one] => format!("serving {one}"),
            many => format!("serving {} sessions", many.len()),
        };
        format!("{served}, {} waiting", self.waiting)
    }
}

impl Observer for Status {
    fn step(&mut self, _now: Instant, id: SessionId, step: &Step<'_>) {
        if let Step::Closed { .. } = step {
            self.served.retain(|served| *served != id);
            self.show();
        }
    }

    fn event_loop(&mut self, _now: Instant, event: &LoopEvent<'_>) {
        match event {
            LoopEvent::Waiting { place, .. } => self.waiting = *place,
            LoopEvent::Promoted { id, waiting } => {
                self.served.push(*id);
                self.waiting = *waiting;
            }
            LoopEvent::SessionFailed { id, .. } => self.served.retain(|served| served != id),
            LoopEvent::Skipped { .. } => self.waiting = self.waiting.saturating_sub(1),
            LoopEvent::Stopping { .. } => self.waiting = 0,
            LoopEvent::Listening(_) => {}
            _ => return,
        }
        self.show();
    }
}

/// The line does not outlive the program.
impl Drop for Status {
    fn drop(&mut self) {
        status_line::show("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_follows_those_who_come_and_go() {
        let now = Instant::now();
        let peer = "127.0.0.1:50312".parse().unwrap();
        let id = SessionId { number: 7, peer };
        let mut status = Status::default();
        assert_eq!(status.line(), "nobody is served, 0 waiting");
        status.event_loop(now, &LoopEvent::Waiting { peer, place: 1 });
        status.event_loop(now, &LoopEvent::Waiting { peer, place: 2 });
        assert_eq!(status.line(), "nobody is served, 2 waiting");
        status.event_loop(now, &LoopEvent::Promoted { id, waiting: 1 });
        assert_eq!(status.line(), "serving session 7: 127.0.0.1:50312, 1 waiting");
        status.event_loop(now, &LoopEvent::Stopping { why: "a test", waiting: 1 });
        assert_eq!(status.line(), "serving session 7: 127.0.0.1:50312, 0 waiting");
    }
}
