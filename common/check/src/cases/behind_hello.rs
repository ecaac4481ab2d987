//! Records that must not follow a ClientHello, or need not be used: early data, change_cipher_spec, another hello.

use std::io;

use rustls::{AlertDescription as Alert, ContentType};

use super::hellos::ALERTS;
use crate::case::{About, Case, Group, Needs, Versions};
use crate::exchange;
use crate::trial::Trial;
use crate::verdict::{Judgement, OrFailed as _, Verdict, failed, noted};
use crate::wire::End;
use crate::wire::hello::{
    ClientHello, EARLY_DATA, RENEGOTIATION_INFO, ServerHello, fatal_alert, handshake, record,
};

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide(ALERTS)
}

/// The cases of this file.
pub static CASES: &[Case] = &[
    about("early-data-unasked")
        .tries(
            "The client sends a record of early data that no ticket allows, and then continues its \
             handshake.",
        )
        .good("The server skips the early data, and the session works.")
        .source("RFC 8446, 4.2.10")
        .guide("10-beyond.md#0-rtt")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, |trial| early_data(trial, 1)),
    about("early-data-without-end")
        .tries("The client sends 50,000 bytes of early data that no ticket allows.")
        .good("The server skips early data up to a limit, and then ends the connection with an alert.")
        .source("RFC 8446, 4.2.10")
        .guide("10-beyond.md#0-rtt")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, |trial| early_data(trial, 50)),
    about("change-cipher-spec-in-the-handshake")
        .tries(
            "The client sends a change_cipher_spec behind its ClientHello, and another one before Finished.",
        )
        .good("The server drops both, and the session works.")
        .source("RFC 8446, 5 and D.4")
        .guide("01-what-rustls-is.md#what-happens-before-your-data-flows")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, change_cipher_spec_in_the_handshake),
    about("change-cipher-spec-late")
        .tries("The client sends an unencrypted change_cipher_spec after the handshake.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 5")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, change_cipher_spec_late),
    about("hello-twice")
        .tries("The client sends its ClientHello a second time where its Finished must come.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 8446, 4.1.2; RFC 5246, 7.2.2")
        .case(Group::Hellos, Versions::Each, Needs::Nothing, hello_twice),
    about("renegotiation")
        .tries("The client sends a ClientHello inside the session, as if it were the first one.")
        .good(
            "The server refuses the renegotiation: with the warning no_renegotiation, or with a fatal alert.",
        )
        .source("RFC 5746, 3.7; RFC 5246, 7.2.2")
        .case(Group::Hellos, Versions::Only12, Needs::Nothing, renegotiation),
    about("finished-before-keys")
        .tries("The client sends an unencrypted Finished directly after the server's first flight.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 5246, 7.4.9")
        .case(Group::Hellos, Versions::Only12, Needs::Nothing, |trial| {
            after_the_hello(trial, &record(22, &handshake(20, &[0; 12])?)?)
        }),
    about("data-before-keys")
        .tries("The client sends unencrypted application data directly after the server's first flight.")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 5246, 6")
        .case(Group::Hellos, Versions::Only12, Needs::Nothing, |trial| {
            after_the_hello(trial, &record(23, b"hello")?)
        }),
    about("change-cipher-spec-early")
        .tries("The client sends change_cipher_spec before its key exchange (CVE-2014-0224).")
        .good("The server ends the connection with unexpected_message.")
        .source("RFC 5246, 7.1 and 7.2.2")
        .case(Group::Hellos, Versions::Only12, Needs::Nothing, |trial| {
            after_the_hello(trial, &record(20, &[1])?)
        }),
    about("fatal-alert-in-the-handshake")
        .tries("The client answers the server's first flight with an unencrypted fatal alert.")
        .good("The server closes the connection. It need not answer.")
        .source("RFC 8446, 6.2; RFC 5246, 7.2.2")
        .case(Group::Hellos, Versions::Each, Needs::Nothing, |trial| {
            match end_after_the_hello(trial, &fatal_alert(80))? {
                End::Open => trial.must_end(&End::Open, &[]),
                _ => Ok(Verdict::Held),
            }
        }),
];

