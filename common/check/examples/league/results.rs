//! The committed results: `results.json`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// The verdicts of one program: by case, and then by version of TLS. A verdict is one line of text: "held", "failed",
/// "noted: 65 KB", "not applicable", "inconclusive".
pub type Verdicts = BTreeMap<String, BTreeMap<String, String>>;

/// The verdicts of one program in one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// The exact version.
    pub version: String,
    /// Its verdicts.
    pub verdicts: Verdicts,
}

/// The results of all programs, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results(pub BTreeMap<String, Measured>);

impl Results {
    /// Reads the results from a file. A file that does not exist has none.
    ///
    /// # Errors
    /// The file cannot be read, or has another form.
    pub fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let text =
            fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let value: Value = serde_json::from_str(&text)?;
        Self::parse(&value)
            .ok_or_else(|| format!("{} is not of the form that this example writes", file.display()).into())
    }

    fn parse(value: &Value) -> Option<Self> {
        let mut results = BTreeMap::new();
        for (program, versions) in value.as_object()? {
            let (version, cases) = versions.as_object()?.iter().next()?;
            let mut verdicts = Verdicts::new();
            for (case, cell) in cases.as_object()? {
                let text =
                    |(tls, verdict): (&String, &Value)| Some((tls.clone(), verdict.as_str()?.to_owned()));
                verdicts.insert(case.clone(), cell.as_object()?.iter().map(text).collect::<Option<_>>()?);
            }
            results.insert(program.clone(), Measured { version: version.clone(), verdicts });
        }
        Some(Self(results))
    }

    /// Writes the results to a file: program, version, case, version of TLS, all sorted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let mut programs = Map::new();
        for (program, measured) in &self.0 {
            programs.insert(program.clone(), json!({ &measured.version: measured.verdicts }));
        }
        let text = format!("{:#}\n", Value::Object(programs));
        Ok(fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?)
    }
}
