//! How sessions end: alerts.

use std::io;
use std::thread;
use std::time::Instant;

use rustls::ContentType;

use crate::case::{About, Case, Group, Needs, Versions};
use crate::exchange::is_answered;
use crate::payload::payload;
use crate::trial::{END_LIMIT, Trial};
use crate::verdict::{Judgement, Verdict, failed, noted};
use crate::wire::forge::damage;
use crate::wire::hello::{ClientHello, SUPPORTED_VERSIONS, handshake, record};
use crate::wire::{Client, Connection, End};

/// How often a case looks for the alert. A reset that destroys it is a race.
const RUNS: usize = 20;
/// The number of bytes that a client sends behind a damaged record.
const MORE: usize = 1 << 20;
/// One byte more than a TLS 1.2 record may have (RFC 5246, 6.2.3). TLS 1.3 allows less.
const TOO_LONG: usize = 16_384 + 2_048 + 1;

const READABLE: &str =
    "The server sends an alert and closes the connection without a reset, so that the client can read it.";
const GUIDE: &str = "05-the-end.md#a-reset-can-destroy-what-is-not-read";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).good(READABLE).guide(GUIDE)
}

/// The cases of this file.
pub static CASES: &[Case] = &[
    about("alert-readable-bad-record")
        .tries("The client sends a damaged record, 20 times, and reads until the end.")
        .source("RFC 8446, 5.2 and 6.2; RFC 5246, 7.2.2")
        .case(Group::End, Versions::Highest, Needs::Nothing, bad_record),
    about("alert-readable-bad-message")
        .tries("The first message of the client cannot be parsed. This is repeated 20 times.")
        .source("RFC 8446, 6.2; RFC 5246, 7.2.2")
        .case(Group::End, Versions::Highest, Needs::Nothing, bad_message),
    about("alert-readable-old-version")
        .tries("The client speaks TLS 1.0 only, 20 times.")
        .source("RFC 8996, 4; RFC 8446, 4.2.1 and 6.2")
        .case(Group::End, Versions::Highest, Needs::Nothing, old_version),
    about("alert-readable-long-record")
        .tries("The client sends a record that is longer than TLS allows, 20 times.")
        .source("RFC 8446, 5.2 and 6.2; RFC 5246, 6.2.3")
        .case(Group::End, Versions::Highest, Needs::Nothing, long_record),
    about("alert-readable-while-sending")
        .tries("The client sends a damaged record and then a megabyte, 20 times, and reads meanwhile.")
        .source("RFC 8446, 5.2 and 6.2; RFC 5246, 7.2.2")
        .case(Group::End, Versions::Highest, Needs::Nothing, while_sending),
    about("peers-fatal-alert")
        .tries(
            "The client sends a fatal alert after the handshake, and keeps its side of the connection open.",
        )
        .good("The server closes the connection. It need not send anything.")
        .source("RFC 8446, 6.2; RFC 5246, 7.2.2")
        .guide("05-the-end.md#a-session-has-phases")
        .case(Group::End, Versions::Each, Needs::Nothing, peers_fatal_alert),
];

fn bad_record(trial: &mut Trial<'_>) -> Judgement {
    repeat(trial, |trial| {
        let mut client = trial.ready()?;
        let record = damaged(&mut client)?;
        client.connection().send(&record)?;
        Ok(end_of_session(trial, client, Vec::new()))
    })
}

fn while_sending(trial: &mut Trial<'_>) -> Judgement {
    let more = payload(MORE);
    repeat(trial, |trial| {
        let mut client = trial.ready()?;
        let mut records = damaged(&mut client)?;
        records.extend(client.seal(&more)?);
        Ok(end_of_session(trial, client, records))
    })
}

fn long_record(trial: &mut Trial<'_>) -> Judgement {
    repeat(trial, |trial| {
        let mut client = trial.ready()?;
        client.connection().send(&record(23, &[0; TOO_LONG])?)?;
        Ok(end_of_session(trial, client, Vec::new()))
    })
}

fn bad_message(trial: &mut Trial<'_>) -> Judgement {
    repeat(trial, |trial| {
        let mut connection = trial.connection()?;
        connection.send(&record(22, &handshake(1, &[0xff; 40])?)?)?;
        Ok(end_of_connection(trial, connection))
    })
}

fn old_version(trial: &mut Trial<'_>) -> Judgement {
    let mut hello = ClientHello::parse(&trial.hello()?)?;
    hello.version = 0x0301;
    hello.set(SUPPORTED_VERSIONS, None);
    let hello = hello.record()?;
    repeat(trial, |trial| {
        let mut connection = trial.connection()?;
        connection.send(&hello)?;
        Ok(end_of_connection(trial, connection))
    })
}

/// Seals a record and damages its last byte.
fn damaged(client: &mut Client) -> io::Result<Vec<u8>> {
    let mut record = client.seal(&payload(64))?;
    damage(&mut record);
    Ok(record)
}

