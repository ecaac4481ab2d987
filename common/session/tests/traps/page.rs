//! The page of traps (`src/guide/traps.md`), printed from the headers of this folder's files.
//!
//! `UPDATE_TRAPS=1 cargo test --test traps page` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the printed part of the page begins and ends.
const BEGIN: &str = "<!-- traps:begin, printed by tests/traps/page.rs -->\n";
const END: &str = "<!-- traps:end -->\n";

/// The items of a header, in their order.
const ITEMS: [&str; 5] = ["Symptom", "Cause", "Rule", "Ours", "Seen in"];
/// What `Seen in` says if no public report of the trap is known.
const NO_ISSUE: &str = "no public report is known";
/// An item that a header may have at its end.
const NOTE: &str = "Note";

/// The header of one file.
struct Trap {
    group: String,
    name: String,
    title: String,
    /// The items, with their names.
    items: Vec<(String, String)>,
}

impl Trap {
    fn read(group: &str, name: &str) -> Self {
        let source = fs::read_to_string(folder().join(format!("{name}.rs")))
            .unwrap_or_else(|error| panic!("{name}.rs: {error}"));
        let mut title = None;
        let mut items: Vec<(String, String)> = Vec::new();
        for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("# ") {
                assert!(title.replace(text.to_owned()).is_none(), "{name}.rs has two titles");
            } else if let Some((item, text)) = item(line) {
                items.push((item.to_owned(), text.to_owned()));
            } else if let Some((_, text)) = items.last_mut() {
                *text = format!("{text} {line}").trim_end().to_owned();
            } else {
                assert!(line.is_empty(), "{name}.rs has text before its first item: {line}");
            }
        }
        let title = title.unwrap_or_else(|| panic!("{name}.rs has no title"));
        Self { group: group.to_owned(), name: name.to_owned(), title, items }
    }

    fn item(&self, name: &str) -> &str {
        self.items.iter().find(|(item, _)| item == name).map_or("", |(_, text)| text)
    }

    /// The paths in `Ours`, and the names of the code there, without their types.
    fn ours(&self) -> (Vec<&str>, Vec<&str>) {
        let spans = self.item("Ours").split('`').skip(1).step_by(2);
        let (paths, names): (Vec<_>, Vec<_>) = spans.partition(|span| span.contains('/'));
        (paths, names.into_iter().map(|name| name.rsplit("::").next().unwrap_or(name)).collect())
    }

    /// The issues in `Seen in`: owner, name and number. Some traps have none.
    fn issues(&self) -> Vec<(&str, &str, u32)> {
        if self.item("Seen in") == NO_ISSUE {
            return Vec::new();
        }
        let issues = self.item("Seen in").trim_end_matches('.').split(',').map(str::trim);
        issues
            .map(|issue| {
                let parts = issue.split_once('#').and_then(|(repository, number)| {
                    let (owner, name) = repository.split_once('/')?;
                    Some((owner, name, number.parse().ok()?))
                });
                parts.unwrap_or_else(|| panic!("{}.rs: {issue:?} is not owner/name#number", self.name))
            })
            .collect()
    }

    /// The section of the page.
    fn section(&self) -> String {
        let mut section = format!("### {}\n", self.title);
        for (item, text) in &self.items {
            let text = match item.as_str() {
                "Ours" => self.ours().0.iter().fold(text.clone(), |text, path| {
                    text.replace(&format!("`{path}`"), &format!("[`{path}`]"))
                }),
                "Seen in" if text != NO_ISSUE => {
                    let link = |(owner, name, number)| {
                        format!(
                            "[{owner}/{name}#{number}](https://github.com/{owner}/{name}/issues/{number})"
                        )
                    };
                    self.issues().into_iter().map(link).collect::<Vec<_>>().join(", ")
                }
                _ => text.clone(),
            };
            write!(section, "\n**{item}:** {text}\n").unwrap();
        }
        let file = self.file();
        write!(section, "\n**Shown by:** [`{file}`]\n").unwrap();
        section
    }

    /// The path of the file, relative to the root of the repository.
    fn file(&self) -> String {
        format!("common/session/tests/traps/{}.rs", self.name)
    }
}

