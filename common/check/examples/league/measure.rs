//! Runs the cases against a program.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use check::case::{Case, Version};
use check::evidence::Evidence;
use check::run::{self, Event, Options, Report, Restart, Running};
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
/// How many of a server's last lines are evidence.
const LAST_LINES: usize = 8;
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
    /// No verdicts yet.
    pub fn new(program: &'static Program, version: String) -> Self {
        let measured = Measured { version, ..Measured::default() };
        Self { measured, program, evidence: BTreeMap::new() }
    }

    /// Adds the verdict of a case in a version of TLS. The evidence is kept if the case failed.
    pub fn add(&mut self, case: &str, tls: Version, verdict: &Verdict, evidence: &Evidence) {
        let text = match verdict {
            Verdict::Noted(value) => format!("noted: {}", coarse(value)),
            other => other.name().to_owned(),
        };
        self.measured.verdicts.entry(case.to_owned()).or_default().insert(short(tls).to_owned(), text);
        if verdict.is_failed() {
            let text = self.evidence.entry(case.to_owned()).or_default();
            let all = format!("{text}{case}, {tls}: {verdict}\n\n{evidence}\n");
            let end = (0..=LONGEST_EVIDENCE.min(all.len())).rev().find(|end| all.is_char_boundary(*end));
            *text = all[..end.unwrap_or_default()].to_owned();
        }
    }

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
struct Server<'a> {
    program: &'static Program,
    setup: &'a Setup,
    log: PathBuf,
    child: Option<Child>,
}

impl Server<'_> {
    fn start(&mut self) -> Result<Running, Box<dyn Error>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let command = self.setup.command(self.program.name, self.program.command)?;
        let words: Vec<String> =
            command.iter().map(|word| word.replace("{port}", &port.to_string())).collect();
        let (first, rest) = words.split_first().ok_or("no command")?;
        let log = File::create(&self.log)?;
        let child = Command::new(first)
            .args(rest)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let running = Running { address: (Ipv4Addr::LOCALHOST, port).into(), process: Some(child.id()) };
        self.child = Some(child);
        let start = Instant::now();
        while TcpStream::connect(running.address).is_err() {
            if let Some(end) = self.has_ended() {
                return Err(format!("{}: {end}: {}", self.program.name, self.last_lines().join("; ")).into());
            }
            if start.elapsed() > START {
                return Err(format!("{} does not listen", self.program.name).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL); // fails if all have ended
        }
        let _ = child.wait();
    }
}

impl Restart for Server<'_> {
    fn has_ended(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        Some(format!("the process ended: {status}"))
    }

    fn last_lines(&mut self) -> Vec<String> {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].to_vec()
    }

    fn restart(&mut self) -> io::Result<Running> {
        self.stop();
        self.start().map_err(|error| io::Error::other(error.to_string()))
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs the chosen cases against a server. A run has a limited time, which some programs use up. What it has not run comes
/// in another run.
///
/// # Errors
/// The program does not start, serves not even a good session, or a run gets through no case.
pub fn measure(
    program: &'static Program,
    version: String,
    setup: &Setup,
    chosen: &dyn Fn(&Case) -> bool,
) -> Result<Run, Box<dyn Error>> {
    let mut run = Run::new(program, version);
    let mut left: Vec<&'static Case> = check::cases::all().filter(|case| chosen(case)).collect();
    while !left.is_empty() {
        let log = setup.log(program.name);
        let mut server = Server { program, setup, log, child: None };
        let running = server.start()?;
        let mut target = target(running, setup)?;
        let options = Options { cases: left.clone(), server: Some(&mut server), ..Options::default() };
        let report = run::run(&mut target, options, &mut |event| {
            if let Event::Ends(outcome) = event {
                let (case, took) = (outcome.case.about.name, outcome.took.as_secs_f64());
                println!("{}: {case}, {} ({took:.1} s): {}", program.name, outcome.version, outcome.verdict);
            }
        })?;
        if let Some(why) = &report.stopped {
            println!("{}: the run stopped early: {why}", program.name);
        }
        for outcome in report.outcomes.iter().filter(|outcome| !is_not_run(&report, outcome.case)) {
            run.add(outcome.case.about.name, outcome.version, &outcome.verdict, &outcome.evidence);
        }
        let not_run: Vec<&'static Case> =
            left.iter().copied().filter(|case| is_not_run(&report, case)).collect();
        if not_run.len() == left.len() {
            return Err(format!("{}: a run got through no case", program.name).into());
        }
        left = not_run;
    }
    Ok(run)
}

/// Whether a run has left out this case, or one of its versions.
fn is_not_run(report: &Report, case: &Case) -> bool {
    report.not_run.iter().any(|(not_run, _)| std::ptr::eq(*not_run, case))
}

fn target(running: Running, setup: &Setup) -> Result<Target, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(setup.certificate().as_bytes())?)?;
    let name = ServerName::try_from("localhost")?;
    let mut target = Target::new(running.address, name, Trust::Roots(Arc::new(roots)));
    target.process = running.process;
    Ok(target)
}

fn short(version: Version) -> &'static str {
    match version {
        Version::Tls12 => "1.2",
        Version::Tls13 => "1.3",
    }
}
