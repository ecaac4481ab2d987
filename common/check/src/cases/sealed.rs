//! Encrypted records that must not come.
//!
//! Only a client with the keys of the session can send them. So a server may trust them too much.

use rustls::{AlertDescription as Alert, ContentType};

use ContentType::{Alert as AlertRecord, ApplicationData, ChangeCipherSpec, Handshake};

use crate::case::{About, Case, Group, Needs, Version, Versions};
use crate::exchange;
use crate::payload::payload;
use crate::target::Speaks;
use crate::trial::Trial;
use crate::verdict::{Judgement, Stop, Verdict, failed, noted};
use crate::wire::forge::damage;
use crate::wire::hello::{LONGEST, handshake};
use crate::wire::{Client, End};

const ALERTS: &str = "contract.md#which-errors-queue-an-alert";
const MANY_RECORDS: &str = "08-many-sessions.md#bytes-are-not-work";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide(ALERTS)
}

/// The cases of this group.
pub static CASES: &[Case] = &[
    about("damaged-byte")
        .tries("One byte of an encrypted record is changed on its way.")
        .good("The server ends the connection with bad_record_mac. It uses no byte of the record.")
        .source("RFC 8446, 5.2; RFC 5246, 7.2.2")
        .guide("traps.md#a-short-write-of-ciphertext-the-peer-reports-bad_record_mac")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, damaged_byte),
    about("replayed-record")
        .tries("The same encrypted record arrives twice.")
        .good("The server uses the first one, and ends the connection with bad_record_mac at the second one.")
        .source("RFC 8446, 5.3; RFC 5246, 7.2.2")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, replayed_record),
    about("long-plaintext")
        .tries("A record has 16,385 bytes of plaintext, one more than a record may have.")
        .good("The server ends the connection with record_overflow.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, long_plaintext),
    about("wrong-verify-data")
        .tries("The client's Finished has a wrong hash of the handshake.")
        .good("The server ends the connection with decrypt_error, and takes no data.")
        .source("RFC 8446, 4.4.4; RFC 5246, 7.4.9")
        .guide(
            "traps.md#in-tls-13-the-clients-handshake-is-done-before-the-server-has-checked-its-certificate",
        )
        .case(Group::Sealed, Versions::Each, Needs::Nothing, |trial| {
            let alteration = |kind, mut content: Vec<u8>| {
                damage(&mut content);
                (kind, content)
            };
            instead_of_finished(trial, alteration, Alert::DecryptError)
        }),
    about("data-instead-of-finished")
        .tries("The client sends encrypted data where its Finished must come.")
        .good("The server ends the connection with unexpected_message, and uses no byte of the data.")
        .source("RFC 8446, 5; RFC 5246, 7.2.2")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, |trial| {
            let alteration = |_, _| (ApplicationData, payload(64));
            instead_of_finished(trial, alteration, Alert::UnexpectedMessage)
        }),
    about("damaged-finished")
        .tries("One byte of the encrypted Finished is changed on its way.")
        .good("The server ends the connection with bad_record_mac, and takes no data.")
        .source("RFC 8446, 5.2; RFC 5246, 7.2.2")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, damaged_finished),
    about("empty-records-without-end")
        .tries("2,000 encrypted records without content arrive in one write.")
        .good("The server takes them, or ends the connection after a number of them.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide(MANY_RECORDS)
        .case(Group::Sealed, Versions::Each, Needs::Nothing, |trial| {
            flood(trial, ApplicationData, &[], 2_000)
        }),
    about("second-finished")
        .tries("The client sends another Finished after the handshake.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4; RFC 5246, 7.2.2")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, |trial| {
            let length = if trial.version == Version::Tls13 { 32 } else { 12 };
            refused(trial, Handshake, &handshake(20, &vec![0; length])?, &[Alert::UnexpectedMessage])
        }),
    about("unknown-record-type")
        .tries("The client sends an encrypted record of an undefined type.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5; RFC 5246, 6")
        .case(Group::Sealed, Versions::Each, Needs::Nothing, |trial| {
            refused(trial, ContentType::Unknown(99), &[1], &[Alert::UnexpectedMessage])
        }),
    about("unknown-message")
        .tries("The client sends a handshake message of an undefined type after the handshake.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            refused(trial, Handshake, &handshake(99, &[0; 32])?, &[Alert::UnexpectedMessage])
        }),
    about("unasked-certificate")
        .tries("The client sends a Certificate after the handshake, and the server has not asked for it.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4 and 4.6.2")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            let empty = handshake(11, &[0, 0, 0, 0])?;
            refused(trial, Handshake, &empty, &[Alert::UnexpectedMessage])
        }),
    about("hello-request")
        .tries("The client sends a HelloRequest, which TLS 1.3 does not have.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            refused(trial, Handshake, &handshake(0, &[])?, &[Alert::UnexpectedMessage])
        }),
    about("invalid-key-update")
        .tries("The client sends a KeyUpdate with an undefined value.")
        .good("The server ends the connection with illegal_parameter.")
        .source("RFC 8446, 4.6.3")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            refused(trial, Handshake, &handshake(24, &[2])?, &[Alert::IllegalParameter])
        }),
    about("sealed-change-cipher-spec")
        .tries("The client sends an encrypted change_cipher_spec.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            refused(trial, ChangeCipherSpec, &[1], &[Alert::UnexpectedMessage])
        }),
    about("padding-only")
        .tries("The client sends an encrypted record that has padding only, and so no type.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5.4")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            refused(trial, ContentType::Unknown(0), &[0; 100], &[Alert::UnexpectedMessage])
        }),
    about("alert-and-a-half")
        .tries("The client sends a record with a fatal alert and the first byte of another one.")
        .good("The server closes the connection. It need not answer.")
        .source("RFC 8446, 5.1 and 6.2")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| {
            closed(trial, AlertRecord, &[2, 40, 2])
        }),
    about("error-as-a-warning")
        .tries("The client sends the alert handshake_failure with the level of a warning.")
        .good("The server closes the connection. In TLS 1.3 the level of an alert has no meaning.")
        .source("RFC 8446, 6 and 6.2")
        .case(Group::Sealed, Versions::Only13, Needs::Nothing, |trial| closed(trial, AlertRecord, &[1, 40])),
    about("second-change-cipher-spec")
        .tries("The client sends another change_cipher_spec after the handshake.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 5246, 6 and 7.2.2")
        .case(Group::Sealed, Versions::Only12, Needs::Nothing, |trial| {
            refused(trial, ChangeCipherSpec, &[1], &[Alert::UnexpectedMessage])
        }),
    about("warnings-without-end")
        .tries("100 encrypted warnings arrive in one write (CVE-2016-8610).")
        .good("The server ignores them, or ends the connection after a number of them.")
        .source("RFC 5246, 7.2.2")
        .guide(MANY_RECORDS)
        .case(Group::Sealed, Versions::Only12, Needs::Nothing, |trial| {
            flood(trial, AlertRecord, &[1, 90], 100)
        }),
];

