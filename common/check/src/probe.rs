//! The first sessions: the abilities of the target.

use std::io;
use std::time::{Duration, Instant};

use crate::case::Version;
use crate::evidence::Evidence;
use crate::exchange;
use crate::payload::payload;
use crate::target::{Speaks, Target};
use crate::wire::{Client, End};

/// The most sessions at a time that the probe tries.
const AT_ONCE: usize = 4;
/// How long a second session may take until the target counts as a server of one session at a time.
const SECOND: Duration = Duration::from_secs(2);
/// How long a session may take to end, behind its close_notify.
const FAREWELL: Duration = Duration::from_secs(2);
/// The longest greeting.
const GREETING: usize = 64 * 1024;

/// The findings of the probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The versions of TLS that it speaks, the newest first. Not empty.
    pub versions: Vec<Version>,
    /// The bytes that it sends before it has received anything. Only known of a target that echoes.
    pub greeting: Vec<u8>,
    /// How many sessions it serves at a time, up to four.
    pub at_once: usize,
}

impl Facts {
    /// Whether the target serves several sessions at a time.
    pub fn has_neighbours(&self) -> bool {
        self.at_once > 1
    }

    /// The highest version.
    pub fn highest(&self) -> Version {
        self.versions.first().copied().unwrap_or(Version::Tls13)
    }
}

/// Why a target cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No session was possible in any of the versions.
    #[error("no session with {address} was possible: {reasons}")]
    NoSession {
        /// The address of the target.
        address: std::net::SocketAddr,
        /// The error in each version.
        reasons: String,
    },
    /// It does not speak the protocol that `--speaks` names.
    #[error("{address} does not speak what --speaks says ({why}). Try --speaks any")]
    NotSpoken {
        /// The address of the target.
        address: std::net::SocketAddr,
        /// Its behaviour instead.
        why: String,
    },
}

/// Probes a target with these versions.
///
/// # Errors
/// See [`ProbeError`].
pub fn probe(target: &Target, versions: &[Version]) -> Result<Facts, ProbeError> {
    let mut spoken = Vec::new();
    let mut reasons = Vec::new();
    for version in versions {
        match session(target, *version) {
            Ok(()) => spoken.push(*version),
            Err(error) => reasons.push((*version, reason(target, &error))),
        }
    }
    if spoken.is_empty() {
        return Err(ProbeError::NoSession { address: target.address, reasons: joined(&reasons) });
    }
    spoken.sort_by(|one, other| other.cmp(one));
    let mut facts = Facts { versions: spoken, greeting: Vec::new(), at_once: 1 };
    if target.speaks == Speaks::Echo {
        let greeting = find_greeting(target, &facts);
        facts.greeting = greeting.map_err(|why| ProbeError::NotSpoken { address: target.address, why })?;
    }
    good_session(target, &facts).map_err(|why| ProbeError::NotSpoken { address: target.address, why })?;
    facts.at_once = sessions_at_once(target, &facts);
    Ok(facts)
}

/// Why a first session was not possible.
fn reason(target: &Target, error: &io::Error) -> String {
    match End::of(error) {
        End::Open => format!("the handshake was not answered within {} s", target.patience.as_secs_f64()),
        _ => error.to_string(),
    }
}

/// The error in each version. An error that all versions have in common is there once.
fn joined(reasons: &[(Version, String)]) -> String {
    match reasons {
        [(_, one), others @ ..] if others.iter().all(|(_, other)| one == other) => {
            let versions: Vec<_> = reasons.iter().map(|(version, _)| version.to_string()).collect();
            format!("{}: {one}", versions.join(" and "))
        }
        _ => {
            let each: Vec<_> = reasons.iter().map(|(version, why)| format!("{version}: {why}")).collect();
            each.join("; ")
        }
    }
}

fn session(target: &Target, version: Version) -> io::Result<()> {
    let mut client = client(target, version)?;
    client.handshake()?;
    client.leave(FAREWELL);
    Ok(())
}

/// A client of a session that ends within the patience, however slowly the target sends.
fn client(target: &Target, version: Version) -> io::Result<Client> {
    let by = Instant::now() + target.patience;
    let connection = target.connect(&Evidence::default())?.until(by);
    target.client_with(target.config(&[version.rustls()])?, connection)
}

/// Sends a line, and returns the bytes before its echo.
fn find_greeting(target: &Target, facts: &Facts) -> Result<Vec<u8>, String> {
    let sent = payload(64);
    let mut client = client(target, facts.highest()).map_err(|error| error.to_string())?;
    client.handshake().map_err(|error| error.to_string())?;
    exchange::pause();
    client.send(&sent).map_err(|error| error.to_string())?;
    let mut received = Vec::new();
    while !received.ends_with(&sent) {
        match client.receive_some(GREETING) {
            Ok(more) if !more.is_empty() && received.len() < GREETING => received.extend(more),
            Ok(_) => return Err("it does not echo".to_owned()),
            Err(error) => return Err(format!("it does not echo: {error}")),
        }
    }
    received.truncate(received.len() - sent.len());
    client.leave(FAREWELL);
    Ok(received)
}

/// Runs a good session within the patience: handshake, one exchange, close_notify. Returns how it failed.
///
/// # Errors
/// The target does not serve within its patience.
pub fn good_session(target: &Target, facts: &Facts) -> Result<(), String> {
    let mut client = client(target, facts.highest()).map_err(|error| error.to_string())?;
    let run = |client: &mut Client| {
        exchange::handshake(facts, client)?;
        client.send(&exchange::request(target))
    };
    run(&mut client).map_err(|error| error.to_string())?;
    exchange::answer(target, &mut client).map_err(|stop| stop.why().to_owned())?;
    client.leave(FAREWELL);
    Ok(())
}

fn sessions_at_once(target: &Target, facts: &Facts) -> usize {
    let mut open = Vec::new();
    for _ in 0..AT_ONCE {
        let Ok(mut client) = client(target, facts.highest()) else { break };
        client.connection().set_limit(SECOND);
        if exchange::handshake(facts, &mut client).is_err() {
            break;
        }
        open.push(client);
    }
    let count = open.len();
    open.into_iter().for_each(|client| client.leave(FAREWELL));
    count.max(1)
}
