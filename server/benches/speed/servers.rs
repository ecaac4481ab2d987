//! The servers, and how each is started.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use testing::cpu;

use crate::certificate::Certificate;
use crate::options::Options;
use crate::work::Load;

/// The servers, in the order of the table.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `mio-server`.
    Ours,
    /// Another build of it: the program of `--baseline`.
    Baseline,
    /// tokio-rustls, on a runtime with one thread.
    Tokio,
    /// A blocking rustls `Stream`, one connection after the other.
    Blocking,
    /// Node: `socket.pipe(socket)`.
    Node,
    /// Go: `io.Copy`.
    Go,
    /// A limit: mio without TLS.
    Raw,
    /// The other limit: rustls without sockets.
    Memory,
}

impl Kind {
    /// Whether it is a `mio-server`.
    fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::Baseline)
    }

    /// Its name, in the table and on the command line.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// A server that can be started.
pub struct Server {
    /// Which server.
    pub kind: Kind,
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// The servers that are wanted and installed.
///
/// # Errors
/// None is left, or Go is installed and does not compile.
pub fn installed(options: &Options, certificate: &Certificate) -> io::Result<Vec<Server>> {
    let mut servers = Vec::new();
    for &kind in Kind::value_variants().iter().filter(|&&kind| options.wants(kind)) {
        match (kind, Server::new(kind, options, certificate)?) {
            (_, Some(server)) => servers.push(server),
            (Kind::Baseline, None) => {} // no --baseline
            (_, None) => eprintln!("{} is not installed: left out", kind.name()),
        }
    }
    if servers.is_empty() { Err(io::Error::other("no server to measure")) } else { Ok(servers) }
}

impl Server {
    fn new(kind: Kind, options: &Options, certificate: &Certificate) -> io::Result<Option<Self>> {
        let this = std::env::current_exe()?;
        let (program, mut arguments) = match kind {
            Kind::Ours => (env!("CARGO_BIN_EXE_mio-server").into(), our_arguments()),
            Kind::Baseline => match &options.baseline {
                Some(program) => (program.clone(), our_arguments()),
                None => return Ok(None),
            },
            Kind::Tokio => (this, vec!["--serve".into(), "tokio".into()]),
            Kind::Blocking => (this, vec!["--serve".into(), "blocking".into()]),
            Kind::Raw => (this, vec!["--serve".into(), "raw".into()]),
            Kind::Memory => (this, vec!["--serve".into(), "bare".into()]),
            Kind::Node if !is_installed("node") => return Ok(None),
            Kind::Node => {
                let script = certificate.folder().join("echo.js");
                std::fs::write(&script, include_str!("peers/echo.js"))?;
                ("node".into(), vec![script.into()])
            }
            Kind::Go if !is_installed("go") => return Ok(None),
            Kind::Go => (build_go(certificate.folder())?, Vec::new()),
        };
        for (name, file) in [("--cert", &certificate.certificate), ("--key", &certificate.key)] {
            arguments.extend([name.into(), file.into()]);
        }
        Ok(Some(Self { kind, program, arguments }))
    }

    /// Returns the reason why it cannot take this load.
    pub fn cannot(&self, load: Load) -> Option<&'static str> {
        match (self.kind, load) {
            (Kind::Memory, Load::Busy { .. } | Load::Fairness { .. }) => {
                Some("there are no sockets to watch")
            }
            (kind, Load::Queued { .. }) if !kind.is_ours() => Some("has no accept queue"),
            (Kind::Raw, Load::Memory { .. }) => Some("has no TLS session"),
            (Kind::Blocking, _) if load.sessions() > 1 => Some("serves one session at a time"),
            _ => None,
        }
    }

    /// Starts it on this core.
    ///
    /// # Errors
    /// It does not start, or does not listen.
    pub fn start(&self, load: Load, core: usize) -> io::Result<Running> {
        let address = free_address()?;
        let mut command = cpu::pinned(core, &self.program);
        command.args(&self.arguments).arg("--listen").arg(address.to_string());
        if self.kind.is_ours() && load.sessions() > 1 {
            command.arg("--slots").arg((load.sessions() + 50).to_string());
        }
        if load.queued() > 0 {
            command.arg("--waiting").arg((load.queued() + 50).to_string());
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut running = Running { child, address };
        running.wait_until_it_listens()?;
        Ok(running)
    }
}

/// A running server. Dropping it kills it.
pub struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status}")));
            }
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("it does not listen"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A server that has ended by itself has already made its clients fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn our_arguments() -> Vec<OsString> {
    let arguments = "--tls 1.3 --suite TLS_AES_256_GCM_SHA384 --group X25519 --idle-timeout off -qq";
    arguments.split(' ').chain(["--greeting", ""]).map(OsString::from).collect()
}

/// A port that was free a moment ago.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn build_go(folder: &Path) -> io::Result<PathBuf> {
    let (source, program) = (folder.join("echo.go"), folder.join("echo-go"));
    std::fs::write(&source, include_str!("peers/echo.go"))?;
    let status = Command::new("go").arg("build").arg("-o").arg(&program).arg(&source).status()?;
    if status.success() { Ok(program) } else { Err(io::Error::other("go build failed")) }
}