/// How a server must end a session.
enum Must<'a> {
    /// With one of these alerts. Other ends are noted.
    Alert(&'a [Alert]),
    /// With an alert or without.
    Close,
}

/// Sends one forged record after the handshake. The server must end the session with one of these alerts.
fn refused(trial: &mut Trial<'_>, kind: ContentType, content: &[u8], alerts: &[Alert]) -> Judgement {
    let mut client = after_record(trial, kind, content)?;
    must_end(trial, &mut client, usize::MAX, Must::Alert(alerts))
}

/// Sends one forged record after the handshake. The server must end the session, with or without an alert.
fn closed(trial: &mut Trial<'_>, kind: ContentType, content: &[u8]) -> Judgement {
    let mut client = after_record(trial, kind, content)?;
    must_end(trial, &mut client, usize::MAX, Must::Close)
}

/// A client that has sent one forged record after its handshake.
fn after_record(trial: &Trial<'_>, kind: ContentType, content: &[u8]) -> Result<Client, Stop> {
    let (mut client, forge) = trial.ready_forged()?;
    let record = forge.seal(&mut client, kind, content)?;
    client.connection().send(&record)?;
    Ok(client)
}

/// Judges a session that the server must end. A server that echoes may send at most this much plaintext before.
fn must_end(trial: &mut Trial<'_>, client: &mut Client, most: usize, must: Must<'_>) -> Judgement {
    let (plaintext, end) = trial.end_after_error(client);
    if trial.target.speaks == Speaks::Echo && plaintext.len() > most {
        return Ok(failed(format!("the server used the record: {} bytes came back", plaintext.len())));
    }
    let may_go_on = end.is_open() && trial.unclosed().is_none() && trial.target.speaks != Speaks::Any;
    if may_go_on && exchange::attempt(trial.target, client).is_ok() {
        return Ok(failed("the session goes on: the next request was answered"));
    }
    match must {
        Must::Close if !end.is_open() => Ok(Verdict::Held),
        Must::Close => trial.must_end(&end, &[]),
        Must::Alert(alerts) => trial.must_end(&end, alerts),
    }
}

