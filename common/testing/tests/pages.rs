//! Checks the Markdown pages of this repository: every relative link leads to a file, every anchor to a heading, and
//! every test that a page names exists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folder of the guide.
fn guide() -> PathBuf {
    root().join("common/session/src/guide")
}

/// Returns the files below a folder whose names end with `.` and this ending. It skips hidden folders, and what cargo
/// builds.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A Markdown page.
struct Page {
    path: PathBuf,
    /// The lines outside of code blocks.
    lines: Vec<String>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut is_code = false;
        let lines = text.lines().filter(|line| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        });
        Self { path: path.to_owned(), lines: lines.map(str::to_owned).collect() }
    }

    /// All pages below a folder. `rustdoc-links.md` is no page: it has rustdoc's destinations, for the pages of the
    /// guide.
    fn all(folder: &Path) -> Vec<Self> {
        let pages = files(folder, "md").into_iter().filter(|path| !path.ends_with("rustdoc-links.md"));
        pages.map(|path| Self::read(&path)).collect()
    }

    fn guide() -> Vec<Self> {
        Self::all(&guide())
    }

    /// The definitions of links, `[label]: destination`, with their labels as Markdown compares them.
    fn definitions(&self) -> Vec<(String, &str)> {
        let definition = |line: &'_ str| {
            let (label, destination) = line.strip_prefix('[')?.split_once("]: ")?;
            (!label.starts_with('^')).then(|| (label.to_lowercase(), destination.trim().len()))
        };
        let lines = self.lines.iter();
        lines
            .filter_map(|line| definition(line).map(|(label, length)| (label, &line[line.len() - length..])))
            .collect()
    }

    /// The destinations of all links.
    fn destinations(&self) -> Vec<&str> {
        let inline = self
            .lines
            .iter()
            .flat_map(|line| line.split("](").skip(1))
            .filter_map(|rest| rest.split(')').next());
        inline.chain(self.definitions().into_iter().map(|(_, destination)| destination)).collect()
    }

    /// The labels that the text uses: `[text][label]`, and `[label]` alone.
    fn used_labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        for line in self.lines.iter().filter(|line| !line.starts_with('[') || !line.contains("]: ")) {
            // A label may contain code, but brackets in code outside of a label are no link.
            let mut rest = line.as_str();
            while let Some(start) = rest.find(['[', '`']) {
                let (is_code, inside) = (rest[start..].starts_with('`'), &rest[start + 1..]);
                let Some(end) = inside.find(if is_code { '`' } else { ']' }) else { break };
                let after = &inside[end + 1..];
                if !is_code && !after.starts_with(['[', '(']) {
                    labels.push(inside[..end].to_lowercase());
                }
                rest = after;
            }
        }
        labels
    }

    /// The anchors of the headings, as a code host makes them.
    fn anchors(&self) -> HashSet<String> {
        let mut anchors = HashSet::new();
        for line in self.lines.iter().filter(|line| line.starts_with('#')) {
            let anchor = anchor(line.trim_start_matches('#').trim());
            let numbered = (1..).map(|number| format!("{anchor}-{number}"));
            let free =
                std::iter::once(anchor.clone()).chain(numbered).find(|anchor| !anchors.contains(anchor));
            anchors.extend(free);
        }
        anchors
    }
}

/// The anchor of a heading: lower case, spaces as hyphens, without punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|char| match char {
        ' ' => Some('-'),
        '-' | '_' => Some(char),
        char if char.is_alphanumeric() => Some(char),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// Why a link of a page leads nowhere.
fn fault(page: &Page, destination: &str) -> Option<String> {
    if destination.contains("://") || destination.contains("::") || destination.starts_with("crate") {
        return None; // the web, or an item of rustdoc
    }
    let (file, anchor) = destination.split_once('#').unwrap_or((destination, ""));
    let target = match file {
        "" => page.path.clone(),
        file => page.path.parent().unwrap().join(file),
    };
    if !target.exists() {
        return Some(format!("{}: {destination} leads to no file", page.path.display()));
    }
    let is_page = target.extension().is_some_and(|extension| extension == "md");
    let is_missing = is_page && !anchor.is_empty() && !Page::read(&target).anchors().contains(anchor);
    is_missing.then(|| format!("{}: {destination} leads to no heading", page.path.display()))
}

