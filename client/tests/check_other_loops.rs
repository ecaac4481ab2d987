//! The cases of `mio-check` against the examples of `tls-session`. A test of your own loop looks like this.
//!
//! The deadlines are left out: the examples have the timeouts of `Timeouts::default()`, which are longer than the patience
//! of a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use check::case::{Case, Group, Version};
use check::cases;
use check::probe::Facts;
use check::run::{self, Options};
use check::target::{Target, Trust};
use check::trial::{Closing, Outcome, judge};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use testing::binaries::example;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

const CERTIFICATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../common/session/src/simulation/certificate.pem");
/// How long a server may take for what must happen. A busy machine needs some seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts an example. Returns it and the target.
fn start(name: &str, folder: &Path) -> (Program, Target) {
    let server = Launch::new(example(name), folder).args(["127.0.0.1:0"]).start();
    let line = server.stdout.wait_for_line("listening on ");
    let address: SocketAddr = line.trim_start_matches("listening on ").trim().parse().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(CERTIFICATE).unwrap()).unwrap();
    let mut target = Target::new(address, "localhost".try_into().unwrap(), Trust::Roots(Arc::new(roots)));
    target.patience = PATIENCE;
    target.process = Some(server.id());
    (server, target)
}

/// The cases without the deadlines.
fn chosen() -> Vec<&'static Case> {
    cases::all().filter(|case| case.group != Group::Deadlines).collect()
}

/// Asserts that no case failed, and that each said something.
fn assert_none_failed(name: &str, outcomes: &[Outcome]) {
    let bad = outcomes.iter().filter(|outcome| matches!(outcome.verdict.name(), "failed" | "inconclusive"));
    let bad: Vec<String> = bad
        .map(|one| format!("{} ({}): {}\n{}", one.case.about.name, one.version, one.verdict, one.evidence))
        .collect();
    assert!(bad.is_empty(), "{name}:\n{}", bad.join("\n"));
}

/// Runs the cases against an example that serves one client after the other, or several at a time.
fn no_case_fails(name: &str, has_neighbours: bool) {
    let folder = TempDir::new();
    let (server, mut target) = start(name, folder.path());
    let options = Options { cases: chosen(), ..Options::default() };
    let report = run::run(&mut target, options, &mut |_| {}).unwrap();
    assert_none_failed(name, &report.outcomes);
    assert_eq!((report.stopped, report.facts.has_neighbours()), (None, has_neighbours));
    assert!(!server.stderr.text().contains("panicked"), "{}", server.stderr.text());
}

#[test]
fn no_case_fails_against_blocking() {
    no_case_fails("blocking", false);
}

#[test]
fn no_case_fails_against_on_threads() {
    no_case_fails("on_threads", true);
}

#[test]
fn no_case_fails_against_on_epoll() {
    no_case_fails("on_epoll", true);
}

#[test]
fn no_case_fails_against_on_tokio() {
    no_case_fails("on_tokio", true);
}

/// `minimal_mio` serves one client and ends, so each case has its own server. A case that connects again is refused or reset:
/// it is inconclusive.
#[test]
fn no_case_fails_against_minimal_mio() {
    let facts = Facts { versions: vec![Version::Tls13], greeting: b"welcome!\n".to_vec(), at_once: 1 };
    let folder = TempDir::new();
    let closing = Closing::default();
    let mut outcomes = Vec::new();
    for case in chosen().into_iter().filter(|case| !case.needs.neighbours()) {
        for version in case.versions.of(&facts.versions) {
            let (server, target) = start("minimal_mio", folder.path());
            outcomes.push(judge(&target, &facts, &closing, case, version, 1));
            server.stdout.wait_for_end();
            assert!(!server.stderr.text().contains("panicked"), "{}", server.stderr.text());
        }
    }
    let count = outcomes.len();
    let connected_again = |outcome: &Outcome| {
        let text = outcome.verdict.text();
        outcome.verdict.name() == "inconclusive" && (text.contains("refused") || text.contains("reset"))
    };
    outcomes.retain(|outcome| !connected_again(outcome));
    assert_none_failed("minimal_mio", &outcomes);
    assert!(outcomes.len() > count * 3 / 4, "only {} of {count} cases said something", outcomes.len());
}
