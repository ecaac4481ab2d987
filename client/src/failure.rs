//! The ways in which a client fails before there is a session to fail.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use common::exit::ExitStatus;
use common::host_port::HostPort;

/// Why no session came to be, or why its outcome was of no use.
#[derive(Debug)]
pub enum Failure {
    /// A file, or what rustls is asked for.
    Configuration(String),
    /// The host has no address.
    Unresolvable(HostPort, io::Error),
    /// No address could be connected to.
    Unreachable(HostPort, Vec<(SocketAddr, io::Error)>),
    /// A signal came before there was a connection.
    Interrupted,
    /// The poll.
    EventLoop(io::Error),
    /// stdin cannot be read.
    Input(io::Error),
    /// stdout took no more.
    Output(io::Error),
}

impl Failure {
    /// The exit status that stands for it.
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
                if attempts.iter().any(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused) {
                    f.write_str(". Is the server running? `cargo run --bin mio-server` starts one")?;
                }
                Ok(())
            }
            Self::Interrupted => f.write_str("interrupted before there was a connection"),
            Self::EventLoop(error) => write!(f, "the event loop failed: {error}"),
            Self::Input(error) => write!(f, "cannot read stdin: {error}"),
            Self::Output(error) => write!(f, "cannot write to stdout: {error}"),
        }
    }
}
