//! The exit statuses.

use std::process::ExitCode;

/// The exit status of `mio-check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// No case failed.
    Clean = 0,
    /// A case failed, or a case held that was expected to fail.
    Failed = 1,
    /// The command line is wrong, or a file cannot be used.
    Usage = 2,
    /// No session with the server was possible.
    Unreachable = 3,
    /// No case failed, but a case could not be carried out.
    Inconclusive = 4,
    /// A signal ended the run. The number is 128 + SIGINT, as shells report it.
    Interrupted = 130,
}

/// The table of exit statuses in `--help`.
pub const TABLE: &str = "\
Exit status:
    0  no case failed
    1  a case failed, or a case held that --expect-fail names
    2  usage: the command line, a file, or an address that needs --yes-it-is-mine
    3  not reachable: no session with the server was possible
    4  inconclusive: no case failed, but a case could not be carried out, or a clean session
       with the client failed
  130  interrupted: Ctrl-C or SIGTERM";

impl Exit {
    /// Returns the number in the shell's `$?`.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// The reason why a run did not take place. The text names the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The command line is wrong, or a file cannot be used.
    Usage(String),
    /// No session with the server was possible.
    Unreachable(String),
    /// The client fails in a clean session, so it cannot be judged.
    NotClean(String),
    /// A signal ended the run before its first case.
    Interrupted,
}

impl Fault {
    /// The exit status.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::NotClean(_) => Exit::Inconclusive,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// The reason.
    pub fn text(&self) -> &str {
        match self {
            Self::Usage(text) | Self::Unreachable(text) | Self::NotClean(text) => text,
            Self::Interrupted => "interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_status() {
        let numbers = TABLE.lines().filter_map(|line| line.split_whitespace().next().unwrap().parse().ok());
        let numbers: Vec<u8> = numbers.collect();
        let all = [
            Exit::Clean,
            Exit::Failed,
            Exit::Usage,
            Exit::Unreachable,
            Exit::Inconclusive,
            Exit::Interrupted,
        ];
        assert_eq!(numbers, all.map(Exit::code));
    }
}