/// Sends this many records of early data with 1,000 bytes each.
fn early_data(trial: &mut Trial<'_>, records: usize) -> Judgement {
    let (mut client, disguise) = trial.disguised(|hello| hello.set(EARLY_DATA, Some(&[])))?;
    let mut early = record(23, &[0; 1000])?.repeat(records);
    let handshake = client.handshake_sent_by(|connection, flight| {
        connection.send(&disguise.of(flight)?)?;
        connection.send(&std::mem::take(&mut early))
    });
    let greeting = handshake.and_then(|()| exchange::greeting(trial.facts, &mut client));
    let end = match greeting
        .map_err(|error| End::of(&error))
        .and_then(|()| exchange::attempt(trial.target, &mut client))
    {
        Ok(()) if records == 1 => return Ok(Verdict::Held),
        Ok(()) => return Ok(noted(format!("the server skips {records},000 bytes, and the session works"))),
        Err(end) => trial.closed_after(&mut client, end),
    };
    // Without a ticket the client breaks a rule too. So a server may refuse it.
    Ok(match end {
        End::Open => return trial.must_end(&end, &[]),
        End::Alert(_) if records > 1 => Verdict::Held,
        end => noted(format!("the server refuses the early data: the connection ended with {end}")),
    })
}

fn change_cipher_spec_in_the_handshake(trial: &mut Trial<'_>) -> Judgement {
    // rustls sends the second one itself.
    let mut client = trial.client()?;
    let hello = client.outgoing()?;
    client.connection().send(&[hello, record(20, &[1])?].concat())?;
    let mut client = trial.greeted(client).or_failed("the handshake")?;
    trial.exchange(&mut client)?;
    Ok(Verdict::Held)
}

fn change_cipher_spec_late(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    client.connection().send(&record(20, &[1])?)?;
    match trial.end_after_error(&mut client).1 {
        End::Open => {
            Ok(noted("the server ignores the record, as if it could not know that the handshake is over"))
        }
        end => trial.must_end(&end, &[Alert::UnexpectedMessage]),
    }
}

fn hello_twice(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    let mut hello = client.outgoing()?;
    client.connection().send(&hello)?;
    client.last_flight()?;
    hello[1..3].copy_from_slice(&[3, 3]); // the first record of a client says TLS 1.0
    let _ = client.connection().send(&hello); // the end shows the result
    let (_, end) = trial.end_after_error(&mut client);
    trial.must_end(&end, &[Alert::UnexpectedMessage])
}

fn renegotiation(trial: &mut Trial<'_>) -> Judgement {
    let mut first = trial.connection()?;
    first.send(&trial.hello()?)?;
    let is_secure =
        ServerHello::find(&first.read_record()?).is_some_and(|answer| answer.has(RENEGOTIATION_INFO));
    first.reset()?;
    let (mut client, forge) = trial.ready_forged()?;
    let hello = ClientHello::parse(&trial.hello()?)?.message()?;
    let record = forge.seal(&mut client, ContentType::Handshake, &hello)?;
    client.connection().send(&record)?;
    let end = match exchange::attempt(trial.target, &mut client) {
        Ok(()) => return Ok(Verdict::Held),
        Err(end) => trial.closed_after(&mut client, end),
    };
    Ok(match end {
        // rustls takes no ServerHello after the handshake.
        End::Other(_) if is_secure => {
            failed("the server accepted a hello that claims to be the first (RFC 5746, 3.7: MUST abort)")
        }
        End::Other(_) => noted("the server accepted the hello without RFC 5746 (CVE-2009-3555)"),
        End::Alert(_) => Verdict::Held,
        End::Open => return trial.must_end(&end, &[]),
        end => noted(format!("the server refuses the renegotiation: no alert, but {end}")),
    })
}

/// Sends these bytes after the server's first flight has begun.
fn end_after_the_hello(trial: &mut Trial<'_>, bytes: &[u8]) -> io::Result<End> {
    let mut connection = trial.connection()?;
    connection.send(&trial.hello()?)?;
    connection.read_record()?;
    let _ = connection.send(bytes); // the end shows the result
    Ok(trial.end_of_connection(&mut connection).1)
}

fn after_the_hello(trial: &mut Trial<'_>, bytes: &[u8]) -> Judgement {
    let end = end_after_the_hello(trial, bytes)?;
    trial.must_end(&end, &[Alert::UnexpectedMessage])
}
