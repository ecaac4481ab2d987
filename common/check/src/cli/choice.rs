//! The names of cases and groups on the command line.

use std::fmt;

use crate::case::{About, Case, Group};
use crate::cases;
use crate::clients::{self, ClientCase, ClientGroup};
use crate::report::warn;

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

/// The argument of `--explain`.
#[derive(Clone, Copy, Debug)]
pub enum Explained {
    /// The cases of this name.
    Case(Named),
    /// The group of this name.
    Group(Choice),
}

/// Finds the cases or the group of a name.
///
/// # Errors
/// There is none of this name. The text names similar ones.
pub fn explained(name: &str) -> Result<Explained, String> {
    case(name).map(Explained::Case).or_else(|_| choice(name).map(Explained::Group))
}

/// A case of one of the two sides.
pub trait Described {
    /// The side that the case judges, and how it is chosen: "clients: it needs --listen".
    const SIDE: &'static str;

    /// Its description.
    fn about(&self) -> &About;

    /// The name of its group on the command line.
    fn group(&self) -> &'static str;
}

impl Described for Case {
    const SIDE: &'static str = "servers: judge one with `mio-check HOST:PORT`, without --listen";

    fn about(&self) -> &About {
        &self.about
    }

    fn group(&self) -> &'static str {
        name_of(self.group)
    }
}

impl Described for ClientCase {
    const SIDE: &'static str = "clients: judge one with `mio-check --listen 127.0.0.1:0 -- COMMAND`";

    fn about(&self) -> &About {
        &self.about
    }

    fn group(&self) -> &'static str {
        name_of_client_group(self.group)
    }
}

/// The name of a case or of a group, of one side or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice(&'static str);

impl Choice {
    /// Whether this case is chosen.
    pub fn contains(self, case: &impl Described) -> bool {
        case.about().name == self.0 || case.group() == self.0
    }
}

/// Finds a case or a group.
///
/// # Errors
/// There is none of this name. The text names a similar one.
pub fn choice(name: &str) -> Result<Choice, String> {
    let servers = cases::all().flat_map(|case| [case.group(), case.about().name]);
    let all: Vec<_> =
        servers.chain(clients::all().flat_map(|case| [case.group(), case.about().name])).collect();
    let found = all.iter().copied().find(|known| *known == name);
    found.map(Choice).ok_or_else(|| unknown(name, all.into_iter()))
}

/// Returns the chosen cases of one side, in their order. Without a choice, all of them. `Other` is the other side.
///
/// # Errors
/// A choice has only cases of the other side. The text says how to run these.
pub fn chosen<One: Described, Other: Described>(
    all: impl Iterator<Item = &'static One>,
    choices: &[Choice],
) -> Result<Vec<&'static One>, String> {
    let all: Vec<_> = all.collect();
    let is_foreign = |choice: &&Choice| !all.iter().any(|case| choice.contains(*case));
    match choices.iter().find(is_foreign) {
        Some(choice) => Err(format!("--case {} is against {}", choice.0, Other::SIDE)),
        None if choices.is_empty() => Ok(all),
        None => {
            Ok(all.into_iter().filter(|case| choices.iter().any(|choice| choice.contains(*case))).collect())
        }
    }
}

/// Returns the cases of one side that are expected to fail. Prints a warning for a case that is not chosen. `Other` is the
/// other side.
///
/// # Errors
/// The other side has the case. The text says how to run it.
pub fn expected<One: Described, Other: Described>(
    expected: &[Named],
    of_side: impl Fn(&Named) -> Option<&'static One>,
    chosen: &[&'static One],
) -> Result<Vec<&'static One>, String> {
    let case = |named| {
        let found = of_side(named);
        found.ok_or_else(|| format!("--expect-fail {named:?} is against {}", Other::SIDE))
    };
    let cases: Vec<_> = expected.iter().map(case).collect::<Result<_, _>>()?;
    for case in &cases {
        if !chosen.iter().any(|chosen| chosen.about().name == case.about().name) {
            warn(&format!(
                "--expect-fail {} has no effect: --case does not choose this case",
                case.about().name
            ));
        }
    }
    Ok(cases)
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let mut known: Vec<_> = known.collect();
    known.sort_unstable();
    known.dedup();
    let begin_so: Vec<_> = known.iter().copied().filter(|known| known.starts_with(name)).take(8).collect();
    if name.len() > 1 && !begin_so.is_empty() {
        return format!("is the name of no case. These begin so: {}", begin_so.join(", "));
    }
    let similar = known.into_iter().map(|known| (distance(name, known), known)).min();
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
        assert_eq!(choice("end"), Ok(Choice("end")));
        assert_eq!(choice("close-notify-answered"), Ok(Choice("close-notify-answered")));
        let named = case("close-notify-answered").unwrap();
        assert_eq!(named.server.unwrap().about.name, "close-notify-answered");
        assert!(named.client.is_none());
        assert_eq!(choice("certificates"), Ok(Choice("certificates")));
        assert!(case("cut-between-records").unwrap().client.is_some());
        assert!(case("end").is_err());
    }

    #[test]
    fn a_name_of_the_other_side_is_an_error() {
        let choices = ["framing", "certificates"].map(|name| choice(name).unwrap());
        assert!(chosen::<Case, ClientCase>(cases::all(), &choices[..1]).unwrap().len() > 1);
        let error = chosen::<Case, ClientCase>(cases::all(), &choices).err().unwrap();
        assert!(error.contains("--case certificates") && error.contains("--listen"), "{error}");
        let choices = ["ends", "hellos"].map(|name| choice(name).unwrap());
        let error = chosen::<ClientCase, Case>(clients::all(), &choices).err().unwrap();
        assert!(error.contains("--case hellos") && error.contains("HOST:PORT"), "{error}");

        let named = [case("cut-between-records").unwrap()];
        let error = expected::<Case, ClientCase>(&named, |named| named.server, &[]).err().unwrap();
        assert!(error.contains("--expect-fail cut-between-records") && error.contains("--listen"), "{error}");
        let found = expected::<ClientCase, Case>(&named, |named| named.client, &[]).unwrap();
        assert_eq!(found.len(), 1);
    }

    /// A name that both have chooses the group.
    #[test]
    fn a_case_with_the_name_of_a_group_belongs_to_it() {
        for case in cases::all() {
            let has_name = |other: &Case| other.group() == case.about.name;
            assert!(!cases::all().any(has_name) || has_name(case), "{}", case.about.name);
        }
        for case in clients::all() {
            let has_name = |other: &ClientCase| other.group() == case.about.name;
            assert!(!clients::all().any(has_name) || has_name(case), "{}", case.about.name);
        }
    }

    #[test]
    fn a_wrong_name_is_explained() {
        let error = choice("close-notify").unwrap_err();
        assert!(error.contains("These begin so: close-notify-answered, close-notify-first"), "{error}");
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
