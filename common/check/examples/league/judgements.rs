//! What people say about failed cells: `judgements.md`.
//!
//! ```text
//! ## PROGRAM, PROGRAM
//!
//! ### fault: CASE, CASE
//!
//! Sentences.
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

/// What a failed cell is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Judgement {
    /// "fault" or "policy".
    pub kind: String,
    /// The cases that it explains.
    pub cases: Vec<String>,
    /// What it does to the users of the program. Markdown.
    pub text: String,
}

/// The judgements by program.
#[derive(Debug, Default)]
pub struct Judgements(BTreeMap<String, Vec<Judgement>>);

impl Judgements {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read, or a heading has another form.
    pub fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Ok(Self::parse(&text)?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut judgements = Self::default();
        for section in text.split("\n## ").skip(1) {
            let (programs, rest) = section.split_once('\n').ok_or("an empty section")?;
            for part in rest.split("\n### ").skip(1) {
                let judgement = Judgement::parse(part)?;
                for program in programs.split(" and ") {
                    judgements.0.entry(program.trim().to_owned()).or_default().push(judgement.clone());
                }
            }
        }
        Ok(judgements)
    }

    /// Returns the judgements of a program, in the order of the file.
    pub fn of(&self, program: &str) -> &[Judgement] {
        self.0.get(program).map_or(&[], Vec::as_slice)
    }

    /// Returns every program and case that has a judgement.
    pub fn cells(&self) -> Vec<(&str, &str)> {
        let mut cells = Vec::new();
        for (program, judgements) in &self.0 {
            let cases = judgements.iter().flat_map(|judgement| &judgement.cases);
            cells.extend(cases.map(|case| (program.as_str(), case.as_str())));
        }
        cells
    }
}

impl Judgement {
    fn parse(part: &str) -> Result<Self, String> {
        let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
        let (kind, cases) = heading.split_once(": ").ok_or_else(|| format!("no kind: {heading}"))?;
        if !matches!(kind, "fault" | "policy") || text.trim().is_empty() {
            return Err(format!("not \"fault: CASE\" or \"policy: CASE\" with a text below: {heading}"));
        }
        let cases = cases.split(", ").map(|case| case.trim().to_owned()).collect();
        Ok(Self { kind: kind.to_owned(), cases, text: text.trim().to_owned() })
    }
}
