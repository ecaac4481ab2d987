//! Measures the speed of the server, next to other servers that do the same, and next to two limits.
//!
//! ```text
//! cargo bench -p mio-server                                    everything
//! cargo bench -p mio-server -- --quick                         about a minute
//! cargo bench -p mio-server -- --only bulk,memory --servers ours,tokio
//! cargo bench -p mio-server -- --baseline target/before --servers ours,baseline     before and after a change
//! ```
//!
//! Each server is a process of its own on one core. The clients run in this process, on another core. For sessions
//! and messages they run on the server's core, so that the measurement does not include waking an idle core. All
//! servers have the same P-256 certificate, TLS 1.3, `TLS_AES_256_GCM_SHA384`, X25519 and `TCP_NODELAY`. The clients
//! compare every echoed byte. Each round runs every server once, in an order that rotates. Ratios are taken within a
//! round, because a disturbance then affects both figures.
//!
//! The most important figure is work per CPU-second of the server. The kernel counts the CPU time of each thread in
//! nanoseconds (`/proc/PID/task/*/schedstat`), user and system time together. `utime` and `stime` have the same sum
//! in ticks of 10 ms.
//!
//! `server/benches/README.md` has the results and explains them.
//!
//! Reading order: [`work`] (what is measured), [`servers`] (which servers), [`measure`] (how), [`client`],
//! [`transfer`], [`busy`] and [`fairness`] (the load), [`memory`] (rustls without sockets), [`report`].

mod busy;
mod certificate;
mod client;
mod fairness;
mod measure;
mod memory;
mod options;
mod payload;
mod report;
mod sample;
mod serve;
mod servers;
mod tickets;
mod transfer;
mod work;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;

use crate::certificate::Certificate;
use crate::options::Options;
use crate::report::Report;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    if let Some(peer) = options.serve {
        return serve::run(peer, options);
    }
    if !options.bench {
        println!("nothing measured: the benchmark runs with `cargo bench -p mio-server`");
        return Ok(());
    }
    let certificate = Certificate::new()?;
    let servers = servers::installed(options, &certificate)?;
    let mut report = Report::default();
    for work in options.works() {
        measure::work(work, &servers, options, &certificate, &mut report)?;
    }
    io::stdout().write_all(report.table().as_bytes())
}
