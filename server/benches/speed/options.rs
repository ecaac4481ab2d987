//! What of the benchmark to run.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::serve::Peer;
use crate::servers::Kind;
use crate::work::{WORKS, Work};

/// The command line of the benchmark, behind the `--` of `cargo bench`.
#[derive(Parser, Debug)]
pub struct Options {
    /// A tenth of the work, two rounds, no crowd of 10,000: under two minutes
    #[arg(long)]
    pub quick: bool,

    /// These works only, by the names in the table
    #[arg(long, value_name = "WORK,…", value_delimiter = ',', value_parser = known_work)]
    only: Vec<String>,

    /// These servers only; ratios need `ours`
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    servers: Vec<Kind>,

    /// How often each server does each work [default: 5, crowds 3; quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Another build of mio-server, to be measured beside this one: before and after, in one run
    #[arg(long, value_name = "PROGRAM")]
    pub baseline: Option<PathBuf>,

    /// Where the servers run
    #[arg(long, value_name = "CORE", default_value_t = 0)]
    pub server_core: usize,

    /// Where the clients run
    #[arg(long, value_name = "CORE", default_value_t = 1)]
    pub generator_core: usize,

    /// What cargo says when the benchmark is wanted, and not a test.
    #[arg(long, hide = true)]
    pub bench: bool,

    /// Be one of the servers.
    #[arg(long, hide = true, requires_all = ["listen", "cert", "key"])]
    pub serve: Option<Peer>,

    /// Where that one listens.
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
    /// What is measured.
    pub fn works(&self) -> impl Iterator<Item = &'static Work> {
        let named = |work: &Work| self.only.iter().any(|name| name == work.name);
        let asked =
            move |work: &&Work| if self.only.is_empty() { !self.quick || work.quick } else { named(work) };
        WORKS.iter().filter(asked)
    }

    /// Who is measured.
    pub fn wants(&self, kind: Kind) -> bool {
        self.servers.is_empty() || self.servers.contains(&kind)
    }

    /// How often.
    pub fn rounds(&self, work: &Work) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { work.rounds })
    }

    /// How much: a tenth of it in a hurry.
    pub fn amount(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}

fn known_work(name: &str) -> Result<String, String> {
    if WORKS.iter().any(|work| work.name == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = WORKS.iter().map(|work| work.name).collect();
    Err(format!("the works are {}", names.join(", ")))
}
