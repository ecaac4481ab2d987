//! The server's command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::Parser;
use identity::ClientAuth;
use program::alpn;
use program::command_line;
use program::command_line::Unknown;
use program::count;
use program::exit::{self, ExitStatus};
use program::host_port::HostPort;
use program::logging::Verbosity;
use program::parameters::TlsParameters;
use program::time_limit::TimeLimitArgs;
use show::args::ShowArgs;

/// A TLS echo server that serves one session at a time.
///
/// [`Cli::parse`] is the one way to get one; it shadows clap's, which checks less.
#[derive(Parser, Debug)]
#[command(version, about = "A TLS echo server that serves one session at a time, or --slots N")]
#[command(long_about = None, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8000")]
    pub listen: HostPort,

    /// Certificate chain, PEM [default: certificates/certificate.pem]
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Private key of the certificate, PEM [default: certificates/key.pem]
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Ask clients for a certificate, and trust those in this file, PEM
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Whether it must have one, required or optional [default: required]
    #[arg(long, value_name = "HOW", requires = "client_ca", value_enum)]
    #[arg(default_value = "required", hide_default_value = true, hide_possible_values = true)]
    client_auth: Auth,

    /// Speak this application protocol if the client offers it (repeatable)
    #[arg(long, value_name = "NAME", value_parser = alpn::parse)]
    alpn: Vec<Vec<u8>>,

    /// Sent first, as it is; '' sends none [default: welcome! and a newline]
    #[arg(long, value_name = "TEXT", default_value = "welcome!\n", hide_default_value = true)]
    greeting: OsString,

    /// Sessions that are served at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = count::between(1_u32, 1_000_000))]
    slots: u32,

    /// Connections that may wait for their turn
    #[arg(long, value_name = "N", default_value_t = 128)]
    #[arg(value_parser = count::between(1_u16, u16::MAX))]
    waiting: u16,

    /// End after this many sessions [default: serve until Ctrl-C]
    #[arg(long, value_name = "N", value_parser = count::between(1_u64, u64::MAX))]
    pub sessions: Option<u64>,

    /// How much to log.
    #[command(flatten)]
    pub verbosity: Verbosity,

    /// What to show of a session.
    #[command(flatten)]
    pub show: ShowArgs,

    /// Versions, cipher suites and groups.
    #[command(flatten)]
    pub tls: TlsParameters,

    /// The timeouts of a session.
    #[command(flatten)]
    pub timeouts: TimeLimitArgs,
}

/// `--client-auth`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Auth {
    Optional,
    Required,
}

/// What to write instead of a flag that other servers have, or of an address without its flag.
fn meant_here(unknown: &Unknown) -> Option<String> {
    match unknown.flag.as_deref() {
        Some("-p" | "-P" | "--port" | "-accept" | "--accept") => {
            let port = unknown.port().unwrap_or(9000);
            Some(format!("--listen names address and port, such as --listen 127.0.0.1:{port}"))
        }
        Some("-l" | "--bind" | "--host" | "--address") => {
            Some("--listen ADDR:PORT names the address to listen on".to_owned())
        }
        Some("-CAfile" | "--CAfile" | "--cafile" | "--cacert" | "--ca" | "-Verify" | "-verify") => {
            Some("--client-ca FILE asks clients for a certificate and trusts those in FILE".to_owned())
        }
        Some(_) => None,
        None => address(unknown.value.as_deref()?).map(|address| format!("write --listen {address}")),
    }
}

/// What looks like an address to listen on. A name without a port may be anything.
fn address(text: &str) -> Option<HostPort> {
    if let Ok(port) = text.parse() {
        return Some(HostPort { host: "127.0.0.1".to_owned(), port });
    }
    text.contains(':').then(|| text.parse().ok()).flatten()
}