/// How a connection ended.
enum Ended {
    /// With an alert that the client can read.
    Readable(End),
    /// With an alert and a reset behind it. Some systems lose the alert.
    Destroyed,
    /// Without an alert.
    Otherwise(End),
    /// The server went on, in this way.
    GoesOn(String),
    /// The connection stayed open, or ended very late.
    Late(Verdict),
    /// The server spoke an old version.
    OldVersion,
}

/// Sends these records on a thread, and reads until the server ends the session.
fn end_of_session(trial: &mut Trial<'_>, mut client: Client, records: Vec<u8>) -> Ended {
    let Ok(mut connection) = client.connection().try_clone() else {
        return Ended::Otherwise(End::Other("no descriptor is free".to_owned()));
    };
    connection.set_limit(END_LIMIT);
    let sender = thread::spawn(move || connection.send(&records));
    let (plaintext, end) = trial.end_of(&mut client);
    let since = Instant::now();
    let behind = match end {
        End::Alert(_) => client.connection().end_of_tcp(),
        _ => End::Fin,
    };
    if behind.is_open() {
        trial.keep_end_of(client.connection(), since, &behind);
    }
    let is_answered = is_answered(trial.target, &plaintext);
    let rule = trial.close_rule();
    let late = (!is_answered && (end.is_open() || behind.is_open())).then(|| {
        trial.left_open(|time| stays_open(if end.is_open() { None } else { Some(&end) }, time, rule))
    });
    client.connection().shut_down(); // ends the thread
    let _ = sender.join(); // the server may end the connection before it has read everything
    if let Some(verdict) = late {
        return Ended::Late(verdict);
    }
    match end {
        _ if is_answered => {
            Ended::GoesOn(format!("the server answered the record: it sent {} bytes", plaintext.len()))
        }
        End::Alert(_) if behind == End::Reset => Ended::Destroyed,
        End::Alert(_) => Ended::Readable(end),
        other => Ended::Otherwise(other),
    }
}

/// Reads until the server ends a connection without keys.
fn end_of_connection(trial: &mut Trial<'_>, mut connection: Connection) -> Ended {
    let (bytes, end) = trial.end_of_connection(&mut connection);
    let rule = trial.close_rule();
    let is_alert = bytes.first() == Some(&u8::from(ContentType::Alert));
    match end {
        // A ServerHello.
        _ if bytes.get(5) == Some(&2) && bytes.first() == Some(&u8::from(ContentType::Handshake)) => {
            Ended::OldVersion
        }
        End::Reset if is_alert => Ended::Destroyed,
        End::Alert(_) => Ended::Readable(end),
        End::Open => Ended::Late(trial.left_open(|time| {
            let what = if is_alert { "an alert came, but the connection" } else { "the connection" };
            format!("{what} stays open for {time} ({rule})")
        })),
        other => Ended::Otherwise(other),
    }
}

fn stays_open(alert: Option<&End>, time: &str, rule: &str) -> String {
    let alert = alert.map(|alert| format!("{alert} came, but ")).unwrap_or_default();
    format!("{alert}the connection stays open for {time} ({rule})")
}

/// Counts how often the alert can be read. A server that goes on fails at once.
fn repeat(trial: &mut Trial<'_>, mut run: impl FnMut(&mut Trial<'_>) -> io::Result<Ended>) -> Judgement {
    let (mut readable, mut destroyed, mut alert, mut other) = (0, 0, None, None);
    for _ in 0..RUNS {
        match run(trial)? {
            Ended::Readable(end) => {
                readable += 1;
                alert = Some(end);
            }
            Ended::Destroyed => destroyed += 1,
            Ended::Otherwise(end) => other = Some(end),
            Ended::GoesOn(what) => {
                return Ok(failed(format!("{what} ({})", trial.close_rule())));
            }
            Ended::Late(verdict) => return Ok(verdict),
            Ended::OldVersion => return Ok(noted("the server speaks TLS 1.0")),
        }
    }
    if readable == RUNS {
        return Ok(Verdict::Held);
    }
    let mut found = Vec::new();
    if let Some(alert) = alert {
        found.push(format!("{alert} could be read in {readable} of {RUNS} runs"));
    }
    if destroyed > 0 {
        found.push(format!(
            "in {destroyed} of {RUNS} runs a reset followed the alert, and some systems then lose the alert"
        ));
    }
    if found.is_empty() {
        found.push(format!("no alert came in {RUNS} runs"));
    }
    let mut text = found.join("; ");
    if let Some(other) = other {
        text += &format!("; other runs ended with {other}");
    }
    Ok(noted(text))
}

fn peers_fatal_alert(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    client.connection().note("we send the alert internal_error (80)");
    let alert = forge.seal(&mut client, ContentType::Alert, &[2, 80])?;
    client.connection().send(&alert)?;
    let (_, end) = trial.end_of(&mut client);
    Ok(match end {
        End::Open => {
            let rule = trial.close_rule();
            trial.left_open(|time| {
                format!("the connection stays open for {time} behind a fatal alert ({rule})")
            })
        }
        End::Fin | End::Reset => Verdict::Held,
        other => noted(format!("the server answered a fatal alert with {other}")),
    })
}
