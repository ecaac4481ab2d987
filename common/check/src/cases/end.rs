//! How sessions end: close_notify, FIN and reset.

use std::io;
use std::time::Duration;

use rustls::ContentType;

use crate::case::{About, Case, Group, Needs, Version, Versions};
use crate::exchange::is_answered;
use crate::payload::{difference, payload};
use crate::target::Speaks;
use crate::trial::Trial;
use crate::verdict::{Judgement, OrFailed as _, Stop, Verdict, failed, noted};
use crate::wire::{Client, Connection, End};

/// One megabyte: more than the buffers of one session, less than those of two sockets on the loopback.
const MEGABYTE: usize = 1 << 20;
/// The content of close_notify: the level warning, and the description 0.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
/// How long a client that wants to read late waits. The server has read and answered everything by then.
const LATE: Duration = Duration::from_millis(300);

/// The cases of this group.
pub static CASES: &[Case] = &[
    About::new("close-notify-answered")
        .tries("The client sends close_notify after an exchange, and keeps its side of the connection open.")
        .good("The server answers with close_notify, and then closes the connection.")
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#fin-and-close_notify")
        .case(Group::End, Versions::Each, Needs::Nothing, close_notify_answered),
    About::new("close-notify-first")
        .tries("The client sends close_notify right behind its handshake, and nothing else.")
        .good("The server finishes the handshake and answers with close_notify.")
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#a-session-has-phases")
        .case(Group::End, Versions::Each, Needs::Nothing, close_notify_first),
    About::new("close-behind-data")
        .tries("The client sends a megabyte with close_notify right behind it, and reads meanwhile.")
        .good(
            "In TLS 1.3 every byte comes back, and then close_notify. In TLS 1.2 the server may discard the \
             rest of its answer.",
        )
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#half-close")
        .case(Group::End, Versions::Each, Needs::Echo, close_behind_data),
    About::new("close-and-fin")
        .tries("The client sends a megabyte, close_notify and a FIN, and reads meanwhile.")
        .good("The same as without the FIN: the client has closed its own direction only.")
        .source("RFC 8446, 6.1; RFC 9293, 3.6")
        .guide("05-the-end.md#half-close")
        .case(Group::End, Versions::Each, Needs::Echo, close_and_fin),
    About::new("bytes-behind-close-notify")
        .tries("Six bytes and a FIN follow a megabyte and close_notify. The client reads only after that.")
        .good(
            "The server ignores the six bytes. Its close of the socket does not reset the connection, so its \
             answer arrives.",
        )
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#a-reset-can-destroy-what-is-not-read")
        .case(Group::End, Versions::Each, Needs::Echo, bytes_behind_close_notify),
    About::new("data-behind-close-notify")
        .tries("A record with data follows close_notify.")
        .good("The server answers what came before close_notify, and ignores the rest.")
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#what-close_notify-confirms")
        .case(Group::End, Versions::Each, Needs::Echo, data_behind_close_notify),
    About::new("close-notify-twice")
        .tries(
            "The client sends a message, close_notify, the same record again, and five bytes that are not \
             TLS.",
        )
        .good("The server answers the message, sends close_notify, and ignores the rest.")
        .source("RFC 8446, 6.1; RFC 5246, 7.2.1")
        .guide("05-the-end.md#what-close_notify-confirms")
        .case(Group::End, Versions::Each, Needs::Echo, close_notify_twice),
    About::new("fin-without-close-notify")
        .tries("The client sends a message and a FIN, without close_notify.")
        .good("The server closes the connection. It cannot know that the message was the last one.")
        .source("RFC 8446, 6.1")
        .guide("05-the-end.md#fin-and-close_notify")
        .case(Group::End, Versions::Each, Needs::Echo, fin_without_close_notify),
    About::new("fin-inside-a-record")
        .tries("The client sends a record without its last byte, and a FIN.")
        .good("The server closes the connection.")
        .source("RFC 8446, 6.1")
        .guide("05-the-end.md#fin-and-close_notify")
        .case(Group::End, Versions::Each, Needs::Nothing, fin_inside_a_record),
    About::new("fin-behind-the-hello")
        .tries("The client sends a ClientHello and a FIN.")
        .good("The server closes the connection and serves the next client.")
        .source("RFC 8446, 6.1")
        .guide("05-the-end.md#a-session-has-phases")
        .case(Group::End, Versions::Each, Needs::Nothing, fin_behind_the_hello),
    About::new("fin-inside-the-handshake")
        .tries("The client sends one half of the flight with its Finished, and a FIN.")
        .good("The server closes the connection and serves the next client.")
        .source("RFC 8446, 6.1")
        .guide("05-the-end.md#a-session-has-phases")
        .case(Group::End, Versions::Each, Needs::Nothing, fin_inside_the_handshake),
    About::new("reset-inside-the-hello")
        .tries("The client sends one half of a ClientHello, and resets the connection.")
        .good("The server serves the next client.")
        .source("RFC 9293, 3.10.7.4")
        .guide("05-the-end.md")
        .case(Group::End, Versions::Highest, Needs::Nothing, reset_inside_the_hello),
    About::new("reset-inside-the-handshake")
        .tries("The client resets the connection instead of sending its Finished.")
        .good("The server serves the next client.")
        .source("RFC 9293, 3.10.7.4")
        .guide("05-the-end.md")
        .case(Group::End, Versions::Each, Needs::Nothing, reset_inside_the_handshake),
    About::new("reset-behind-the-handshake")
        .tries("The client resets the connection after the handshake.")
        .good("The server serves the next client.")
        .source("RFC 9293, 3.10.7.4")
        .guide("05-the-end.md")
        .case(Group::End, Versions::Each, Needs::Nothing, reset_behind_the_handshake),
    About::new("reset-inside-the-answer")
        .tries("The client resets the connection when it has read a part of a large answer.")
        .good("The server serves the next client.")
        .source("RFC 9293, 3.10.7.4")
        .guide("05-the-end.md#a-reset-can-destroy-what-is-not-read")
        .case(Group::End, Versions::Each, Needs::Nothing, reset_inside_the_answer),
];

