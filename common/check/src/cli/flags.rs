//! The flags, and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use rustls::pki_types::ServerName;

use super::choice::{self, Choice, Explained, Named};
use super::exit::{self, Exit};
use super::place::Place;
use crate::case::{Case, Version};
use crate::clients::ClientCase;
use crate::report::warn;
use crate::target::Speaks;

/// The command line of `mio-check`.
#[derive(Parser, Debug)]
#[command(name = "mio-check", version, about = ABOUT, long_about = None, max_term_width = 100)]
#[command(override_usage = USAGE, after_help = after_help())]
pub struct Flags {
    /// The server. With COMMAND, port 0 chooses a free port
    #[arg(value_name = "HOST:PORT", required_unless_present_any = ["list", "explain", "listen"])]
    pub place: Option<Place>,

    /// Start this server, watch it, start it again if it dies, and end it. With --listen: the client. {host}, {port}
    /// and {ca} are replaced
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["pid", "explain"])]
    pub command: Vec<OsString>,

    /// Judge a client: be hostile servers at this address, and run COMMAND against each; port 0 chooses a free port
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = NOT_FOR_CLIENTS, help_heading = "A client")]
    pub listen: Option<Place>,

    /// The client's stdin [default: it stays open, and brings nothing]
    #[arg(long, value_name = "FILE", requires = "listen", help_heading = "A client")]
    pub stdin: Option<PathBuf>,

    /// What the server does with data, or what the client expects: an echo, HTTP/1.1, or unknown [default: find out]
    #[arg(long, value_name = "echo|http|any", value_parser = speaks, help_heading = "The server")]
    pub speaks: Option<Speaks>,

    /// Watch memory and descriptors of this process of the server, and of its children
    #[arg(long, value_name = "PID", help_heading = "The server")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    pub pid: Option<u32>,

    /// Judge a server on another computer, or listen at an address that other computers can connect to. Without this
    /// flag, mio-check only says what it would send
    #[arg(long, help_heading = "The server")]
    pub yes_it_is_mine: bool,

    /// Authorities to trust, PEM [default: those of the system]
    #[arg(long, value_name = "FILE", conflicts_with = "insecure", help_heading = "Our clients")]
    pub ca: Option<PathBuf>,

    /// Accept every certificate
    #[arg(long, help_heading = "Our clients")]
    pub insecure: bool,

    /// Certificate chain for a server that requests one, PEM
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "Our clients")]
    pub cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "Our clients")]
    pub key: Option<PathBuf>,

    /// Name in the server's certificate and in server_name [default: HOST]
    #[arg(long, value_name = "NAME", value_parser = server_name, help_heading = "Our clients")]
    pub server_name: Option<ServerName<'static>>,

    /// Offer this application protocol (repeatable)
    #[arg(long, value_name = "NAME", value_parser = alpn, help_heading = "Our clients")]
    pub alpn: Vec<Vec<u8>>,

    /// Only this version of TLS: 1.2 or 1.3 [default: both]
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = "Our clients")]
    pub tls: Option<Version>,

    /// Only this case, or the cases of this group (repeatable)
    #[arg(long, value_name = "NAME", value_parser = choice::choice)]
    #[arg(help_heading = "The cases")]
    pub case: Vec<Choice>,

    /// List the cases, with --listen those against clients
    #[arg(long, conflicts_with = "explain", help_heading = "The cases")]
    pub list: bool,

    /// Explain a case: what is tried, what a good program does, and the source. Of a group: list its cases
    #[arg(long, value_name = "NAME", value_parser = choice::explained, help_heading = "The cases")]
    pub explain: Option<Explained>,

    /// Seed of the cases' random numbers
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "The cases")]
    pub seed: u64,

    /// How long to wait for what a server must do, and for its timeouts: 1s to 10m
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = patience)]
    #[arg(help_heading = "The cases")]
    pub patience: Duration,

    /// This case is known to fail: exit with status 1 if it holds, not if it fails (repeatable)
    #[arg(long, value_name = "NAME", value_parser = choice::case, help_heading = "The report")]
    pub expect_fail: Vec<Named>,

    /// Write one JSON object to stdout
    #[arg(long, conflicts_with = "junit", help_heading = "The report")]
    pub json: bool,

    /// Write a JUnit report to this file too (not with --listen)
    #[arg(long, value_name = "FILE", help_heading = "The report")]
    pub junit: Option<PathBuf>,
}

/// The flags that only concern servers.
const NOT_FOR_CLIENTS: [&str; 9] =
    ["place", "pid", "ca", "insecure", "cert", "key", "server_name", "alpn", "junit"];

const USAGE: &str = "\
mio-check [OPTIONS] HOST:PORT [-- COMMAND ...]
       mio-check [OPTIONS] --listen HOST:PORT -- COMMAND ...
       mio-check [--case NAME]... --list
       mio-check --explain NAME";

