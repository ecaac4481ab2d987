//! A run: all chosen cases against one server.

use crate::case::{Case, Version};
use crate::evidence::Evidence;
use crate::probe::{Facts, good_session};
use crate::target::{Speaks, Target};
use crate::trial::{Outcome, judge};
use crate::verdict::{Verdict, failed};
use std::time::Duration;

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The target serves.
    Serves,
    /// The target no longer serves anybody.
    Dead,
}

/// Runs a case in one version, and then a good session. A target that does not serve the good session has failed the case.
pub fn judge_and_visit(
    target: &Target,
    facts: &Facts,
    case: &'static Case,
    version: Version,
    seed: u64,
) -> (Outcome, Health) {
    let mut outcome = judge(target, facts, case, version, seed);
    match good_session(target, facts) {
        Ok(()) => (outcome, Health::Serves),
        Err(why) => {
            outcome.verdict = failed(match outcome.verdict.text() {
                "" => format!("afterwards no good session was possible: {why}"),
                before => format!("afterwards no good session was possible: {why} (before: {before})"),
            });
            (outcome, Health::Dead)
        }
    }
}

/// The runs of a case against this target: one for each version, or one that says why the case does not apply.
pub fn plan(target: &Target, facts: &Facts, case: &'static Case) -> Result<Vec<Version>, Verdict> {
    let versions = case.versions.of(&facts.versions);
    if case.needs.echo() && target.speaks != Speaks::Echo {
        return Err(Verdict::NotApplicable("the server does not echo".to_owned()));
    }
    if case.needs.neighbours() && !facts.has_neighbours() {
        return Err(Verdict::NotApplicable("the server serves one session at a time".to_owned()));
    }
    if versions.is_empty() {
        return Err(Verdict::NotApplicable("the server does not speak this version of TLS".to_owned()));
    }
    Ok(versions)
}

/// The outcome of a case that does not apply.
pub fn not_applicable(facts: &Facts, case: &'static Case, verdict: Verdict) -> Outcome {
    Outcome {
        case,
        version: facts.highest(),
        verdict,
        end: None,
        evidence: Evidence::default(),
        took: Duration::ZERO,
    }
}
