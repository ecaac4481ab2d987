//! The cases against servers, one file for each group.

mod end;

use crate::case::Case;

/// All cases, in the order in which they run.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [end::CASES].into_iter().flatten()
}

/// The case with this name.
pub fn find(name: &str) -> Option<&'static Case> {
    all().find(|case| case.about.name == name)
}
