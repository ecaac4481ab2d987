//! The first bytes are not a ClientHello.

use rustls::AlertDescription as Alert;

use crate::case::{About, Case, Group, Needs, Versions};
use crate::trial::Trial;
use crate::verdict::{Judgement, Verdict, failed, noted};
use crate::wire::end::records;
use crate::wire::hello::{LONGEST, fatal_alert, handshake, record, records_of};
use crate::wire::{Connection, End};

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide(ALERTS)
}

/// The guide's page about a server that drops the connection without an alert.
const NEVER_SENT: &str = "traps.md#the-connection-is-dropped-after-an-error-the-alert-is-never-sent";
/// The guide's page about the alert of each fault in a record.
const ALERTS: &str = "contract.md#which-errors-queue-an-alert";

/// The cases of this group.
pub static CASES: &[Case] = &[
    about("http-first")
        .tries("The first bytes are a plain HTTP request.")
        .good(
            "The server ends the connection. An alert, or a short HTTP answer, tells the user what is wrong.",
        )
        .source("RFC 8446, 5")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| refused(trial, HTTP, &NOT_TLS)),
    about("ssh-first")
        .tries("The first bytes are the greeting of an SSH client.")
        .good("The server ends the connection, with an alert.")
        .source("RFC 8446, 5")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", &NOT_TLS)
        }),
    about("sslv2-first")
        .tries("The first bytes are the CLIENT-HELLO of SSL 2.0, which offers SSL 2.0 only.")
        .good("The server ends the connection, with an alert.")
        .source("RFC 6176, 3; RFC 8446, D.5")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &SSL2, &[&NOT_TLS[..], &[Alert::HandshakeFailure]].concat())
        }),
    about("noise-first")
        .tries("The first bytes are noise, with a control sequence for terminals.")
        .good("The server ends the connection, with an alert. Its log does not pass the control sequence on.")
        .source("RFC 8446, 5")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, b"\x1b[2J\xf1\x8f\x03\xa7\x99", &NOT_TLS)
        }),
    about("noise-like-a-record")
        .tries(
            "The first bytes look like the header of a handshake record, with an unknown version and an \
             unknown message.",
        )
        .good("The server ends the connection, with an alert.")
        .source("RFC 8446, 4")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, b"\x16\xf1\x8f\x03\xa7\x99\x00\x03\xa3", &NOT_TLS)
        }),
    about("server-hello-first")
        .tries("The client sends a ServerHello where its ClientHello must come.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &record(22, &handshake(2, &[0; 40])?)?, &[Alert::UnexpectedMessage])
        }),
    about("key-update-first")
        .tries("The client sends an unencrypted KeyUpdate where its ClientHello must come.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &record(22, &handshake(24, &[0])?)?, &[Alert::UnexpectedMessage])
        }),
    about("data-first")
        .tries("The client sends a record of application data where its ClientHello must come.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &record(23, b"hello")?, &[Alert::UnexpectedMessage])
        }),
    about("change-cipher-spec-first")
        .tries("The client sends a change_cipher_spec before its ClientHello.")
        .good(
            "The server ends the connection with unexpected_message. A stateless server may ignore the \
             record.",
        )
        .source("RFC 8446, 5")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, change_cipher_spec),
    about("heartbeat-first")
        .tries(
            "The client sends a heartbeat request that claims 65,535 bytes and has none (Heartbleed, \
             CVE-2014-0160).",
        )
        .good(
            "The server ends the connection with unexpected_message, or ignores the request. It never \
             answers.",
        )
        .source("RFC 6520, 4; RFC 8446, 5")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, heartbeat),
    about("empty-hello")
        .tries("The client sends a ClientHello without content.")
        .good("The server ends the connection with decode_error.")
        .source("RFC 8446, 6.2")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &record(22, &handshake(1, &[])?)?, &[Alert::DecodeError])
        }),
    about("fatal-alert-first")
        .tries("The client sends a fatal alert before anything else.")
        .good("The server closes the connection. It need not answer.")
        .source("RFC 8446, 6.2; RFC 5246, 7.2.2")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| closed(trial, &fatal_alert(40))),
    about("unknown-alert-first")
        .tries("The client sends a fatal alert with an unknown number before anything else.")
        .good("The server closes the connection, because unknown alerts are errors.")
        .source("RFC 8446, 6; RFC 5246, 7.2.2")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| closed(trial, &fatal_alert(200))),
    about("long-record-first")
        .tries("The header of the first record claims 18,433 bytes, which no version of TLS allows.")
        .good("The server ends the connection with record_overflow, and does not wait for the bytes.")
        .source("RFC 8446, 5.1; RFC 5246, 7.2.2")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            refused(trial, &[22, 3, 3, 0x48, 1], &[Alert::RecordOverflow])
        }),
    about("message-of-65535")
        .tries("The client sends a ClientHello of 65,535 zeros, in records of 16 KB.")
        .good(
            "The server ends the connection with an alert, when the message is too long for it or when it is \
             complete.",
        )
        .source("RFC 8446, 6.2")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            let message = handshake(1, &[0; 0xff_ff])?;
            refused(trial, &records_of(&message, LONGEST)?, &MALFORMED)
        }),
    about("message-of-16-mb")
        .tries("The client begins a ClientHello that claims 16 MB, and sends its first 80,000 bytes.")
        .good("The server has a limit for the length of a message, and ends the connection with an alert.")
        .source("RFC 8446, 6.2")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, message_of_16_mb),
    about("half-a-message-then-another-type")
        .tries(
            "The client begins a handshake message, and sends a record of application data before the rest.",
        )
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5.1")
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, |trial| {
            let bytes = [record(22, &[1, 0, 1])?, record(23, b"x")?].concat();
            refused(trial, &bytes, &[Alert::UnexpectedMessage])
        }),
    about("warnings-first")
        .tries("The client sends 100 warning alerts before anything else, in one write.")
        .good("The server ends the connection after a few of them.")
        .source("RFC 8446, 6.1; CVE-2016-8610")
        .guide(NEVER_SENT)
        .case(Group::FirstWords, Versions::Highest, Needs::Nothing, warnings),
];

