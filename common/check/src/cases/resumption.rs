//! Sessions that come back.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::{ClientConfig, HandshakeKind};

use crate::case::{About, Case, Group, Needs, Versions};
use crate::exchange::{self, NO_REQUEST};
use crate::trial::Trial;
use crate::verdict::{Judgement, Stop, Verdict, failed, not_applicable, noted};
use crate::wire::{Client, Connection, End};

/// The cases of this group.
pub static CASES: &[Case] = &[
    About::new("resumption")
        .tries(
            "300 clients have a session each, one after the other. Then each comes back with its own ticket.",
        )
        .good("The server resumes each session. A client whose session it does not resume gets a new one.")
        .source("RFC 8446, 2.2; RFC 5246, 7.3; RFC 5077, 3.1")
        .guide("symptoms.md#why-is-every-second-session-not-resumed")
        .case(Group::Resumption, Versions::Each, Needs::Nothing, resumption),
    About::new("early-data-of-a-ticket")
        .tries(
            "A client comes back with a ticket that allows early data, and sends its request as early data.",
        )
        .good(
            "The server answers the request once, or rejects the early data and answers when it comes again.",
        )
        .source("RFC 8446, 2.3 and 4.2.10")
        .guide("traps.md#early-data-is-accepted-and-never-read")
        .case(Group::Resumption, Versions::Only13, Needs::Nothing, early_data_of_a_ticket),
];

/// More than many servers keep: a cache of 256 sessions is usual.
const CLIENTS: usize = 300;
/// How long the first sessions of all clients may take. A slow server gets fewer clients.
const FIRST_SESSIONS: Duration = Duration::from_secs(30);
/// How long the sessions of returning clients may take.
const LATER_SESSIONS: Duration = Duration::from_secs(15);
/// How many clients also send a request when they come back.
const WITH_REQUEST: usize = 10;
/// How long a client waits for the answer to its close_notify. The tickets come before it.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

fn resumption(trial: &mut Trial<'_>) -> Judgement {
    let start = Instant::now();
    let mut configs = Vec::new();
    while configs.len() < CLIENTS && start.elapsed() < FIRST_SESSIONS {
        let config = Arc::new(with_memory(trial)?);
        visit(trial, connection(trial, configs.len())?, &config, false)?;
        configs.push(config);
    }
    let mut returned = 0;
    let mut resumed = 0;
    let start = Instant::now();
    while returned < configs.len() && start.elapsed() < LATER_SESSIONS {
        let config = &configs[returned];
        let with_request = returned < WITH_REQUEST;
        let kind = match visit(trial, connection(trial, returned)?, config, with_request) {
            Ok(kind) => kind,
            Err(error) => come_again(trial, config, returned + 1, &error)?,
        };
        returned += 1;
        resumed += usize::from(kind == HandshakeKind::Resumed);
    }
    Ok(match returned {
        clients if clients == resumed => Verdict::Held,
        clients => noted(format!("{resumed} of {clients} clients resumed their sessions")),
    })
}

/// Brings a client back whose session failed. A limit of connections is a policy, and it refuses new clients too. A server
/// that refuses only this ticket has failed.
fn come_again(
    trial: &Trial<'_>,
    config: &Arc<ClientConfig>,
    number: usize,
    error: &io::Error,
) -> Result<HandshakeKind, Stop> {
    trial.evidence.note(format!("client {number} came back and got no session: {error}"));
    visit(trial, trial.connection()?, &Arc::new(with_memory(trial)?), true)?; // does the server serve a new client?
    visit(trial, trial.connection()?, config, false).map_err(|error| {
        Stop::Failed(format!("client {number} came back twice with its ticket and got no session: {error}"))
    })
}

/// The configuration of a client that remembers its own sessions.
fn with_memory(trial: &Trial<'_>) -> io::Result<ClientConfig> {
    let mut config = trial.target.config(&[trial.version.rustls()])?;
    config.resumption = Resumption::in_memory_sessions(4);
    Ok(config)
}

/// A connection of the client with this number. Only the first client is written down.
fn connection(trial: &Trial<'_>, number: usize) -> io::Result<Connection> {
    if number == 0 { trial.connection() } else { trial.unrecorded_connection() }
}

/// Runs a session up to its end. Returns how its handshake went.
fn visit(
    trial: &Trial<'_>,
    connection: Connection,
    config: &Arc<ClientConfig>,
    with_request: bool,
) -> io::Result<HandshakeKind> {
    let mut client = Client::new(connection, Arc::clone(config), trial.target.name.clone())?;
    client.handshake()?;
    let greeting = client.receive(trial.facts.greeting.len())?;
    if greeting != trial.facts.greeting {
        return Err(io::Error::other("the greeting is not the usual one"));
    }
    if with_request {
        exchange::pause();
        exchange::attempt(trial.target, &mut client).map_err(|end| io::Error::other(end.to_string()))?;
    }
    let kind = client.tls().handshake_kind().unwrap_or(HandshakeKind::Full);
    let _ = client.close_notify(); // a server may close after its answer
    client.connection().set_limit(CLOSE_LIMIT);
    client.receive_to_end(); // the tickets are in it
    Ok(kind)
}

fn early_data_of_a_ticket(trial: &mut Trial<'_>) -> Judgement {
    let request = trial.request();
    if request.is_empty() {
        return Ok(not_applicable(NO_REQUEST));
    }
    let mut config = with_memory(trial)?;
    config.enable_early_data = true;
    let config = Arc::new(config);
    visit(trial, trial.connection()?, &config, true)?;

    let mut client = Client::new(trial.connection()?, config, trial.target.name.clone())?;
    let Some(mut early_data) = client.tls().early_data() else {
        return Ok(not_applicable("the server's tickets do not allow early data"));
    };
    if early_data.write(&request)? < request.len() {
        return Ok(not_applicable("the server's tickets allow too little early data"));
    }
    if let Err(error) = exchange::handshake(trial.facts, &mut client) {
        return Ok(failed(format!("the session with early data ended with {}", End::of(&error))));
    }
    if client.tls().is_early_data_accepted() {
        return match trial.answer(&mut client) {
            Ok(()) => Ok(Verdict::Held),
            Err(stop) => {
                let why = stop.why();
                Err(Stop::Failed(format!("the server accepted the early data and lost it: {why}")))
            }
        };
    }
    match exchange::attempt(trial.target, &mut client) {
        Ok(()) => Ok(Verdict::Held),
        Err(end) => Ok(failed(format!("the server rejected the early data, and then {end}"))),
    }
}
