//! The report for a CI server: JUnit's XML.
//!
//! | verdict | element |
//! |---|---|
//! | held | none |
//! | failed | `failure`, with the evidence |
//! | failed as expected | `skipped` |
//! | did not fail, although expected to | `failure` |
//! | noted | `system-out`, with the value |
//! | not applicable, not run | `skipped` |
//! | inconclusive | `error`, with the evidence |
//!
//! If the run did not take place, the report has one test, with an `error`.

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::lines::SENTENCE;
use super::printable::printable;
use super::summary::Summary;
use super::{Setting, printable_lines};
use crate::case::{Case, Version};
use crate::cli::catalog::guide;
use crate::cli::choice::name_of;
use crate::run::Report;
use crate::trial::Outcome;
use crate::verdict::Verdict;

/// A test in the report.
struct Test {
    name: String,
    class: String,
    seconds: String,
    mark: Mark,
    /// The explanation and the arrow chart. Empty if the test has passed.
    details: String,
}

impl Test {
    fn of(case: &Case, version: Option<Version>, took: Duration, mark: Mark, details: String) -> Self {
        let name = case.about.name;
        let name = version.map_or_else(|| name.to_owned(), |version| format!("{name} ({version})"));
        Self {
            name,
            class: format!("mio-check.{}", name_of(case.group)),
            seconds: seconds(took),
            mark,
            details,
        }
    }
}

/// The element inside of a test, and its text.
enum Mark {
    Passed,
    Output(String),
    Failure(String),
    Error(String),
    Skipped(String),
}

/// Returns the report as XML.
///
/// # Errors
/// Never: a `Vec` takes everything.
pub fn junit(report: &Report, setting: &Setting) -> io::Result<Vec<u8>> {
    let summary = Summary::of(report, setting);
    let not_run = report.not_run.iter().map(|(case, version)| {
        let mark = Mark::Skipped("not run: the run stopped before".to_owned());
        Test::of(case, Some(*version), Duration::ZERO, mark, String::new())
    });
    let tests = report.outcomes.iter().map(|outcome| test(outcome, setting, &summary)).chain(not_run);
    let tests: Vec<Test> = tests.collect();
    let counts = [
        ("name", printable(&format!("mio-check {}", setting.place), SENTENCE)),
        ("tests", tests.len().to_string()),
        ("failures", count(&tests, |mark| matches!(mark, Mark::Failure(_)))),
        ("errors", count(&tests, |mark| matches!(mark, Mark::Error(_)))),
        ("skipped", count(&tests, |mark| matches!(mark, Mark::Skipped(_)))),
        ("time", seconds(report.took)),
    ];
    document(&counts, &tests)
}

/// Returns the report of a run that did not take place.
///
/// # Errors
/// Never: a `Vec` takes everything.
pub fn no_run(why: &str) -> io::Result<Vec<u8>> {
    let counts = [("name", "mio-check"), ("tests", "1"), ("failures", "0"), ("errors", "1")];
    let test = Test {
        name: "the run".to_owned(),
        class: "mio-check".to_owned(),
        seconds: "0".to_owned(),
        mark: Mark::Error("the run did not take place".to_owned()),
        details: printable_lines(why),
    };
    document(&counts.map(|(name, value)| (name, value.to_owned())), &[test])
}

/// Returns the document with these counts and tests.
fn document(counts: &[(&str, String)], tests: &[Test]) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = || counts.iter().map(|(name, value)| (*name, value.as_str()));
    // The outer element of JUnit has no `skipped`.
    let outer = attributes().filter(|(name, _)| *name != "skipped");
    writer.create_element("testsuites").with_attributes(outer).write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes(attributes());
        suite.write_inner_content(|writer| tests.iter().try_for_each(|test| write(writer, test)))?;
        Ok(())
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn test(outcome: &Outcome, setting: &Setting, summary: &Summary) -> Test {
    let text = printable(outcome.verdict.text(), SENTENCE);
    let is_expected = setting.is_expected_to_fail(outcome.case);
    let mark = match outcome.verdict {
        Verdict::Held | Verdict::Noted(_) if summary.unexpectedly_held.contains(&outcome.case.about.name) => {
            Mark::Failure("did not fail, although --expect-fail names it".to_owned())
        }
        Verdict::Held => Mark::Passed,
        Verdict::Noted(_) => Mark::Output(text),
        Verdict::NotApplicable(_) => Mark::Skipped(format!("not applicable: {text}")),
        Verdict::Inconclusive(_) => Mark::Error(text),
        Verdict::Failed(_) if is_expected => Mark::Skipped(format!("failed as expected: {text}")),
        Verdict::Failed(_) => Mark::Failure(text),
    };
    let is_run = !matches!(outcome.verdict, Verdict::NotApplicable(_));
    let details = match mark {
        Mark::Failure(_) | Mark::Error(_) => details(outcome),
        _ => String::new(),
    };
    Test::of(outcome.case, is_run.then_some(outcome.version), outcome.took, mark, details)
}

fn details(outcome: &Outcome) -> String {
    let about = &outcome.case.about;
    let mut details = format!(
        "{}\ntried: {}\ngood: {}\nsource: {}\nguide: {}\n",
        printable(outcome.verdict.text(), SENTENCE),
        about.tries,
        about.good,
        about.source,
        guide(about.guide)
    );
    for line in outcome.evidence.to_string().lines() {
        details.push_str(&printable(line, SENTENCE));
        details.push('\n');
    }
    details
}

fn write(writer: &mut Writer<Vec<u8>>, test: &Test) -> io::Result<()> {
    let element = writer.create_element("testcase").with_attributes([
        ("name", test.name.as_str()),
        ("classname", test.class.as_str()),
        ("time", test.seconds.as_str()),
    ]);
    let (name, message, text) = match &test.mark {
        Mark::Passed => return element.write_empty().map(drop),
        Mark::Output(text) => ("system-out", None, text),
        Mark::Skipped(text) => ("skipped", Some(text), &test.details),
        Mark::Failure(text) => ("failure", Some(text), &test.details),
        Mark::Error(text) => ("error", Some(text), &test.details),
    };
    let message = message.map(|message| ("message", message.as_str()));
    let inner = |writer: &mut Writer<Vec<u8>>| {
        let inner = writer.create_element(name).with_attributes(message);
        inner.write_text_content(BytesText::new(text)).map(drop)
    };
    element.write_inner_content(inner).map(drop)
}

fn count(tests: &[Test], is_counted: impl Fn(&Mark) -> bool) -> String {
    tests.iter().filter(|test| is_counted(&test.mark)).count().to_string()
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
