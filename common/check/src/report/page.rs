//! CASES.md: the tables of all cases, made from their descriptions.

use std::fmt::Write as _;

use crate::case::{About, Versions};
use crate::cli::choice::{name_of, name_of_client_group};
use crate::{cases, clients};

/// Returns the page.
pub fn page() -> String {
    let servers = cases::all().map(|case| {
        let only = match case.versions {
            Versions::Only12 => " Only in TLS 1.2.",
            Versions::Only13 => " Only in TLS 1.3.",
            Versions::Highest | Versions::Each => "",
        };
        (name_of(case.group), row(&case.about, only))
    });
    let clients = clients::all().map(|case| (name_of_client_group(case.group), row(&case.about, "")));
    let mut page = String::from(
        "# The cases\n\n\
         <!-- Made from the descriptions in src: UPDATE_CASES=1 cargo test -p check --lib page -->\n\n\
         `mio-check --explain NAME` says the same about one case. `--case` takes the name of a case or of a group.\n\n\
         ## Cases against servers\n",
    );
    tables(&mut page, "server", servers);
    page.push_str("\n## Cases against clients: `--listen`\n");
    tables(&mut page, "client", clients);
    page
}

/// Writes a table for each group.
fn tables(page: &mut String, good: &str, rows: impl Iterator<Item = (&'static str, String)>) {
    let mut group = None;
    for (name, row) in rows {
        if group.replace(name) != Some(name) {
            let _ = write!(
                page,
                "\n### {name}\n\n| case | what is tried | what a good {good} does | source | guide |\n|---|---|---|---|---|\n"
            );
        }
        page.push_str(&row);
    }
}

fn row(about: &About, only: &str) -> String {
    let (file, _) = about.guide.split_once('#').unwrap_or((about.guide, ""));
    let title = file.trim_end_matches(".md");
    format!(
        "| `{}` | {}{only} | {} | {} | [{title}](../session/src/guide/{}) |\n",
        about.name,
        cell(about.tries),
        cell(about.good),
        cell(about.source),
        about.guide
    )
}

/// A `|` would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn all() -> impl Iterator<Item = &'static About> {
        cases::all().map(|case| &case.about).chain(clients::all().map(|case| &case.about))
    }

    #[test]
    fn the_page_is_up_to_date() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("CASES.md");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&file, page()).unwrap();
        }
        let on_disk = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(on_disk == page(), "make CASES.md again: UPDATE_CASES=1 cargo test -p check --lib page");
    }

    #[test]
    fn each_case_is_described() {
        for about in all() {
            for text in [about.tries, about.good] {
                let is_sentence = text.ends_with('.') && !text.starts_with(|char: char| char.is_lowercase());
                assert!(is_sentence, "{}: {text}", about.name);
                assert!(text.len() < 400 && !text.contains('\n'), "{}: {text}", about.name);
            }
            assert!(!about.source.is_empty(), "{} has no source", about.name);
        }
    }
}
