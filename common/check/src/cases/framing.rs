//! How records and messages are cut and joined.

use std::io;
use std::thread;
use std::time::Duration;

use rustls::ContentType;

use crate::case::{About, Case, Group, Needs, Version, Versions};
use crate::exchange::{self, NO_REQUEST};
use crate::payload::payload;
use crate::target::Speaks;
use crate::trial::Trial;
use crate::verdict::{Judgement, OrFailed as _, Stop, Verdict, failed, not_applicable, noted};
use crate::wire::hello::{
    ClientHello, KEY_SHARE, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS, SUPPORTED_VERSIONS, records_of,
};
use crate::wire::{Client, End};

/// The pause between two parts of a record, so that the server reads them one after the other.
const PAUSE: Duration = Duration::from_millis(2);
/// A number that RFC 8701 reserves. It never gets a meaning.
const GREASE: u16 = 0x5a5a;

/// The cases of this group.
pub static CASES: &[Case] = &[
    About::new("bytes-one-by-one")
        .tries("Each byte of a session crosses the network in a segment of its own.")
        .good("The session works. TLS does not know segments.")
        .source("RFC 8446, 5")
        .guide("03-non-blocking.md#reading")
        .case(Group::Framing, Versions::Each, Needs::Nothing, bytes_one_by_one),
    About::new("hello-in-records")
        .tries("The ClientHello is cut into records of 50 bytes.")
        .good("The session works.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("02-by-hand.md")
        .case(Group::Framing, Versions::Each, Needs::Nothing, hello_in_records),
    About::new("split-records")
        .tries(
            "A record arrives in two parts. The cut is once at each place. Then 20 records arrive in random \
             parts.",
        )
        .good("Each message is answered.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("03-non-blocking.md#reading")
        .case(Group::Framing, Versions::Each, Needs::Echo, split_records),
    About::new("finished-with-data")
        .tries("The client's Finished and its first request arrive in one segment.")
        .good("The request is answered, although no more bytes arrive behind the handshake.")
        .source("RFC 8446, 2 and 4.4.4")
        .guide("02-by-hand.md#two-things-are-still-inside-the-machine")
        .case(Group::Framing, Versions::Only13, Needs::Nothing, finished_with_data),
    About::new("coalesced-flights")
        .tries(
            "The request and close_notify arrive in one segment. In TLS 1.3 the client's Finished is in it, \
             too.",
        )
        .good("The answer comes, and then close_notify. In TLS 1.2 the server may discard the answer.")
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#half-close")
        .case(Group::Framing, Versions::Each, Needs::Nothing, coalesced_flights),
    About::new("small-records")
        .tries("1,000 records of one byte arrive at once.")
        .good("Every byte comes back.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("08-many-sessions.md#bytes-are-not-work")
        .case(Group::Framing, Versions::Each, Needs::Echo, |trial| records_of_one_byte(trial, 1_000)),
    About::new("ten-thousand-tiny-records")
        .tries("10,000 records of one byte arrive without a pause.")
        .good("Every byte comes back.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("08-many-sessions.md#bytes-are-not-work")
        .case(Group::Framing, Versions::Each, Needs::Echo, |trial| records_of_one_byte(trial, 10_000)),
    About::new("full-records")
        .tries("Eight records of the maximum length arrive, 16,384 bytes of plaintext each.")
        .good("Every byte comes back.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("02-by-hand.md#the-writer-takes-a-part")
        .case(Group::Framing, Versions::Each, Needs::Echo, full_records),
    About::new("empty-records")
        .tries("Ten records without content arrive between two messages.")
        .good("Both messages are answered. A read that returns no plaintext is not the end of the session.")
        .source("RFC 8446, 5.1; RFC 5246, 6.2.1")
        .guide("03-non-blocking.md#reading")
        .case(Group::Framing, Versions::Each, Needs::Echo, empty_records),
    About::new("padded-records")
        .tries("Messages arrive in records with 1, 255 and 8,000 bytes of padding.")
        .good("Each message is answered without its padding.")
        .source("RFC 8446, 5.4")
        .guide("02-by-hand.md")
        .case(Group::Framing, Versions::Only13, Needs::Echo, padded_records),
    About::new("huge-hello")
        .tries(
            "The ClientHello has an unknown extension and is 20,000 bytes long, so that it needs two \
             records.",
        )
        .good("The session works. A server may have a limit and refuse it.")
        .source("RFC 8446, 4.1.2 and 5.1")
        .guide("symptoms.md")
        .case(Group::Framing, Versions::Each, Needs::Nothing, huge_hello),
    About::new("unknown-values")
        .tries(
            "The ClientHello has unknown suites, groups, versions, signature schemes and extensions \
             (GREASE).",
        )
        .good("The server ignores them, and the session works.")
        .source("RFC 8446, 4.1.2 and 4.2; RFC 5246, 7.4.1.2; RFC 8701")
        .guide("symptoms.md")
        .case(Group::Framing, Versions::Each, Needs::Nothing, unknown_values),
    About::new("key-update")
        .tries("The client changes its key between two messages, and requests the same from the server.")
        .good("The server changes its key before its next data, and the session goes on.")
        .source("RFC 8446, 4.6.3")
        .guide("contract.md#refresh_traffic_keys")
        .case(Group::Framing, Versions::Only13, Needs::Echo, key_update),
];

fn bytes_one_by_one(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    client
        .handshake_sent_by(|connection, flight| connection.send_bytewise(flight))
        .or_failed("the handshake")?;
    exchange::greeting(trial.facts, &mut client).or_failed("the greeting")?;
    let request = client.seal(&trial.request())?;
    client.connection().send_bytewise(&request).or_failed("sending the request")?;
    trial.answer(&mut client)?;
    let close_notify = client.seal_close_notify()?;
    let _ = client.connection().send_bytewise(&close_notify); // a server may close after its answer
    Ok(match trial.end_of(&mut client).1 {
        End::CloseNotify => Verdict::Held,
        other => noted(format!("the session worked, but the answer to close_notify was {other}")),
    })
}

fn hello_in_records(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    let mut is_first = true;
    client
        .handshake_sent_by(|connection, flight| match std::mem::take(&mut is_first) {
            true => connection.send(&records_of(&flight[5..], 50)?),
            false => connection.send(flight),
        })
        .or_failed("the handshake")?;
    serves(trial, client)
}

fn split_records(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let message = payload(33);
    let mut cut = 1;
    loop {
        let record = client.seal(&message)?;
        parts_are_answered(&mut client, &record, &[cut], &message)?;
        cut += 1;
        if cut == record.len() {
            break;
        }
    }
    for _ in 0..20 {
        let message = payload(trial.random.usize(1..5_000));
        let record = client.seal(&message)?;
        let mut cuts: Vec<usize> =
            (0..trial.random.usize(1..5)).map(|_| trial.random.usize(1..record.len())).collect();
        cuts.sort_unstable();
        parts_are_answered(&mut client, &record, &cuts, &message)?;
    }
    leave(trial, client)
}

/// Sends a record in parts, with a pause between them, and receives the echo.
fn parts_are_answered(
    client: &mut Client,
    record: &[u8],
    cuts: &[usize],
    message: &[u8],
) -> Result<(), Stop> {
    let begins = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([record.len()]);
    // After a failed write, only the end of the session counts.
    let _ = begins.zip(ends).try_for_each(|(begin, end)| -> io::Result<()> {
        if begin > 0 {
            thread::sleep(PAUSE); // Only time lets the server read the first part alone.
        }
        client.connection().send(&record[begin..end])
    });
    let (received, end) = client.receive_up_to(message.len());
    exchange::compare(message, &received, end).map_err(|stop| {
        Stop::Failed(format!("a record of {} bytes was cut at {cuts:?}: {}", record.len(), stop.why()))
    })
}

fn finished_with_data(trial: &mut Trial<'_>) -> Judgement {
    if trial.target.speaks == Speaks::Any {
        return Ok(not_applicable(NO_REQUEST));
    }
    let mut client = trial.client()?;
    let mut bytes = client.second_flight()?;
    bytes.extend(client.seal(&trial.request())?);
    client.connection().send(&bytes)?;
    exchange::greeting(trial.facts, &mut client).or_failed("the greeting")?;
    trial.answer(&mut client)?;
    leave(trial, client)
}

fn coalesced_flights(trial: &mut Trial<'_>) -> Judgement {
    if trial.target.speaks == Speaks::Any {
        return Ok(not_applicable(NO_REQUEST));
    }
    let mut client = trial.client()?;
    // In TLS 1.2 a client has no permission to send data before the server's Finished.
    let mut bytes = match trial.version {
        Version::Tls13 => client.second_flight()?,
        Version::Tls12 => {
            client.handshake()?;
            Vec::new()
        }
    };
    bytes.extend(client.seal(&trial.request())?);
    bytes.extend(client.seal_close_notify()?);
    client.connection().send(&bytes)?;
    let answered = exchange::greeting(trial.facts, &mut client)
        .or_failed("the greeting")
        .and_then(|()| trial.answer(&mut client));
    match answered {
        Ok(()) => {}
        Err(stop) if may_discard(trial) => {
            let why = stop.why();
            return Ok(noted(format!("a request with close_notify behind it was not answered: {why}")));
        }
        Err(stop) => return Err(stop),
    }
    let (_, end) = trial.end_of(&mut client);
    Ok(trial.answer_to_close_notify(&end))
}

/// Whether a server may discard its answer when it reads close_notify. An echo in TLS 1.3 may not (RFC 8446, 6.1). An
/// HTTP server may take it as the client's loss of interest (RFC 9112, 9.6).
fn may_discard(trial: &Trial<'_>) -> bool {
    trial.version == Version::Tls12 || trial.target.speaks == Speaks::Http
}

fn records_of_one_byte(trial: &mut Trial<'_>, count: usize) -> Judgement {
    let plaintext = payload(count);
    let mut client = trial.ready()?;
    let mut records = Vec::new();
    for byte in plaintext.chunks(1) {
        records.extend(client.seal(byte)?);
    }
    trial.echo_of(&mut client, records, &plaintext)?;
    leave(trial, client)
}

fn full_records(trial: &mut Trial<'_>) -> Judgement {
    let plaintext = payload(8 * 16_384);
    let mut client = trial.ready()?;
    let records = client.seal(&plaintext)?;
    trial.echo_of(&mut client, records, &plaintext)?;
    leave(trial, client)
}

fn empty_records(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    trial.exchange(&mut client)?;
    let mut records = Vec::new();
    for _ in 0..10 {
        records.extend(forge.seal(&mut client, ContentType::ApplicationData, &[])?);
    }
    let message = payload(64);
    records.extend(client.seal(&message)?);
    trial.echo_of(&mut client, records, &message)?;
    leave(trial, client)
}

fn padded_records(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    for padding in [1, 255, 8_000] {
        let message = payload(64);
        // The plaintext of a record is the content, its type, and zeros. The last zero takes the place of the type.
        forge.alter_next(move |kind, mut content| {
            content.push(kind.into());
            content.resize(content.len() + padding - 1, 0);
            (ContentType::Unknown(0), content)
        });
        let record = client.seal(&message)?;
        trial.echo_of(&mut client, record, &message)?;
    }
    leave(trial, client)
}

fn huge_hello(trial: &mut Trial<'_>) -> Judgement {
    if signs_the_hello(trial) {
        return Ok(no_disguise());
    }
    let (mut client, disguise) = trial.disguised(|hello| {
        let length = hello.message().map_or(0, |message| message.len());
        hello.set(GREASE, Some(&vec![0; 20_000_usize.saturating_sub(length + 4)]));
    })?;
    let shaken = client.handshake_sent_by(|connection, flight| connection.send(&disguise.of(flight)?));
    match shaken {
        Ok(()) => serves(trial, client),
        Err(error) => {
            let end = End::of(&error);
            trial.keep_end(&end);
            Ok(match end {
                End::Open => noted("the server does not answer a ClientHello of 20,000 bytes"),
                _ => noted(format!("the server refuses a ClientHello of 20,000 bytes: {error}")),
            })
        }
    }
}

fn unknown_values(trial: &mut Trial<'_>) -> Judgement {
    if signs_the_hello(trial) {
        return Ok(no_disguise());
    }
    let mut is_first = true;
    let (mut client, disguise) =
        trial.disguised(move |hello| add_grease(hello, std::mem::take(&mut is_first)))?;
    client
        .handshake_sent_by(|connection, flight| connection.send(&disguise.of(flight)?))
        .or_failed("the handshake")?;
    serves(trial, client)
}

/// Adds unknown values at the front of each list. A second ClientHello has one key share, that of the group which the
/// server has chosen (RFC 8446, 4.1.2).
fn add_grease(hello: &mut ClientHello, is_first: bool) {
    let [high, low] = GREASE.to_be_bytes();
    hello.suites.insert(0, GREASE);
    for (number, body) in &mut hello.extensions {
        match *number {
            SUPPORTED_GROUPS | SIGNATURE_ALGORITHMS => add_to_list(body, 2, &[high, low]),
            KEY_SHARE if is_first => add_to_list(body, 2, &[high, low, 0, 1, 0]),
            SUPPORTED_VERSIONS => add_to_list(body, 1, &[high, low]),
            _ => {}
        }
    }
    hello.extensions.insert(0, (GREASE, Vec::new()));
}

/// Puts an element at the front of a list whose length has so many bytes.
fn add_to_list(body: &mut Vec<u8>, length_bytes: usize, element: &[u8]) {
    body.splice(length_bytes..length_bytes, element.iter().copied());
    let length = body.len() - length_bytes;
    let bytes = length.to_be_bytes();
    body[..length_bytes].copy_from_slice(&bytes[bytes.len() - length_bytes..]);
}

fn signs_the_hello(trial: &Trial<'_>) -> bool {
    trial.version == Version::Tls12 && trial.target.identity.is_some()
}

fn no_disguise() -> Verdict {
    not_applicable("with a client certificate, TLS 1.2 signs the ClientHello that rustls has built")
}

fn key_update(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    trial.exchange(&mut client)?;
    let keys = forge.peer_keys();
    forge.forget_data();
    client.update_keys()?;
    let mut records = client.outgoing()?;
    let message = payload(64);
    records.extend(client.seal(&message)?);
    trial.echo_of(&mut client, records, &message)?;
    if forge.first_data_key().is_none_or(|key| key <= keys) {
        return Ok(failed(
            "the server sent data before the KeyUpdate that was requested, or without it (RFC 8446, 4.6.3: MUST)",
        ));
    }
    trial.exchange(&mut client)?;
    leave(trial, client)
}

/// After a handshake: the greeting and one exchange must work.
fn serves(trial: &mut Trial<'_>, mut client: Client) -> Judgement {
    exchange::greeting(trial.facts, &mut client).or_failed("the greeting")?;
    trial.exchange(&mut client)?;
    leave(trial, client)
}

/// The verdict *held*. Closes the session before, and waits for its end, so that the server has its place free. How the server
/// answers is another case.
fn leave(trial: &mut Trial<'_>, mut client: Client) -> Judgement {
    if client.close_notify().is_ok() {
        trial.end_of(&mut client);
    }
    Ok(Verdict::Held)
}
