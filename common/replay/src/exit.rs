//! The exit statuses.

use std::process::ExitCode;

/// The exit status of `mio-show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// At least one session was shown.
    Shown = 0,
    /// A file cannot be used or read to its end, or an output cannot be written.
    Failed = 1,
    /// The capture has no TLS session.
    NoSession = 3,
}

/// The table of exit statuses in `--help`.
pub const TABLE: &str = "\
Exit status:
    0  at least one session was shown
    1  a file cannot be used or read to its end, or an output cannot be written
    2  usage: the command line
    3  the capture has no TLS session";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use program::exit::ExitStatus;

    use super::*;

    #[test]
    fn the_table_lists_every_status_in_order() {
        let numbers =
            TABLE.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().parse().unwrap());
        let all = [Exit::Shown as u8, Exit::Failed as u8, ExitStatus::Usage.code(), Exit::NoSession as u8];
        assert_eq!(numbers.collect::<Vec<u8>>(), all);
    }
}