const ABOUT: &str =
    "Judges the event loop of any TLS server with hostile clients, or of any TLS client with hostile servers";

fn after_help() -> String {
    format!(
        "\
Each case is a client that cuts, floods, stalls, breaks off or lies. With --listen it is such
a server. A case has one of these verdicts:
  held            the program did what it must do
  failed          it broke a MUST of an RFC, lost or changed bytes, died, or no longer serves a client
  noted           what it did, where several behaviours are allowed: you judge it
  not applicable  the case says nothing about this program
  inconclusive    the case could not be carried out

Examples:
  mio-check localhost:8000 --ca certificate.pem
  mio-check localhost:8000 --insecure --case end --case framing     two groups only
  mio-check localhost:443 --speaks http --pid 4711                  watch memory and descriptors
  mio-check localhost:0 --ca cert.pem -- ./my-server --port {{port}}  start the server, on a free port
  mio-check --explain close-notify-answered
  mio-check --listen 127.0.0.1:0 -- curl -sS --cacert {{ca}} https://{{host}}:{{port}}   judge a client

{}",
        exit::TABLE
    )
}

impl Flags {
    /// The chosen cases against servers, in their order. Without `--case`, all of them.
    ///
    /// # Errors
    /// `--case` names a case against clients.
    pub fn cases(&self) -> Result<Vec<&'static Case>, String> {
        choice::chosen::<Case, ClientCase>(crate::cases::all(), &self.case)
    }

    /// The chosen cases against clients, in their order. Without `--case`, all of them.
    ///
    /// # Errors
    /// `--case` names a case against servers.
    pub fn client_cases(&self) -> Result<Vec<&'static ClientCase>, String> {
        choice::chosen::<ClientCase, Case>(crate::clients::all(), &self.case)
    }

    /// The cases against servers that are expected to fail. Prints a warning for one that is not among these chosen ones.
    ///
    /// # Errors
    /// `--expect-fail` names a case against clients.
    pub fn expected(&self, chosen: &[&'static Case]) -> Result<Vec<&'static Case>, String> {
        choice::expected::<Case, ClientCase>(&self.expect_fail, |named| named.server, chosen)
    }

    /// The cases against clients that are expected to fail. Prints a warning for one that is not among these chosen ones.
    ///
    /// # Errors
    /// `--expect-fail` names a case against servers.
    pub fn expected_of_clients(
        &self,
        chosen: &[&'static ClientCase],
    ) -> Result<Vec<&'static ClientCase>, String> {
        choice::expected::<ClientCase, Case>(&self.expect_fail, |named| named.client, chosen)
    }

    /// The versions of TLS that are tried, the newest first.
    pub fn versions(&self) -> Vec<Version> {
        self.tls.map_or_else(|| Version::ALL.to_vec(), |version| vec![version])
    }
}

/// Parses these arguments. The first one is the name of the program.
///
/// # Errors
/// The arguments are wrong, or ask for help. The text has been written.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Flags, Exit> {
    Flags::try_parse_from(arguments).map_err(|error| {
        if !error.use_stderr() {
            let _ = error.print(); // in `--help | head -1` the reader has closed stdout
            return Exit::Clean;
        }
        let mut text = error.render().to_string();
        if let Some(word) = stray_word(&error) {
            let at = text.find("\n\nUsage").unwrap_or(text.len());
            text.insert_str(at, &format!(". COMMAND stands behind `--`: mio-check HOST:PORT -- {word}"));
        }
        warn(text.trim_end().strip_prefix("error: ").unwrap_or(&text));
        Exit::Usage
    })
}

/// The argument that is too much, if it is no flag: probably COMMAND.
fn stray_word(error: &clap::Error) -> Option<String> {
    match error.get(clap::error::ContextKind::InvalidArg) {
        Some(clap::error::ContextValue::String(word))
            if error.kind() == clap::error::ErrorKind::UnknownArgument && !word.starts_with('-') =>
        {
            Some(word.clone())
        }
        _ => None,
    }
}

fn speaks(text: &str) -> Result<Speaks, String> {
    match text {
        "echo" => Ok(Speaks::Echo),
        "http" => Ok(Speaks::Http),
        "any" => Ok(Speaks::Any),
        _ => Err("is unknown; write echo, http, or any, which expects no answer".to_owned()),
    }
}

fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    let name = ServerName::try_from(text.to_owned());
    name.map_err(|_| "is neither a DNS name nor an IP address; an example: www.example.org".to_owned())
}

fn alpn(text: &str) -> Result<Vec<u8>, String> {
    match text.len() {
        0 => Err("is empty; examples: h2, http/1.1".to_owned()),
        256.. => Err("is longer than 255 bytes, which is the limit (RFC 7301, 3.1)".to_owned()),
        _ => Ok(text.as_bytes().to_vec()),
    }
}

