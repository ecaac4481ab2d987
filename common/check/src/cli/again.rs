//! The command that runs one case again.

use std::ffi::OsString;

/// Returns the words of this command line before and after the name of a case, without its own cases. The words are
/// quoted for a shell.
pub fn words(arguments: Vec<OsString>) -> (String, String) {
    let mut before = Vec::new();
    let mut after = String::new();
    let mut arguments = arguments.into_iter().map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--case" | "--junit" | "--expect-fail" => drop(arguments.next()),
            "--json" => {}
            "--" => after = std::iter::once(" --".to_owned()).chain(arguments.by_ref().map(spaced)).collect(),
            word if word.starts_with("--case=") || word.starts_with("--junit=") => {}
            word if word.starts_with("--expect-fail=") => {}
            word => before.push(quoted(word)),
        }
    }
    (before.into_iter().map(|word| word + " ").collect(), after)
}

/// Returns words as one line, quoted for a shell.
pub fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn spaced(word: String) -> String {
    format!(" {}", quoted(&word))
}

/// Quotes a word for a POSIX shell, if it needs quotes.
fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+{}".contains(char);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_cases_are_left_out() {
        let line = "mio-check localhost:0 --case end --json --case=framing --seed 2 --expect-fail x -- a {port} b'c $x";
        let (before, after) = words(line.split(' ').map(OsString::from).collect());
        assert_eq!(before, "mio-check localhost:0 --seed 2 ");
        assert_eq!(after, r" -- a {port} 'b'\''c' '$x'");
    }
}