fn close_notify_answered(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    trial.exchange(&mut client)?;
    let _ = client.close_notify(); // a server may close after its answer
    let (_, end) = trial.end_of(&mut client);
    Ok(trial.answer_to_close_notify(&end))
}

fn close_notify_first(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    let mut bytes = client.second_flight()?;
    if trial.version == Version::Tls12 {
        // The client's keys are in use from here on, but rustls seals nothing before the server's Finished.
        client.connection().send(&bytes)?;
        client.handshake()?;
        bytes.clear();
    }
    bytes.extend(client.seal_close_notify()?);
    client.connection().send(&bytes)?;
    let (_, end) = trial.end_of(&mut client); // a greeting may come before it
    Ok(trial.answer_to_close_notify(&end))
}

fn close_behind_data(trial: &mut Trial<'_>) -> Judgement {
    Ok(behind_a_megabyte(trial, Duration::ZERO, b"", false)?.1)
}

fn close_and_fin(trial: &mut Trial<'_>) -> Judgement {
    Ok(behind_a_megabyte(trial, Duration::ZERO, b"", true)?.1)
}

fn bytes_behind_close_notify(trial: &mut Trial<'_>) -> Judgement {
    // A server may stop to read while its answer is not read. So the client cannot wait for the end of its writing.
    let (mut client, verdict) = behind_a_megabyte(trial, LATE, b"unread", true)?;
    Ok(or_reset_behind(&mut client, verdict))
}

/// Sends a megabyte, close_notify, these bytes, and perhaps a FIN. Reads the answer meanwhile, but not before this pause.
fn behind_a_megabyte(
    trial: &mut Trial<'_>,
    pause: Duration,
    bytes: &[u8],
    has_fin: bool,
) -> Result<(Client, Verdict), Stop> {
    let mut client = trial.ready()?;
    let plaintext = payload(MEGABYTE);
    let records = [client.seal(&plaintext)?, client.seal_close_notify()?, bytes.to_vec()].concat();
    let send = move |connection: &mut Connection| match has_fin {
        true => send_and_fin(connection, &records),
        false => connection.send(&records),
    };
    let (received, end) = trial.end_behind(&mut client, pause, plaintext.len(), send)?;
    let verdict = answer_and_close_notify(trial, &plaintext, &received, &end);
    Ok((client, verdict))
}

/// The verdict, or a note if everything arrived and a reset followed. Whether the reset destroys the answer depends on the
/// network: it is a race.
fn or_reset_behind(client: &mut Client, verdict: Verdict) -> Verdict {
    if verdict == Verdict::Held && client.connection().end_of_tcp() == End::Reset {
        return noted(
            "the answer and close_notify arrived, but a reset followed. On some systems it destroys what the client has not read",
        );
    }
    verdict
}

fn data_behind_close_notify(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    let message = payload(64);
    let mut records = client.seal(&message)?;
    // rustls seals nothing behind its own close_notify.
    records.extend(forge.seal(&mut client, ContentType::Alert, &CLOSE_NOTIFY)?);
    records.extend(client.seal(&message)?);
    client.connection().send(&records)?;
    let (received, end) = trial.end_of(&mut client);
    if received.get(message.len()..).is_some_and(|more| is_answered(trial.target, more)) {
        return Ok(failed("the server answered data behind close_notify (RFC 8446, 6.1: MUST be ignored)"));
    }
    let verdict = answer_and_close_notify(trial, &message, &received, &end);
    Ok(or_reset_behind(&mut client, verdict))
}

