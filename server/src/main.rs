//! `mio-server`: a TLS echo server that serves one session at a time.

mod echo;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use mimalloc::MiMalloc;
use mio_server::Flags;
use program::exit;

use crate::echo::Echo;

/// `Cargo.toml` gives the reason. The client uses the default allocator, because starting this one would take a tenth
/// of its shortest session.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The name of the program.
const PROGRAM: &str = "mio-server";

/// The command line.
#[derive(Parser, Debug)]
#[command(version, long_version = mio_server::VERSIONS, about = "A TLS echo server that serves one session at a time, or --slots N")]
#[command(long_about = None, max_term_width = 100, after_help = after_help())]
struct Cli {
    #[command(flatten)]
    flags: Flags,

    /// Text to send first; '' sends none [default: welcome! and a newline]
    #[arg(long, value_name = "TEXT", default_value = "welcome!\n", hide_default_value = true)]
    #[arg(help_heading = None, display_order = 6)]
    greeting: OsString,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  mio-server                                     the first run makes a certificate for localhost
  mio-server --listen '[::]:4433' -v             listen on every address, log more
  mio-server --cert chain.pem --key key.pem      a certificate of your own
  mio-server --client-ca ca.pem --show-certs     the certificates that clients present
  mio-server --tls 1.2 --sessions 1              one TLS 1.2 session, then end
  mio-server --trace=fields                      each step of the program, each field of the records
  openssl s_client -connect localhost:8000 -CAfile certificates/certificate.pem

{}",
        exit::TABLE
    )
}

fn main() -> ExitCode {
    match mio_server::parse(PROGRAM, |cli: &Cli| cli.flags.check()) {
        Ok(Cli { flags, greeting }) => {
            let greeting: Rc<[u8]> = greeting.as_bytes().into();
            mio_server::run_with(PROGRAM, &flags, |_client| Echo::new(Rc::clone(&greeting)))
        }
        Err(status) => status.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn greeting(text: &str) -> OsString {
        Cli::parse_from(["mio-server", "--greeting", text]).greeting
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_greeting_is_literal_and_may_be_empty() {
        assert_eq!(Cli::parse_from(["mio-server"]).greeting, "welcome!\n");
        assert_eq!(greeting(r"a\n"), r"a\n");
        assert_eq!(greeting(""), "");
    }
}
