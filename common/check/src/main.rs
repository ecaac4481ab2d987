//! `mio-check`: judges the event loop of anybody's TLS server.

use std::process::ExitCode;

fn main() -> ExitCode {
    check::cli::main()
}
