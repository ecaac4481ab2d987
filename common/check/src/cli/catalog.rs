//! `--list` and `--explain`.

use std::fmt::Write as _;

use super::choice::name_of;
use crate::case::{Case, Needs, Versions};

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