#[test]
fn every_relative_link_leads_to_a_file_and_to_a_heading() {
    let pages = Page::all(&root());
    let faults =
        pages.iter().flat_map(|page| page.destinations().into_iter().filter_map(|link| fault(page, link)));
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let readme = pages.iter().find(|page| page.path == root().join("README.md")).unwrap();
    assert!(readme.destinations().len() > 20, "the check has found no links");
}

/// A label without a definition is shown as text in brackets.
#[test]
fn every_link_of_the_guide_is_defined() {
    for page in Page::guide() {
        let defined: HashSet<String> = page.definitions().into_iter().map(|(label, _)| label).collect();
        for label in page.used_labels() {
            assert!(defined.contains(&label), "{}: [{label}] is not defined", page.path.display());
        }
    }
}

/// Where a test or a source file may be that a page names.
const FOLDERS: [&str; 7] = [
    "",
    "common/session/tests",
    "server/tests",
    "client/tests",
    "common/session/src",
    "common/session/src/mio",
    "server/src",
];

/// Returns the code spans of a line.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn assert_exists(file: &str, line: &str) {
    assert!(
        FOLDERS.iter().any(|folder| root().join(folder).join(file).exists()),
        "{file} does not exist: {line}"
    );
}

#[test]
fn every_test_in_the_table_of_bugs_exists() {
    let page = fs::read_to_string(root().join("common/testing/README.md")).unwrap();
    let section = page.split("## More bugs").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 5, "{} rows", rows.len());
    for row in rows {
        let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        code(shown_by).filter(|name| name.ends_with(".rs")).for_each(|file| assert_exists(file, row));
    }
}

/// A paragraph `**Shown by:**` names files of tests, and tests.
#[test]
fn every_test_that_the_guide_names_exists() {
    let sources: String =
        files(&root(), "rs").iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    for page in Page::guide() {
        for paragraph in page.lines.split(String::is_empty).map(|lines| lines.join(" ")) {
            let Some(shown_by) = paragraph.strip_prefix("**Shown by:**") else { continue };
            for name in code(shown_by) {
                match name.ends_with(".rs") {
                    true => assert_exists(name, shown_by),
                    false => {
                        assert!(sources.contains(&format!("fn {name}(")), "{name} is no test: {shown_by}")
                    }
                }
            }
        }
    }
}

/// The index of symptoms leads to each trap.
#[test]
fn the_index_of_symptoms_has_every_trap() {
    let folder = guide();
    let [index, traps] = ["symptoms.md", "traps.md"].map(|name| Page::read(&folder.join(name)));
    let linked = index.destinations();
    let titles = traps.lines.iter().filter_map(|line| line.strip_prefix("### "));
    let missing: Vec<&str> =
        titles.filter(|title| !linked.contains(&format!("traps.md#{}", anchor(title)).as_str())).collect();
    assert!(missing.is_empty(), "symptoms.md needs a row and a link for {missing:?}");
}

/// rustdoc makes the same anchors as a code host. So a link of the index leads to the same heading in both.
#[test]
fn the_index_of_symptoms_leads_to_the_same_headings_in_rustdoc() {
    let folder = guide();
    let [index, rustdoc] = ["symptoms.md", "rustdoc-links.md"].map(|name| Page::read(&folder.join(name)));
    let rustdoc: HashMap<String, &str> = rustdoc.definitions().into_iter().collect();
    for (label, destination) in index.definitions() {
        if let Some((_, anchor)) = destination.split_once('#') {
            let there = rustdoc.get(&label).map_or("", |destination| destination);
            assert_eq!(there.split_once('#').map(|(_, anchor)| anchor), Some(anchor), "[{label}]: {there}");
        }
    }
}

#[test]
fn anchors_are_those_of_a_code_host() {
    assert_eq!(anchor("`read_tls` returns 0: what now?"), "read_tls-returns-0-what-now");
    assert_eq!(anchor("Half-closed sessions (TLS 1.3)"), "half-closed-sessions-tls-13");
    let lines = ["# Same", "## Same"].map(str::to_owned).to_vec();
    let page = Page { path: PathBuf::new(), lines };
    assert_eq!(page.anchors(), ["same", "same-1"].map(str::to_owned).into());
}

#[test]
fn labels_are_found_outside_of_code() {
    let line = "See [the page][Guide], [`file.rs`], `bytes[0]` and [a link](file.rs).";
    let page =
        Page { path: PathBuf::new(), lines: vec![line.to_owned(), "[Guide]: guide.md#top".to_owned()] };
    assert_eq!(page.used_labels(), ["guide", "`file.rs`"]);
    assert_eq!(page.destinations(), ["file.rs", "guide.md#top"]);
}
