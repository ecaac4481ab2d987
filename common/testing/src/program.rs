//! A program as a child of the test.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::thread;
use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::LIMIT;
use crate::binaries::binary;
use crate::usage::Usage;

/// A program that has not started yet.
pub struct Launch(Command);

impl Launch {
    /// Prepares a program, with `folder` as its current folder.
    pub fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder);
        for variable in ["RUST_LOG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    /// Prepares `mio-server` on a port that the system chooses.
    pub fn server(folder: &Path) -> Self {
        Self::server_at("127.0.0.1:0", folder)
    }

    /// Prepares `mio-server` at this address.
    pub fn server_at(listen: &str, folder: &Path) -> Self {
        Self::new(binary("mio-server"), folder).args(["--listen", listen])
    }

    /// [`server`](Self::server) under strace, which writes the system calls to the file `log` in `folder`. With `-D`
    /// strace is not the server's parent, so signals reach the server, and strace ends with it.
    pub fn server_under_strace(log: &str, folder: &Path) -> Self {
        Self::new("strace", folder)
            .args(["-D", "-o", log])
            .args([binary("mio-server")])
            .args(["--listen", "127.0.0.1:0"])
    }

    /// Prepares `mio-client`.
    pub fn client(folder: &Path) -> Self {
        Self::new(binary("mio-client"), folder)
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Replaces stdin, which otherwise comes from [`Program::type_in`].
    pub fn stdin(mut self, from: impl Into<Stdio>) -> Self {
        self.0.stdin(from);
        self
    }

    /// Replaces stdout, which otherwise goes to [`Program::stdout`].
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stdout(to);
        self
    }

    /// Replaces stderr, which otherwise goes to [`Program::stderr`].
    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stderr(to);
        self
    }

    /// Lets a shell do this first, and then become the program. `ulimit -n 64` allows 64 open files. `ulimit -f 4` allows
    /// files of 4 blocks of 512 or 1024 bytes, which replaces a full disk and needs no rights. `trap '' HUP` ignores the
    /// signal, as `nohup` does. Call this before the methods that replace stdin, stdout and stderr.
    pub fn in_shell(self, first: &str) -> Self {
        let script = format!("{first}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(self.0.get_program()).args(self.0.get_args());
        if let Some(folder) = self.0.get_current_dir() {
            command.current_dir(folder);
        }
        for (name, value) in self.0.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    /// Starts it.
    pub fn start(mut self) -> Program {
        let_children_receive_signals();
        let mut child = self.0.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.0));
        let stdout = child.stdout.take().map_or_else(Output::none, Output::collect);
        let stderr = child.stderr.take().map_or_else(Output::none, Output::collect);
        Program { child, stdout, stderr }
    }
}

/// Installs handlers for signals that the test ignores. A child inherits ignored signals, and our programs leave them
/// ignored. A background job of a script ignores SIGINT, for example. A signal with a handler is not ignored, and
/// `exec` resets it to its default.
fn let_children_receive_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored_signals();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if ignored >> (signal - 1) & 1 == 1 {
                signal_hook::flag::register(signal, Arc::default()).unwrap();
            }
        }
    });
}

/// The signals that this process ignores. Bit 0 stands for signal 1 (proc_pid_status(5)).
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap())
}

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    /// Its stdout.
    pub stdout: Output,
    /// Its stderr.
    pub stderr: Output,
}

impl Program {
    /// Writes to its stdin.
    pub fn type_in(&mut self, text: impl AsRef<[u8]>) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_ref()).unwrap();
    }

    /// Takes its stdin.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Closes its stdin.
    pub fn end_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends it this signal. A child that has ended keeps its process id until `wait`, so the signal cannot reach
    /// another process.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &process]).status().unwrap();
        assert!(sent.success(), "kill -s {name} {process}: {sent}");
    }

    /// Its memory and descriptors. `None` if the system has no `/proc`.
    pub fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.id())
    }

    /// Waits until it has this many file descriptors.
    pub fn wait_for_descriptors(&self, count: usize) {
        Usage::wait_for_descriptors(self.child.id(), count);
    }

    /// Waits for its end, and asserts this exit status.
    pub fn expect_exit(&mut self, status: i32) {
        // A process that ends closes its pipes. Waiting for the pipes has a time limit, waiting for the process has
        // none.
        self.stdout.wait_for_end();
        self.stderr.wait_for_end();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.code(), Some(status), "{ended}; it wrote:\n{}", self.stderr.text());
    }

    /// Waits for its end, and asserts this exit status, and that it wrote one error line. Returns this line.
    pub fn expect_error(&mut self, status: i32) -> String {
        self.expect_exit(status);
        let text = self.stderr.text();
        assert!(!text.contains("panicked"), "{text}");
        let mut lines =
            text.lines().filter(|line| line.starts_with("mio-client: ") || line.starts_with("mio-server: "));
        match (lines.next(), lines.next()) {
            (Some(line), None) => line.to_owned(),
            other => panic!("{other:?}: {text}"),
        }
    }
}

