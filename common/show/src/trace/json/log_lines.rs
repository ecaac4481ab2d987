//! Writes log lines and the last line of a program as objects of the trace, if they share stderr with it.

use std::time::Instant;

use log::Level;
use program::logging::LineFormat;
use serde_json::json;

use super::{NO_SUBJECT, line};
use crate::clock::Clock;

/// Makes objects of log lines.
pub(crate) struct LogLines {
    clock: Clock,
}

impl LogLines {
    /// Makes lines whose times count from `start`.
    pub(crate) fn since(start: Instant) -> Self {
        Self { clock: Clock::at(start) }
    }
}

impl LineFormat for LogLines {
    fn log(&self, level: Level, target: Option<&str>, message: &str) -> String {
        let level = level.as_str().to_lowercase();
        let fields = json!({ "level": level, "target": target, "message": message });
        line(self.clock, Instant::now(), NO_SUBJECT, "log", fields)
    }

    fn failure(&self, program: &str, message: &str) -> String {
        let fields = json!({ "program": program, "message": message });
        line(self.clock, Instant::now(), NO_SUBJECT, "failed", fields)
    }
}
