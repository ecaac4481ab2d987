//! The report for a program: one JSON object.
//!
//! Its fields, in this order. A later version of the schema may add fields. A field that changes its meaning changes
//! `schema`.
//!
//! | field | what |
//! |---|---|
//! | `schema` | the version of this schema: 1 |
//! | `program`, `version` | `mio-check`, and its version |
//! | `target` | `place` as on the command line; `address` that was connected to; `speaks`: `echo`, `http` or `any` |
//! | `seed`, `patience` | the seed; the patience in seconds |
//! | `found` | by the probe: `versions` of TLS, length of the `greeting`, `sessions_at_a_time` (4: four or more) |
//! | `outcomes` | one object for each case and version, see below |
//! | `stopped` | why the run stopped early, or null |
//! | `counts` | how many are *held* and so on; `failed_as_expected` is a part of `failed` |
//! | `unexpectedly_held` | the cases that --expect-fail names, and that did not fail |
//! | `seconds` | how long the run took |
//! | `exit_status` | the exit status of the program |
//!
//! | field of an outcome | what |
//! |---|---|
//! | `case`, `group` | the name of the case and of its group |
//! | `tls` | the version of TLS: `TLS 1.3`; null if the case does not apply |
//! | `verdict` | `held`, `failed`, `noted`, `not applicable`, `inconclusive`, `not run` |
//! | `text` | the reason or the value; empty for `held` |
//! | `expected_to_fail` | whether --expect-fail names the case |
//! | `end` | how the server ended the hostile connection, or null |
//! | `seconds` | how long it took |
//! | `source`, `guide` | the RFC section that demands it, and the page of the guide |
//! | `evidence` | the lines of the arrow chart |
//!
//! If the run did not take place, the object has `schema`, `program`, `version`, `error` and `exit_status` only. `error` is
//! the reason, as on stderr.
//!
//! Control characters in texts are escaped as in the report for a reader.

use std::time::Duration;

use serde_json::{Value, json};

use super::lines::SENTENCE;
use super::printable::printable;
use super::summary::Summary;
use super::{Setting, printable_lines, speaks};
use crate::case::{Case, Version};
use crate::cli::catalog::guide;
use crate::cli::choice::name_of;
use crate::cli::exit::Exit;
use crate::evidence::Evidence;
use crate::run::Report;
use crate::trial::Outcome;
use crate::verdict::Verdict;

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// Returns the report as JSON, with a line end.
pub fn json(report: &Report, setting: &Setting) -> String {
    object(fields(report, setting))
}

/// Returns an object with the schema, the program and these fields, with a line end.
pub(super) fn object(fields: Value) -> String {
    let mut object = json!({
        "schema": SCHEMA,
        "program": "mio-check",
        "version": env!("CARGO_PKG_VERSION"),
    });
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    format!("{object:#}\n")
}

/// Returns the object of a run that did not take place, with a line end.
pub fn no_run(why: &str, exit: Exit) -> String {
    object(json!({ "error": printable_lines(why), "exit_status": exit.code() }))
}

fn fields(report: &Report, setting: &Setting) -> Value {
    let summary = Summary::of(report, setting);
    let facts = &report.facts;
    let run = report.outcomes.iter().map(|one| outcome(one, setting));
    let not_run = report.not_run.iter().map(|(case, version)| not_run(case, *version, setting));
    json!({
        "target": {
            "place": setting.place,
            "address": setting.address.to_string(),
            "speaks": speaks(setting.speaks),
        },
        "seed": setting.seed,
        "patience": setting.patience.as_secs_f64(),
        "found": {
            "versions": facts.versions.iter().map(Version::to_string).collect::<Vec<_>>(),
            "greeting": facts.greeting.len(),
            "sessions_at_a_time": facts.at_once,
        },
        "outcomes": run.chain(not_run).collect::<Vec<_>>(),
        "stopped": report.stopped.as_ref().map(|why| printable(&why.to_string(), SENTENCE)),
        "counts": summary.counts(),
        "unexpectedly_held": summary.unexpectedly_held,
        "seconds": seconds(report.took),
        "exit_status": summary.exit().code(),
    })
}

fn outcome(outcome: &Outcome, setting: &Setting) -> Value {
    let is_run = !matches!(outcome.verdict, Verdict::NotApplicable(_));
    let evidence = outcome.evidence.to_string();
    json!({
        "case": outcome.case.about.name,
        "group": name_of(outcome.case.group),
        "tls": is_run.then(|| outcome.version.to_string()),
        "verdict": outcome.verdict.name(),
        "text": printable(outcome.verdict.text(), SENTENCE),
        "expected_to_fail": setting.is_expected_to_fail(outcome.case),
        "end": outcome.end.as_ref().map(|end| printable(&end.to_string(), SENTENCE)),
        "seconds": seconds(outcome.took),
        "source": outcome.case.about.source,
        "guide": guide(outcome.case.about.guide),
        "evidence": evidence.lines().map(|line| printable(line, SENTENCE)).collect::<Vec<_>>(),
    })
}

/// The fields of a case that was not run. No verdict says this.
fn not_run(case: &'static Case, version: Version, setting: &Setting) -> Value {
    let not_run = Outcome {
        case,
        version,
        verdict: Verdict::Inconclusive("the run stopped before".to_owned()),
        end: None,
        evidence: Evidence::default(),
        took: Duration::ZERO,
    };
    let mut fields = outcome(&not_run, setting);
    fields["verdict"] = "not run".into();
    fields
}

/// Seconds with milliseconds.
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
