//! Many clients that connect and leave.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::cases::neighbours::beside::Place;
use crate::trial::Trial;
use crate::usage::{Megabytes, Usage};
use crate::verdict::{Judgement, Verdict, noted};
use crate::wire::Connection;

/// How many clients come.
const CLIENTS: usize = 200;
/// The most that are connected at a time. A server with a short backlog gets fewer.
const BURST: usize = 20;
/// How long a client of a burst may take to connect.
const CONNECTING: Duration = Duration::from_millis(300);
/// How long all of them may take.
const BUDGET: Duration = Duration::from_secs(3);
/// How long the server may take to close its descriptors.
const CLEANUP: Duration = Duration::from_secs(3);
/// The growth of memory that is not noted: an allocator keeps some memory.
const SOME: usize = 8_000_000;

/// How a client of the crowd leaves.
#[derive(Clone, Copy, Debug)]
pub enum Leaves {
    /// With a FIN.
    Fin,
    /// With a reset.
    Reset,
    /// With a reset behind its ClientHello. Every second client reads the first record of the server before.
    ResetBehindHello,
}

/// Lets a crowd connect and leave, in bursts, and compares descriptors and memory before and after.
pub fn crowd(trial: &Trial<'_>, leaves: Leaves) -> Judgement {
    let place = Place::of(trial)?;
    let hello = trial.hello()?;
    let before = trial.usage();
    let start = Instant::now();
    let (mut came, mut burst) = (0, BURST);
    while came < CLIENTS && start.elapsed() < BUDGET {
        let clients = connect(&place, burst.min(CLIENTS - came));
        burst = clients.len().clamp(1, burst);
        came += clients.len();
        for (number, client) in clients.into_iter().enumerate() {
            // The server may have closed the connection already.
            let _ = leave(client, leaves, &hello, number % 2 == 0);
        }
    }
    trial.evidence.note(format!("{came} clients came and left, up to {burst} at a time"));
    let came = if came < CLIENTS {
        format!("only {came} of {CLIENTS} clients could connect")
    } else {
        String::new()
    };
    Ok(match (before, before.and_then(|before| after(trial, before)), came) {
        (Some(before), Some(after), came) => compare(trial, before, after, came),
        (_, _, came) if came.is_empty() => Verdict::Held,
        (_, _, came) => noted(came),
    })
}

/// Connects a burst. It ends early if the server's backlog is full.
fn connect(place: &Place<'_>, count: usize) -> Vec<Connection> {
    (0..count).map_while(|_| Connection::open(place.target.address, CONNECTING).ok()).collect()
}

fn leave(mut client: Connection, leaves: Leaves, hello: &[u8], reads: bool) -> io::Result<()> {
    match leaves {
        Leaves::Fin => {
            drop(client);
            Ok(())
        }
        Leaves::Reset => client.reset(),
        Leaves::ResetBehindHello => {
            client.send(hello)?;
            if reads {
                let _ = client.read_record(); // a server with one slot may be busy with another client
            }
            client.reset()
        }
    }
}

/// The usage after the crowd, when the server has no more descriptors than before, or [`CLEANUP`] is over.
fn after(trial: &Trial<'_>, before: Usage) -> Option<Usage> {
    let start = Instant::now();
    loop {
        let now = trial.usage()?;
        if now.descriptors <= before.descriptors || start.elapsed() >= CLEANUP {
            return Some(now);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn compare(trial: &Trial<'_>, before: Usage, after: Usage, came: String) -> Verdict {
    trial.evidence.note(format!("before: {before}; after: {after}"));
    let mut notes = vec![came];
    if let (Some(before), Some(after)) = (before.descriptors, after.descriptors)
        && after > before
    {
        notes.push(format!("{} descriptors more than before, {} s later", after - before, CLEANUP.as_secs()));
    }
    if after.memory > before.memory + SOME {
        notes.push(format!("{} of memory more than before", Megabytes(after.memory - before.memory)));
    }
    notes.retain(|note| !note.is_empty());
    if notes.is_empty() { Verdict::Held } else { noted(notes.join("; ")) }
}
