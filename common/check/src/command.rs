//! COMMAND: the server as a child process, in a process group of its own.

mod lines;

use std::ffi::OsString;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lines::Lines;
use signal_hook::low_level::signal_name;

use crate::processes::{ProcessGroup, TERM};
use crate::run::{Restart, Running};

/// How long the server may take until it accepts connections.
const START: Duration = Duration::from_secs(30);
/// How long the last lines of a server that has ended may take to arrive.
const LAST_LINES: Duration = Duration::from_millis(500);
/// How many ports are tried. Another program may take a port that was free a moment ago.
const PORTS: u32 = 10;
/// The pause between two looks at something.
const PAUSE: Duration = Duration::from_millis(10);

/// A server that `mio-check` starts. Dropping it ends its process group, and its descendants that have left the group.
pub struct Command {
    words: Vec<OsString>,
    host: String,
    addresses: Vec<SocketAddr>,
    group: ProcessGroup,
    /// The leader of the group. Some servers end when their stdin ends: this one stays open, and stays empty.
    child: Option<Child>,
    /// The lines from stdout and stderr.
    outputs: Vec<Lines>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens at the address.
    #[error(
        "something already listens at {0}: stop it, or choose a free port with port 0 and {{port}} in COMMAND"
    )]
    Taken(SocketAddr),
    /// The program cannot be executed.
    #[error("cannot start {program}: {error}")]
    Spawn {
        /// The first word.
        program: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The process has ended before it accepted a connection.
    #[error(
        "the server did not listen at {address}: {how}. It must stay in the foreground, and listen at {address}{}",
        quoted(lines)
    )]
    Ended {
        /// Where it should listen.
        address: SocketAddr,
        /// How it has ended.
        how: String,
        /// The lines that it has written.
        lines: Vec<String>,
    },
    /// It does not accept connections.
    #[error(
        "the server does not accept connections at {address} after {} s. Does COMMAND name the same port? {{port}} \
         stands for it{}",
        START.as_secs(),
        quoted(lines)
    )]
    Deaf {
        /// Where it should listen.
        address: SocketAddr,
        /// The lines that it has written.
        lines: Vec<String>,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// Another error of the system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn quoted(lines: &[String]) -> String {
    match lines {
        [] => String::new(),
        lines => format!("\nCOMMAND wrote:\n  {}", lines.join("\n  ")),
    }
}

impl Command {
    /// A command that is not started yet. `host` replaces `{host}` in its words, and the port `{port}`. Port 0 in
    /// `addresses` stands for a free port, a new one for each start.
    pub fn new(words: Vec<OsString>, host: String, addresses: Vec<SocketAddr>) -> Self {
        Self { words, host, addresses, group: ProcessGroup::default(), child: None, outputs: Vec::new() }
    }

    /// A handle that ends the process group from another thread.
    pub fn group(&self) -> ProcessGroup {
        self.group.clone()
    }

    /// Starts the server, and waits until it accepts connections at one of its addresses.
    ///
    /// # Errors
    /// See [`StartError`]. No process is left.
    pub fn start(&mut self) -> Result<Running, StartError> {
        let mut tries = if self.chooses_ports() { PORTS } else { 1 };
        loop {
            tries -= 1;
            let addresses = self.addresses_of_this_start()?;
            match accepting(&addresses) {
                None => return self.start_at(&addresses),
                Some(taken) if tries == 0 => return Err(StartError::Taken(taken)),
                Some(_) => {}
            }
        }
    }

    fn start_at(&mut self, addresses: &[SocketAddr]) -> Result<Running, StartError> {
        let started = self.spawn(addresses).and_then(|process| self.listening(addresses, process));
        if started.is_err() {
            self.end();
        }
        started
    }

    /// Whether each start has another port, which is free.
    fn chooses_ports(&self) -> bool {
        self.addresses.first().is_some_and(|address| address.port() == 0)
    }

    fn addresses_of_this_start(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses = self.addresses.clone();
        if let Some(first) = addresses.first().filter(|address| address.port() == 0) {
            let port = TcpListener::bind(first)?.local_addr()?.port();
            addresses.iter_mut().for_each(|address| address.set_port(port));
        }
        Ok(addresses)
    }

