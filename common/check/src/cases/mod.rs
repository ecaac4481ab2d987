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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names = HashSet::new();
        for case in all() {
            let name = case.about.name;
            assert!(names.insert(name), "two cases have the name {name}");
            let is_plain = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)
            };
            assert!(name.chars().all(is_plain), "{name}");
        }
    }

    #[test]
    fn the_guide_has_the_place_of_each_case() {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../session/src/guide");
        for case in all() {
            let (file, anchor) = case.about.guide.split_once('#').unwrap_or((case.about.guide, ""));
            let text = std::fs::read_to_string(guide.join(file)).unwrap();
            let headings = text.lines().filter(|line| line.starts_with('#')).map(anchor_of);
            let found = anchor.is_empty() || headings.into_iter().any(|heading| heading == anchor);
            assert!(found, "{}: {file} has no heading {anchor}", case.about.name);
        }
    }

    /// The anchor that GitHub gives a heading.
    fn anchor_of(heading: &str) -> String {
        let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    }
}
