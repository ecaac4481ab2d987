//! The errors of the client beside those of a session.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use program::exit::ExitStatus;
use program::host_port::HostPort;

use crate::cli::DEFAULT_TARGET;
use crate::starttls::StartTlsError;

/// The error of a client that could not start a session, or could not use stdin or stdout.
#[derive(Debug)]
pub enum Failure {
    /// A file or the TLS configuration cannot be used.
    Configuration(String),
    /// The host has no address.
    Unresolvable(HostPort, io::Error),
    /// No address of the host accepted a connection.
    Unreachable(HostPort, Vec<(SocketAddr, io::Error)>),
    /// TLS does not begin.
    StartTls(HostPort, StartTlsError),
    /// A signal came before the session.
    Interrupted,
    /// The poll failed.
    EventLoop(io::Error),
    /// stdin cannot be read.
    Input(io::Error),
    /// stdout cannot be written.
    Output(io::Error),
}

impl Failure {
    /// Returns the exit status.
    pub fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Configuration(_) | Self::EventLoop(_) | Self::Input(_) | Self::Output(_) => {
                ExitStatus::Configuration
            }
            Self::Unreachable(_, attempts)
                if attempts.iter().all(|(_, error)| error.kind() == io::ErrorKind::TimedOut) =>
            {
                ExitStatus::TimedOut
            }
            Self::Unresolvable(..) | Self::Unreachable(..) => ExitStatus::Transport,
            Self::StartTls(_, error) => match error {
                StartTlsError::TimedOut(_) => ExitStatus::TimedOut,
                StartTlsError::ClosedBeforeTls(_) => ExitStatus::Truncated,
                StartTlsError::Closed(_) | StartTlsError::Failed(..) | StartTlsError::FailedBeforeTls(..) => {
                    ExitStatus::Transport
                }
                StartTlsError::Refused(..)
                | StartTlsError::NotOffered
                | StartTlsError::OutOfTurn(..)
                | StartTlsError::Injected(..)
                | StartTlsError::LongLine
                | StartTlsError::ManyLines => ExitStatus::Tls,
            },
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(message) => f.write_str(message),
            Self::Unresolvable(target, error) => {
                write!(f, "cannot resolve '{}': {error}; is the name right?", target.host)
            }
            Self::Unreachable(target, attempts) => {
                write!(f, "cannot connect to {target}:")?;
                for (number, (address, error)) in attempts.iter().enumerate() {
                    let separator = if number == 0 { "" } else { ";" };
                    write!(f, "{separator} {address}: {error}")?;
                }
                match attempts.iter().any(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused) {
                    true => f.write_str(&hint_for_refused(target, env::args_os().next(), started_by_cargo())),
                    false => Ok(()),
                }
            }
            Self::StartTls(target, error) => write!(f, "{target}: {error}"),
            Self::Interrupted => f.write_str("interrupted before the session began"),
            Self::EventLoop(error) => write!(f, "the event loop failed: {error}"),
            Self::Input(error) => write!(f, "cannot read stdin: {error}"),
            Self::Output(error) => write!(f, "cannot write to stdout: {error}"),
        }
    }
}

/// Returns a hint for a refused connection. For the default address it names the command that starts our server.
fn hint_for_refused(target: &HostPort, program: Option<OsString>, by_cargo: bool) -> String {
    if target.to_string() != DEFAULT_TARGET {
        return "; does a server listen there?".to_owned();
    }
    let command = if by_cargo {
        "cargo run --bin mio-server".to_owned()
    } else {
        let client = PathBuf::from(program.unwrap_or_default());
        client.with_file_name("mio-server").display().to_string()
    };
    format!("; no server runs there, `{command}` starts one")
}

/// Returns whether `cargo run` started this program. It sets this variable.
fn started_by_cargo() -> bool {
    env::var_os("CARGO").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(target: &str, program: &str, by_cargo: bool) -> String {
        hint_for_refused(&target.parse().unwrap(), Some(program.into()), by_cargo)
    }

    #[test]
    fn for_the_default_address_the_hint_starts_the_server_beside_this_client() {
        for (program, by_cargo, command) in [
            ("target/debug/mio-client", true, "`cargo run --bin mio-server`"),
            ("target/debug/mio-client", false, "`target/debug/mio-server`"),
            ("mio-client", false, "`mio-server`"),
        ] {
            let hint = hint("localhost", program, by_cargo);
            assert!(hint.contains(command), "{hint}");
        }
    }

    #[test]
    fn for_another_address_the_hint_does_not_start_our_server() {
        for target in ["localhost:8001", "127.0.0.1:8000", "example.org:443"] {
            assert_eq!(hint(target, "mio-client", true), "; does a server listen there?");
        }
    }
}
