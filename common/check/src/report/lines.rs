//! The lines that the reports for a reader have in common, about servers and about clients.

use std::fmt::Write as _;
use std::time::Duration;

use super::printable::printable;
use super::screen::{Colours, FAINT, HEADING, style_of};
use super::summary::Summary;
use crate::case::About;
use crate::cli::catalog::guide;
use crate::evidence::Evidence;
use crate::verdict::Verdict;

/// The longest value in a line, in characters. The report at the end has the whole text of a failed case.
pub(super) const LINE: usize = 300;
/// The longest text in a report that has all of it: at the end for a reader, and for a program.
pub(super) const SENTENCE: usize = 4000;
/// The longest line of the evidence.
const EVIDENCE: usize = 160;

/// The line of an outcome: its verdict, these columns, its time, and the text of the verdict.
pub(super) fn line(
    verdict: &Verdict,
    columns: &str,
    took: Option<Duration>,
    is_expected: bool,
    colours: Colours,
) -> String {
    let name = format!("{:14}", verdict.name());
    let time = took.map_or_else(|| "-".to_owned(), |took| format!("{:.2} s", took.as_secs_f64()));
    let mut text = printable(verdict.text(), LINE);
    if is_expected && verdict.is_failed() {
        text = format!("as expected: {text}");
    }
    let line = format!(
        "{}  {columns}  {}  {text}",
        colours.paint(style_of(verdict), &name),
        colours.paint(FAINT, &format!("{time:>8}")),
    );
    format!("{}\n", line.trim_end())
}

/// The description of a case, for an outcome that is explained.
pub(super) fn described(about: &About) -> String {
    let About { tries, good, source, guide: page, .. } = about;
    format!("  tried:   {tries}\n  good:    {good}\n  source:  {source}\n  guide:   {}\n", guide(page))
}

/// The arrow chart, indented.
pub(super) fn chart(evidence: &Evidence) -> String {
    evidence.to_string().lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  | {}", printable(line, EVIDENCE));
        text
    })
}

/// The last lines: the cases that were not run, those that held unexpectedly, and the counts.
pub(super) fn last_lines(summary: &Summary, not_run: &[&str], took: Duration, colours: Colours) -> String {
    let mut text = String::new();
    if !not_run.is_empty() {
        let _ = writeln!(text, "Not run: {}", not_run.join(", "));
    }
    for name in &summary.unexpectedly_held {
        let _ = writeln!(text, "{name} did not fail, although --expect-fail names it: remove the flag");
    }
    let interrupted = if summary.interrupted { "Interrupted: " } else { "" };
    let counts = format!("{interrupted}{summary}, in {:.1} s", took.as_secs_f64());
    let _ = writeln!(text, "{}", colours.paint(HEADING, &counts));
    text
}
