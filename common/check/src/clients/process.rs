//! Runs the client: its command, its output, its end.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use crate::processes::ProcessGroup;

/// The most output that is kept of each stream: more than the largest answer.
const KEPT: usize = 48 << 20;
/// How long the output may take after the whole process group has ended.
const REST: Duration = Duration::from_secs(2);

/// The command of a client, with placeholders.
#[derive(Clone, Debug)]
pub struct ClientCommand {
    words: Vec<String>,
    stdin: Option<PathBuf>,
    group: ProcessGroup,
}

/// The values of the placeholders.
#[derive(Clone, Debug)]
pub struct Places {
    /// `{ca}`: the file with the authority's certificate.
    pub ca: String,
    /// `{host}`: the host of the server.
    pub host: String,
    /// `{port}`: the port of the server.
    pub port: u16,
}

impl ClientCommand {
    /// A command with its arguments, and the file that is its stdin. Without a file, stdin stays open and brings nothing: many
    /// clients end a session at the end of stdin.
    pub fn new(words: Vec<String>, stdin: Option<PathBuf>) -> Self {
        Self { words, stdin, group: ProcessGroup::killed_at_once() }
    }

    /// A handle that ends the client from another thread.
    pub fn group(&self) -> ProcessGroup {
        self.group.clone()
    }

    /// The words, with their placeholders.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether a placeholder is in the command: "ca".
    pub fn names(&self, placeholder: &str) -> bool {
        let placeholder = format!("{{{placeholder}}}");
        self.words.iter().any(|word| word.contains(&placeholder))
    }

    /// The command for this server.
    pub fn filled(&self, places: &Places) -> Vec<String> {
        let fill = |word: &String| {
            word.replace("{ca}", &places.ca)
                .replace("{host}", &places.host)
                .replace("{port}", &places.port.to_string())
        };
        self.words.iter().map(fill).collect()
    }

    /// Starts the client in a process group of its own. Its stdout is not read before `unread` is over.
    ///
    /// # Errors
    /// The program or the file for stdin cannot be opened.
    pub fn start(&self, places: &Places, unread: Duration) -> io::Result<Running> {
        let words = self.filled(places);
        let Some((program, arguments)) = words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"));
        };
        let stdin = match &self.stdin {
            Some(path) => {
                let open = File::open(path);
                open.map_err(|error| named(&format!("cannot read {}", path.display()), &error))?.into()
            }
            None => Stdio::piped(),
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.group.spawn(&mut command);
        let mut child = child.map_err(|error| named(&format!("cannot run {program}"), &error))?;
        let stdout = Stream::read(child.stdout.take(), unread);
        let stderr = Stream::read(child.stderr.take(), Duration::ZERO);
        Ok(Running { child, group: self.group.clone(), stdout, stderr, start: Instant::now() })
    }
}

fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// How a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Status(i32),
    /// By this signal, which we have not sent.
    Signal(i32),
    /// It was still running at the limit, and was killed.
    Running,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "it ended with exit status {status}"),
            Self::Signal(signal) => match Signal::from_named_raw(*signal) {
                Some(name) => write!(f, "the signal {name:?} ended it"),
                None => write!(f, "the signal {signal} ended it"),
            },
            Self::Running => f.write_str("it was still running"),
        }
    }
}

/// The end of a client and its output.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub ended: Ended,
    /// The first 48 MB of its stdout.
    pub stdout: Vec<u8>,
    /// The first 48 MB of its stderr.
    pub stderr: Vec<u8>,
    /// From its start to its end.
    pub took: Duration,
    /// How long it had written nothing to stdout when it ended.
    pub quiet: Duration,
}

impl Run {
    /// The last line of stderr, or of stdout, for a report.
    pub fn last_words(&self) -> String {
        let last = |bytes: &[u8]| {
            let tail = &bytes[bytes.len().saturating_sub(2000)..];
            let text = String::from_utf8_lossy(tail);
            let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            line.chars().filter(|letter| !letter.is_control()).take(300).collect::<String>()
        };
        match last(&self.stderr) {
            line if line.is_empty() => last(&self.stdout),
            line => line,
        }
    }
}

/// A client that runs.
pub struct Running {
    /// Its stdin stays open until it has ended.
    child: Child,
    group: ProcessGroup,
    stdout: Stream,
    stderr: Stream,
    start: Instant,
}

impl Running {
    /// Waits until the client has ended, at most for this long. Then ends its process group, and its descendants that have left
    /// the group.
    ///
    /// # Errors
    /// The system cannot wait for the client.
    pub fn wait(mut self, limit: Duration) -> io::Result<Run> {
        let pid = Pid::from_child(&self.child);
        let (sender, receiver) = mpsc::channel();
        // The client stays a zombie, so that its number still names its group.
        thread::spawn(move || {
            let ended = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let _ = sender.send(ended.map(drop));
        });
        let in_time = receiver.recv_timeout(limit) != Err(RecvTimeoutError::Timeout);
        let took = self.start.elapsed();
        let quiet = self.stdout.quiet();
        self.group.end();
        let ended = match self.child.try_wait()? {
            Some(status) if in_time => match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Status(code),
                (None, signal) => Ended::Signal(signal.unwrap_or_default()),
            },
            _ => Ended::Running,
        };
        let by = Instant::now() + REST;
        Ok(Run { ended, stdout: self.stdout.finish(by), stderr: self.stderr.finish(by), took, quiet })
    }
}

/// A stream that a thread reads.
struct Stream {
    read: Arc<Mutex<Bytes>>,
    reader: Option<JoinHandle<()>>,
}

/// The bytes that a thread has read.
struct Bytes {
    bytes: Vec<u8>,
    last: Instant,
}

impl Stream {
    fn read(source: Option<impl Read + Send + 'static>, unread: Duration) -> Self {
        let read = Arc::new(Mutex::new(Bytes { bytes: Vec::new(), last: Instant::now() }));
        let reader = source.map(|mut source| {
            let read = Arc::clone(&read);
            thread::spawn(move || {
                thread::sleep(unread);
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = source.read(&mut buffer) {
                    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT.saturating_sub(read.bytes.len()).min(length);
                    read.bytes.extend_from_slice(&buffer[..room]);
                    read.last = Instant::now();
                }
            })
        });
        Self { read, reader }
    }

    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long nothing has come.
    fn quiet(&self) -> Duration {
        self.lock().last.elapsed()
    }

    /// Waits for the end of the stream, but not for a process that has left the group.
    fn finish(self, by: Instant) -> Vec<u8> {
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) && Instant::now() < by {
            thread::sleep(Duration::from_millis(1));
        }
        std::mem::take(&mut self.lock().bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "needs perl"]
    fn a_client_that_leaves_its_group_is_ended() {
        let script = "setpgrp(0, getpgrp(getppid)); close(STDOUT); sleep 100";
        let words = ["perl", "-e", script].map(str::to_owned).to_vec();
        let places = Places { ca: String::new(), host: String::new(), port: 1 };
        let running = ClientCommand::new(words, None).start(&places, Duration::ZERO).unwrap();
        let start = Instant::now();
        while !running.stdout.reader.as_ref().unwrap().is_finished() {
            assert!(start.elapsed() < Duration::from_secs(60), "perl does not close its stdout");
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(running.wait(Duration::ZERO).unwrap().ended, Ended::Running);
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    }
}