fn after_help() -> String {
    format!(
        "\
Examples:
  mio-server                                     the first run makes a certificate for localhost
  mio-server --listen '[::]:4433' -v             listen on every address, log more
  mio-server --cert chain.pem --key key.pem      a certificate of your own
  mio-server --tls 1.2 --sessions 1              one TLS 1.2 session, then end
  openssl s_client -connect localhost:8000 -CAfile certificates/certificate.pem

{}",
        exit::TABLE
    )
}

impl Cli {
    /// Reads the program's arguments.
    ///
    /// # Errors
    ///
    /// The status to exit with at once; help, version or what is wrong has been printed.
    pub fn parse() -> Result<Self, ExitStatus> {
        command_line::parse(meant_here, Self::check)
    }

    /// What clap cannot know: whether the flags, each right by itself, go together.
    fn check(&self) -> Result<(), String> {
        alpn::check(&self.alpn)?;
        self.tls.check()
    }

    /// The files of `--cert` and `--key`, or `None` for the default ones, which may be made.
    pub fn identity(&self) -> Option<(&Path, &Path)> {
        self.cert.as_deref().zip(self.key.as_deref())
    }

    /// What becomes of a client without a certificate, where one is asked for.
    pub fn client_auth(&self) -> ClientAuth {
        match self.client_auth {
            Auth::Optional => ClientAuth::Optional,
            Auth::Required => ClientAuth::Required,
        }
    }

    /// The application protocols that are spoken, in order of preference.
    pub fn alpn(&self) -> Vec<Vec<u8>> {
        self.alpn.clone()
    }

    /// What a session begins with; may be empty. Bytes, because it is sent as it was typed.
    pub fn greeting(&self) -> &[u8] {
        self.greeting.as_bytes()
    }

    /// How many sessions are served at a time, at least 1.
    pub fn slots(&self) -> usize {
        usize::try_from(self.slots).unwrap_or(usize::MAX)
    }

    /// The size of the accept queue, at least 1: every session passes through it.
    pub fn waiting(&self) -> usize {
        usize::from(self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Cli, String> {
        command_line::parse_from(["mio-server"].iter().chain(arguments), Cli::check)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let cli = parse(&[]).unwrap();
        assert_eq!(cli.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(cli.identity(), None);
        assert_eq!(cli.greeting(), b"welcome!\n");
        assert_eq!(cli.waiting(), 128);
        assert_eq!(cli.sessions, None);
        assert_eq!(cli.verbosity.steps(), 0);
        let timeouts = cli.timeouts;
        let shown = [
            timeouts.handshake_timeout,
            timeouts.idle_timeout,
            timeouts.write_timeout,
            timeouts.close_timeout,
            timeouts.session_timeout,
        ]
        .map(|timeout| timeout.to_string());
        assert_eq!(shown, ["10s", "1m", "30s", "5s", "off"]);
    }

    #[test]
    fn the_greeting_is_literal_and_may_be_empty() {
        assert_eq!(parse(&["--greeting", r"a\n"]).unwrap().greeting(), br"a\n");
        assert_eq!(parse(&["--greeting", ""]).unwrap().greeting(), b"");
    }

    #[test]
    fn certificate_and_key_come_together() {
        let cli = parse(&["--cert", "c", "--key", "k"]).unwrap();
        assert_eq!(cli.identity(), Some((Path::new("c"), Path::new("k"))));
        assert!(parse(&["--cert", "c"]).unwrap_err().contains("--key <FILE>"));
        assert!(parse(&["--key", "k"]).unwrap_err().contains("--cert <FILE>"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (arguments, part) in [
            (["--waiting", "0"], "write a whole number from 1 to 65535"),
            (["--sessions", "0"], "write a whole number from 1"),
            (["--listen", "8000"], "localhost:8000"),
            (["--idle-timeout", "10"], "`10s`"),
            (["--idle-timeout", "0s"], "`off`"),
            (["--group", "P-256"], "secp256r1"),
        ] {
            let error = parse(&arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = parse(&["--tls=1.2", "--suite=TLS_AES_128_GCM_SHA256"]).unwrap_err();
        assert!(error.contains("--tls") && error.contains("--suite"), "{error}");
    }
}
