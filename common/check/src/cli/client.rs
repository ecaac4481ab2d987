//! `mio-check --listen HOST:PORT -- COMMAND`: judges a client, and reports.

use std::net::SocketAddr;
use std::time::Instant;

use super::exit::{Exit, Fault};
use super::flags::Flags;
use super::place::{Place, is_loopback};
use super::{again, interrupt};
use crate::clients::{ClientCommand, ClientError, Mode, Stage};
use crate::report::client::ClientReport;
use crate::report::screen::Colours;
use crate::report::{printable, progress::Progress, say, warn};
use crate::target::Speaks;

/// The traffic of our servers, for an address that other computers can connect to.
const SENT: &str =
    "    damaged, forged, oversized and endless TLS records and messages, up to 16 MB in one session
    certificates that no client should accept";

/// Judges the client that the flags name, and writes the report.
///
/// # Errors
/// The run did not take place.
pub fn client(flags: &Flags, place: &Place) -> Result<Exit, Fault> {
    let cases = flags.client_cases().map_err(Fault::Usage)?;
    let expected = flags.expected_of_clients(&cases).map_err(Fault::Usage)?;
    let command = command(flags)?;
    let address = address(place, flags.yes_it_is_mine)?;
    let mode = match flags.speaks {
        Some(Speaks::Echo) => Some(Mode::Echo),
        Some(Speaks::Http) => Some(Mode::Http),
        Some(Speaks::Any) | None => None,
    };
    let group = command.group();
    interrupt::on_signal(move || group.close())
        .map_err(|error| Fault::Usage(format!("cannot handle signals: {error}")))?;
    let stage = Stage::new(address, host(place, address), mode, &flags.versions(), flags.patience)
        .map_err(|error| Fault::Usage(format!("cannot listen at {place}: {error}")))?;
    let start = Instant::now();
    let progress = Progress::of_stderr();
    progress.show("a clean session");
    let facts = stage.probe(&command);
    progress.clear();
    let facts = match facts {
        Ok(facts) => facts,
        Err(_) if command.group().is_closed() => return Err(Fault::Interrupted),
        Err(ClientError::Io(error)) => return Err(Fault::Usage(error.to_string())),
        Err(error @ ClientError::NotClean { .. }) => return Err(Fault::NotClean(error.to_string())),
    };
    let mut report = ClientReport {
        command: again::line(command.words()),
        address: stage.address(),
        facts,
        outcomes: Vec::new(),
        not_run: cases.clone(),
        expected,
        again: again::words(std::env::args_os().collect()),
        patience: flags.patience,
        took: start.elapsed(),
    };
    let colours = Colours::of_stdout();
    let speak = |text: &str| {
        if !flags.json {
            say(text);
        }
    };
    speak(&report.header(colours));
    for (index, case) in cases.iter().enumerate() {
        progress.show(&format!("{} of {}: {}", index + 1, cases.len(), case.about.name));
        let outcome = stage.run(&command, &report.facts, case);
        progress.clear();
        if command.group().is_closed() {
            break;
        }
        let outcome = outcome.map_err(|error| Fault::Usage(error.to_string()))?;
        speak(&report.line(&outcome, colours));
        report.outcomes.push(outcome);
        report.not_run.remove(0);
    }
    report.took = start.elapsed();
    match flags.json {
        true => say(&report.json()),
        false => say(&report.footer(colours)),
    }
    Ok(report.summary().exit())
}

fn command(flags: &Flags) -> Result<ClientCommand, Fault> {
    if flags.command.is_empty() {
        let text = "--listen needs a COMMAND, the client: -- curl -sS --cacert {ca} https://{host}:{port}";
        return Err(Fault::Usage(text.to_owned()));
    }
    let words = flags.command.iter().map(|word| {
        let text = word.to_str().map(ToOwned::to_owned);
        text.ok_or_else(|| {
            Fault::Usage(format!(
                "COMMAND is not UTF-8: {}",
                printable::printable(&word.to_string_lossy(), 100)
            ))
        })
    });
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    let command = ClientCommand::new(words, flags.stdin.clone());
    match command.names("port") {
        true => Ok(command),
        false if flags.listen.as_ref().is_some_and(|place| place.port != 0) => Ok(command),
        false => Err(Fault::Usage("COMMAND needs {port}: with port 0 the client cannot know it".to_owned())),
    }
}

/// The value of `{host}`. No client can connect to 0.0.0.0 or ::, and no certificate has such a name.
fn host(place: &Place, address: SocketAddr) -> &str {
    match (address.ip().is_unspecified(), address.is_ipv4()) {
        (false, _) => &place.host,
        (true, true) => "127.0.0.1",
        (true, false) => "::1",
    }
}

/// The address to listen at. Other computers can connect to it only if the user says so.
fn address(place: &Place, yes_it_is_mine: bool) -> Result<SocketAddr, Fault> {
    let addresses = place.addresses_to_listen_at().map_err(Fault::Usage)?;
    let first = *addresses.first().ok_or_else(|| Fault::Usage(format!("{place} has no address")))?;
    if is_loopback(first.ip()) {
        return Ok(first);
    }
    if !yes_it_is_mine {
        return Err(Fault::Usage(format!(
            "{place} is an address that other computers can connect to ({first}). A computer that connects would \
             get:\n{SENT}\n\
             If only your client can connect, add --yes-it-is-mine"
        )));
    }
    warn(&format!(
        "other computers can connect to {place} ({first}). A computer that connects gets:\n{SENT}"
    ));
    Ok(first)
}
