//! What came of it: one table, and files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use testing::figures::{self, Spread};

use crate::plot;
use crate::sample::{Metric, Sample};
use crate::servers::Kind;
use crate::work::{WORKS, Work};

/// All samples, by work and server, one for each round.
#[derive(Default)]
pub struct Report {
    samples: BTreeMap<(&'static str, Kind), Vec<Sample>>,
    left_out: Vec<(&'static str, Kind, &'static str)>,
}

impl Report {
    /// Adds one run.
    pub fn add(&mut self, work: &'static Work, kind: Kind, sample: Sample) {
        self.samples.entry((work.name, kind)).or_default().push(sample);
    }

    /// Remembers what was not run, and why.
    pub fn leave_out(&mut self, work: &'static Work, kind: Kind, why: &'static str) {
        self.left_out.push((work.name, kind, why));
    }

    /// A figure in all rounds.
    pub fn figure(&self, work: &Work, kind: Kind, metric: Metric) -> Option<Spread> {
        Spread::of(self.values(work, kind, metric))
    }

    /// A figure as a multiple of ours, round by round.
    pub fn ratio(&self, work: &Work, kind: Kind, metric: Metric) -> Option<Spread> {
        Spread::of_ratios(&self.values(work, kind, metric), &self.values(work, Kind::Ours, metric))
    }

    /// Ours as a part of what raw TCP and rustls in memory, one after the other, would reach.
    pub fn part_of_limit(&self, work: &Work) -> Option<f64> {
        let [ours, raw, memory] = [Kind::Ours, Kind::Raw, Kind::Memory]
            .map(|kind| self.figure(work, kind, Metric::PerCpu).map(|figure| figure.median));
        Some(figures::part_of_limit(ours?, raw?, memory?))
    }

    fn values(&self, work: &Work, kind: Kind, metric: Metric) -> Vec<f64> {
        let samples = self.samples.get(&(work.name, kind)).map_or(&[][..], Vec::as_slice);
        samples.iter().filter_map(|sample| sample.get(&metric).copied()).collect()
    }

    /// The servers that have a figure.
    pub fn kinds(&self) -> Vec<Kind> {
        let has = |kind: &Kind| self.samples.keys().any(|(_, other)| other == kind);
        Kind::ALL.into_iter().filter(has).collect()
    }

    /// The works that have a figure.
    pub fn works(&self) -> impl Iterator<Item = &'static Work> {
        WORKS.iter().filter(|work| self.samples.keys().any(|(name, _)| *name == work.name))
    }

    // ---- the table -----------------------------------------------------------------------------------------

    /// The table: ours in its own units, the others as multiples of ours, with their ranges.
    pub fn table(&self) -> String {
        let kinds = self.kinds();
        let mut lines = vec![self.heading(&kinds)];
        for work in self.works() {
            for metric in Metric::SHOWN {
                lines.extend(self.line(work, metric, &kinds));
            }
        }
        let mut table = aligned(&lines);
        table.push_str(
            "\nThe others are multiples of ours (= 1.00), taken round by round: median [lowest-highest]. More is\n\
             better in lines marked +, less in lines marked -. raw: TCP without TLS; memory: rustls without sockets,\n\
             the server's part alone; of limit: ours, as a part of 1 / (1/raw + 1/memory).\n",
        );
        for (work, kind, why) in &self.left_out {
            let _ = writeln!(table, "left out: {work} on {}: {why}", kind.name());
        }
        table
    }

    fn heading(&self, kinds: &[Kind]) -> Vec<String> {
        let mut cells = vec!["work".to_owned(), "figure".to_owned()];
        cells.extend(kinds.iter().map(|kind| kind.name().to_owned()));
        cells.push("of limit".to_owned());
        cells
    }

    fn line(&self, work: &Work, metric: Metric, kinds: &[Kind]) -> Option<Vec<String>> {
        let cells: Vec<_> = kinds.iter().map(|&kind| self.cell(work, kind, metric)).collect();
        if cells.iter().all(Option::is_none) {
            return None;
        }
        let sign = if metric.less_is_better() { '-' } else { '+' };
        let unit = if metric.has_unit() { work.unit } else { "" };
        let mut line = vec![work.name.to_owned(), format!("{sign} {unit} {}", metric.name())];
        line.extend(cells.into_iter().map(Option::unwrap_or_default));
        let limit = self.part_of_limit(work).filter(|_| metric == Metric::PerCpu);
        line.push(limit.map(|part| format!("{part:.2}")).unwrap_or_default());
        Some(line)
    }

    fn cell(&self, work: &Work, kind: Kind, metric: Metric) -> Option<String> {
        let figure = self.figure(work, kind, metric)?;
        Some(match self.ratio(work, kind, metric) {
            Some(ratio) if kind != Kind::Ours => two_decimals(ratio),
            _ if metric == Metric::Slowdown => two_decimals(figure),
            _ => format!("{:.0} [{:.0}-{:.0}]", figure.median, figure.low, figure.high),
        })
    }

    // ---- the files -----------------------------------------------------------------------------------------

    /// Writes all samples as JSON and a plot of the ratios, and says where.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write_files(&self) -> io::Result<()> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        for (name, content) in [("speed.json", self.json()), ("speed.svg", plot::svg(self))] {
            let file = folder.join(name);
            fs::write(&file, content)?;
            writeln!(io::stdout(), "{}", file.display())?;
        }
        Ok(())
    }

    /// Every figure of every round. All strings in it are our own, and need no escaping.
    fn json(&self) -> String {
        let rows = self.samples.iter().flat_map(|((work, kind), samples)| {
            samples.iter().zip(1..).map(move |(sample, round)| {
                let figures: Vec<_> =
                    sample.iter().map(|(metric, value)| format!("\"{}\": {value}", metric.name())).collect();
                format!(
                    "  {{\"work\": \"{work}\", \"server\": \"{}\", \"round\": {round}, {}}}",
                    kind.name(),
                    figures.join(", ")
                )
            })
        });
        format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
    }
}

fn two_decimals(spread: Spread) -> String {
    format!("{:.2} [{:.2}-{:.2}]", spread.median, spread.low, spread.high)
}

/// `target/bench`, beside the programs that were measured.
fn folder() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_mio-server"));
    program.ancestors().nth(2).unwrap_or(Path::new("target")).join("bench")
}

/// Columns as wide as their widest cell.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<_> =
            line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}
