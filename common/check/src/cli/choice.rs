//! The names of cases and groups on the command line.

use std::fmt;

use crate::case::{Case, Group};
use crate::cases;
use crate::clients::{self, ClientCase, ClientGroup};

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

/// Returns the name of a group of clients' cases on the command line.
pub fn name_of_client_group(group: ClientGroup) -> &'static str {
    match group {
        ClientGroup::Framing => "framing",
        ClientGroup::Answers => "answers",
        ClientGroup::Handshakes => "handshakes",
        ClientGroup::Ends => "ends",
        ClientGroup::Sealed => "sealed",
        ClientGroup::Floods => "floods",
        ClientGroup::Certificates => "certificates",
    }
}

/// The cases of one name: one against servers, one against clients, or both.
#[derive(Clone, Copy)]
pub struct Named {
    /// The case against servers.
    pub server: Option<&'static Case>,
    /// The case against clients.
    pub client: Option<&'static ClientCase>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.server.map(|case| case.about.name).or(self.client.map(|case| case.about.name));
        f.write_str(name.unwrap_or_default())
    }
}

/// Finds the cases of a name.
///
/// # Errors
/// There is no case of this name. The text names a similar one.
pub fn case(name: &str) -> Result<Named, String> {
    let named = Named { server: cases::find(name), client: clients::find(name) };
    match (named.server, named.client) {
        (None, None) => {
            let servers = cases::all().map(|case| case.about.name);
            Err(unknown(name, servers.chain(clients::all().map(|case| case.about.name))))
        }
        _ => Ok(named),
    }
}

/// A case, or the cases of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The case of this name.
    Case(&'static str),
    /// The cases of this group.
    Group(Group),
    /// The case against clients, or the group of such cases, of this name. No case against servers has it.
    Client(&'static str),
}

impl Choice {
    /// Whether this case is chosen.
    pub fn contains(self, case: &Case) -> bool {
        match self {
            Self::Case(name) => case.about.name == name,
            Self::Group(group) => case.group == group,
            Self::Client(_) => false,
        }
    }

    /// Whether this case against clients is chosen.
    pub fn contains_client(self, case: &ClientCase) -> bool {
        let name = self.name();
        case.about.name == name || name_of_client_group(case.group) == name
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Case(name) | Self::Client(name) => name,
            Self::Group(group) => name_of(group),
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
    let client = || client_names().find(|known| *known == name).map(Choice::Client);
    group.map(Choice::Group).or_else(case).or_else(client).ok_or_else(|| {
        let servers = cases::all().flat_map(|case| [name_of(case.group), case.about.name]);
        unknown(name, servers.chain(client_names()))
    })
}

fn client_names() -> impl Iterator<Item = &'static str> {
    clients::all().flat_map(|case| [name_of_client_group(case.group), case.about.name])
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
        let named = case("close-notify-answered").unwrap();
        assert_eq!(named.server.unwrap().about.name, "close-notify-answered");
        assert!(named.client.is_none());
        assert_eq!(choice("certificates"), Ok(Choice::Client("certificates")));
        assert!(case("cut-between-records").unwrap().client.is_some());
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
        let servers = cases::all().map(|case| (case.about.name, "servers"));
        let clients = clients::all().map(|case| (case.about.name, "clients"));
        for (name, side) in servers.chain(clients) {
            assert!(seen.insert((name, side)), "{name} is there twice");
            let allowed =
                |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-.".contains(char);
            assert!(name.chars().all(allowed) && !name.starts_with('-'), "{name}");
        }
    }
}
