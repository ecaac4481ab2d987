//! Clients that do nothing, or hardly anything. Every value is noted: a deadline is a policy.
//!
//! A case waits for the patience of the target at most. It uses no time of the server while it waits, so these cases may
//! run side by side.

mod unread;
mod wait;

use std::thread;
use std::time::{Duration, Instant};

use wait::{fate_of_the_socket, longer, noted_after, noted_end};

use crate::case::{About, Case, Group, Needs, Versions};
use crate::trial::Trial;
use crate::verdict::{Judgement, Stop, noted};
use crate::wire::hello::record;
use crate::wire::{Client, Connection, End};

const DEADLINES: &str = "07-time.md#which-deadlines";
const POLICY: &str = "a policy";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).source(POLICY).guide(DEADLINES)
}

/// The cases of this group.
pub static CASES: &[Case] = &[
    about("silent-client")
        .tries("The client connects and sends nothing.")
        .good("The server closes the connection after some seconds.")
        .guide("traps.md#a-client-connects-and-sends-nothing-the-server-serves-no-other-client")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, |trial| wait_behind(trial, &[])),
    about("slow-handshake")
        .tries("The client sends a byte of its ClientHello each half second.")
        .good("The deadline belongs to the whole handshake: a byte does not move it.")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, slow_handshake),
    about("half-a-hello")
        .tries("The client sends the first half of its ClientHello, and then nothing.")
        .good("The server closes the connection after some seconds.")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, |trial| {
            let hello = trial.hello()?;
            wait_behind(trial, &hello[..hello.len() / 2])
        }),
    about("hello-and-silence")
        .tries("The client sends its ClientHello, and never answers the server's flight.")
        .good("The server closes the connection after some seconds.")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, |trial| {
            let hello = trial.hello()?;
            wait_behind(trial, &hello)
        }),
    about("warning-and-silence")
        .tries("The client sends an unencrypted close_notify instead of a ClientHello, and then nothing.")
        .good("The server closes the connection, at once or after some seconds.")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, |trial| {
            wait_behind(trial, &record(21, &[1, 0])?)
        }),
    about("idle-session")
        .tries("The client does nothing after an exchange.")
        .good("The server closes the session after a time that fits its protocol, with close_notify.")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, idle_session),
    about("unanswered-close")
        .tries(
            "The client sends close_notify and keeps its side of the connection open. The server's socket \
             answers bytes with a reset when it is gone.",
        )
        .good("The server answers, and does not wait for ever for the client's FIN.")
        .guide("traps.md#a-close-waits-for-ever-until-the-last-bytes-are-written-cve-2019-15541")
        .case(Group::Deadlines, Versions::Highest, Needs::Nothing, unanswered_close),
    about("unread-answer-deadline")
        .tries("The client sends until the server takes no more, and never reads.")
        .good(
            "The server ends the session when its output makes no progress for some time. It sends no \
             close_notify, which would confirm a complete answer.",
        )
        .guide("06-backpressure.md#what-is-still-wrong")
        .case(Group::Deadlines, Versions::Highest, Needs::Echo, unread::never_reads),
    about("slow-reader")
        .tries("The client sends 16 MB, and reads one byte of the echo each half second.")
        .good("The server ends the session when its output makes no progress for some time.")
        .case(Group::Deadlines, Versions::Highest, Needs::Echo, unread::reads_slowly),
];

/// How much later a client without a session comes. The cases that need a session have theirs by then. Some servers wait for
/// half a ClientHello and serve no other client meanwhile.
const LATER: Duration = Duration::from_secs(1);
/// The pause between two bytes of a slow client.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until the cases that run beside this one have their sessions.
fn come_later(trial: &Trial<'_>) {
    if trial.facts.has_neighbours() {
        thread::sleep(LATER);
    }
}

/// Sends these bytes, and waits for the end of the connection.
fn wait_behind(trial: &mut Trial<'_>, bytes: &[u8]) -> Judgement {
    come_later(trial);
    let mut connection = trial.connection()?;
    connection.send(bytes)?;
    wait_for_the_end(trial, connection, Instant::now())
}

fn slow_handshake(trial: &mut Trial<'_>) -> Judgement {
    come_later(trial);
    let hello = trial.hello()?;
    let mut connection = trial.connection()?;
    let start = Instant::now();
    let mut sent = 0;
    for byte in hello.chunks(1) {
        if start.elapsed() >= trial.target.patience {
            return Ok(longer(trial));
        }
        if connection.send(byte).is_err() || !connection.is_silent_for(PAUSE)? {
            break;
        }
        sent += 1;
    }
    connection.note(format!("{sent} bytes were sent"));
    wait_for_the_end(trial, connection, start)
}

/// Waits for the end of a connection, up to the patience.
fn wait_for_the_end(trial: &mut Trial<'_>, mut connection: Connection, start: Instant) -> Judgement {
    connection.set_limit(trial.target.patience.saturating_sub(start.elapsed()).max(PAUSE));
    let (_, end) = connection.read_to_end();
    trial.keep_end(&end);
    Ok(noted_end(trial, start, &end))
}

fn idle_session(trial: &mut Trial<'_>) -> Judgement {
    let client = after_an_exchange(trial)?;
    end_and_fate(trial, client, |end| *end == End::CloseNotify)
}

fn unanswered_close(trial: &mut Trial<'_>) -> Judgement {
    let mut client = after_an_exchange(trial)?;
    client.close_notify()?;
    end_and_fate(trial, client, |end| !end.is_open())
}

/// Waits for the end of a session. After such an end, also waits for the end of the server's socket.
fn end_and_fate(trial: &mut Trial<'_>, mut client: Client, has_fate: impl Fn(&End) -> bool) -> Judgement {
    let start = Instant::now();
    client.connection().set_limit(trial.target.patience);
    let (_, end) = client.receive_to_end();
    trial.keep_end(&end);
    if !has_fate(&end) {
        return Ok(noted_end(trial, start, &end));
    }
    let closed = noted_after(start, &end);
    let mut connection = client.into_connection();
    let fate = fate_of_the_socket(&mut connection, start, trial.target.patience)?;
    Ok(noted(format!("{closed}; {fate}")))
}

/// A client after an exchange. If the server does not answer in time, the case says nothing: a server with a few slots is
/// busy with the other cases.
fn after_an_exchange(trial: &Trial<'_>) -> Result<Client, Stop> {
    let mut client = trial.ready()?;
    match trial.exchange(&mut client) {
        Ok(()) => Ok(client),
        Err(stop) => Err(Stop::Inconclusive(stop.why().to_owned())),
    }
}
