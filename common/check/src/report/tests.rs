//! The reports of a run with every verdict, and with texts that want to harm a terminal.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_xml::events::Event;
use serde_json::Value;

use super::client::ClientReport;
use super::screen::Colours;
use super::summary::Summary;
use super::text::Text;
use super::{Setting, json, junit};
use crate::case::{Case, Version};
use crate::cases;
use crate::cli::exit::Exit;
use crate::clients::{self, ClientFacts, ClientOutcome, Mode};
use crate::evidence::Evidence;
use crate::probe::Facts;
use crate::run::{Report, Stopped};
use crate::target::Speaks;
use crate::trial::Outcome;
use crate::verdict::Verdict;

/// Clears a terminal, and would be markup in XML.
const EVIL: &str = "\x1b[2J\x07<b>]]>&\"'\u{202e}\u{9b}31m\r\n\0";

fn case(index: usize) -> &'static Case {
    cases::all().nth(index).unwrap()
}

fn outcome(index: usize, verdict: Verdict) -> Outcome {
    let evidence = Evidence::default();
    evidence.note(format!("the server wrote: {EVIL}"));
    Outcome {
        case: case(index),
        version: Version::Tls13,
        verdict,
        end: None,
        evidence,
        took: Duration::from_millis(1234),
    }
}

fn report(verdicts: &[Verdict]) -> Report {
    let outcomes = verdicts.iter().enumerate().map(|(index, verdict)| outcome(index, verdict.clone()));
    Report {
        facts: Facts { versions: Version::ALL.to_vec(), greeting: EVIL.into(), at_once: 4 },
        outcomes: outcomes.collect(),
        not_run: Vec::new(),
        stopped: None,
        took: Duration::from_secs(3),
    }
}

/// A report with every verdict, which stopped early.
fn full() -> Report {
    let mut report = report(&[
        Verdict::Held,
        Verdict::Failed(EVIL.repeat(1000)),
        Verdict::Noted(EVIL.to_owned()),
        Verdict::NotApplicable(EVIL.to_owned()),
        Verdict::Inconclusive(EVIL.to_owned()),
    ]);
    report.not_run = vec![(case(5), Version::Tls12)];
    report.stopped = Some(Stopped::Server(EVIL.to_owned()));
    report
}

fn setting(expected: &[usize]) -> Setting {
    Setting {
        place: "localhost:8000".to_owned(),
        address: "127.0.0.1:8000".parse().unwrap(),
        speaks: Speaks::Echo,
        seed: 1,
        patience: Duration::from_secs(20),
        expected: expected.iter().map(|index| case(*index)).collect(),
        explains_all: false,
        again: ("mio-check localhost:8000 ".to_owned(), " -- server".to_owned()),
    }
}

fn text(report: &Report, setting: &Setting) -> String {
    let text = Text::new(Colours::OFF, cases::all());
    let mut all = text.header(setting, &report.facts, report.outcomes.len());
    for outcome in &report.outcomes {
        all.push_str(&text.line(outcome, setting.is_expected_to_fail(outcome.case)));
    }
    all + &text.footer(report, setting)
}

fn exit(verdicts: &[Verdict], expected: &[usize]) -> Exit {
    Summary::of(&report(verdicts), &setting(expected)).exit()
}

#[test]
fn no_output_has_a_control_character() {
    let (report, setting) = (full(), setting(&[]));
    let xml = String::from_utf8(junit::junit(&report, &setting).unwrap()).unwrap();
    for output in [text(&report, &setting), json::json(&report, &setting), xml] {
        let is_harmful = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
        assert_eq!(output.find(is_harmful), None, "{output}");
        assert!(output.contains("u{1b}"), "the text is missing: {output}");
        assert!(output.len() < 40_000, "{} bytes", output.len());
    }
}

