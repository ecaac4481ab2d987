//! The report for a reader.

use std::fmt::Write as _;

use super::printable::printable;
use super::screen::{Colours, FAINT, HEADING, style_of};
use super::summary::Summary;
use super::{Setting, speaks};
use crate::case::{Case, Version};
use crate::cli::catalog::guide;
use crate::probe::Facts;
use crate::run::{Report, Stopped};
use crate::trial::Outcome;
use crate::verdict::Verdict;

/// The longest value in a line, in characters. The report at the end has the whole text of a failed case.
const LINE: usize = 300;
/// The longest text of a verdict at the end.
const SENTENCE: usize = 4000;
/// The longest line of the evidence.
const EVIDENCE: usize = 160;

/// Writes the report for a reader, piece by piece.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    colours: Colours,
    /// The width of the column with the names.
    width: usize,
}

impl Text {
    /// A report about these cases.
    pub fn new<'a>(colours: Colours, cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let width = cases.into_iter().map(|case| case.about.name.len()).max().unwrap_or_default();
        Self { colours, width }
    }

    /// The header: what the probe found.
    pub fn header(&self, setting: &Setting, facts: &Facts, planned: usize) -> String {
        let versions: Vec<_> = facts.versions.iter().map(Version::to_string).collect();
        let spoken = match (setting.speaks, facts.greeting.len()) {
            (crate::target::Speaks::Echo, 0) => "it echoes".to_owned(),
            (crate::target::Speaks::Echo, length) => format!("it greets with {length} bytes, then it echoes"),
            (crate::target::Speaks::Any, _) => "no answer is expected (--speaks any)".to_owned(),
            (other, _) => format!("it speaks {}", speaks(other)),
        };
        let sessions = match facts.at_once {
            1 => "one session at a time".to_owned(),
            4.. => "4 or more sessions at a time".to_owned(),
            some => format!("{some} sessions at a time"),
        };
        let title = format!("{} ({})", setting.place, setting.address);
        format!(
            "{}\n{}, {spoken}, {sessions}\n{planned} runs, seed {}, patience {}\n\n",
            self.colours.paint(HEADING, &title),
            versions.join(" and "),
            setting.seed,
            humantime::format_duration(setting.patience),
        )
    }

    /// The line of an outcome.
    pub fn line(&self, outcome: &Outcome, expected: bool) -> String {
        let is_run = !matches!(outcome.verdict, Verdict::NotApplicable(_));
        let verdict = format!("{:14}", outcome.verdict.name());
        let version = if is_run { outcome.version.to_string() } else { "-".to_owned() };
        let time = if is_run { format!("{:.2} s", outcome.took.as_secs_f64()) } else { "-".to_owned() };
        let mut text = printable(outcome.verdict.text(), LINE);
        if expected && outcome.verdict.is_failed() {
            text = format!("as expected: {text}");
        }
        let line = format!(
            "{}  {:width$}  {version:7}  {:>8}  {text}",
            self.colours.paint(style_of(&outcome.verdict), &verdict),
            outcome.case.about.name,
            self.colours.paint(FAINT, &format!("{time:>8}")),
            width = self.width,
        );
        format!("{}\n", line.trim_end())
    }

    /// The end: the failed and inconclusive outcomes with their evidence, and the counts. If one case was chosen, all its
    /// outcomes.
    pub fn footer(&self, report: &Report, setting: &Setting) -> String {
        let mut text = String::from("\n");
        let explained = |outcome: &&Outcome| match outcome.verdict {
            Verdict::Failed(_) => setting.explains_all || !setting.is_expected_to_fail(outcome.case),
            Verdict::Inconclusive(_) => true,
            Verdict::Held | Verdict::Noted(_) => setting.explains_all,
            Verdict::NotApplicable(_) => false,
        };
        let outcomes: Vec<_> = report.outcomes.iter().filter(explained).collect();
        for versions in outcomes.chunk_by(|one, next| one.case.about.name == next.case.about.name) {
            text.push_str(&self.explained(versions, setting));
        }
        let summary = Summary::of(report, setting);
        if let Some(why @ (Stopped::Server(_) | Stopped::OutOfTime(_))) = &report.stopped {
            let _ = writeln!(text, "The run stopped early: {}", printable(&why.to_string(), SENTENCE));
        }
        if !report.not_run.is_empty() {
            let _ = writeln!(text, "Not run: {}", names(&report.not_run));
        }
        for name in &summary.unexpectedly_held {
            let _ = writeln!(text, "{name} did not fail, although --expect-fail names it: remove the flag");
        }
        let interrupted = if summary.interrupted { "Interrupted: " } else { "" };
        let counts = format!("{interrupted}{summary}, in {:.1} s", report.took.as_secs_f64());
        let _ = writeln!(text, "{}", self.colours.paint(HEADING, &counts));
        if let Some(outcome) = outcomes.first().filter(|_| !setting.explains_all) {
            let _ = writeln!(text, "One case again: {}", setting.again(outcome.case.about.name));
        }
        text
    }

    /// A failed or inconclusive case: what was tried, the source, and the sentence and the evidence of each version.
    fn explained(&self, versions: &[&Outcome], setting: &Setting) -> String {
        let Some(first) = versions.first() else { return String::new() };
        let about = &first.case.about;
        let mut text = format!(
            "{}\n  tried:   {}\n  good:    {}\n  source:  {}\n  guide:   {}\n",
            self.colours.paint(HEADING, about.name),
            about.tries,
            about.good,
            about.source,
            guide(about.guide),
        );
        if !setting.explains_all {
            let _ = writeln!(text, "  again:   {}", setting.again(about.name));
        }
        for outcome in versions {
            let verdict = self.colours.paint(style_of(&outcome.verdict), outcome.verdict.name());
            let why = printable(outcome.verdict.text(), SENTENCE);
            let colon = if why.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "  {} {verdict}{colon}{why}", outcome.version);
            for line in outcome.evidence.to_string().lines() {
                let _ = writeln!(text, "  | {}", printable(line, EVIDENCE));
            }
        }
        text.push('\n');
        text
    }
}

fn names(runs: &[(&'static Case, Version)]) -> String {
    let mut names: Vec<_> = runs.iter().map(|(case, _)| case.about.name).collect();
    names.dedup();
    names.join(", ")
}