fn damaged_byte(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let request = some_request(trial);
    let mut record = client.seal(&request)?;
    record[20] ^= 1;
    client.connection().send(&record)?;
    must_end(trial, &mut client, request.len() - 1, Must::Alert(&[Alert::BadRecordMac]))
}

fn replayed_record(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let request = some_request(trial);
    let record = client.seal(&request)?;
    client.connection().send(&record.repeat(2))?;
    must_end(trial, &mut client, 2 * request.len() - 1, Must::Alert(&[Alert::BadRecordMac]))
}

/// The request that the server answers, or a few bytes if none is known. It fits into a record.
fn some_request(trial: &Trial<'_>) -> Vec<u8> {
    match trial.target.speaks {
        Speaks::Any => payload(64),
        Speaks::Echo | Speaks::Http => trial.request(),
    }
}

fn long_plaintext(trial: &mut Trial<'_>) -> Judgement {
    let mut client = after_record(trial, ApplicationData, &payload(LONGEST + 1))?;
    if trial.version == Version::Tls13 {
        return must_end(trial, &mut client, LONGEST, Must::Alert(&[Alert::RecordOverflow]));
    }
    // RFC 5246 forbids to send such a record, but its record_overflow is only for much longer ones.
    match trial.end_after_error(&mut client) {
        (_, End::Open) if trial.unclosed().is_none() => {
            Ok(noted("the server takes a record that is one byte too long"))
        }
        (_, end) => trial.must_end(&end, &[Alert::RecordOverflow]),
    }
}

/// Alters the first encrypted record of the client, which ends with Finished.
fn instead_of_finished(
    trial: &mut Trial<'_>,
    alteration: fn(ContentType, Vec<u8>) -> (ContentType, Vec<u8>),
    alert: Alert,
) -> Judgement {
    let (mut client, forge) = trial.forged()?;
    forge.alter_next(alteration);
    let flight = client.second_flight()?;
    wrong_finished(trial, client, &flight, alert)
}

fn damaged_finished(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    let mut flight = client.second_flight()?;
    damage(&mut flight);
    wrong_finished(trial, client, &flight, Alert::BadRecordMac)
}

/// Sends a flight that the server must refuse. In TLS 1.3 a server may greet before it has read the flight.
fn wrong_finished(trial: &mut Trial<'_>, mut client: Client, flight: &[u8], alert: Alert) -> Judgement {
    client.connection().send(flight)?;
    let most = trial.facts.greeting.len() + 63;
    must_end(trial, &mut client, most, Must::Alert(&[alert]))
}

/// Sends many records that a server may ignore. It may also end the session, with any end.
fn flood(trial: &mut Trial<'_>, kind: ContentType, content: &[u8], count: usize) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    let mut records = Vec::new();
    for _ in 0..count {
        records.extend(forge.seal(&mut client, kind, content)?);
    }
    let _ = client.connection().send(&records); // the server may end the session meanwhile
    let end = match trial.target.speaks {
        Speaks::Any => trial.end_after_error(&mut client).1,
        Speaks::Echo | Speaks::Http => match exchange::attempt(trial.target, &mut client) {
            Ok(()) => return Ok(Verdict::Held),
            Err(End::Open) => {
                return Ok(failed("the server neither answers the next request nor ends the session"));
            }
            Err(end) => trial.closed_after(&mut client, end),
        },
    };
    match end {
        End::Open if trial.target.speaks == Speaks::Any => Ok(noted("the connection stays open")),
        End::Open => trial.must_end(&End::Open, &[]),
        end => Ok(noted(format!("the server ends the session with {end}"))),
    }
}