#[test]
fn the_text_explains_a_failed_case_and_says_how_to_run_it_again() {
    let text = text(&full(), &setting(&[]));
    let about = &case(1).about;
    for part in [
        "TLS 1.3 and TLS 1.2",
        "4 or more sessions",
        about.tries,
        about.good,
        about.source,
        about.guide,
        "  | ",
        "The run stopped early: ",
        case(5).about.name,
        "1 held, 1 failed, 1 noted, 1 not applicable, 1 inconclusive, 1 not run, in 3.0 s",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let again = format!("mio-check localhost:8000 --case {} -- server", about.name);
    assert!(text.contains(&again), "{text}");
}

#[test]
fn one_chosen_case_is_explained_with_its_evidence_although_it_held() {
    let (report, mut setting) = (report(&[Verdict::Held]), setting(&[]));
    assert!(!text(&report, &setting).contains("  | "));
    setting.explains_all = true;
    let text = text(&report, &setting);
    assert!(text.contains("  TLS 1.3 held\n  | ") && text.contains(case(0).about.tries), "{text}");
}

#[test]
fn the_lines_of_outcomes_are_aligned() {
    let text = text(&report(&[Verdict::Held, Verdict::Noted("x".to_owned())]), &setting(&[]));
    let columns: Vec<_> = text.lines().filter_map(|line| line.find("TLS 1.3  ")).collect();
    assert!(columns.len() == 2 && columns[0] == columns[1], "{text}");
}

#[test]
fn the_exit_status_follows_the_verdicts() {
    let [failed, inconclusive, noted] =
        [Verdict::Failed, Verdict::Inconclusive, Verdict::Noted].map(|verdict| verdict("x".to_owned()));
    let not_applicable = Verdict::NotApplicable("x".to_owned());
    for (verdicts, expected, exit_expected) in [
        (&[Verdict::Held, noted.clone(), not_applicable.clone()][..], &[][..], Exit::Clean),
        (&[failed.clone(), inconclusive.clone()], &[], Exit::Failed),
        (&[Verdict::Held, inconclusive.clone()], &[], Exit::Inconclusive),
        (&[failed.clone(), Verdict::Held], &[0], Exit::Clean),
        (&[failed.clone(), failed.clone()], &[0], Exit::Failed),
        (&[Verdict::Held], &[0], Exit::Failed),
        (&[noted], &[0], Exit::Failed),
        (&[not_applicable], &[0], Exit::Clean),
        (&[inconclusive], &[0], Exit::Inconclusive),
        (&[Verdict::Held], &[1], Exit::Clean),
    ] {
        assert_eq!(exit(verdicts, expected), exit_expected, "{verdicts:?}, expected to fail: {expected:?}");
    }
    let mut interrupted = report(&[failed]);
    interrupted.stopped = Some(Stopped::Interrupted);
    assert_eq!(Summary::of(&interrupted, &setting(&[])).exit(), Exit::Interrupted);
    let mut stopped = report(&[Verdict::Held]);
    stopped.not_run = vec![(case(1), Version::Tls13)];
    assert_eq!(Summary::of(&stopped, &setting(&[])).exit(), Exit::Inconclusive);
}

#[test]
fn a_case_is_expected_to_fail_in_one_of_its_versions() {
    let mut report = report(&[Verdict::Failed("x".to_owned())]);
    report.outcomes.push(Outcome {
        version: Version::Tls12,
        verdict: Verdict::Held,
        ..report.outcomes[0].clone()
    });
    assert_eq!(Summary::of(&report, &setting(&[0])).exit(), Exit::Clean);
}

#[test]
fn an_unexpectedly_held_case_is_named() {
    let (report, setting) = (report(&[Verdict::Held]), setting(&[0]));
    let text = text(&report, &setting);
    assert!(text.contains(&format!("{} did not fail", case(0).about.name)), "{text}");
    let xml = String::from_utf8(junit::junit(&report, &setting).unwrap()).unwrap();
    assert!(xml.contains("failures=\"1\"") && xml.contains("<failure"), "{xml}");
}

/// Returns the fields in the tables of the module's documentation.
fn documented(table: usize) -> Vec<&'static str> {
    let lines: Vec<_> = include_str!("json.rs").lines().map(|line| line.trim_start_matches("//! ")).collect();
    let tables: Vec<_> =
        lines.split(|line| !line.starts_with('|')).filter(|table| !table.is_empty()).collect();
    let rows = tables[table].iter().skip(2).flat_map(|row| {
        let first = row.split('|').nth(1).unwrap();
        first.split(',').map(|name| name.trim().trim_matches('`'))
    });
    rows.collect()
}

fn fields(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_documented_fields_in_their_order() {
    let parsed: Value = serde_json::from_str(&json::json(&full(), &setting(&[1]))).unwrap();
    assert_eq!(fields(&parsed), documented(0));
    for outcome in parsed["outcomes"].as_array().unwrap() {
        assert_eq!(fields(outcome), documented(1));
    }
    assert_eq!(parsed["schema"], json::SCHEMA);
    let verdicts: Vec<_> = parsed["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["held", "failed", "noted", "not applicable", "inconclusive", "not run"]);
    assert_eq!(parsed["counts"]["failed_as_expected"], 1);
    assert_eq!(parsed["exit_status"], 4);
    assert_eq!(parsed["outcomes"][1]["expected_to_fail"], true);
    assert_eq!(parsed["outcomes"][3]["tls"], Value::Null);
}

#[test]
fn json_about_a_client_has_the_documented_fields() {
    let outcome = ClientOutcome {
        case: clients::all().next().unwrap(),
        verdict: Verdict::Held,
        run: None,
        end: None,
        evidence: Evidence::default(),
        took: Duration::ZERO,
    };
    let report = ClientReport {
        command: "client".to_owned(),
        address: "127.0.0.1:8000".parse().unwrap(),
        facts: ClientFacts {
            version: Version::Tls13,
            mode: Mode::Echo,
            shows: true,
            end: EVIL.to_owned(),
            names_authority: true,
        },
        outcomes: vec![outcome],
        not_run: Vec::new(),
        expected: Vec::new(),
        again: Default::default(),
        patience: Duration::ZERO,
        took: Duration::ZERO,
    };
    // The fields of a report about a server, without `missing`, and with one field replaced.
    let differing = |table, missing, [replaced, by]: [&'static str; 2]| {
        let names = documented(table).into_iter().filter(move |name| *name != missing);
        names.map(move |name| if name == replaced { by } else { name }).collect::<Vec<_>>()
    };
    let parsed: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(fields(&parsed), differing(0, "seed", ["stopped", "not_run"]));
    assert_eq!(fields(&parsed["outcomes"][0]), differing(1, "tls", ["end", "ended"]));
    assert_eq!(fields(&parsed["found"]), ["tls", "speaks", "shows", "end"]);
}

#[test]
fn junit_is_well_formed_and_its_counts_are_right() {
    let xml = junit::junit(&full(), &setting(&[])).unwrap();
    let mut reader = quick_xml::Reader::from_reader(&xml[..]);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute.value.into_owned();
                    assert!(!value.contains('<'), "{value}");
                    if name == "testsuite" {
                        counts.insert(attribute.key.as_ref().to_owned(), value);
                    }
                }
                *found.entry(name).or_default() += 1;
            }
            _ => {}
        }
    }
    for (element, attribute, count) in [
        ("testcase", "tests", 6),
        ("failure", "failures", 1),
        ("error", "errors", 1),
        ("skipped", "skipped", 2),
    ] {
        assert_eq!((found[element], counts[attribute].as_str()), (count, &*count.to_string()), "{element}");
    }
    assert_eq!(found["system-out"], 1);
}
