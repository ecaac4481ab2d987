//! The report for a reader.

use std::fmt::Write as _;

use super::lines::{self, SENTENCE};
use super::printable::printable;
use super::screen::{Colours, HEADING, style_of};
use super::summary::Summary;
use super::{Setting, speaks};
use crate::case::{Case, Version};
use crate::probe::Facts;
use crate::run::{Report, Stopped};
use crate::trial::Outcome;
use crate::verdict::Verdict;

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

    /// The header: the findings of the probe.
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
        let version = if is_run { outcome.version.to_string() } else { "-".to_owned() };
        let columns = format!("{:width$}  {version:7}", outcome.case.about.name, width = self.width);
        let took = is_run.then_some(outcome.took);
        lines::line(&outcome.verdict, &columns, took, expected, self.colours)
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
        let mut not_run: Vec<_> = report.not_run.iter().map(|(case, _)| case.about.name).collect();
        not_run.dedup();
        text.push_str(&lines::last_lines(&summary, &not_run, report.took, self.colours));
        if let Some(outcome) = outcomes.first().filter(|_| !setting.explains_all) {
            let _ = writeln!(text, "One case again: {}", setting.again(outcome.case.about.name));
        }
        text
    }

    /// A failed or inconclusive case: its description, the source, and the sentence and the evidence of each version.
    fn explained(&self, versions: &[&Outcome], setting: &Setting) -> String {
        let Some(first) = versions.first() else { return String::new() };
        let about = &first.case.about;
        let mut text = format!("{}\n{}", self.colours.paint(HEADING, about.name), lines::described(about));
        if !setting.explains_all {
            let _ = writeln!(text, "  again:   {}", setting.again(about.name));
        }
        for outcome in versions {
            let verdict = self.colours.paint(style_of(&outcome.verdict), outcome.verdict.name());
            let why = printable(outcome.verdict.text(), SENTENCE);
            let colon = if why.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "  {} {verdict}{colon}{why}", outcome.version);
            text.push_str(&lines::chart(&outcome.evidence));
        }
        text.push('\n');
        text
    }
}
