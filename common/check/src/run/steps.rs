//! The steps of a run: which cases apply, in which versions of TLS, and which of them run side by side.

use crate::case::{Case, Group, Version};
use crate::cases;
use crate::probe::Facts;
use crate::target::{Speaks, Target};
use crate::verdict::{Verdict, not_applicable};

/// The runs of a case against this target: one for each version.
///
/// # Errors
/// The verdict that says why the case does not apply.
fn plan(target: &Target, facts: &Facts, case: &'static Case) -> Result<Vec<Version>, Verdict> {
    let versions = case.versions.of(&facts.versions);
    if case.needs.echo() && target.speaks != Speaks::Echo {
        return Err(not_applicable("the server does not echo"));
    }
    if case.needs.neighbours() && !facts.has_neighbours() {
        return Err(not_applicable("the server serves one session at a time"));
    }
    if versions.is_empty() {
        return Err(not_applicable("the server does not speak this version of TLS"));
    }
    Ok(versions)
}

/// A step of a run.
pub(super) enum Step {
    /// A case that does not apply, and its verdict.
    Skip(&'static Case, Verdict),
    /// One case, or several side by side.
    Batch(Vec<(&'static Case, Version)>),
}

/// Returns the steps in the order of the cases. Cases that may run side by side are one step at the end.
pub(super) fn steps(target: &Target, facts: &Facts, chosen: &[&'static Case]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut together = Vec::new();
    for case in cases::all().filter(|case| chosen.iter().any(|chosen| std::ptr::eq(*chosen, *case))) {
        match plan(target, facts, case) {
            Err(verdict) => steps.push(Step::Skip(case, verdict)),
            Ok(versions) => {
                let runs = versions.into_iter().map(|version| (case, version));
                match case.group == Group::Deadlines && facts.has_neighbours() {
                    true => together.extend(runs),
                    false => steps.extend(runs.map(|run| Step::Batch(vec![run]))),
                }
            }
        }
    }
    if !together.is_empty() {
        steps.push(Step::Batch(together));
    }
    steps
}

/// The cases of these steps that run.
pub(super) fn planned<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<(&'static Case, Version)> {
    let batches = steps.into_iter().filter_map(|step| match step {
        Step::Skip(..) => None,
        Step::Batch(batch) => Some(batch),
    });
    batches.flatten().copied().collect()
}
