//! CASES.md: the table of all cases, made from their descriptions.

use std::fmt::Write as _;

use crate::case::{Case, Versions};
use crate::cases;
use crate::cli::choice::name_of;

/// Returns the page.
pub fn page() -> String {
    let mut page = String::from(
        "# The cases\n\n\
         <!-- Made from the descriptions in src/cases: UPDATE_CASES=1 cargo test -p check --lib page -->\n\n\
         `mio-check --explain NAME` says the same about one case. `--case` takes the name of a case or of a group.\n",
    );
    let mut group = None;
    for case in cases::all() {
        if group.replace(case.group) != Some(case.group) {
            let name = name_of(case.group);
            let _ = write!(
                page,
                "\n## {name}\n\n| case | what is tried | what a good server does | source | guide |\n"
            );
            page.push_str("|---|---|---|---|---|\n");
        }
        page.push_str(&row(case));
    }
    page
}

fn row(case: &Case) -> String {
    let about = &case.about;
    let only = match case.versions {
        Versions::Only12 => " Only in TLS 1.2.",
        Versions::Only13 => " Only in TLS 1.3.",
        Versions::Highest | Versions::Each => "",
    };
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

    #[test]
    fn the_page_has_every_case() {
        let page = page();
        assert!(cases::all().all(|case| page.contains(&format!("| `{}` |", case.about.name))));
    }

    #[test]
    fn each_case_is_described() {
        for case in cases::all() {
            let about = &case.about;
            for text in [about.tries, about.good] {
                let is_sentence = text.ends_with('.') && !text.starts_with(|char: char| char.is_lowercase());
                assert!(is_sentence, "{}: {text}", about.name);
                assert!(text.len() < 400 && !text.contains('\n'), "{}: {text}", about.name);
            }
            assert!(!about.source.is_empty(), "{} has no source", about.name);
        }
    }
}