fn close_notify_twice(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let message = payload(64);
    let records = client.seal(&message)?;
    let close_notify = client.seal_close_notify()?;
    client.connection().send(&[&records, &close_notify, &close_notify, &b"noise"[..]].concat())?;
    let (received, end) = trial.end_of(&mut client);
    let verdict = answer_and_close_notify(trial, &message, &received, &end);
    Ok(or_reset_behind(&mut client, verdict))
}

fn send_and_fin(connection: &mut Connection, bytes: &[u8]) -> io::Result<()> {
    connection.send(bytes)?;
    connection.fin()
}

/// Judges the answer to data with close_notify behind it. TLS 1.2 lets a server discard the rest of its answer when
/// it reads close_notify. TLS 1.3 does not: "This does not have any effect on its read side" (RFC 8446, 6.1).
fn answer_and_close_notify(trial: &mut Trial<'_>, sent: &[u8], received: &[u8], end: &End) -> Verdict {
    match difference(sent, received) {
        None => trial.answer_to_close_notify(end),
        // A farewell may follow the echo.
        Some(difference)
            if received.starts_with(sent) && !is_answered(trial.target, &received[sent.len()..]) =>
        {
            match trial.answer_to_close_notify(end) {
                Verdict::Held => noted(difference),
                other => other,
            }
        }
        Some(difference) if trial.version == Version::Tls12 && sent.starts_with(received) => {
            match trial.answer_to_close_notify(end) {
                Verdict::Held => noted(format!("{difference}, and then close_notify")),
                Verdict::Failed(why) => failed(format!("{difference}, and {why}")),
                other => noted(format!("{difference}: {}", other.text())),
            }
        }
        Some(difference) => failed(format!("{difference}, and then {end}")),
    }
}

fn fin_without_close_notify(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let message = payload(300);
    let records = client.seal(&message)?;
    send_and_fin(client.connection(), &records)?;
    let (received, end) = trial.end_of(&mut client);
    Ok(match difference(&message, &received) {
        None => noted(format!("the message was answered, and then came {end}")),
        Some(difference) if message.starts_with(&received) => noted(format!("{difference}, and then {end}")),
        Some(difference) => failed(difference),
    })
}

fn fin_inside_a_record(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    let record = client.seal(&payload(64))?;
    send_and_fin(client.connection(), &record[..record.len() - 1])?;
    let (received, end) = trial.end_of(&mut client);
    Ok(match end {
        _ if is_answered(trial.target, &received) => {
            failed("the server answered a record that was not complete")
        }
        End::Open => noted("the server does not close the connection"),
        end => noted(format!("the connection ended with {end}")),
    })
}

fn fin_behind_the_hello(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    client.send_client_hello()?;
    client.connection().fin()?;
    let (_, end) = trial.end_of_connection(client.connection());
    Ok(end_behind_fin(&end))
}

fn fin_inside_the_handshake(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    let flight = client.second_flight()?;
    send_and_fin(client.connection(), &flight[..flight.len() / 2])?;
    let (_, end) = trial.end_of(&mut client);
    Ok(end_behind_fin(&end))
}

/// Judges the end of a session that a FIN truncates during its handshake. No RFC says how a server ends it.
fn end_behind_fin(end: &End) -> Verdict {
    match end {
        End::Open => noted("the server does not close the connection"),
        _ => Verdict::Held,
    }
}

fn reset_inside_the_hello(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    client.send_half_a_client_hello()?;
    reset(client)
}

fn reset_inside_the_handshake(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.client()?;
    client.second_flight()?;
    reset(client)
}

fn reset_behind_the_handshake(trial: &mut Trial<'_>) -> Judgement {
    reset(trial.ready()?)
}

fn reset_inside_the_answer(trial: &mut Trial<'_>) -> Judgement {
    let mut client = trial.ready()?;
    if trial.target.speaks == Speaks::Echo {
        // Nothing is read meanwhile, so an answer is in flight when the client has written as much as it can.
        let records = client.seal(&payload(MEGABYTE).repeat(8))?;
        let patience = client.connection().limit();
        client.connection().set_limit(LATE);
        let _ = client.connection().send(&records);
        client.connection().set_limit(patience);
    } else {
        client.send(&trial.request())?;
    }
    if trial.target.speaks != Speaks::Any {
        client.receive_some(1_000).or_failed("receiving the answer")?;
    }
    reset(client)
}

/// Resets the connection. The good session behind the case shows whether the server has survived it.
fn reset(client: Client) -> Judgement {
    client.into_connection().reset()?;
    Ok(Verdict::Held)
}
