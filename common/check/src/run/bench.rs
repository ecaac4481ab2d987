//! Runs cases alone or side by side, and makes their outcomes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use crate::case::{Case, Version};
use crate::evidence::Evidence;
use crate::probe::Facts;
use crate::target::Target;
use crate::trial::{Closing, Outcome, judge};
use crate::verdict::{Verdict, failed, noted};

/// The common part of all cases of a run.
pub(super) struct Bench<'a> {
    pub(super) target: &'a Target,
    pub(super) facts: &'a Facts,
    pub(super) closing: &'a Closing,
    pub(super) seed: u64,
}

impl Bench<'_> {
    /// Runs the cases side by side, each on a thread.
    pub(super) fn side_by_side(&self, batch: &[(&'static Case, Version)]) -> Vec<Outcome> {
        thread::scope(|scope| {
            let judges: Vec<_> = batch
                .iter()
                .map(|&(case, version)| (case, version, scope.spawn(move || self.judge(case, version))))
                .collect();
            let join = |(case, version, judge): (_, _, thread::ScopedJoinHandle<'_, _>)| {
                judge.join().unwrap_or_else(|_| panicked(case, version))
            };
            judges.into_iter().map(join).collect()
        })
    }

    /// Runs a case. A panic in its code must not end the run.
    pub(super) fn judge(&self, case: &'static Case, version: Version) -> Outcome {
        let Self { target, facts, closing, seed } = self;
        catch_unwind(AssertUnwindSafe(|| judge(target, facts, closing, case, version, *seed)))
            .unwrap_or_else(|_| panicked(case, version))
    }
}

fn panicked(case: &'static Case, version: Version) -> Outcome {
    let why = "the code of the case panicked. This is a fault of mio-check, not of the server";
    outcome(case, version, Verdict::Inconclusive(why.to_owned()))
}

/// An outcome without evidence.
pub(super) fn outcome(case: &'static Case, version: Version, verdict: Verdict) -> Outcome {
    Outcome { case, version, verdict, end: None, evidence: Evidence::default(), took: Duration::ZERO }
}

/// Writes down that the first good session behind a case failed, and a later one succeeded. This happens if a supervisor
/// starts a dead server again.
pub(super) fn only_later(outcome: &mut Outcome, why: &str) {
    let what = format!("the first good session behind the case failed ({why}), and a later one succeeded");
    outcome.evidence.note(what.clone());
    match &mut outcome.verdict {
        Verdict::Held => outcome.verdict = noted(what),
        Verdict::Noted(text) => *text = format!("{text}; {what}"),
        Verdict::Failed(_) | Verdict::NotApplicable(_) | Verdict::Inconclusive(_) => {}
    }
}

/// Makes the outcome of a case that the server did not survive.
pub(super) fn bury(outcome: &mut Outcome, why: &str, lines: &[String], side_by_side: usize) {
    let when = match side_by_side {
        1 => "after this case".to_owned(),
        several => format!("after {several} cases that ran side by side"),
    };
    outcome.verdict = failed(match outcome.verdict.text() {
        "" => format!("{when} {why}"),
        before => format!("{when} {why} (the case itself: {before})"),
    });
    outcome.evidence.note(why);
    for line in lines {
        outcome.evidence.note(format!("the server wrote: {line}"));
    }
}
