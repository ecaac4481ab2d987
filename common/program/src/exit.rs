//! The exit statuses of both programs.

use std::process::ExitCode;

use tls_session::close_reason::CloseReason;

/// The exit status of `mio-server` and `mio-client`.
///
/// It tells a script what to do next: try again (5, 6), correct something (1, 2), or not trust the received data (3,
/// 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything was delivered. The peer confirmed the end with its close_notify, or left after ours.
    Clean = 0,
    /// A file, a certificate or the listening address cannot be used.
    Configuration = 1,
    /// The command line is wrong. clap and shells use this number too.
    Usage = 2,
    /// The handshake or the authorization failed, the peer sent an alert, or the keys of a TLS 1.2 session are used up.
    Tls = 3,
    /// The peer's data ended without a close_notify, so something may be missing.
    Truncated = 4,
    /// One of the timeouts ended the session.
    TimedOut = 5,
    /// The network failed: the name does not resolve, or the connection was refused or reset.
    Transport = 6,
    /// A signal ended the client. The number is 128 + SIGINT, as shells report it.
    Interrupted = 130,
}

impl ExitStatus {
    /// Returns the number in the shell's `$?`.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Returns the exit status for the end of a session.
impl From<&CloseReason> for ExitStatus {
    fn from(reason: &CloseReason) -> Self {
        match reason {
            CloseReason::Clean { .. } | CloseReason::Unconfirmed | CloseReason::AbandonedByApplication => {
                Self::Clean
            }
            CloseReason::Truncated { .. } | CloseReason::Aborted => Self::Truncated,
            CloseReason::Abandoned => Self::Interrupted,
            CloseReason::PeerAlert(..)
            | CloseReason::NotTls(_)
            | CloseReason::Unauthorized(_)
            | CloseReason::Tls(_)
            | CloseReason::KeysUsedUp { .. } => Self::Tls,
            CloseReason::Transport { .. } => Self::Transport,
            CloseReason::TimedOut(_) => Self::TimedOut,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status.code())
    }
}

/// The table of exit statuses in `--help` of both programs.
pub const TABLE: &str = "\
Exit status:
    0  clean; without -i also: the peer did not confirm the end
    1  configuration: a file, a certificate, the address to listen on
    2  usage: the command line
    3  TLS: handshake, authorization, an alert, keys used up
    4  truncated: no close_notify; with -i also: the server closed first, or did not confirm the end
    5  timed out; or the reader of stdout did not take everything
    6  transport: unresolvable, refused, reset
  130  interrupted: Ctrl-C or SIGTERM at the client, the second one at either";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_status_in_order() {
        let documented: Vec<u8> = TABLE
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        let all = [
            ExitStatus::Clean,
            ExitStatus::Configuration,
            ExitStatus::Usage,
            ExitStatus::Tls,
            ExitStatus::Truncated,
            ExitStatus::TimedOut,
            ExitStatus::Transport,
            ExitStatus::Interrupted,
        ];
        assert_eq!(documented, all.map(ExitStatus::code));
    }

    #[test]
    fn the_readme_has_the_table() {
        let readme = include_str!("../README.md").replace('`', "");
        for (code, words) in TABLE.lines().filter_map(|line| line.trim().split_once("  ")) {
            assert!(readme.contains(&format!("| {code} | {words}")), "{code}: {words}");
        }
    }
}
