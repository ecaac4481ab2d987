//! `--list` and `--explain`.

use std::fmt::Write as _;

use super::choice::{Described, Explained};
use crate::case::{About, Case, Needs, Versions};
use crate::clients::ClientCase;
use crate::clients::case::Need;

/// Lists these cases, one a line, below the names of their groups.
pub fn list(cases: &[&'static impl Described]) -> String {
    let width = cases.iter().map(|case| case.about().name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = None;
    for case in cases {
        if group.replace(case.group()) != Some(case.group()) {
            let _ = writeln!(text, "{}", case.group());
        }
        let _ = writeln!(text, "  {:width$}  {}", case.about().name, case.about().tries);
    }
    text
}

/// Explains the cases of one name, or lists the cases of a group.
pub fn explain_all(explained: &Explained) -> String {
    let parts = match explained {
        Explained::Case(named) => [named.server.map(explain), named.client.map(explain_client)],
        Explained::Group(group) => {
            let servers: Vec<_> = crate::cases::all().filter(|case| group.contains(*case)).collect();
            let clients: Vec<_> = crate::clients::all().filter(|case| group.contains(*case)).collect();
            let side =
                |title: &str, text: String| (!text.is_empty()).then(|| format!("Against {title}\n{text}"));
            [side("servers:", list(&servers)), side("clients (--listen):", list(&clients))]
        }
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Explains a case against clients.
fn explain_client(case: &ClientCase) -> String {
    let needs: Vec<_> = case.needs.iter().map(|need| client_need(*need)).collect();
    let needs = if needs.is_empty() { "any TLS client".to_owned() } else { needs.join("; ") };
    explained(case, " (against clients: --listen)", &format!("  needs:   {needs}\n"))
}

/// Explains a case against servers.
fn explain(case: &Case) -> String {
    explained(case, "", &format!("  runs:    {}\n  needs:   {}\n", runs(case.versions), needs(case.needs)))
}

fn explained(case: &impl Described, side: &str, rest: &str) -> String {
    let About { name, tries, good, source, guide: page } = case.about();
    let (group, guide) = (case.group(), guide(page));
    format!(
        "{name}{side}\n  group:   {group}\n  tries:   {tries}\n  good:    {good}\n  source:  {source}\n  guide:   {guide}\n{rest}"
    )
}

fn client_need(need: Need) -> &'static str {
    match need {
        Need::Http => "a client that speaks HTTP",
        Need::Output => "a client that writes what it receives to stdout",
        Need::Tls13 => "a client that speaks TLS 1.3",
    }
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