    fn spawn(&mut self, addresses: &[SocketAddr]) -> Result<u32, StartError> {
        let port = addresses.first().map(SocketAddr::port).unwrap_or_default().to_string();
        let mut words = self.words.iter().map(|word| filled(word, &self.host, &port));
        let program = words.next().unwrap_or_default();
        let mut command = std::process::Command::new(&program);
        command.args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.group.spawn(&mut command).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => StartError::Interrupted,
            _ => StartError::Spawn { program: program.to_string_lossy().into_owned(), error },
        })?;
        let (stdout, stderr) = (child.stdout.take().map(Lines::of), child.stderr.take().map(Lines::of));
        self.outputs = stdout.into_iter().chain(stderr).collect();
        Ok(self.child.insert(child).id())
    }

    fn end(&mut self) {
        self.group.end();
        if let Some(mut child) = self.child.take() {
            let _ = child.try_wait(); // no zombie is left
        }
    }

    fn listening(&mut self, addresses: &[SocketAddr], process: u32) -> Result<Running, StartError> {
        let start = Instant::now();
        let address =
            addresses.first().copied().ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        loop {
            if let Some(how) = self.has_ended() {
                return Err(StartError::Ended { address, how, lines: self.last_lines() });
            }
            if let Some(address) = accepting(addresses) {
                return Ok(Running { address, process: Some(process) });
            }
            if start.elapsed() > START {
                return Err(StartError::Deaf { address, lines: self.last_lines() });
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Restart for Command {
    fn has_ended(&mut self) -> Option<String> {
        let status = self.group.status()?;
        Some(match (status.exit_status(), status.terminating_signal()) {
            (_, Some(number)) => {
                let name = signal_name(number).map(|name| format!(" ({name})")).unwrap_or_default();
                format!("the server's process was ended by signal {number}{name}")
            }
            (status, None) => {
                format!("the server's process ended with exit status {}", status.unwrap_or_default())
            }
        })
    }

    fn begins(&mut self) {
        self.outputs.iter().for_each(Lines::forget);
    }

    fn last_lines(&mut self) -> Vec<String> {
        if self.has_ended().is_some() {
            self.outputs.iter().for_each(|output| output.wait(LAST_LINES));
        }
        self.outputs.iter().flat_map(Lines::lines).collect()
    }

    /// A server without SO_REUSEADDR cannot listen at the same port again for a minute. It is started until it can.
    fn restart(&mut self) -> io::Result<Running> {
        const TIME_WAIT: Duration = Duration::from_secs(70);
        let limit = if self.chooses_ports() { Duration::ZERO } else { TIME_WAIT };
        let start = Instant::now();
        loop {
            self.end();
            if let Some(taken) = still_accepting(&self.addresses) {
                return Err(io::Error::other(format!(
                    "something else listens at {taken} after COMMAND was ended. Has a process of COMMAND become a \
                     daemon? It must stay in the foreground"
                )));
            }
            match self.addresses_of_this_start().map_err(StartError::Io).and_then(|at| self.start_at(&at)) {
                Err(StartError::Ended { .. }) if start.elapsed() < limit => thread::sleep(TERM),
                started => return started.map_err(io::Error::other),
            }
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        self.end();
    }
}

/// The first of these addresses at which a server accepts a connection.
fn accepting(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let accepts = |address: &SocketAddr| TcpStream::connect_timeout(address, Duration::from_secs(1)).is_ok();
    addresses.iter().copied().find(accepts)
}

/// [`accepting`], if it lasts. The processes that were ended may need a moment to close their sockets.
fn still_accepting(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let addresses: Vec<_> = addresses.iter().copied().filter(|address| address.port() != 0).collect();
    let start = Instant::now();
    loop {
        let taken = accepting(&addresses)?;
        if start.elapsed() > TERM {
            return Some(taken);
        }
        thread::sleep(TERM / 10); // each look fills the queue of a listener that does not accept
    }
}

/// Replaces `{host}` and `{port}`.
fn filled(word: &OsString, host: &str, port: &str) -> OsString {
    let mut bytes = word.as_bytes();
    let mut filled = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        if let Some(rest) = bytes.strip_prefix(b"{host}") {
            filled.extend_from_slice(host.as_bytes());
            bytes = rest;
        } else if let Some(rest) = bytes.strip_prefix(b"{port}") {
            filled.extend_from_slice(port.as_bytes());
            bytes = rest;
        } else {
            filled.push(*first);
            bytes = rest;
        }
    }
    OsString::from_vec(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::Ipv4Addr;

    use super::lines::{KEPT, LINE};
    use super::*;

    fn shell(script: &str) -> Command {
        let words = ["sh", "-c", script].map(OsString::from).to_vec();
        Command::new(words, "localhost".to_owned(), vec![(Ipv4Addr::LOCALHOST, 0).into()])
    }

    #[test]
    fn placeholders_are_replaced() {
        for (word, expected) in [
            ("{host}:{port}", "localhost:8000"),
            ("{port}{port}", "80008000"),
            ("{por}{host", "{por}{host"),
            ("", ""),
        ] {
            assert_eq!(filled(&word.into(), "localhost", "8000"), expected);
        }
    }

    #[test]
    fn a_command_that_ends_early_is_explained_by_its_lines() {
        let mut command =
            shell("for i in $(seq 100); do echo line $i; done; echo no certificate >&2; exit 7");
        let Err(StartError::Ended { how, lines, .. }) = command.start() else { panic!("it started") };
        assert_eq!(how, "the server's process ended with exit status 7");
        assert!(lines.len() <= 2 * (2 * KEPT + 1), "{lines:?}");
        for line in ["line 1", "… 84 lines more …", "line 100", "no certificate"] {
            assert!(lines.contains(&line.to_owned()), "{lines:?}");
        }
    }

    #[test]
    fn a_command_that_is_killed_names_the_signal() {
        let mut command = shell("kill -SEGV $$");
        let error = command.start().unwrap_err().to_string();
        assert!(error.contains("ended by signal 11 (SIGSEGV)"), "{error}");
    }

    #[test]
    fn an_unknown_program_is_an_error() {
        let words = vec![OsString::from("/nowhere/server")];
        let mut command = Command::new(words, String::new(), vec![(Ipv4Addr::LOCALHOST, 0).into()]);
        let error = command.start().unwrap_err().to_string();
        assert!(error.starts_with("cannot start /nowhere/server: "), "{error}");
    }

    #[test]
    fn a_port_that_is_taken_is_an_error() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut command = Command::new(vec!["true".into()], String::new(), vec![address]);
        assert!(matches!(command.start(), Err(StartError::Taken(taken)) if taken == address));
    }

    #[test]
    fn endless_output_is_read_and_bounded() {
        let output = Lines::of(Box::new(io::repeat(b'x').take(50 << 20)));
        output.wait(Duration::from_secs(60));
        assert_eq!(output.lines(), ["x".repeat(LINE)]);
        output.forget();
        assert_eq!(output.lines(), [""; 0]);
    }

    /// Starts the script, which writes a line when it is ready, and drops the command. All its processes must end.
    fn assert_all_end(mut command: Command) {
        command.spawn(&[(Ipv4Addr::LOCALHOST, 1).into()]).unwrap();
        let start = Instant::now();
        while command.last_lines().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(60), "no line came");
            thread::sleep(PAUSE);
        }
        let outputs = command.outputs.clone();
        drop(command);
        for output in outputs {
            output.wait(Duration::from_secs(60));
            assert!(output.lock().is_closed, "a process still has the pipe");
        }
    }

    #[test]
    fn the_whole_group_is_ended() {
        // The shell ignores SIGTERM, and its child is in the same group.
        assert_all_end(shell("trap '' TERM; sleep 100 & echo $!; while true; do wait; done"));
    }

    #[test]
    #[ignore = "needs setsid(1)"]
    fn a_child_with_a_session_of_its_own_is_ended() {
        assert_all_end(shell("setsid sh -c 'echo ready; sleep 100' & wait"));
    }

    #[test]
    #[ignore = "needs perl"]
    fn a_leader_that_leaves_its_group_is_ended() {
        assert_all_end(shell(
            "exec perl -e 'setpgrp(0, getpgrp(getppid)); $| = 1; print \"ready\\n\"; sleep 100'",
        ));
    }

    #[test]
    fn a_server_is_not_started_again_beside_another_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let words = ["sleep", "100"].map(OsString::from).to_vec();
        let mut command = Command::new(words, String::new(), vec![listener.local_addr().unwrap()]);
        let error = command.restart().unwrap_err().to_string();
        assert!(error.starts_with("something else listens at "), "{error}");
    }

    #[test]
    fn a_closed_group_starts_nothing() {
        let mut command = shell("sleep 1000");
        command.group().close();
        assert!(matches!(command.start(), Err(StartError::Interrupted)));
    }
}
