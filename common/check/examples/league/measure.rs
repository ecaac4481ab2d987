//! Runs the cases against a program.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use check::case::{Case, Version};
use check::command::Command;
use check::evidence::Evidence;
use check::run::{self, Event, Options, Report, Running};
use check::target::{Target, Trust};
use check::verdict::Verdict;
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
        let words = setup.command(program.name, program.command)?.into_iter().map(OsString::from);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Command::new(words.collect(), "localhost".to_owned(), vec![any]);
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
