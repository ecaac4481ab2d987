//! The client's command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::Parser;
use program::alpn;
use program::command_line;
use program::command_line::Unknown;
use program::count;
use program::ending::Endings;
use program::exit::{self, ExitStatus};
use program::host_port::HostPort;
use program::logging::Verbosity;
use program::parameters::TlsParameters;
use program::printed::PrintedArgs;
use program::time_limit::{TimeLimit, TimeLimitArgs};
use rustls::Side;
use rustls::pki_types::ServerName;
use show::args::ShowArgs;

use crate::starttls::Protocol;

/// The name of the program.
pub const PROGRAM: &str = "mio-client";
/// The default of `--ca`: the certificate that the server's first start makes.
pub const DEFAULT_CA: &str = "certificates/certificate.pem";
/// The default address of the server.
pub const DEFAULT_TARGET: &str = "localhost:8000";

/// The text of `--version`. `build.rs` sets the commit and the libraries.
const VERSIONS: &str = concat!(env!("CARGO_PKG_VERSION"), env!("COMMIT"), "\n", env!("LIBRARIES"));

/// A TLS client that shows the server's first message and closes gracefully.
///
/// Create it with [`Cli::parse`], which shadows clap's `parse` and checks more.
#[derive(Parser, Debug)]
#[command(version, long_version = VERSIONS, about = "A TLS client that shows the server's first message and then closes")]
#[command(long_about = None, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    /// Server to connect to, by name or address
    #[arg(value_name = "HOST:PORT", default_value = DEFAULT_TARGET, value_parser = parse_target)]
    target: HostPort,

    /// The target, as `openssl s_client` has it.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_target, conflicts_with = "target", hide = true)]
    connect: Option<HostPort>,

    /// Send stdin to the server, write the answer to stdout, close at the end of stdin
    #[arg(short, long, conflicts_with_all = ["message", "linger", "reconnect"])]
    pub interactive: bool,

    /// Text to send first, without a newline [default: nothing]
    #[arg(long, value_name = "TEXT")]
    message: Option<OsString>,

    /// Begin in plaintext, then begin TLS: smtp, imap or pop3
    #[arg(long, value_name = "PROTOCOL", value_enum, hide_possible_values = true)]
    pub starttls: Option<Protocol>,

    /// Time from the first received data to our close; may be 0s
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub linger: TimeLimit,

    /// Number of further sessions, resumed where possible
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count::between(0_u32, u32::MAX))]
    pub reconnect: u32,

    /// Certificates to trust, PEM; `system` means those of the operating system
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CA, aliases = ["cacert", "CAfile", "cafile"])]
    pub ca: PathBuf,

    /// Certificate chain for a server that requests one, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Offer this application protocol (repeatable)
    #[arg(long, value_name = "NAME", value_parser = alpn::parse)]
    pub alpn: Vec<Vec<u8>>,

    /// Name that the server's certificate must have [default: HOST]
    #[arg(long, value_name = "NAME", value_parser = parse_server_name, aliases = ["servername", "sni"])]
    server_name: Option<ServerName<'static>>,

    /// Accept an unauthorized server, with a warning
    #[arg(long, short_alias = 'k')]
    pub insecure: bool,

    /// Send a dummy encrypted ClientHello (ECH) as browsers do, which servers must ignore; TLS 1.3 only
    #[arg(long)]
    pub ech_grease: bool,

    /// Print the server's certificates and its stapled OCSP response, and close
    #[arg(long, conflicts_with_all = ["interactive", "message", "linger", "reconnect"])]
    pub show_certs: bool,

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
    tls: TlsParameters,

    /// The timeouts of a session.
    #[command(flatten)]
    pub timeouts: TimeLimitArgs,

    /// To connect to each address of HOST; the same time again for STARTTLS
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = TimeLimit::parse_deadline)]
    pub connect_timeout: TimeLimit,

    /// From the connection to the server's first byte: a busy server queues its clients
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = TimeLimit::parse_deadline)]
    pub wait_timeout: TimeLimit,
}