fn version(text: &str) -> Result<Version, String> {
    match text {
        "1.2" => Ok(Version::Tls12),
        "1.3" => Ok(Version::Tls13),
        _ => Err("is no version that the cases have; write 1.2 or 1.3".to_owned()),
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("a number needs a unit, such as `{text}s`"));
    }
    // humantime adds in a u64: the digits are limited, so that the sum fits.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let time = match digits {
        0..=12 => humantime::parse_duration(text).map_err(|error| format!("{error}; examples: 5s, 1m 30s")),
        _ => Err("has too many digits; examples: 5s, 1m 30s".to_owned()),
    }?;
    match time {
        time if time < Duration::from_secs(1) => {
            Err("is too short: a busy server would count as dead; 1s is the shortest".to_owned())
        }
        time if time > Duration::from_secs(600) => {
            Err("is too long: the run would take hours; 10m is the longest".to_owned())
        }
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parsed(line: &str) -> Result<Flags, String> {
        let words = std::iter::once("mio-check").chain(line.split_whitespace());
        Flags::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn help_has_an_example_and_every_exit_status() {
        let help = Flags::command().render_help().to_string();
        assert!(help.contains("mio-check localhost:8000 --ca certificate.pem") && help.contains(exit::TABLE));
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "{widest}");
    }

    #[test]
    fn every_flag_is_parsed() {
        let flags = parsed(
            "localhost:1 --ca a --cert b --key c --speaks http --server-name x --alpn h2 --alpn h3 --tls 1.2 --seed 7 \
             --patience 1m --case end --case close-notify-answered --expect-fail close-notify-answered --junit d \
             --yes-it-is-mine -- server --port {port}",
        )
        .unwrap();
        assert_eq!(flags.place.as_ref().unwrap().to_string(), "localhost:1");
        assert_eq!(flags.command, ["server", "--port", "{port}"]);
        assert_eq!((flags.speaks, flags.seed), (Some(Speaks::Http), 7));
        assert_eq!((flags.versions(), flags.patience), (vec![Version::Tls12], Duration::from_secs(60)));
        assert_eq!((flags.alpn.len(), flags.case.len(), flags.expect_fail.len()), (2, 2, 1));
        assert!(flags.yes_it_is_mine && !flags.json && !flags.insecure);
        let flags = parsed("localhost:1 --insecure --pid 1 --json").unwrap();
        assert_eq!((flags.pid, flags.speaks, flags.json), (Some(1), None, true));
        assert_eq!((flags.versions(), flags.seed), (Version::ALL.to_vec(), 1));
        let flags = parsed("--listen localhost:0 --explain cut-between-records").unwrap();
        assert!(matches!(flags.explain, Some(Explained::Case(named)) if named.client.is_some()));
    }

    #[test]
    fn a_group_chooses_its_cases_and_no_flag_chooses_all() {
        let all = crate::cases::all().count();
        assert_eq!(parsed("localhost:1").unwrap().cases().unwrap().len(), all);
        let end = parsed("--list --case end").unwrap().cases().unwrap();
        assert!(!end.is_empty() && end.len() < all);
        assert!(end.iter().all(|case| choice::name_of(case.group) == "end"));
        assert_eq!(
            parsed("--list --case close-notify-answered --case end").unwrap().cases().unwrap().len(),
            end.len()
        );
    }

    #[test]
    fn each_wrong_value_says_what_to_write() {
        for (line, part) in [
            ("", "required"),
            ("localhost", "localhost:443"),
            ("localhost:1 --ca x --insecure", "cannot be used with"),
            ("localhost:1 --json --junit x", "cannot be used with"),
            ("localhost:1 --pid 1 -- server", "cannot be used with"),
            ("--listen localhost:0 --junit x -- client", "cannot be used with"),
            ("localhost:1 --pid 0", "not in"),
            ("localhost:1 --cert x", "--key"),
            ("localhost:1 --key x", "--cert"),
            ("localhost:1 --speaks ftp", "write echo, http"),
            ("localhost:1 --tls 1.1", "write 1.2 or 1.3"),
            ("localhost:1 --patience 5", "`5s`"),
            ("localhost:1 --patience 0s", "1s is the shortest"),
            ("localhost:1 --patience 2h", "10m is the longest"),
            ("localhost:1 --patience 99999999999999999999s", "too many digits"),
            ("localhost:1 --patience soon", "examples: 5s"),
            ("localhost:1 --alpn=", "empty"),
            ("localhost:1 --server-name a..b", "DNS name"),
            ("localhost:1 --case ende", "Did you mean end?"),
            ("localhost:1 --explain clos-notify-answered", "Did you mean close-notify-answered?"),
            ("localhost:1 --expect-fail end", "--list"),
            ("localhost:1 --seed x", "invalid"),
        ] {
            let error = parsed(line).err().unwrap_or_default();
            assert!(error.contains(part), "{line}: {error:?}");
        }
    }
}
