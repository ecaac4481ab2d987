//! The counts of a run, and its exit status.

use std::fmt;

use serde_json::{Value, json};

use super::Setting;
use crate::cli::exit::Exit;
use crate::run::{Report, Stopped};
use crate::verdict::Verdict;

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many outcomes are *held*.
    pub held: usize,
    /// How many are *failed*, the expected ones too.
    pub failed: usize,
    /// How many of the failed ones are expected to fail.
    pub expected: usize,
    /// How many are *noted*.
    pub noted: usize,
    /// How many are *not applicable*.
    pub not_applicable: usize,
    /// How many are *inconclusive*.
    pub inconclusive: usize,
    /// How many cases were not run.
    pub not_run: usize,
    /// The cases that did not fail, although they are expected to.
    pub unexpectedly_held: Vec<&'static str>,
    /// Whether the user stopped the run.
    pub interrupted: bool,
}

impl Summary {
    /// Counts the outcomes of a run.
    pub fn of(report: &Report, setting: &Setting) -> Self {
        let mut summary = Self {
            not_run: report.not_run.len(),
            interrupted: report.stopped == Some(Stopped::Interrupted),
            ..Self::default()
        };
        for outcome in &report.outcomes {
            summary.count(&outcome.verdict, setting.is_expected_to_fail(outcome.case));
        }
        summary.unexpectedly_held = unexpectedly_held(report, setting);
        summary
    }

    /// Adds an outcome.
    pub fn count(&mut self, verdict: &Verdict, is_expected_to_fail: bool) {
        match verdict {
            Verdict::Held => self.held += 1,
            Verdict::Noted(_) => self.noted += 1,
            Verdict::NotApplicable(_) => self.not_applicable += 1,
            Verdict::Inconclusive(_) => self.inconclusive += 1,
            Verdict::Failed(_) => {
                self.failed += 1;
                self.expected += usize::from(is_expected_to_fail);
            }
        }
    }

    /// The counts as the field `counts` of the JSON reports.
    pub fn counts(&self) -> Value {
        json!({
            "held": self.held,
            "failed": self.failed,
            "failed_as_expected": self.expected,
            "noted": self.noted,
            "not_applicable": self.not_applicable,
            "inconclusive": self.inconclusive,
            "not_run": self.not_run,
        })
    }

    /// The exit status. A failed case outweighs an inconclusive one.
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.failed > self.expected || !self.unexpectedly_held.is_empty() {
            Exit::Failed
        } else if self.inconclusive > 0 || self.not_run > 0 {
            Exit::Inconclusive
        } else {
            Exit::Clean
        }
    }
}

/// A case holds unexpectedly if it ran, and held or was noted in each version.
fn unexpectedly_held(report: &Report, setting: &Setting) -> Vec<&'static str> {
    let holds = |name: &str| {
        let mut verdicts =
            report.outcomes.iter().filter(|outcome| outcome.case.about.name == name).peekable();
        let was_run = report.not_run.iter().all(|(case, _)| case.about.name != name);
        was_run
            && verdicts.peek().is_some()
            && verdicts.all(|outcome| matches!(outcome.verdict, Verdict::Held | Verdict::Noted(_)))
    };
    let mut names: Vec<_> = setting.expected.iter().map(|case| case.about.name).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| holds(name));
    names
}

/// Prints the counts: "62 held, 2 failed (1 expected), 12 noted".
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} held, {} failed", self.held, self.failed)?;
        if self.expected > 0 {
            write!(f, " ({} expected)", self.expected)?;
        }
        write!(f, ", {} noted", self.noted)?;
        for (count, name) in [
            (self.not_applicable, "not applicable"),
            (self.inconclusive, "inconclusive"),
            (self.not_run, "not run"),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        Ok(())
    }
}
