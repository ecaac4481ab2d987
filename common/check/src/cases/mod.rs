//! The cases against servers, one file for each group.

mod alerts;
mod backpressure;
mod behind_hello;
mod deadlines;
mod end;
mod first_words;
mod framing;
mod hellos;
mod neighbours;
mod resumption;
mod sealed;

use crate::case::Case;

/// All cases, in the order in which they run.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let groups = [
        framing::CASES,
        end::CASES,
        alerts::CASES,
        first_words::CASES,
        hellos::CASES,
        behind_hello::CASES,
        sealed::CASES,
        resumption::CASES,
        backpressure::CASES,
        neighbours::CASES,
        deadlines::CASES,
    ];
    groups.into_iter().flatten()
}

/// The case with this name.
pub fn find(name: &str) -> Option<&'static Case> {
    all().find(|case| case.about.name == name)
}
