//! An echo server that is wrong in one way, chosen by name: the tests ask whether `mio-check` notices it.
//!
//! ```sh
//! cargo run -p check --example faulty -- --list
//! cargo run -p check --example faulty -- no-close-notify 127.0.0.1:8000 --write-cert certificate.pem
//! cargo run -p check --bin mio-check -- localhost:8000 --ca certificate.pem
//! ```
//!
//! `faulty none` is a correct server. It is the small hand-written loop that every fault changes at one place:
//! `session.rs` and `input.rs` move the bytes of one session, and `server.rs` serves several sessions on one poll. It uses
//! rustls and mio, and no other code of this repository. Most faults come from `common/session/tests/traps`, where each
//! trap is shown alone and explained.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is what some faults are about; the correct server has none"
)]

mod config;
mod fault;
mod first_read;
mod records;
mod server;
mod session;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum as _};

use fault::Fault;
use server::Server;
use session::Timeouts;

/// An echo server on TLS that is wrong in one way.
#[derive(Parser)]
struct Arguments {
    /// The fault, or `none`
    #[arg(required_unless_present = "list", hide_possible_values = true)]
    fault: Option<Fault>,
    /// The address to listen on
    #[arg(required_unless_present = "list")]
    address: Option<SocketAddr>,
    /// Writes the certificate to this file, for clients to trust. It is new, and self-signed for localhost
    #[arg(long, value_name = "FILE")]
    write_cert: Option<PathBuf>,
    /// Sets every deadline of a session. Default: 10 seconds for a handshake and a write, 30 seconds for an idle session
    #[arg(long, value_name = "SECONDS")]
    deadline: Option<u64>,
    /// Prints the faults, and what each does
    #[arg(long)]
    list: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut stdout = io::stdout().lock();
    if arguments.list {
        for fault in Fault::value_variants() {
            if let Some(value) = fault.to_possible_value() {
                let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                writeln!(stdout, "{:32}{help}", value.get_name())?;
            }
        }
        return Ok(());
    }
    let (Some(fault), Some(address)) = (arguments.fault, arguments.address) else {
        return Err("a fault and an address are required".into()); // clap has checked it
    };
    let identity = config::new_identity(arguments.write_cert.as_deref())?;
    let timeouts = arguments
        .deadline
        .map_or_else(Timeouts::default, |seconds| Timeouts::all(Duration::from_secs(seconds)));
    let server = Server::bind(address, config::server_config(identity, fault)?, fault, timeouts)?;
    writeln!(stdout, "listening on {}", server.address()?)?;
    stdout.flush()?;
    server.run()?;
    Ok(())
}
