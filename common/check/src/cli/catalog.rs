//! `--list` and `--explain`.

use std::fmt::Write as _;

use super::choice::{name_of, name_of_client_group};
use crate::case::{Case, Needs, Versions};
use crate::clients::ClientCase;
use crate::clients::case::Need;

/// Lists these cases, one a line, below the names of their groups.
pub fn list(cases: &[&'static Case]) -> String {
    let width = cases.iter().map(|case| case.about.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = None;
    for case in cases {
        if group.replace(case.group) != Some(case.group) {
            let _ = writeln!(text, "{}", name_of(case.group));
        }
        let _ = writeln!(text, "  {:width$}  {}", case.about.name, case.about.tries);
    }
    text
}

/// Lists these cases against clients, one a line, below the names of their groups.
pub fn list_clients(cases: &[&'static ClientCase]) -> String {
    let width = cases.iter().map(|case| case.about.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = None;
    for case in cases {
        if group.replace(case.group) != Some(case.group) {
            let _ = writeln!(text, "{}", name_of_client_group(case.group));
        }
        let _ = writeln!(text, "  {:width$}  {}", case.about.name, case.about.tries);
    }
    text
}

/// Explains a case against clients.
pub fn explain_client(case: &ClientCase) -> String {
    let about = &case.about;
    let needs: Vec<_> = case.needs.iter().map(|need| client_need(*need)).collect();
    format!(
        "{} (against clients: --listen)\n  group:   {}\n  tries:   {}\n  good:    {}\n  source:  {}\n  guide:   {}\n  \
         needs:   {}\n",
        about.name,
        name_of_client_group(case.group),
        about.tries,
        about.good,
        about.source,
        guide(about.guide),
        if needs.is_empty() { "any TLS client".to_owned() } else { needs.join("; ") },
    )
}

fn client_need(need: Need) -> &'static str {
    match need {
        Need::Http => "a client that speaks HTTP",
        Need::Output => "a client that writes what it receives to stdout",
        Need::Tls13 => "a client that speaks TLS 1.3",
    }
}

/// Explains a case.
pub fn explain(case: &Case) -> String {
    let about = &case.about;
    format!(
        "{}\n  group:   {}\n  tries:   {}\n  good:    {}\n  source:  {}\n  guide:   {}\n  runs:    {}\n  needs:   {}\n",
        about.name,
        name_of(case.group),
        about.tries,
        about.good,
        about.source,
        guide(about.guide),
        runs(case.versions),
        needs(case.needs),
    )
}

/// The path of a guide's page in the repository.
pub fn guide(page: &str) -> String {
    format!("common/session/src/guide/{page}")
}

fn runs(versions: Versions) -> &'static str {
    match versions {
        Versions::Highest => "once, in the highest version of TLS that the server speaks",
        Versions::Each => "once for each version of TLS that the server speaks",
        Versions::Only12 => "in TLS 1.2",
        Versions::Only13 => "in TLS 1.3",
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "any TLS server",
        Needs::Echo => "a server that echoes",
        Needs::Neighbours => "a server that serves several sessions at a time",
        Needs::EchoAndNeighbours => "a server that echoes and serves several sessions at a time",
    }
}