/// Asserts that a text contains all these parts.
pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The output of a program so far. A thread reads it, so that the program never waits for the test.
pub struct Output {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Collects what a pipe brings from now on.
    pub fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let length = pipe.read(&mut buffer).unwrap_or(0);
                let mut written = writer.written.lock().unwrap();
                written.bytes.extend_from_slice(&buffer[..length]);
                written.ended = length == 0;
                writer.changed.notify_all();
                if written.ended {
                    return;
                }
            }
        });
        Self { shared }
    }

    /// The output of a replaced stream: empty.
    fn none() -> Self {
        Self::collect(std::io::empty())
    }

    /// The bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shared.written.lock().unwrap().bytes.clone()
    }

    /// The text so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The complete lines so far that contain `part`.
    pub fn lines(&self, part: &str) -> Vec<String> {
        complete_lines(&self.text(), part).map(str::to_owned).collect()
    }

    /// Waits for a line that contains `part`, and returns the first one. It may be an old line.
    pub fn wait_for_line(&self, part: &str) -> String {
        self.wait_for(&format!("a line with '{part}'"), |text| {
            complete_lines(text, part).next().map(str::to_owned)
        })
    }

    /// Waits for a line that contains `part`, or for the end of the output.
    pub fn wait_for_line_or_end(&self, part: &str) {
        let written = self.shared.written.lock().unwrap();
        let is_missing = |written: &mut Written| {
            !written.ended && complete_lines(&String::from_utf8_lossy(&written.bytes), part).next().is_none()
        };
        let (guard, waited) = self.shared.changed.wait_timeout_while(written, LIMIT, is_missing).unwrap();
        drop(guard);
        assert!(!waited.timed_out(), "waited for '{part}' or the end. It wrote:\n{}", self.text());
    }

    /// The number of bytes so far.
    pub fn length(&self) -> usize {
        self.shared.written.lock().unwrap().bytes.len()
    }

    /// Waits for a line that contains `part`, after this many bytes.
    pub fn wait_for_line_after(&self, position: usize, part: &str) -> String {
        let what = format!("a line with '{part}' after byte {position}");
        self.wait_until(&what, |bytes| {
            let text = String::from_utf8_lossy(&bytes[position..]);
            complete_lines(&text, part).next().map(str::to_owned)
        })
    }

    /// Waits until this many lines contain `part`.
    pub fn wait_for_lines(&self, count: usize, part: &str) -> Vec<String> {
        self.wait_for(&format!("{count} lines with '{part}'"), |text| {
            let lines: Vec<String> = complete_lines(text, part).map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
    }

    /// Waits for `part`, also in a line that is not complete.
    pub fn wait_for_text(&self, part: &str) {
        self.wait_for(&format!("'{part}'"), |text| text.contains(part).then_some(()));
    }

    /// Waits for as many bytes as these, and asserts that they are the first ones.
    pub fn wait_for_bytes(&self, expected: &[u8]) {
        let what = format!("{} bytes", expected.len());
        self.wait_until(&what, |bytes| (bytes.len() >= expected.len()).then_some(()));
        assert!(self.bytes().starts_with(expected), "other bytes arrived:\n{}", self.text());
    }

    fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        self.wait_until(what, |bytes| find(&String::from_utf8_lossy(bytes)))
    }

    fn wait_until<T>(&self, what: &str, find: impl Fn(&[u8]) -> Option<T>) -> T {
        let start = Instant::now();
        let mut written = self.shared.written.lock().unwrap();
        loop {
            if let Some(found) = find(&written.bytes) {
                return found;
            }
            let left = LIMIT.saturating_sub(start.elapsed());
            if written.ended || left.is_zero() {
                let why = if written.ended { "the program closed this output" } else { "time is over" };
                let text = String::from_utf8_lossy(&written.bytes).into_owned();
                drop(written); // otherwise the thread that collects panics too
                panic!("waited for {what}, but {why}. It wrote:\n{text}");
            }
            written = self.shared.changed.wait_timeout(written, left).unwrap().0;
        }
    }

    /// Waits for the end of the output.
    pub fn wait_for_end(&self) {
        let written = self.shared.written.lock().unwrap();
        let (written, _) =
            self.shared.changed.wait_timeout_while(written, LIMIT, |written| !written.ended).unwrap();
        let (ended, text) = (written.ended, String::from_utf8_lossy(&written.bytes).into_owned());
        drop(written);
        assert!(ended, "waited for the end of the program. It wrote:\n{text}");
    }
}

fn complete_lines<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = &'a str> {
    // With its end, because only then `lines` removes the `\r` of a terminal.
    let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
    complete.lines().filter(move |line| line.contains(part))
}
