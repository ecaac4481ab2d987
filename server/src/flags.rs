//! The flags that every server of this library has.

use std::path::{Path, PathBuf};

use identity::ClientAuth;
use program::alpn;
use program::command_line::Unknown;
use program::count;
use program::host_port::HostPort;
use program::logging::Verbosity;
use program::parameters::TlsParameters;
use program::printed::PrintedArgs;
use program::time_limit::TimeLimitArgs;
use show::args::ShowArgs;

/// The flags of every server of this library. A server can have flags of its own beside them (`#[command(flatten)]`).
#[derive(clap::Args, Clone, Debug)]
pub struct Flags {
    /// Where to listen; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8000")]
    pub listen: HostPort,

    /// Certificate chain, PEM [default: certificates/certificate.pem]
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Private key of the certificate, PEM [default: certificates/key.pem]
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Request client certificates; trust those in FILE, PEM
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Client certificates are required or optional [default: required]
    #[arg(long, value_name = "HOW", requires = "client_ca", value_enum)]
    #[arg(default_value = "required", hide_default_value = true, hide_possible_values = true)]
    client_auth: Auth,

    /// Print the certificates that each client presents
    #[arg(long, requires = "client_ca")]
    pub show_certs: bool,

    /// Accept this application protocol (repeatable)
    #[arg(long, value_name = "NAME", value_parser = alpn::parse)]
    pub alpn: Vec<Vec<u8>>,

    /// Number of sessions served at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = count::between(1_usize, 1_000_000))]
    pub slots: usize,

    /// Number of clients that may wait in the accept queue
    #[arg(long, value_name = "N", default_value_t = 128)]
    #[arg(value_parser = count::between(1_usize, 65_535))] // every client passes through the queue
    pub waiting: usize,

    /// End after this many sessions [default: serve until Ctrl-C]
    #[arg(long, value_name = "N", value_parser = count::between(1_u64, u64::MAX))]
    pub sessions: Option<u64>,

    /// The log level.
    #[command(flatten)]
    pub verbosity: Verbosity,

    /// Trace, key log, capture and page.
    #[command(flatten)]
    pub show: ShowArgs,

    /// Texts to print instead.
    #[command(flatten)]
    _printed: PrintedArgs,

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

/// Returns advice for a flag of another server, or for an address without its flag.
pub(crate) fn flag_advice(unknown: &Unknown) -> Option<String> {
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

/// Parses a text that looks like an address to listen on. A name without a port does not count.
fn address(text: &str) -> Option<HostPort> {
    if let Ok(port) = text.parse() {
        return Some(HostPort { host: "127.0.0.1".to_owned(), port });
    }
    text.contains(':').then(|| text.parse().ok()).flatten()
}

impl Flags {
    /// Checks that the flags go together. clap checks only each of them alone.
    ///
    /// # Errors
    /// A sentence that names the flags.
    pub fn check(&self) -> Result<(), String> {
        alpn::check(&self.alpn)?;
        self.show.check_stdout(self.show_certs)?;
        self.tls.check()
    }

    /// Returns the files of `--cert` and `--key`. `None`: the default files, which the first run creates.
    pub fn identity(&self) -> Option<(&Path, &Path)> {
        self.cert.as_deref().zip(self.key.as_deref())
    }

    /// Returns whether a client must have a certificate if `--client-ca` requests one.
    pub fn client_auth(&self) -> ClientAuth {
        match self.client_auth {
            Auth::Optional => ClientAuth::Optional,
            Auth::Required => ClientAuth::Required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use program::command_line;
    use tls_session::deadline::Timeouts;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        flags: Flags,
    }

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        command_line::parse_from(["mio-server"].iter().chain(arguments), |cli: &Cli| cli.flags.check())
            .map(|cli| cli.flags)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let flags = parse(&[]).unwrap();
        assert_eq!(flags.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(flags.identity(), None);
        assert_eq!(flags.waiting, 128);
        assert_eq!(flags.sessions, None);
        assert_eq!(flags.verbosity.steps(), 0);
        let timeouts = flags.timeouts;
        let shown = [
            timeouts.handshake_timeout,
            timeouts.idle_timeout,
            timeouts.write_timeout,
            timeouts.close_timeout,
            timeouts.session_timeout,
        ]
        .map(|timeout| timeout.to_string());
        assert_eq!(shown, ["10s", "1m", "30s", "5s", "off"]);
        assert_eq!(timeouts.timeouts(), Timeouts { wait: None, ..Timeouts::default() });
    }

    #[test]
    fn certificate_and_key_need_each_other() {
        let cli = parse(&["--cert", "c", "--key", "k"]).unwrap();
        assert_eq!(cli.identity(), Some((Path::new("c"), Path::new("k"))));
        assert!(parse(&["--cert", "c"]).unwrap_err().contains("--key <FILE>"));
        assert!(parse(&["--key", "k"]).unwrap_err().contains("--cert <FILE>"));
    }

    #[test]
    fn an_error_says_what_to_write_instead() {
        for (arguments, part) in [
            (["--waiting", "0"], "write a whole number from 1 to 65535"),
            (["--sessions", "0"], "write a whole number from 1"),
            (["--listen", "8000"], "localhost:8000"),
            (["--idle-timeout", "10"], "`10s`"),
            (["--idle-timeout", "0s"], "`off`"),
            (["--group", "P-256"], "secp256r1"),
            (["--show-certs", "-v"], "--client-ca <FILE>"),
            (["--client-auth", "optional"], "--client-ca <FILE>"),
        ] {
            let error = parse(&arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = parse(&["--tls=1.2", "--suite=TLS_AES_128_GCM_SHA256"]).unwrap_err();
        assert!(error.contains("--tls") && error.contains("--suite"), "{error}");
        let error = parse(&["--client-ca=a", "--show-certs", "--capture=-"]).unwrap_err();
        assert!(error.contains("name a file for the capture"), "{error}");
    }
}
