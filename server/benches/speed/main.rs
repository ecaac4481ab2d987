//! How fast the server is, beside others that do the same, and beside what cannot be beaten.
//!
//! ```text
//! cargo bench -p mio-server                                    everything: ten minutes
//! cargo bench -p mio-server -- --quick                         under two minutes
//! cargo bench -p mio-server -- --only bulk,pp1 --servers ours,tokio
//! cargo bench -p mio-server -- --baseline target/before --servers ours,baseline     before and after a change
//! ```
//!
//! Each server is a process of its own, pinned to one core; the clients run here, on another core (or on the same
//! one, where a work says so: then nothing is spent on waking an idle core). All have the same P-256 certificate,
//! TLS 1.3, `TLS_AES_256_GCM_SHA384`, X25519 and `TCP_NODELAY`, and every echoed byte is compared. Each round
//! runs every server once, in an order that rotates, and ratios are taken within a round: what disturbs one round
//! disturbs all in it.
//!
//! The figure that counts is work per CPU-second of the server. The kernel counts that for each thread in
//! nanoseconds (`/proc/PID/task/*/schedstat`), user and system time together; `utime` and `stime` are the same
//! sum, cut into ticks of 10 ms.
//!
//! What comes of it, and where the time goes: `server/benches/README.md`.
//!
//! Reading order: [`work`] (what is measured), [`servers`] (who is), [`measure`] (how), [`client`] and
//! [`transfer`], [`crowd`] and [`fairness`] (the load), [`memory`] (the limit), [`report`].

mod certificate;
mod client;
mod crowd;
mod fairness;
mod measure;
mod memory;
mod options;
mod payload;
mod plot;
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
use testing::cpu;

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
    cpu::pin_this_process(options.generator_core)?;
    io::stdout().write_all(report.table().as_bytes())?;
    report.write_files()
}
