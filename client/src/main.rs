//! `mio-client`: a TLS client that shows the server's first message and then closes gracefully.

use std::process::ExitCode;

fn main() -> ExitCode {
    mio_client::run()
}
