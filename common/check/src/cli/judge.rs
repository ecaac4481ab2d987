//! Judges a server: starts COMMAND, runs the cases on a thread, and tells a reader each event.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use super::exit::Fault;
use super::place::{Place, first_that_accepts};
use crate::case::{Case, Version};
use crate::command::{Command, StartError};
use crate::probe::ProbeError;
use crate::run::{self, Event, Options, Report, Restart};
use crate::target::{Speaks, Target};

/// How long a TCP handshake may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server that dies may take to end, after its connection was reset.
const DIES: Duration = Duration::from_millis(500);
/// The pause between two looks at the process of the server.
const PAUSE: Duration = Duration::from_millis(10);

/// A message of the judge to the reader.
pub enum Message {
    /// A step before the first case.
    Prepares(String),
    /// An event of the run.
    Run(Event),
    /// The run is over, and COMMAND has ended.
    Over(Box<Result<Report, Fault>>),
    /// Ctrl-C.
    Interrupted,
}

/// A run, before it begins.
pub struct Judge {
    /// The server as the user wrote it.
    pub place: Place,
    /// Its addresses. The judge takes the first address that accepts a connection.
    pub addresses: Vec<SocketAddr>,
    /// The target. Its address is not known yet.
    pub target: Target,
    /// The command that starts it.
    pub command: Option<Command>,
    /// The file with the authorities to trust.
    pub ca: Option<PathBuf>,
    /// The chosen cases.
    pub cases: Vec<&'static Case>,
    /// The versions of TLS to try.
    pub versions: Vec<Version>,
    /// The seed.
    pub seed: u64,
    /// Whether to find out the protocol of the target.
    pub finds_out: bool,
    /// The way to the reader.
    pub reader: Sender<Message>,
}

impl Judge {
    /// Runs the cases, and ends COMMAND.
    pub fn run(mut self) {
        let result = self.start().and_then(|()| self.judge());
        drop(self.command.take());
        tell(&self.reader, Message::Over(Box::new(result)));
    }

    /// Starts COMMAND, or looks where the server accepts connections.
    fn start(&mut self) -> Result<(), Fault> {
        match &mut self.command {
            Some(command) => {
                tell(&self.reader, Message::Prepares("starts COMMAND".to_owned()));
                let running = command.start().map_err(|error| not_started(&error))?;
                self.target.address = running.address;
                self.target.process = running.process;
            }
            None => {
                tell(&self.reader, Message::Prepares(format!("connects to {}", self.place)));
                let address = first_that_accepts(&self.addresses, CONNECT);
                self.target.address = address.map_err(|error| {
                    Fault::Unreachable(format!(
                        "cannot connect to {}: {error}. Does the server run?",
                        self.place
                    ))
                })?;
            }
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<Report, Fault> {
        let address = self.target.address;
        let candidates = match self.finds_out {
            true => &[Speaks::Echo, Speaks::Http, Speaks::Any][..],
            false => &[self.target.speaks][..],
        };
        let mut result = Err(Fault::Unreachable(format!("{address} was not probed")));
        for (index, speaks) in candidates.iter().enumerate() {
            self.target.speaks = *speaks;
            let what = match speaks {
                Speaks::Echo => "does it echo?",
                Speaks::Http => "does it speak HTTP?",
                Speaks::Any => "is a handshake possible?",
            };
            tell(&self.reader, Message::Prepares(format!("probes {address}: {what}")));
            match self.run_cases() {
                Ok(report) => return Ok(report),
                Err(ProbeError::NotSpoken { .. }) if index + 1 < candidates.len() => {}
                Err(error) => {
                    result = Err(self.not_probed(&error));
                    break;
                }
            }
        }
        result
    }

    fn run_cases(&mut self) -> Result<Report, ProbeError> {
        let Self { target, command, cases, versions, seed, reader, .. } = self;
        let server = command.as_mut().map(|command| command as &mut dyn Restart);
        let options = Options { cases: cases.clone(), versions: versions.clone(), seed: *seed, server };
        run::run(target, options, &mut |event| tell(reader, Message::Run(event)))
    }

    /// The error of a probe, with a hint for the user, and the lines of COMMAND.
    fn not_probed(&mut self, error: &ProbeError) -> Fault {
        let mut text = error.to_string();
        if let Some(hint) = hint(&text, self.ca.as_deref()) {
            text = format!("{text}. {hint}");
        }
        if let Some(command) = &mut self.command {
            if let Some(how) = ends_soon(command) {
                text = format!(
                    "{how} when a client connected to it. Correct this first. The client's error: {error}"
                );
            }
            for line in command.last_lines() {
                text = format!("{text}\nCOMMAND wrote: {line}");
            }
        }
        Fault::Unreachable(text)
    }
}

/// The reader has gone if the program ends.
fn tell(reader: &Sender<Message>, message: Message) {
    let _ = reader.send(message);
}

fn not_started(error: &StartError) -> Fault {
    match error {
        StartError::Taken(_) | StartError::Spawn { .. } => Fault::Usage(error.to_string()),
        StartError::Interrupted => Fault::Interrupted,
        StartError::Ended { .. } | StartError::Deaf { .. } | StartError::Io(_) => {
            Fault::Unreachable(error.to_string())
        }
    }
}

/// Says how a server has ended. The reset of its connection can arrive before its process has ended.
fn ends_soon(command: &mut Command) -> Option<String> {
    let start = Instant::now();
    loop {
        let how = command.has_ended();
        if how.is_some() || start.elapsed() > DIES {
            return how;
        }
        thread::sleep(PAUSE);
    }
}

/// A hint about the error of a probe. `ca` is the file with the authorities that `--ca` names.
fn hint(error: &str, ca: Option<&Path>) -> Option<String> {
    if let Some(ca) = ca
        && ["UnknownIssuer", "BadSignature"].iter().any(|part| error.contains(part))
    {
        let ca = ca.display();
        return Some(format!(
            "The certificate is not signed by an authority in {ca}. Give the right --ca, or --insecure"
        ));
    }
    let hints = [
        (
            "CaUsedAsEndEntity",
            "The server's certificate is a CA certificate (CA:TRUE), which rustls accepts from no server. Make one with \
             openssl req -x509 … -addext basicConstraints=CA:FALSE, or use --insecure",
        ),
        ("certificate expired", "Renew the certificate, or use --insecure"),
        ("not valid for name", "Add --server-name NAME, or --insecure"),
        ("NotValidForName", "Add --server-name NAME, or --insecure"),
        ("invalid peer certificate", "Add --ca FILE with the authority that signed it, or --insecure"),
        ("CertificateRequired", "Add --cert FILE and --key FILE"),
        ("NoApplicationProtocol", "Add --alpn NAME"),
        ("UnrecognisedName", "Add --server-name NAME"),
        (
            "was not answered",
            "--patience is this limit. Does the server speak TLS on this port, without STARTTLS?",
        ),
        (
            "InvalidContentType",
            "The answer is not TLS. Does the server speak TLS on this port, without STARTTLS?",
        ),
    ];
    hints.iter().find(|(part, _)| error.contains(part)).map(|(_, hint)| (*hint).to_owned())
}
