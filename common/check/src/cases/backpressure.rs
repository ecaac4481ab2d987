//! Clients that do not read, or read slowly.

use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::case::{About, Case, Group, Needs, Versions};
use crate::trial::Trial;
use crate::usage::Megabytes;
use crate::verdict::{Judgement, Stop, Verdict, failed, noted};
use crate::wire::{Client, End, Flow, Pace, Pump};

/// The cases of this group.
pub static CASES: &[Case] = &[
    About::new("unread-answer")
        .tries(
            "The client sends up to 64 MB and does not read the echo. It stops when no byte moves for 1 s, \
             and then it reads everything.",
        )
        .good(
            "The server stops reading when its output is not taken, so that its memory does not grow. The \
             kernel's buffers on both ways take some megabytes. Every byte comes back.",
        )
        .source("lost bytes")
        .guide("06-backpressure.md#stop-reading")
        .case(Group::Backpressure, Versions::Highest, Needs::Echo, unread_answer),
    About::new("late-reader")
        .tries("The client sends 12 MB, and begins to read only when the server takes no more.")
        .good("The server goes on when its output is taken. Every byte comes back.")
        .source("lost bytes")
        .guide("06-backpressure.md#going-on")
        .case(Group::Backpressure, Versions::Each, Needs::Echo, late_reader),
    About::new("both-directions-full")
        .tries(
            "The client sends 6 MB as fast as it can, and reads the echo slowly, with a small receive \
             buffer.",
        )
        .good("The server waits for both directions at the same time. Every byte comes back.")
        .source("lost bytes")
        .guide("06-backpressure.md#both-directions-full")
        .case(Group::Backpressure, Versions::Each, Needs::Echo, both_directions_full),
    About::new("one-byte-reads")
        .tries(
            "The client sends 2 MB. It reads the first 64 KB of the echo one byte at a time, with a small \
             receive buffer.",
        )
        .good("The server goes on whenever there is a little room. Every byte comes back.")
        .source("lost bytes")
        .guide("06-backpressure.md#going-on")
        .case(Group::Backpressure, Versions::Each, Needs::Echo, one_byte_reads),
];

/// The most bytes that are sent while nothing is read.
const UNREAD: usize = 64 << 20;
/// The longest time in which they are sent. A slow server gets less.
const BUDGET: Duration = Duration::from_secs(8);
/// If no byte moves for this long, the server takes no more.
const FULL: Duration = Duration::from_secs(1);
/// The same, where the client only has to fill the buffers.
const NEARLY_FULL: Duration = Duration::from_millis(300);
/// A server may have a deadline for answers that are not read. A server that gives up earlier than this has no deadline: it
/// fails when its socket is full.
const NO_DEADLINE: Duration = Duration::from_secs(5);
/// The client's buffers hold little, so that the bytes are with the server.
const SMALL: usize = 128 * 1024;

fn unread_answer(trial: &mut Trial<'_>) -> Judgement {
    let mut pump = Pump::new(with_small_send_buffer(trial.ready()?)?, UNREAD)?;
    let before = trial.usage();
    let start = Instant::now();
    let flow = pump.run(Pace::Never, FULL, (start + BUDGET).min(trial.deadline()))?;
    let after = trial.usage();
    pump.stop_sending();
    let taken = match flow {
        Flow::Complete => format!("all {} were taken", Megabytes(pump.taken())),
        Flow::OutOfTime => {
            format!(
                "{} were taken in {} s, and more would have been",
                Megabytes(pump.taken()),
                BUDGET.as_secs()
            )
        }
        _ => format!("{} were taken", Megabytes(pump.taken())),
    };
    let memory = match (before, after) {
        (Some(before), Some(after)) => {
            format!(", and memory grew by {}", Megabytes(after.memory.saturating_sub(before.memory)))
        }
        _ => String::new(),
    };
    let value = format!("{taken} while nothing was read{memory}");
    pump.note(&value);
    if let Flow::Ended(end) = &flow
        && start.elapsed() >= NO_DEADLINE
    {
        return Ok(gave_up(end, start));
    }
    match every_byte(trial, pump, Pace::Fast, start)? {
        Verdict::Held => Ok(noted(value)),
        other => Ok(other),
    }
}

fn late_reader(trial: &mut Trial<'_>) -> Judgement {
    let mut pump = Pump::new(with_small_send_buffer(trial.ready()?)?, 12 << 20)?;
    let start = Instant::now();
    pump.run(Pace::Never, NEARLY_FULL, (start + BUDGET).min(trial.deadline()))?;
    pump.note(format!("{} were taken while nothing was read", Megabytes(pump.taken())));
    every_byte(trial, pump, Pace::Fast, start)
}

fn both_directions_full(trial: &mut Trial<'_>) -> Judgement {
    let pump = Pump::new(small_window(trial)?, 6 << 20)?;
    every_byte(trial, pump, Pace::Slow(SMALL / 2, Duration::from_millis(5)), Instant::now())
}

fn one_byte_reads(trial: &mut Trial<'_>) -> Judgement {
    let pump = Pump::new(small_window(trial)?, 2 << 20)?;
    every_byte(trial, pump, Pace::OneByte(64 * 1024), Instant::now())
}

/// Sends the rest and reads everything. `unread_since`: when the client began to let the server wait.
fn every_byte(trial: &Trial<'_>, mut pump: Pump, pace: Pace, unread_since: Instant) -> Judgement {
    let waited = unread_since.elapsed();
    let start = Instant::now();
    let flow = pump.run(pace, trial.target.patience, trial.deadline())?;
    pump.note(format!("{pump} in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(match flow {
        Flow::Complete => {
            pump.leave();
            Verdict::Held
        }
        Flow::Changed(difference) => failed(format!("the echo is wrong: {difference}")),
        Flow::Ended(end) if end != End::CloseNotify && waited >= NO_DEADLINE => gave_up(&end, unread_since),
        Flow::Ended(end) => failed(format!("the session ended with {end}, but only {pump}")),
        Flow::Stalled(time) => failed(format!("only {pump}, and then nothing for {} s", time.as_secs_f64())),
        Flow::OutOfTime => return Err(pump.too_slow()),
    })
}

/// The verdict on a server that did not wait for a client that reads nothing for seconds.
fn gave_up(end: &End, unread_since: Instant) -> Verdict {
    let waited = unread_since.elapsed().as_secs_f64();
    noted(format!(
        "the server did not wait: it ended the session with {end} after {waited:.1} s without a read"
    ))
}

fn with_small_send_buffer(mut client: Client) -> Result<Client, Stop> {
    SockRef::from(client.connection().socket()).set_send_buffer_size(SMALL)?;
    Ok(client)
}

fn small_window(trial: &Trial<'_>) -> Result<Client, Stop> {
    let connection = trial.connection_with_small_window()?;
    with_small_send_buffer(trial.greeted(trial.client_on(connection)?)?)
}
