//! `mio-check`: judges the event loop of any TLS server or client.

use std::process::ExitCode;

fn main() -> ExitCode {
    check::cli::main()
}