/// Returns advice for a flag of curl or `openssl s_client`.
fn flag_advice(unknown: &Unknown) -> Option<String> {
    let advice = match unknown.flag.as_deref()? {
        "-CAfile" => "--ca FILE names the certificates to trust",
        "--capath" | "-CApath" => "--ca FILE names one file with all certificates to trust",
        "-p" | "-P" | "--port" => {
            let port = unknown.port().unwrap_or(9000);
            return Some(format!("write the port behind the host, such as localhost:{port}"));
        }
        "-connect" | "--host" => "write HOST:PORT without a flag, such as localhost:8000",
        "-servername" => "--server-name NAME names the host that the certificate must be for",
        "-starttls" => "--starttls PROTOCOL begins in plaintext: smtp, imap or pop3",
        "-showcerts" | "--showcerts" => "--show-certs prints the server's certificates",
        _ => return None,
    };
    Some(advice.to_owned())
}

fn after_help() -> String {
    format!(
        "\
Examples:
  mio-client                                     show the first message of localhost:8000
  mio-client --message hello --linger 500ms      send hello, see the echo, close soon
  mio-client -i < file | tail -c +10 | cmp - file  compare the echo, behind the 9-byte greeting
  mio-client '[::1]:4433' --server-name db.lan   the address and the name differ
  mio-client --reconnect 1 -v                    a second session, resumed
  mio-client --trace=fields                      each step of the program, each field of the records
  mio-client mail.lan:25 --starttls smtp -i      a mail server that begins in plaintext
  mio-client --show-certs > chain.pem            what the server presents, as text and PEM

{}",
        exit::TABLE
    )
}

impl Cli {
    /// Parses the program's arguments.
    ///
    /// # Errors
    /// The exit status. Help, version or the error has been printed.
    pub fn parse() -> Result<Self, ExitStatus> {
        command_line::parse(PROGRAM, flag_advice, Self::check)
    }

    /// Returns the host and the port of the server.
    pub fn target(&self) -> &HostPort {
        self.connect.as_ref().unwrap_or(&self.target)
    }

    /// Returns the texts for the ends of sessions.
    pub fn endings(&self) -> Endings {
        Endings::new(Side::Client, self.tls().offer(self.alpn.clone()))
            .after_starttls(self.starttls.is_some())
    }

    /// Returns the versions, cipher suites and groups. Encrypted ClientHello allows TLS 1.3 only.
    pub fn tls(&self) -> TlsParameters {
        if self.ech_grease { self.tls.clone().with_tls13_only() } else { self.tls.clone() }
    }

    /// Checks that the flags go together. clap checks only each of them alone.
    fn check(&self) -> Result<(), String> {
        self.server_name()?;
        alpn::check(&self.alpn)?;
        self.show.check_stdout(self.show_certs)?;
        if self.ech_grease && self.tls.names_tls12() {
            return Err("--ech-grease needs TLS 1.3: TLS 1.2 has no encrypted ClientHello; leave --tls out"
                .to_owned());
        }
        self.tls().check()
    }

    /// Returns the message to send after the handshake, as the bytes that were typed.
    pub fn message(&self) -> Option<&[u8]> {
        self.message.as_deref().map(OsStrExt::as_bytes)
    }

    /// Returns the files of `--cert` and `--key`.
    pub fn identity(&self) -> Option<(&Path, &Path)> {
        self.cert.as_deref().zip(self.key.as_deref())
    }

    /// Returns the name that the server's certificate must have: `--server-name`, or the host of the target.
    ///
    /// # Errors
    /// The host is neither a DNS name nor an IP address. [`Cli::parse`] has already rejected that.
    pub fn server_name(&self) -> Result<ServerName<'static>, String> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        // A zone (`fe80::1%eth0`) is local to this machine, so no certificate can contain it.
        let host = self.target().host.split('%').next().unwrap_or_default();
        parse_server_name(host)
            .map_err(|error| format!("'{host}' {error}; pass the certificate's with --server-name"))
    }
}

/// Parses the target. Rejects port 0, because a client cannot connect to it.
fn parse_target(text: &str) -> Result<HostPort, String> {
    match text.parse()? {
        HostPort { port: 0, .. } => Err("port 0 cannot be connected to".to_owned()),
        target => Ok(target),
    }
}

