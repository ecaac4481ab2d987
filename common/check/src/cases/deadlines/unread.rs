//! Clients that do not take the server's output, or hardly any of it.

use std::time::{Duration, Instant};

use super::PAUSE;
use super::wait::{longer, noted_after};
use crate::trial::Trial;
use crate::usage::Megabytes;
use crate::verdict::{Judgement, noted};
use crate::wire::{Flow, Pace, Pump};

/// The most that is sent without a read, and the longest time for it.
const UNREAD: (usize, Duration) = (64 << 20, Duration::from_secs(3));
/// How much the slow reader sends.
const SLOW: usize = 16 << 20;
/// If no byte moves for this long, the server takes no more.
const FULL: Duration = Duration::from_millis(300);
/// How long the server may take for the rest, when the client reads at last.
const REST: Duration = Duration::from_secs(10);

/// Sends, and never reads.
pub fn never_reads(trial: &mut Trial<'_>) -> Judgement {
    let (most, time) = UNREAD;
    let mut pump = Pump::new(trial.ready()?, most)?;
    let start = Instant::now();
    pump.run(Pace::Never, FULL, start + time)?;
    pump.note(format!("{} were taken; now the client waits and does not read", Megabytes(pump.taken())));
    let left = trial.target.patience.saturating_sub(start.elapsed());
    match pump.wait_for_break(left)? {
        Some(end) => Ok(noted(noted_after(start, &end))),
        None => after_the_patience(trial, pump),
    }
}

/// Sends, and reads one byte at a time, slowly.
pub fn reads_slowly(trial: &mut Trial<'_>) -> Judgement {
    let client = trial.greeted(trial.client_on(trial.connection_with_small_window()?)?)?;
    let mut pump = Pump::new(client, SLOW)?;
    let start = Instant::now();
    while start.elapsed() < trial.target.patience && pump.broken().is_none() {
        // Each run begins with a byte, and ends when the next one is due.
        if let Flow::Ended(end) = pump.run(Pace::Slow(1, PAUSE), 2 * PAUSE, Instant::now() + PAUSE)? {
            return Ok(noted(noted_after(start, &end)));
        }
    }
    match pump.broken().cloned() {
        Some(end) => Ok(noted(noted_after(start, &end))),
        None => after_the_patience(trial, pump),
    }
}

/// Reads the rest after the patience. A FIN behind unread bytes shows only now.
fn after_the_patience(trial: &Trial<'_>, mut pump: Pump) -> Judgement {
    pump.stop_sending();
    let flow = pump.run(Pace::Fast, REST, (Instant::now() + REST).min(trial.deadline()))?;
    pump.note(format!("then the client read: {pump}"));
    Ok(match flow {
        Flow::Ended(end) => {
            let patience = trial.target.patience.as_secs_f64();
            noted(format!("within {patience} s the server gave up: {pump}, then {end}"))
        }
        _ => {
            pump.leave();
            longer(trial)
        }
    })
}
