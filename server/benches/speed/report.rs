//! The table of results.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum as _;
use testing::figures::{self, Spread};

use crate::sample::{Metric, Sample};
use crate::servers::Kind;
use crate::work::{WORKS, Work};

/// All samples, by work and server, one for each round.
#[derive(Default)]
pub struct Report {
    samples: BTreeMap<(&'static str, Kind), Vec<Sample>>,
}

impl Report {
    /// Adds one run.
    pub fn add(&mut self, work: &Work, kind: Kind, sample: Sample) {
        self.samples.entry((work.name, kind)).or_default().push(sample);
    }

    /// A figure in all rounds.
    fn figure(&self, work: &Work, kind: Kind, metric: Metric) -> Option<Spread> {
        Spread::of(self.values(work, kind, metric))
    }

    /// A figure as a multiple of ours, round by round.
    fn ratio(&self, work: &Work, kind: Kind, metric: Metric) -> Option<Spread> {
        Spread::of_ratios(&self.values(work, kind, metric), &self.values(work, Kind::Ours, metric))
    }

    /// Our speed, as a part of the speed of raw TCP and of rustls in memory, one after the other.
    fn part_of_limit(&self, work: &Work) -> Option<f64> {
        let [ours, raw, memory] = [Kind::Ours, Kind::Raw, Kind::Memory]
            .map(|kind| self.figure(work, kind, Metric::PerCpu).map(|figure| figure.median));
        Some(figures::part_of_limit(ours?, raw?, memory?))
    }

    fn values(&self, work: &Work, kind: Kind, metric: Metric) -> Vec<f64> {
        let samples = self.samples.get(&(work.name, kind)).map_or(&[][..], Vec::as_slice);
        samples.iter().filter_map(|sample| sample.get(&metric).copied()).collect()
    }

    /// The table. Our figures have units. The others are multiples of ours, with their ranges.
    pub fn table(&self) -> String {
        let has_samples = |kind: &&Kind| self.samples.keys().any(|(_, other)| other == *kind);
        let kinds: Vec<Kind> = Kind::value_variants().iter().filter(has_samples).copied().collect();
        let heading = ["work".to_owned(), "figure".to_owned()];
        let heading = heading.into_iter().chain(kinds.iter().map(|kind| kind.name()));
        let mut lines = vec![heading.chain(["of limit".to_owned()]).collect()];
        for work in WORKS {
            lines.extend(Metric::ALL.iter().filter_map(|metric| self.line(work, metric, &kinds)));
        }
        let mut table = aligned(&lines);
        table.push_str(
            "\nThe other servers are multiples of ours (= 1.00), taken round by round: median [lowest-highest]. More\n\
             is better in lines with +, less in lines with -. raw: TCP without TLS. memory: rustls without sockets,\n\
             only the server's part. of limit: ours, as a part of 1 / (1/raw + 1/memory).\n",
        );
        table
    }

    fn line(&self, work: &Work, (metric, heading): &(Metric, &str), kinds: &[Kind]) -> Option<Vec<String>> {
        let cells: Vec<_> = kinds.iter().map(|&kind| self.cell(work, kind, *metric)).collect();
        if cells.iter().all(Option::is_none) {
            return None;
        }
        let mut line = vec![work.name.to_owned(), heading.replace("UNIT", work.unit)];
        line.extend(cells.into_iter().map(Option::unwrap_or_default));
        let limit = self.part_of_limit(work).filter(|_| *metric == Metric::PerCpu);
        line.push(limit.map(|part| format!("{part:.2}")).unwrap_or_default());
        Some(line)
    }

    fn cell(&self, work: &Work, kind: Kind, metric: Metric) -> Option<String> {
        let figure = self.figure(work, kind, metric)?;
        let two_decimals =
            |spread: Spread| format!("{:.2} [{:.2}-{:.2}]", spread.median, spread.low, spread.high);
        Some(match self.ratio(work, kind, metric) {
            Some(ratio) if kind != Kind::Ours => two_decimals(ratio),
            _ if metric == Metric::Slowdown => two_decimals(figure),
            _ => format!("{:.0} [{:.0}-{:.0}]", figure.median, figure.low, figure.high),
        })
    }
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
