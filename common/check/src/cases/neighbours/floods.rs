//! Clients that send very many bytes or messages at a low cost.

use std::io;
use std::time::{Duration, Instant};

use rustls::ContentType;

use crate::payload::{difference, payload};
use crate::trial::Trial;
use crate::verdict::{Judgement, Stop, Verdict, noted};
use crate::wire::hello::record;
use crate::wire::{Client, End};

/// How many KeyUpdates come with a line behind each.
const WITH_DATA: usize = 100;
/// How many KeyUpdates come in a row.
const IN_A_ROW: usize = 10_000;
/// A KeyUpdate with the request update_not_requested (RFC 8446, 4.6.3).
const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
/// How long the KeyUpdates with data may take. `openssl s_server -rev` needs a second for each.
const BUDGET: Duration = Duration::from_secs(3);
/// How many empty records a flood has.
const EMPTY: usize = 100_000;
/// The most plaintext that is read behind a flood.
const BEHIND: usize = 64 << 20;
/// How long a connection with a flood may stay open.
const FLOOD: Duration = Duration::from_secs(3);

/// Sends KeyUpdates with data between them, and then in a row.
pub fn many_key_updates(trial: &mut Trial<'_>) -> Judgement {
    let (mut client, forge) = trial.ready_forged()?;
    let start = Instant::now();
    let mut count = 0;
    while count < WITH_DATA && start.elapsed() < BUDGET {
        count += 1;
        client.update_keys()?;
        if let Err(error) = exchange_a_line(&mut client)? {
            return Ok(ended(client, &error, &format!("after {count} KeyUpdates with data between them")));
        }
    }
    // Those in a row request no answer: rustls as a client accepts no more than 32 KeyUpdates in a row.
    for _ in 0..IN_A_ROW {
        forge.next(ContentType::Handshake, &KEY_UPDATE);
        client.update_keys()?;
    }
    trial
        .evidence
        .note(format!("{count} KeyUpdates with data between them; now {IN_A_ROW} in a row, and a line"));
    Ok(match exchange_a_line(&mut client)? {
        Err(error) => {
            ended(client, &error, &format!("after {count} KeyUpdates with data, and {IN_A_ROW} in a row"))
        }
        Ok(()) => {
            let _ = client.close();
            noted(format!(
                "{count} KeyUpdates with data between them and {IN_A_ROW} in a row are carried out"
            ))
        }
    })
}

/// Exchanges a line.
///
/// # Errors
/// The echo is wrong. The inner error: it did not come.
fn exchange_a_line(client: &mut Client) -> Result<io::Result<()>, Stop> {
    let line = payload(64);
    match client.round_trip(&line).map(|received| difference(&line, &received)) {
        Ok(Some(difference)) => {
            Err(Stop::Failed(format!("the echo behind a KeyUpdate is wrong: {difference}")))
        }
        Ok(None) => Ok(Ok(())),
        Err(error) => Ok(Err(error)),
    }
}

/// The verdict on a session that did not go on. A limit for KeyUpdates is a policy.
fn ended(mut client: Client, error: &io::Error, when: &str) -> Verdict {
    let limit = client.connection().limit();
    client.connection().set_limit(FLOOD);
    // There may be an alert before the reset that made a write fail. Behind an error of TLS nothing can be read.
    let end = match (End::of(error), client.receive_up_to(BEHIND).1) {
        (first @ (End::Alert(_) | End::Other(_)), _) | (first, None | Some(End::Open | End::Reset)) => first,
        (_, Some(last)) => last,
    };
    match end {
        End::Open => noted(format!("no answer came within {} s {when}", limit.as_secs_f64())),
        end => noted(format!("the session ended {when} with {end}")),
    }
}

/// Sends floods instead of a ClientHello.
pub fn before_the_handshake(trial: &mut Trial<'_>) -> Judgement {
    let floods = [
        ("noise", vec![b'~'; 4 << 20]),
        ("empty application data", record(23, &[])?.repeat(EMPTY)),
        ("empty handshake records", record(22, &[])?.repeat(EMPTY)),
        ("change_cipher_specs", record(20, &[1])?.repeat(EMPTY)),
        ("warnings", record(21, &[1, 90])?.repeat(EMPTY)),
    ];
    let mut open = Vec::new();
    for (name, bytes) in floods {
        let mut connection = trial.connection()?;
        connection.set_limit(FLOOD);
        connection.note(format!("a flood of {name}"));
        // The server closes the connection meanwhile, with a reset.
        let _ = connection.send(&bytes);
        if connection.read_to_end().1.is_open() {
            open.push(name);
        }
    }
    Ok(match open.is_empty() {
        true => Verdict::Held,
        false => noted(format!(
            "the connection was still open {} s after a flood of {}",
            FLOOD.as_secs(),
            open.join(", ")
        )),
    })
}
