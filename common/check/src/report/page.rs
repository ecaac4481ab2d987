//! CASES.md: the tables of all cases, made from their descriptions.

use std::fmt::Write as _;

use crate::case::{About, Versions};
use crate::cli::choice::{name_of, name_of_client_group};
use crate::{cases, clients};

/// The words of the tables.
const GLOSSARY: [(&str, &str); 15] = [
    ("record", "The unit that TLS sends: a header of 5 bytes and at most 16,384 bytes of content."),
    (
        "sealed",
        "Encrypted and protected against changes. The network shows only type and length of a sealed record.",
    ),
    ("flight", "The handshake messages that one side sends before it waits for the other side."),
    ("Finished", "The last handshake message of each side. It confirms all messages before it."),
    (
        "ticket",
        "What a server sends so that the client can resume the session later with a shorter handshake.",
    ),
    ("key share", "The client's half of a key exchange in TLS 1.3. It is already in the ClientHello."),
    (
        "HelloRetryRequest",
        "The answer of a server that needs another key share: the client sends a second ClientHello.",
    ),
    (
        "early data",
        "Data that a client sends behind its ClientHello, before the server has answered (0-RTT).",
    ),
    ("ALPN", "The extension in which client and server agree on a protocol such as `h2` or `http/1.1`."),
    (
        "GREASE",
        "Reserved values without a meaning. A server has to ignore them, as it ignores all unknown values.",
    ),
    ("change_cipher_spec", "A record before the first encrypted one. In TLS 1.3 it has no meaning any more."),
    ("alert", "A record that ends a session with the reason as a number (fatal), or only warns."),
    ("close_notify", "The alert that ends a session properly: the sender sends no more data."),
    (
        "FIN",
        "TCP's end of one direction. TLS cannot trust it, because every computer on the path can forge it.",
    ),
    ("reset", "TCP's end of both directions at once (RST). Bytes that were not read yet can be lost."),
];

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
         ## Words\n\n| word | meaning |\n|---|---|\n",
    );
    for (word, meaning) in GLOSSARY {
        let _ = writeln!(page, "| {word} | {meaning} |");
    }
    page.push_str("\n## Cases against servers\n");
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