const HTTP: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// An SSL 2.0 CLIENT-HELLO: a length with its high bit set, the type, version 2.0, three lengths, two ciphers and a
/// challenge.
const SSL2: [u8; 27] =
    [0x80, 25, 1, 0, 2, 0, 6, 0, 0, 0, 10, 1, 0, 0x80, 7, 0, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// The alerts for bytes that are not TLS. The type, the version and the length of their first record are all wrong. A
/// server may look at any of them first.
const NOT_TLS: [Alert; 4] =
    [Alert::UnexpectedMessage, Alert::DecodeError, Alert::ProtocolVersion, Alert::RecordOverflow];

/// The alerts for a ClientHello of zeros. It also offers no known version.
const MALFORMED: [Alert; 3] = [Alert::DecodeError, Alert::IllegalParameter, Alert::ProtocolVersion];

/// Sends these bytes. The server must end the connection. It may wait until the last record is complete.
fn refused(trial: &mut Trial<'_>, bytes: &[u8], alerts: &[Alert]) -> Judgement {
    let (answer, end) = say(trial, bytes)?;
    if answer.starts_with(b"HTTP/") {
        let line = answer.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
        return Ok(noted(format!("the server answered {}, and then {end}", line.escape_ascii())));
    }
    trial.must_end(&end, alerts)
}

/// Sends these bytes. The server must close the connection, with or without an answer.
fn closed(trial: &mut Trial<'_>, bytes: &[u8]) -> Judgement {
    let (_, end) = say(trial, bytes)?;
    if end.is_open() { trial.must_end(&end, &[]) } else { Ok(Verdict::Held) }
}

/// Sends these bytes first, and reads to the end.
///
/// A server may wait for the rest of a record that it will refuse. If it does, it gets the rest.
fn say(trial: &mut Trial<'_>, bytes: &[u8]) -> Result<(Vec<u8>, End), crate::verdict::Stop> {
    let mut connection = trial.connection()?;
    send(&mut connection, bytes);
    let (mut answer, mut end) = trial.end_of_connection(&mut connection);
    let missing = missing_of_record(bytes);
    if end.is_open() && missing > 0 {
        connection.note(format!("the server waits, so it gets the missing {missing} bytes of the record"));
        send(&mut connection, &vec![0; missing]);
        let more;
        (more, end) = trial.end_of_connection(&mut connection);
        answer.extend(more);
    }
    Ok((answer, end))
}

/// Sends these bytes. The server may close the connection before it has them all.
fn send(connection: &mut Connection, bytes: &[u8]) {
    let _ = connection.send(bytes);
}

/// How many bytes of the last record are missing.
fn missing_of_record(bytes: &[u8]) -> usize {
    match records(bytes).last() {
        Some(last @ [_, _, _, high, low, ..]) => {
            5 + usize::from(u16::from_be_bytes([*high, *low])) - last.len()
        }
        _ => 0,
    }
}

fn change_cipher_spec(trial: &mut Trial<'_>) -> Judgement {
    let (_, end) = say(trial, &record(20, &[1])?)?;
    if end.is_open() {
        return Ok(noted("the server ignores the record, as RFC 8446, 5 allows to a stateless server"));
    }
    trial.must_end(&end, &[Alert::UnexpectedMessage])
}

fn heartbeat(trial: &mut Trial<'_>) -> Judgement {
    let (answer, end) = say(trial, &record(24, &[1, 0xff, 0xff])?)?;
    if let Some(leak) = records(&answer).find(|record| record[0] == 24) {
        return Ok(failed(format!("the server answered the heartbeat with {} bytes", leak.len() - 5)));
    }
    if end.is_open() {
        return Ok(noted("the server ignores the heartbeat, as RFC 6520, 4 demands if it speaks heartbeat"));
    }
    trial.must_end(&end, &[Alert::UnexpectedMessage])
}

fn message_of_16_mb(trial: &mut Trial<'_>) -> Judgement {
    let message = [&[1, 0xff, 0xff, 0xff][..], &[0; 80_000]].concat();
    let (_, end) = say(trial, &records_of(&message, LONGEST)?)?;
    if end.is_open() {
        return Ok(noted("the server has taken 80,000 bytes of the message, and waits for the rest"));
    }
    let alerts = [&MALFORMED[..], &[Alert::RecordOverflow, Alert::HandshakeFailure]].concat();
    trial.must_end(&end, &alerts)
}

fn warnings(trial: &mut Trial<'_>) -> Judgement {
    let user_canceled = record(21, &[1, 90])?;
    let (_, end) = say(trial, &user_canceled.repeat(100))?;
    Ok(match end {
        End::Open => noted("the server ignores 100 warnings"),
        _ => Verdict::Held,
    })
}
