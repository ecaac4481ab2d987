//! The Markdown of the guide: its code is quoted from the programs, and its links lead somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide")
}

/// Returns the pages with their names, in order.
fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "rustdoc-links.md")
        .map(|name| (name.clone(), fs::read_to_string(folder().join(&name)).unwrap()))
        .collect();
    pages.sort();
    pages
}

/// Returns the chapters: their number as it is in the names of files, and their text.
fn chapters() -> Vec<(String, String)> {
    let is_chapter = |name: &str| name.as_bytes()[0].is_ascii_digit();
    let chapters = pages().into_iter().filter(|(name, _)| is_chapter(name));
    chapters.map(|(name, text)| (name[..2].to_string(), text)).collect()
}

/// A code block, and the file that it is quoted from.
struct Excerpt<'t> {
    lines: Vec<&'t str>,
    source: Option<&'t str>,
}

/// Returns the Rust blocks of a page. A comment `<!-- from FILE -->` above a block names its file.
fn excerpts(text: &str) -> Vec<Excerpt<'_>> {
    let mut excerpts = Vec::new();
    let mut source = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("<!-- from ") {
            source = comment.strip_suffix(" -->");
        } else if line.starts_with("```rust") {
            let lines = lines.by_ref().take_while(|line| *line != "```").collect();
            excerpts.push(Excerpt { lines, source: source.take() });
        } else if line.starts_with("```") {
            assert!(lines.any(|line| line == "```"), "a block without an end");
        }
    }
    excerpts
}

/// Returns whether the lines of `excerpt` occur in `program`, one after the other. All of them may have lost the same
/// indentation.
fn occurs(excerpt: &[&str], program: &str) -> bool {
    let program: Vec<&str> = program.lines().collect();
    program.windows(excerpt.len()).any(|lines| {
        let indentation = lines[0].len() - lines[0].trim_start().len();
        let indentation = &lines[0][..indentation - indentation.min(indent_of(excerpt[0]))];
        lines.iter().zip(excerpt).all(|(line, quoted)| match quoted.is_empty() {
            true => line.is_empty(),
            false => line.strip_prefix(indentation) == Some(quoted),
        })
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[test]
fn the_code_of_each_chapter_is_quoted_from_its_program() {
    for (number, text) in chapters() {
        for excerpt in excerpts(&text) {
            let source = excerpt.source.map_or(format!("steps/{number}.rs"), str::to_string);
            let program = fs::read_to_string(folder().join(&source)).unwrap();
            assert!(
                occurs(&excerpt.lines, &program),
                "chapter {number}: not in {source}:\n{}",
                excerpt.lines.join("\n")
            );
        }
    }
}

/// rustdoc warns of a block that it cannot divide into tokens.
#[test]
fn each_excerpt_has_all_its_brackets() {
    for (number, text) in chapters() {
        for excerpt in excerpts(&text) {
            let code: String = excerpt.lines.iter().map(|line| line.split("//").next().unwrap()).collect();
            for (open, close) in [('{', '}'), ('(', ')'), ('[', ']')] {
                let (opened, closed) = (code.matches(open).count(), code.matches(close).count());
                assert_eq!(
                    opened,
                    closed,
                    "chapter {number}: {open} and {close} in:\n{}",
                    excerpt.lines.join("\n")
                );
            }
        }
    }
}

#[test]
fn an_excerpt_is_compared_line_by_line() {
    let program = "fn a() {\n    if b {\n        c();\n    }\n\n    d();\n}\n";
    assert!(occurs(&["if b {", "    c();", "}", "", "d();"], program));
    assert!(occurs(&["    if b {", "        c();"], program));
    assert!(!occurs(&["if b {", "c();", "}"], program), "the relative indentation counts");
    assert!(!occurs(&["if b {", "}"], program), "a line is missing");
    assert!(!occurs(&["d()"], program), "a part of a line");
}

/// Returns the link definitions of a page: `[label]: target`.
fn definitions(text: &str) -> BTreeMap<String, &str> {
    let definition = |line: &'_ str| -> Option<usize> { line.starts_with('[').then(|| line.find("]: "))? };
    text.lines()
        .filter_map(|line| definition(line).map(|at| (line[1..at].to_lowercase(), line[at + 3..].trim())))
        .collect()
}

#[test]
fn each_link_of_a_page_leads_to_a_page_of_rustdoc() {
    let rustdoc = fs::read_to_string(folder().join("rustdoc-links.md")).unwrap();
    let rustdoc = definitions(&rustdoc);
    // The labels of traps.md grow with its tests. common/testing/tests/pages.rs checks the links of all pages.
    for (name, text) in pages().into_iter().filter(|(name, _)| name != "traps.md" && name != "symptoms.md") {
        for (label, target) in definitions(&text) {
            if target.starts_with("https://") {
                continue;
            }
            let page =
                rustdoc.get(&label).unwrap_or_else(|| panic!("{name}: rustdoc-links.md has no [{label}]"));
            // A place on a page of its own: each chapter has its program, and contract.md names its tests.
            let is_there = !page.starts_with('#') || label == "program" || name == "contract.md";
            assert!(is_there, "{name}: [{label}] leads to {page}");
        }
    }
}

#[test]
fn every_chapter_has_a_module_and_a_line_in_the_contents() {
    let modules = fs::read_to_string(folder().join("mod.rs")).unwrap();
    let contents = fs::read_to_string(folder().join("README.md")).unwrap();
    for (name, _) in pages().into_iter().filter(|(name, _)| name != "README.md") {
        assert!(modules.contains(&format!("\"{name}\"")), "mod.rs does not include {name}");
        assert!(contents.contains(&format!(": {name}\n")), "README.md does not lead to {name}");
    }
}
