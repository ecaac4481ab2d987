//! Runs the cases against a program.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use check::case::{Case, Version};
use check::probe::probe;
use check::run::{Health, judge_and_visit, plan};
use check::target::{Target, Trust};
use check::verdict::Verdict;
use rustix::process::{Pid, Signal, kill_process_group};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::coarse::coarse;
use crate::page::anchor;
use crate::programs::Program;
use crate::results::Measured;
use crate::setup::Setup;

/// The longest evidence of a case, in bytes.
const LONGEST_EVIDENCE: usize = 4096;
/// How long a program may take to listen.
const START: Duration = Duration::from_secs(30);

/// The verdicts of a program, and the evidence of its failed cases.
pub struct Run {
    /// The verdicts.
    pub measured: Measured,
    program: &'static Program,
    evidence: BTreeMap<String, String>,
}

impl Run {
    /// Writes the evidence, one file for each failed case, and removes the old evidence of this program.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_evidence(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let folder = folder.join(anchor(self.program.name));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for (case, text) in &self.evidence {
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("{case}.txt")), text)?;
        }
        Ok(())
    }
}

/// A server that runs. Its process group ends when this is dropped.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(program: &Program, setup: &Setup, log: &Path) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let command: Vec<String> = setup.command(program.name, program.command)?;
        let words: Vec<String> =
            command.iter().map(|word| word.replace("{port}", &port.to_string())).collect();
        let (first, rest) = words.split_first().ok_or("no command")?;
        let log = fs::File::options().create(true).append(true).open(log)?;
        let child = Command::new(first)
            .args(rest)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let mut running = Self { child, address: (Ipv4Addr::LOCALHOST, port).into() };
        let start = Instant::now();
        while TcpStream::connect(running.address).is_err() {
            if let Some(status) = running.child.try_wait()? {
                return Err(format!("{first} ended: {status}").into());
            }
            if start.elapsed() > START {
                return Err(format!("{first} does not listen").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL); // fails if all have ended
        }
        let _ = self.child.wait();
    }
}

/// Runs the chosen cases against a server.
///
/// # Errors
/// The program does not start, or serves not even a good session.
pub fn measure(
    program: &'static Program,
    version: String,
    setup: &Setup,
    chosen: &dyn Fn(&Case) -> bool,
) -> Result<Run, Box<dyn Error>> {
    let mut run =
        Run { measured: Measured { version, ..Measured::default() }, program, evidence: BTreeMap::new() };
    let log = std::env::temp_dir().join(format!("league-{}.log", anchor(program.name)));
    let mut running = Running::start(program, setup, &log)?;
    let facts = probe(&target(&running, setup)?, &Version::ALL)?;
    for case in check::cases::all().filter(|case| chosen(case)) {
        match plan(&target(&running, setup)?, &facts, case) {
            Err(verdict) => run.add(case, facts.highest(), &verdict, ""),
            Ok(versions) => {
                for version in versions {
                    let (outcome, health) =
                        judge_and_visit(&target(&running, setup)?, &facts, case, version, 1);
                    println!("{}: {}, {version}: {}", program.name, case.about.name, outcome.verdict);
                    run.add(case, version, &outcome.verdict, &outcome.evidence.to_string());
                    if health == Health::Dead {
                        drop(running);
                        running = Running::start(program, setup, &log)?;
                    }
                }
            }
        }
    }
    Ok(run)
}

fn target(running: &Running, setup: &Setup) -> Result<Target, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(setup.certificate().as_bytes())?)?;
    let name = ServerName::try_from("localhost")?;
    let mut target = Target::new(running.address, name, Trust::Roots(Arc::new(roots)));
    target.process = Some(running.pid());
    Ok(target)
}

impl Run {
    fn add(&mut self, case: &Case, version: Version, verdict: &Verdict, evidence: &str) {
        let name = case.about.name;
        let text = match verdict {
            Verdict::Noted(value) => format!("noted: {}", coarse(value)),
            other => other.name().to_owned(),
        };
        self.measured.verdicts.entry(name.to_owned()).or_default().insert(short(version).to_owned(), text);
        if verdict.is_failed() {
            let text = self.evidence.entry(name.to_owned()).or_default();
            let all = format!("{text}{name}, {version}: {verdict}\n\n{evidence}\n");
            let end = (0..=LONGEST_EVIDENCE.min(all.len())).rev().find(|end| all.is_char_boundary(*end));
            *text = all[..end.unwrap_or_default()].to_owned();
        }
    }
}

fn short(version: Version) -> &'static str {
    match version {
        Version::Tls12 => "1.2",
        Version::Tls13 => "1.3",
    }
}