/// Parses a server name. Converts an international name to its xn-- form. rustls ignores a final dot, as the DNS does.
fn parse_server_name(text: &str) -> Result<ServerName<'static>, String> {
    let name = if text.is_ascii() { text.to_owned() } else { identity::to_ascii(text)? };
    ServerName::try_from(name).map_err(|_| "is neither a DNS name nor an IP address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Cli, String> {
        command_line::parse_from(["mio-client"].iter().chain(arguments), Cli::check)
            .map_err(|error| error.to_string())
    }

    fn server_name(arguments: &[&str]) -> String {
        parse(arguments).unwrap().server_name().unwrap().to_str().into_owned()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let cli = parse(&[]).unwrap();
        assert_eq!(cli.target().to_string(), "localhost:8000");
        assert_eq!(cli.message(), None);
        assert_eq!(cli.ca, PathBuf::from("certificates/certificate.pem"));
        assert!(!cli.insecure);
        assert_eq!(cli.reconnect, 0);
        let shown = [cli.linger, cli.connect_timeout, cli.wait_timeout];
        assert_eq!(shown.map(|timeout| timeout.to_string()), ["3s", "10s", "5m"]);
    }

    #[test]
    fn the_server_name_defaults_to_the_host() {
        assert_eq!(server_name(&[]), "localhost");
        assert_eq!(server_name(&["localhost.:8000"]), "localhost");
        assert_eq!(server_name(&["127.0.0.1:8000"]), "127.0.0.1");
        assert_eq!(server_name(&["[::1]:8000"]), "::1");
        assert_eq!(server_name(&["fe80::1%eth0"]), "fe80::1");
        assert_eq!(server_name(&["::1", "--server-name", "example.org."]), "example.org");
        assert_eq!(server_name(&["what?", "--server-name", "example.org"]), "example.org");
        assert_eq!(server_name(&["bücher.example"]), "xn--bcher-kva.example");
        assert_eq!(server_name(&["::1", "--server-name", "bücher.example"]), "xn--bcher-kva.example");
    }

    #[test]
    fn flags_of_other_clients_are_aliases() {
        for flag in ["--cacert", "--CAfile", "--cafile"] {
            assert_eq!(parse(&[flag, "ca.pem"]).unwrap().ca, PathBuf::from("ca.pem"));
            assert_eq!(parse(&[&format!("{flag}=ca.pem")]).unwrap().ca, PathBuf::from("ca.pem"));
        }
        for flag in ["--servername", "--sni"] {
            assert_eq!(server_name(&["::1", flag, "example.org"]), "example.org");
        }
        assert!(parse(&["-k"]).unwrap().insecure && parse(&["-kv"]).unwrap().insecure);
        let cli = parse(&["--connect", "db.lan:9000"]).unwrap();
        assert_eq!(cli.target().to_string(), "db.lan:9000");
        assert_eq!(cli.server_name().unwrap().to_str(), "db.lan");
        assert!(parse(&["--connect", "what?"]).unwrap_err().contains("--server-name"));
        assert!(parse(&["--connect", "a:1", "b:2"]).unwrap_err().contains("cannot be used with"));
    }

    #[test]
    fn the_message_is_literal_and_linger_may_be_zero() {
        assert_eq!(parse(&["--message", r"a\n"]).unwrap().message(), Some(&br"a\n"[..]));
        assert_eq!(parse(&["--message", ""]).unwrap().message(), Some(&b""[..]));
        assert_eq!(parse(&["--message=-x"]).unwrap().message(), Some(&b"-x"[..]));
        assert_eq!(parse(&["--linger", "0s"]).unwrap().linger.to_string(), "0s");
    }

    #[test]
    fn an_error_says_what_to_write_instead() {
        for (arguments, part) in [
            (&["localhost:0"][..], "port 0"),
            (&["https://localhost/"], "HOST:PORT"),
            (&["what?"], "pass the certificate's with --server-name"),
            (&["--server-name", "a b"], "neither a DNS name"),
            (&["--server-name", "℀.example"], "IDNA"),
            (&["--server-name", ""], "neither a DNS name"),
            (&["--wait-timeout", "0s"], "`off`"),
            (&["--linger", "3"], "`3s`"),
            (&["--reconnect", "-1"], "'-1'"),
            (&["--ech-grease", "--tls", "1.2"], "--ech-grease needs TLS 1.3"),
            (&["--ech-grease", "--tls", "1.2,1.3"], "--ech-grease needs TLS 1.3"),
            (&["--ech-grease", "--suite", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "no suite of TLS 1.3"),
            (&["--show-certs", "--capture", "-"], "name a file for the capture"),
            (&["--show-certs", "-i"], "cannot be used with"),
            (&["-i", "--message=hello"], "cannot be used with"),
            (&["-i", "--linger=1s"], "cannot be used with"),
            (&["-i", "--reconnect=1"], "cannot be used with"),
            (&["a", "b"], "unexpected argument 'b'"),
            (&["--tls=1.2", "--group=X25519MLKEM768"], "--group X25519"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
