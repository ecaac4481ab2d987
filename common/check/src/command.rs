//! COMMAND: the server as a child process, in a process group of its own.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, waitid};
use signal_hook::low_level::signal_name;

use crate::descent::Descent;
use crate::run::{Restart, Running};

/// How long the server may take until it accepts connections.
const START: Duration = Duration::from_secs(30);
/// How long a server has to end after SIGTERM.
const TERM: Duration = Duration::from_secs(2);
/// How long the last lines of a server that has ended may take to arrive.
const LAST_LINES: Duration = Duration::from_millis(500);
/// The pause between two looks at something.
const PAUSE: Duration = Duration::from_millis(10);
/// The number of first lines and of last lines that are kept of each pipe. A panic has its message in front of a long
/// backtrace, and other programs end with the message.
const KEPT: usize = 8;
/// The length of a line in bytes.
const LINE: usize = 400;

/// A server that `mio-check` starts. Dropping it ends its process group, and its descendants that have left the group.
pub struct Command {
    words: Vec<OsString>,
    host: String,
    addresses: Vec<SocketAddr>,
    group: Group,
    /// What stdout and stderr have brought.
    outputs: Vec<Lines>,
    /// Some servers end when their stdin ends. This one stays open, and stays empty.
    _stdin: Option<ChildStdin>,
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
        /// What it has written.
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
        /// What it has written.
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
        Self { words, host, addresses, group: Group::default(), outputs: Vec::new(), _stdin: None }
    }

    /// A handle that ends the process group from another thread.
    pub fn group(&self) -> Group {
        self.group.clone()
    }

    /// Starts the server, and waits until it accepts connections at one of its addresses.
    ///
    /// # Errors
    /// See [`StartError`]. No process is left.
    pub fn start(&mut self) -> Result<Running, StartError> {
        let addresses = self.addresses_of_this_start()?;
        if let Some(taken) = accepting(&addresses) {
            return Err(StartError::Taken(taken));
        }
        self.start_at(&addresses)
    }

    fn start_at(&mut self, addresses: &[SocketAddr]) -> Result<Running, StartError> {
        let started = self.spawn(addresses).and_then(|process| self.listening(addresses, process));
        if started.is_err() {
            self.group.end();
        }
        started
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
        command.args(words).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (process, stdin, pipes) = self.group.spawn(&mut command, &program)?;
        self._stdin = stdin;
        self.outputs = pipes.into_iter().map(Lines::of).collect();
        Ok(process)
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
        self.group.how_it_ended()
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
        let is_new_port = self.addresses.first().is_some_and(|address| address.port() == 0);
        let limit = if is_new_port { Duration::ZERO } else { TIME_WAIT };
        let start = Instant::now();
        loop {
            self.group.end();
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
        self.group.end();
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

/// The process group of a command, and the descendants that have left it. Clones share it.
#[derive(Clone, Default)]
pub struct Group(Arc<Mutex<Members>>);

#[derive(Default)]
struct Members {
    /// The leader, until it is waited for. So its id cannot belong to another process.
    leader: Option<Child>,
    /// No process is started any more.
    closed: bool,
}

type Pipe = Box<dyn Read + Send>;

impl Group {
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(
        &self,
        command: &mut std::process::Command,
        program: &OsString,
    ) -> Result<(u32, Option<ChildStdin>, Vec<Pipe>), StartError> {
        let mut members = self.members();
        if members.closed {
            return Err(StartError::Interrupted);
        }
        let spawned = command.spawn();
        let mut child = spawned
            .map_err(|error| StartError::Spawn { program: program.to_string_lossy().into_owned(), error })?;
        let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Pipe);
        let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Pipe);
        let (process, stdin) = (child.id(), child.stdin.take());
        members.leader = Some(child);
        Ok((process, stdin, stdout.into_iter().chain(stderr).collect()))
    }

    /// Ends the process group: SIGTERM, and SIGKILL two seconds later.
    pub fn end(&self) {
        end(&mut self.members());
    }

    /// Ends the process group. A later start is an error.
    pub fn close(&self) {
        let mut members = self.members();
        members.closed = true;
        end(&mut members);
    }

    /// Says how the leader has ended. `None`: it runs, or there is none.
    fn how_it_ended(&self) -> Option<String> {
        let members = self.members();
        let status = exited(pid(members.leader.as_ref()?)?)?;
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
}

fn end(members: &mut Members) {
    let Some(mut leader) = members.leader.take() else { return };
    let Some(process) = pid(&leader) else { return };
    let descent = Descent::of(process); // later, those whose parent has ended are not found
    descent.signal(Signal::TERM);
    let has_ended = wait(process);
    descent.signal(Signal::KILL);
    // The kernel may hold a process for a long time, for example on a disk that does not answer.
    if has_ended || wait(process) {
        let _ = leader.wait();
    }
}

/// Waits for the end of a process, but not longer than [`TERM`]. Returns whether it has ended.
fn wait(process: Pid) -> bool {
    let start = Instant::now();
    while exited(process).is_none() {
        if start.elapsed() > TERM {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// The status of a process that has ended. It stays a zombie, and keeps its id.
fn exited(process: Pid) -> Option<WaitIdStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(process), options).ok().flatten()
}

/// The first and the last lines that a pipe has brought. A thread reads all of it, so that the server never waits for
/// a reader.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    first: Vec<String>,
    last: VecDeque<String>,
    /// The number of lines between them, which are not kept.
    between: usize,
    /// All processes have closed the pipe.
    is_closed: bool,
}

impl Lines {
    fn of(mut pipe: Pipe) -> Self {
        let lines = Self::default();
        let shared = lines.clone();
        thread::spawn(move || shared.follow(&mut pipe));
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, pipe: &mut Pipe) {
        let mut line = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            for byte in &buffer[..length] {
                match byte {
                    b'\n' => self.push(&std::mem::take(&mut line)),
                    byte if line.len() < LINE => line.push(*byte),
                    _ => {}
                }
            }
        }
        self.push(&line);
        self.lock().is_closed = true;
    }

    fn push(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        if line.is_empty() {
            return;
        }
        let mut kept = self.lock();
        if kept.first.len() < KEPT {
            kept.first.push(line);
            return;
        }
        kept.last.push_back(line);
        if kept.last.len() > KEPT {
            kept.last.pop_front();
            kept.between += 1;
        }
    }

    /// Forgets the lines so far.
    fn forget(&self) {
        let mut kept = self.lock();
        *kept = Kept { is_closed: kept.is_closed, ..Kept::default() };
    }

    /// Waits until the pipe is closed. A process that the server has left behind may keep it open.
    fn wait(&self, limit: Duration) {
        let start = Instant::now();
        while !self.lock().is_closed && start.elapsed() < limit {
            thread::sleep(PAUSE);
        }
    }

    fn lines(&self) -> Vec<String> {
        let kept = self.lock();
        let between = (kept.between > 0).then(|| format!("… {} lines more …", kept.between));
        kept.first.iter().cloned().chain(between).chain(kept.last.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

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
