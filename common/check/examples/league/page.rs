//! The page: `README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use check::case::About;
use check::cli::choice::{name_of, name_of_client_group};

use crate::judgements::Judgements;
use crate::programs::{PROGRAMS, Program, Role};
use crate::results::{Measured, Results};

/// The beginning of the page.
const BEGINNING: &str = include_str!("../../league/beginning.md");

/// The roles with the headings of their tables.
const ROLES: [(Role, &str); 2] = [(Role::Server, "Servers"), (Role::Client, "Clients")];

/// The kinds of verdicts with their marks, the worst first.
const MARKS: [(&str, &str); 5] =
    [("failed", "**✗**"), ("inconclusive", "?"), ("noted", "•"), ("held", "✓"), ("not applicable", "–")];

/// Returns the page with the noted values.
pub fn noted_page(results: &Results) -> String {
    let mut text =
        "# The noted values\n\nSeveral behaviours are allowed in these cases. Numbers are rounded. The \
                    [league](README.md) has the failed cases.\n"
            .to_owned();
    for (role, title) in ROLES {
        let (programs, rows) = (programs(results, role), rows(role));
        let table = noted(&programs, &rows);
        if !table.is_empty() {
            let _ = write!(text, "\n## {title}\n\n| case | value | programs |\n|---|---|---|\n{table}");
        }
    }
    text
}

/// The programs of this role that have results.
fn programs(results: &Results, role: Role) -> Vec<(&'static Program, &Measured)> {
    PROGRAMS
        .iter()
        .filter(|program| program.role == role)
        .filter_map(|program| Some((program, results.0.get(program.name)?)))
        .collect()
}

/// Returns the page.
pub fn page(results: &Results, judgements: &Judgements) -> String {
    let mut text = BEGINNING.to_owned();
    for (role, title) in ROLES {
        let programs = programs(results, role);
        if programs.is_empty() {
            continue;
        }
        let is_measured =
            |row: &Row| programs.iter().any(|(_, measured)| measured.verdicts.contains_key(row.about.name));
        let rows: &[Row] = &rows(role).into_iter().filter(is_measured).collect::<Vec<_>>();
        text += &format!("\n## {title}\n\n{}", table(&programs, rows));
        for (program, measured) in &programs {
            text += &section(program, measured, judgements, rows);
        }
    }
    text
}

/// A case, as the page needs it.
struct Row {
    group: &'static str,
    about: About,
}

/// The cases against programs of this role, in the order in which they run.
fn rows(role: Role) -> Vec<Row> {
    match role {
        Role::Server => {
            check::cases::all().map(|case| Row { group: name_of(case.group), about: case.about }).collect()
        }
        Role::Client => check::clients::all()
            .map(|case| Row { group: name_of_client_group(case.group), about: case.about })
            .collect(),
    }
}

/// Cases down, programs across.
fn table(programs: &[(&Program, &Measured)], rows: &[Row]) -> String {
    let mut text = String::from("| case |");
    for (program, _) in programs {
        let _ = write!(text, " [{}](#{}) |", program.name, anchor(program.name));
    }
    text += "\n|---|";
    text += &":-:|".repeat(programs.len());
    text += "\n| **failed cases** |";
    for (_, measured) in programs {
        let _ = write!(text, " {} |", failed(measured).len());
    }
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            let _ = write!(text, "\n| *{group}* |{}", " |".repeat(programs.len()));
        }
        let _ = write!(text, "\n| {} |", row.about.name);
        for (program, measured) in programs {
            let _ = write!(text, " {} |", cell(program, measured, row));
        }
    }
    text + "\n"
}

/// The mark of the worst verdict in all versions of TLS. The version is added if only one of them failed.
fn cell(program: &Program, measured: &Measured, row: &Row) -> String {
    let Some(verdicts) = measured.verdicts.get(row.about.name) else { return String::new() };
    let has = |kind: &str| verdicts.values().filter(|verdict| verdict.starts_with(kind)).count();
    let Some((kind, mark)) = MARKS.iter().find(|(kind, _)| has(kind) > 0) else { return String::new() };
    if *kind != "failed" {
        return (*mark).to_owned();
    }
    let only = verdicts.iter().find(|(_, verdict)| verdict.starts_with("failed"));
    let version = only.filter(|_| verdicts.len() > 1 && has("failed") == 1).map(|(tls, _)| format!(" {tls}"));
    format!("[{mark}{}](#{})", version.unwrap_or_default(), anchor(program.name))
}

/// What a program is, and its failed cells.
fn section(program: &Program, measured: &Measured, judgements: &Judgements, rows: &[Row]) -> String {
    let mut text = format!("\n### {}\n\n{} Version {}.\n", program.name, program.about, measured.version);
    let failed = failed(measured);
    if failed.is_empty() {
        return text + "\nNo case failed.\n";
    }
    let mut told = BTreeSet::new();
    for judgement in judgements.of(program.name) {
        let cases: Vec<&String> =
            judgement.cases.iter().filter(|case| failed.contains_key(case.as_str())).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n**{}**: {}\n", capital(&judgement.kind), judgement.text);
        for case in cases {
            told.insert(case.as_str());
            text += &line(program, case, &failed[case.as_str()], rows);
        }
    }
    let untold: Vec<_> = failed.iter().filter(|(case, _)| !told.contains(*case)).collect();
    if !untold.is_empty() {
        text += "\n**Not yet explained**:\n\n";
    }
    for (case, versions) in untold {
        text += &line(program, case, versions, rows);
    }
    text
}

fn line(program: &Program, case: &str, versions: &[&str], rows: &[Row]) -> String {
    let tries = rows.iter().find(|row| row.about.name == case).map_or("", |row| row.about.tries);
    format!(
        "- [{case}](evidence/{}/{case}.txt) ({}). What was tried: {tries}\n",
        anchor(program.name),
        versions.join(", ")
    )
}

/// The failed cases, and the versions of TLS in which they failed.
pub fn failed(measured: &Measured) -> BTreeMap<&str, Vec<&str>> {
    let mut failed = BTreeMap::new();
    for (case, verdicts) in &measured.verdicts {
        let versions: Vec<&str> = verdicts
            .iter()
            .filter(|(_, verdict)| verdict.starts_with("failed"))
            .map(|(tls, _)| tls.as_str())
            .collect();
        if !versions.is_empty() {
            failed.insert(case.as_str(), versions);
        }
    }
    failed
}

/// For each case with noted values: which programs have which value.
fn noted(programs: &[(&Program, &Measured)], rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (program, measured) in programs {
            for (tls, verdict) in measured.verdicts.get(row.about.name).into_iter().flatten() {
                if let Some(value) = verdict.strip_prefix("noted: ") {
                    let versions = &measured.verdicts[row.about.name];
                    let same = versions.values().all(|other| other == verdict);
                    let value = if same { value.to_owned() } else { format!("{tls}: {value}") };
                    let names = values.entry(value).or_default();
                    if !names.contains(&program.name) {
                        names.push(program.name);
                    }
                }
            }
        }
        let mut name = row.about.name;
        for (value, names) in &values {
            let _ = writeln!(text, "| {name} | {} | {} |", value.replace('|', "\\|"), names.join(", "));
            name = "";
        }
    }
    text
}

/// The anchor of a heading, as GitHub makes it: lower case, spaces as hyphens, no other punctuation. It is also the name
/// of the folder of evidence.
pub fn anchor(name: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    name.chars().filter_map(kept).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
