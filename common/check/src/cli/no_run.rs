//! The reports of a run that did not take place: a CI server must not show an older report.

use std::fs;
use std::io;
use std::path::Path;

use super::exit::{Exit, Fault};
use super::flags::Flags;
use crate::report::{json, junit, say, warn};

/// Clears the file for `--junit`, before the run.
///
/// # Errors
/// The file cannot be written.
pub fn clear(file: &Path) -> Result<(), Fault> {
    fs::write(file, "").map_err(|error| unwritable(file, &error))
}

/// Says that a file cannot be written.
pub fn unwritable(file: &Path, error: &io::Error) -> Fault {
    Fault::Usage(format!("cannot write {}: {error}", file.display()))
}

/// Writes the reason to stderr, and to the report that the flags want. Returns the exit status.
pub fn report(flags: &Flags, fault: &Fault) -> Exit {
    warn(fault.text());
    if flags.json {
        say(&json::no_run(fault.text(), fault.exit()));
    }
    // --list and --explain write no report.
    if let Some(file) = flags.junit.as_ref().filter(|_| !flags.list && flags.explain.is_none()) {
        // If this fails, the reason above is that the file cannot be written, or the file is empty.
        let _ = junit::no_run(fault.text()).and_then(|xml| fs::write(file, xml));
    }
    fault.exit()
}
