//! The command line of the benchmark.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::serve::Peer;
use crate::servers::Kind;
use crate::work::{WORKS, Work};

/// The command line of the benchmark, after the `--` of `cargo bench`.
#[derive(Parser, Debug)]
pub struct Options {
    /// A tenth of the work, two rounds, the short works only
    #[arg(long)]
    pub quick: bool,

    /// Only these works
    #[arg(
        long,
        value_name = "WORK,…",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(WORKS.iter().map(|work| work.name))
    )]
    only: Vec<String>,

    /// Only these servers; ratios need `ours`
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    servers: Vec<Kind>,

    /// How often each server does each work [default: 5 or 3; quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Another build of mio-server, to compare with this one
    #[arg(long, value_name = "PROGRAM")]
    pub baseline: Option<PathBuf>,

    /// `cargo bench` passes this; `cargo test` does not.
    #[arg(long, hide = true)]
    pub bench: bool,

    /// Be one of the servers.
    #[arg(long, hide = true, requires_all = ["listen", "cert", "key"])]
    pub serve: Option<Peer>,

    /// The address of this server.
    #[arg(long, hide = true)]
    pub listen: Option<SocketAddr>,

    /// Its certificate, PEM.
    #[arg(long, hide = true)]
    pub cert: Option<PathBuf>,

    /// Its key, PEM.
    #[arg(long, hide = true)]
    pub key: Option<PathBuf>,
}

impl Options {
    /// The works to measure.
    pub fn works(&self) -> impl Iterator<Item = &'static Work> {
        let is_named = |work: &Work| self.only.iter().any(|name| name == work.name);
        let is_wanted =
            move |work: &&Work| if self.only.is_empty() { !self.quick || work.quick } else { is_named(work) };
        WORKS.iter().filter(is_wanted)
    }

    /// Whether to measure this server.
    pub fn wants(&self, kind: Kind) -> bool {
        self.servers.is_empty() || self.servers.contains(&kind)
    }

    /// The number of rounds.
    pub fn rounds(&self, work: &Work) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { work.rounds })
    }

    /// The amount of work: a tenth with `--quick`.
    pub fn amount(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}
