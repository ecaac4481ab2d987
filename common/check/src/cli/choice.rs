//! The names of cases and groups on the command line.

use crate::case::{Case, Group};
use crate::cases;

/// Returns the name of a group on the command line.
pub fn name_of(group: Group) -> &'static str {
    match group {
        Group::Framing => "framing",
        Group::End => "end",
        Group::FirstWords => "first-words",
        Group::Hellos => "hellos",
        Group::Sealed => "sealed",
        Group::Resumption => "resumption",
        Group::Backpressure => "backpressure",
        Group::Neighbours => "neighbours",
        Group::Deadlines => "deadlines",
    }
}

/// Finds a case.
///
/// # Errors
/// There is no case of this name. The text names a similar one.
pub fn case(name: &str) -> Result<&'static Case, String> {
    cases::find(name).ok_or_else(|| unknown(name, cases::all().map(|case| case.about.name)))
}

/// A case, or the cases of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The case of this name.
    Case(&'static str),
    /// The cases of this group.
    Group(Group),
}

impl Choice {
    /// Whether this case is chosen.
    pub fn contains(self, case: &Case) -> bool {
        match self {
            Self::Case(name) => case.about.name == name,
            Self::Group(group) => case.group == group,
        }
    }
}

/// Finds a group, or a case. A group comes first if both have the same name.
///
/// # Errors
/// There is none of this name. The text names a similar one.
pub fn choice(name: &str) -> Result<Choice, String> {
    let group = cases::all().map(|case| case.group).find(|group| name_of(*group) == name);
    let case = || cases::find(name).map(|case| Choice::Case(case.about.name));
    group
        .map(Choice::Group)
        .or_else(case)
        .ok_or_else(|| unknown(name, cases::all().flat_map(|case| [name_of(case.group), case.about.name])))
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let similar = known.map(|known| (distance(name, known), known)).min();
    match similar {
        Some((distance, similar)) if distance <= 1 + similar.len() / 4 => {
            format!("is the name of no case. Did you mean {similar}? `mio-check --list` has all names")
        }
        _ => "is the name of no case. `mio-check --list` has all names".to_owned(),
    }
}

/// The number of characters to insert, delete or replace between two names (Levenshtein).
/// Only the first 64 characters of `one` count.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, char) in one.chars().take(64).enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, with) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(char != *with);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_and_a_case_are_found() {
        assert_eq!(choice("end"), Ok(Choice::Group(Group::End)));
        assert_eq!(choice("close-notify-answered"), Ok(Choice::Case("close-notify-answered")));
        assert_eq!(case("close-notify-answered").unwrap().about.name, "close-notify-answered");
        assert!(case("end").is_err());
    }

    #[test]
    fn a_wrong_name_is_explained() {
        let error = choice("close-notify-anwsered").unwrap_err();
        assert!(error.contains("Did you mean close-notify-answered?"), "{error}");
        let error = choice("xyz").unwrap_err();
        assert!(error.contains("--list") && !error.contains("mean"), "{error}");
        assert!(choice(&"x".repeat(100_000)).is_err());
    }

    #[test]
    fn names_can_be_typed_and_are_unique() {
        let mut seen = std::collections::HashSet::new();
        for case in cases::all() {
            let name = case.about.name;
            assert!(seen.insert(name), "{name} is there twice");
            let allowed =
                |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-.".contains(char);
            assert!(name.chars().all(allowed) && !name.starts_with('-'), "{name}");
        }
    }
}
