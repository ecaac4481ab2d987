//! The clean session, in which the server makes no fault.

use std::io;
use std::time::{Duration, Instant};

use super::message::{Delimiter, Mode, USUAL, missing};
use super::process::{ClientCommand, Ended};
use super::stage::{ClientError, ClientFacts, Encounter};
use super::visit::Visit;
use crate::case::Version;
use crate::wire::{Connection, End, Server};

/// How long a client of an unknown protocol may take to send an HTTP request.
const REQUEST: Duration = Duration::from_secs(1);
/// How long an echo waits for more before it closes the session.
const SILENCE: Duration = Duration::from_millis(500);

/// Serves a clean session. The server closes first, unless the client does.
pub fn serve(visit: &Visit<'_>, connection: Connection) -> io::Result<()> {
    let mut server = visit.server(connection)?;
    server.handshake()?;
    visit.keep_version(&mut server);
    let mut received = Vec::new();
    let mode = match visit.stage.known_mode() {
        Some(mode) => mode,
        None => find_mode(&mut server, &mut received)?,
    };
    visit.happened.facts().mode = Some(mode);
    visit.reached();
    match mode {
        Mode::Http => {
            visit.request(&mut server, received)?;
            let message = super::message::Message::new(mode, USUAL, Delimiter::Length);
            server.send(&message.whole())?;
        }
        Mode::Echo => {
            server.send(&super::message::Message::new(mode, USUAL, Delimiter::Close).whole())?;
            server.send(&received)?;
            if let Some(end) = echo(&mut server)? {
                visit.happened.facts().end = Some(end);
                let _ = server.close_notify();
                return visit.fin(server.into_connection());
            }
        }
    }
    visit.finish(server, USUAL)
}

/// A client that sends an HTTP request speaks HTTP.
fn find_mode(server: &mut Server, received: &mut Vec<u8>) -> io::Result<Mode> {
    let limit = server.connection().limit();
    server.connection().set_limit(REQUEST);
    let first = server.receive_some(4096);
    server.connection().set_limit(limit);
    match first {
        Ok(bytes) => received.extend(bytes),
        Err(error) if End::of(&error) == End::Open => {}
        Err(error) => return Err(error),
    }
    let is_http = super::message::find(received, b" HTTP/1.").is_some();
    Ok(if is_http { Mode::Http } else { Mode::Echo })
}

/// Echoes until the client ends its side, or is silent. Returns how it ended its side.
fn echo(server: &mut Server) -> io::Result<Option<End>> {
    let limit = server.connection().limit();
    server.connection().set_limit(SILENCE);
    let by = Instant::now() + limit;
    let end = loop {
        match server.receive_some(64 * 1024) {
            Ok(bytes) if bytes.is_empty() => break Some(End::CloseNotify),
            Ok(_) if Instant::now() > by => break None,
            Ok(bytes) => server.send(&bytes)?,
            Err(error) => match End::of(&error) {
                End::Open => break None,
                end => break Some(end),
            },
        }
    };
    server.connection().set_limit(limit);
    Ok(end)
}

/// The findings about the client in a clean session.
pub(super) fn facts(
    mode: Mode,
    command: &ClientCommand,
    encounter: Encounter,
) -> Result<ClientFacts, ClientError> {
    let why = match (encounter.connections, encounter.run.ended) {
        (0, ended) => format!("it did not connect, and {ended}"),
        (_, Ended::Status(0)) if encounter.facts.reached => String::new(),
        (_, Ended::Running) => format!(
            "it was still running after {:.0} s. Does it wait for the end of its stdin? Then add --stdin /dev/null",
            encounter.run.took.as_secs_f64()
        ),
        (_, ended) => match &encounter.facts.error {
            Some(error) => format!("{ended} ({error})"),
            None => ended.to_string(),
        },
    };
    if !why.is_empty() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
        let output = format!("{}{}", text(&encounter.run.stdout), text(&encounter.run.stderr));
        return Err(ClientError::NotClean { why, evidence: encounter.evidence, output });
    }
    let end = encounter.facts.end.map_or_else(|| "nothing".to_owned(), |end| end.to_string());
    Ok(ClientFacts {
        version: encounter.facts.version.unwrap_or(Version::Tls13),
        mode,
        shows: missing(&encounter.run.stdout, USUAL).is_none(),
        end,
        names_authority: command.names("ca"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::super::happened::Happened;
    use super::super::stage::Stage;
    use super::*;
    use crate::evidence::Evidence;
    use crate::wire::{Forge, fixture};

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn a_session_that_the_client_closes_first_does_not_change_the_next_one() {
        let any = ([127, 0, 0, 1], 0).into();
        let stage = Arc::new(Stage::new(any, "localhost", Some(Mode::Echo), &Version::ALL, LIMIT).unwrap());
        let happened = Arc::new(Happened::default());
        for (closes_first, complete) in [(true, None), (false, Some(USUAL))] {
            let (stage, shared) = (Arc::clone(&stage), Arc::clone(&happened));
            let (mut client, server) = fixture::client(move |connection| {
                let visit = Visit {
                    stage: &stage,
                    happened: &shared,
                    number: 0,
                    evidence: Evidence::default(),
                    forge: Forge::default(),
                    deadline: Instant::now() + LIMIT,
                    half_closed: Cell::new(false),
                };
                serve(&visit, connection).unwrap();
            });
            client.handshake().unwrap();
            if closes_first {
                client.close_notify().unwrap();
            }
            assert_eq!(client.receive_to_end().1, End::CloseNotify);
            drop(client);
            server.join().unwrap();
            assert_eq!(happened.facts().complete, complete);
        }
    }
}