/// Returns the name of the item that begins with this line, and the rest of the line.
fn item(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.strip_prefix("**")?.split_once(":**")?;
    (ITEMS.contains(&name) || name == NOTE).then_some((name, text.trim()))
}

/// The folder of this file.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps")
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All traps, in the order of the list in `main.rs`.
fn traps() -> Vec<Trap> {
    let mut group = "";
    let mut traps = Vec::new();
    for line in include_str!("main.rs").lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix("# ") {
            group = heading;
        } else if let Some(name) = line.strip_prefix("- `").and_then(|line| line.strip_suffix('`')) {
            traps.push(Trap::read(group, name));
        }
    }
    traps
}

#[test]
fn every_file_is_in_the_list_and_compiled() {
    let names: Vec<String> = traps().into_iter().map(|trap| trap.name).collect();
    let listed: BTreeSet<_> = names.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(listed.len(), names.len(), "main.rs lists a trap twice");
    let others = ["main.rs", "page.rs", "sockets.rs", "support.rs"];
    let files: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !others.contains(&name.as_str()))
        .collect();
    assert_eq!(listed, files);
    let modules = include_str!("main.rs");
    for name in names {
        assert!(modules.contains(&format!("\nmod {name};\n")), "main.rs has no module {name}");
    }
}

#[test]
fn every_header_has_its_items_and_names_code_that_exists() {
    for trap in traps() {
        let file = format!("{}.rs", trap.name);
        let names: Vec<&str> = trap.items.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.starts_with(&ITEMS), "{file} has the items {names:?}, not {ITEMS:?}");
        assert!(matches!(names[ITEMS.len()..], [] | [NOTE]), "{file} has the items {names:?}");
        for (item, text) in &trap.items {
            assert!(!text.is_empty(), "{file} has an empty item {item}");
        }
        assert!(!trap.title.ends_with('.'), "{file}: the title is no sentence");
        assert!(trap.issues().len() <= 6, "{file} has more issues than a reader wants");

        let (paths, names) = trap.ours();
        assert!(!paths.is_empty() && !names.is_empty(), "{file}: Ours names a file and what is in it");
        let sources = paths.iter().map(|path| {
            fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{file}: {path}: {error}"))
        });
        let sources = sources.collect::<String>();
        for name in names {
            assert!(sources.contains(name), "{file}: {name} is not in {paths:?}");
        }
    }
}

#[test]
fn every_file_has_a_naive_loop_a_test_of_it_and_a_test_of_ours() {
    for trap in traps() {
        let source = fs::read_to_string(folder().join(format!("{}.rs", trap.name))).unwrap();
        for part in ["fn naive", "fn the_naive_loop_", "fn ours_"] {
            assert!(source.contains(part), "{}.rs has no {part}", trap.name);
        }
    }
}

/// The printed part of the page.
fn printed() -> String {
    let traps = traps();
    let mut page = String::from(BEGIN);
    for chunk in traps.chunk_by(|one, next| one.group == next.group) {
        write!(page, "\n## {}\n", chunk[0].group).unwrap();
        for trap in chunk {
            write!(page, "\n{}", trap.section()).unwrap();
        }
    }
    // The page is in src/guide, three folders below common.
    let mut links = BTreeSet::new();
    for trap in &traps {
        links.insert(trap.file());
        links.extend(trap.ours().0.into_iter().map(str::to_owned));
    }
    page.push('\n');
    for path in links {
        writeln!(page, "[`{path}`]: ../../../../{path}").unwrap();
    }
    page.push('\n');
    page.push_str(END);
    page
}

#[test]
fn the_page_has_the_headers_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/traps.md");
    let page = fs::read_to_string(&path).unwrap();
    let (introduction, rest) = page.split_once(BEGIN).expect("the first marker");
    let (_, end) = rest.split_once(END).expect("the second marker");
    let wanted = format!("{introduction}{}{end}", printed());
    if std::env::var_os("UPDATE_TRAPS").is_some() {
        fs::write(path, wanted).unwrap();
    } else {
        assert!(page == wanted, "src/guide/traps.md is out of date: run this test with UPDATE_TRAPS=1");
    }
}
