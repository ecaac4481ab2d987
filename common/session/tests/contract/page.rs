//! Checks the page: it names every test, every name is a test, and its sections have one shape. `common/testing/tests/pages.rs`
//! checks its links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../src/guide/contract.md");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

/// The tests in a file: the names of the functions behind `#[test]`.
fn tests_in(source: &str) -> BTreeSet<&str> {
    source
        .split("#[test]\n")
        .skip(1)
        .map(|block| {
            let (_, name) = block.split_once("fn ").unwrap();
            name.split_once('(').unwrap().0
        })
        .collect()
}

/// The tests that the page names, by the label of the link to their file.
fn named() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut named = BTreeMap::<_, BTreeSet<_>>::new();
    for paragraph in PAGE.split("\n\n").filter(|paragraph| paragraph.starts_with("Tests ([")) {
        let (link, names) = paragraph.split_once("]): ").unwrap();
        let (_, label) = link.split_once("][").unwrap();
        named.entry(label).or_default().extend(names.split('`').skip(1).step_by(2));
    }
    named
}

/// The definitions of the links at the end of the page.
fn definitions() -> BTreeMap<&'static str, &'static str> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix('['));
    lines.filter_map(|line| line.split_once("]: ")).collect()
}

#[test]
fn every_test_is_on_the_page_and_every_name_on_the_page_is_a_test() {
    let definitions = definitions();
    let mut files = BTreeSet::new();
    for (label, names) in named() {
        let file = definitions[label].rsplit_once('/').unwrap().1;
        let source = fs::read_to_string(folder().join(file)).unwrap();
        let tests = tests_in(&source);
        assert_eq!(names, tests, "{file}");
        files.insert(file.to_owned());
    }
    files.extend(["main.rs", "support.rs", "page.rs"].map(str::to_owned));
    let all = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files, all.collect());
}

#[test]
fn every_definition_is_used() {
    for label in definitions().keys() {
        assert!(PAGE.contains(&format!("][{label}]")), "nothing leads to [{label}]");
    }
}

#[test]
fn every_section_of_a_call_has_the_same_shape() {
    let (calls, _) = PAGE.split_once("\n## Which errors queue an alert").unwrap();
    let labels = ["In", "Out", "Errors", "Next", "Inside rustls", "In 0.24.0-dev.2", "Source"];
    for section in calls.split("\n## ").skip(1) {
        let name = section.lines().next().unwrap();
        let places = labels.map(|label| {
            section.find(&format!("- **{label}:**")).unwrap_or_else(|| panic!("{name}: no {label}"))
        });
        assert!(places.is_sorted(), "{name}");
        assert!(section.find("\nTests ([") > Some(places[6]), "{name}");
    }
}
