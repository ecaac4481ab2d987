//! Writes log lines and the last line of a program as objects of the trace, if they share stderr with it.

use std::time::Instant;

use log::Level;
use program::logging::LineFormat;
use serde_json::json;

use super::{NOBODY, line};

/// Makes objects of log lines. Their times count from `start`.
pub(crate) struct LogLines {
    pub(crate) start: Instant,
}

impl LineFormat for LogLines {
    fn log(&self, level: Level, target: Option<&str>, message: &str) -> String {
        let level = level.as_str().to_lowercase();
        let fields = json!({ "level": level, "target": target, "message": message });
        line(self.start.elapsed(), NOBODY, "log", fields)
    }

    fn failure(&self, program: &str, message: &str) -> String {
        let fields = json!({ "program": program, "message": message });
        line(self.start.elapsed(), NOBODY, "failed", fields)
    }
}
