//! The hostile clients. Each goes on until it is stopped.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::cases::neighbours::beside::{Place, Signals};
use crate::payload::payload;
use crate::verdict::Stop;
use crate::wire::{Connection, Flow, Pace, Pump};

/// The longest wait before a hostile client looks whether it must stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long a connection of the many may take.
const CONNECTING: Duration = Duration::from_secs(1);
/// How long a look at a connection of the many waits. A socket takes no limit of zero.
const AT_ONCE: Duration = Duration::from_millis(1);
/// If no byte moves for this long, the server takes no more.
const FULL: Duration = Duration::from_millis(300);
/// The most that is sent without a read, and the longest time for it.
const UNREAD: (usize, Duration) = (64 << 20, Duration::from_secs(1));
/// How many KeyUpdates come between two lines. Some servers allow no more in a row: 32 in OpenSSL and rustls, 16 in Go.
const KEY_UPDATES: usize = 15;
/// How many threads make handshakes.
const STORM: usize = 2;

/// Sends until the server takes no more, and reads nothing.
pub fn does_not_read(place: &Place<'_>, signals: &Signals) -> Result<String, Stop> {
    let (most, time) = UNREAD;
    let mut pump = Pump::new(place.ready_in_evidence()?, most)?;
    pump.run(Pace::Never, FULL, Instant::now() + time)?;
    pump.note(format!("{} bytes were taken while nothing was read", pump.taken()));
    signals.in_place();
    while !signals.stopped() {
        if let Some(end) = pump.wait_for_break(LOOK)? {
            return Ok(format!("the server ended the session of the client that does not read: {end}"));
        }
    }
    Ok("the client that does not read has left".to_owned())
}

/// Holds so many connections, on which these bytes were sent.
pub fn hold_many(place: &Place<'_>, signals: &Signals, count: usize, first: &[u8]) -> Result<String, Stop> {
    let open = || -> io::Result<Connection> {
        let mut connection = Connection::open(place.target.address, CONNECTING)?;
        connection.send(first)?;
        Ok(connection)
    };
    let mut open: Vec<Connection> = (0..room_for(count)).map_while(|_| open().ok()).collect();
    place.evidence.note(format!("{} connections are open", open.len()));
    signals.in_place();
    while !signals.stopped() {
        thread::sleep(LOOK);
    }
    let silent = open.iter_mut().filter_map(|connection| connection.is_silent_for(AT_ONCE).ok());
    let silent = silent.filter(|is_silent| *is_silent).count();
    Ok(format!("{silent} of {} connections were still open in the end", open.len()))
}

/// Makes handshakes without end, and leaves each session at once.
pub fn storm(place: &Place<'_>, signals: &Signals) -> Result<String, Stop> {
    let handshakes = || {
        let mut count = 0;
        while !signals.stopped() {
            match place.client(Duration::from_millis(500)).and_then(|mut client| client.handshake()) {
                Ok(()) => count += 1,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        count
    };
    signals.in_place();
    let count: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..STORM).map(|_| scope.spawn(handshakes)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    });
    Ok(format!("{count} handshakes in the storm"))
}

/// Sends KeyUpdates and lines, as fast as the server answers the lines.
pub fn key_updates(place: &Place<'_>, signals: &Signals) -> Result<String, Stop> {
    let mut client = place.ready_in_evidence()?;
    client.connection().set_limit(Duration::from_millis(500));
    signals.in_place();
    let line = payload(64);
    let mut updates = 0;
    while !signals.stopped() {
        for _ in 0..KEY_UPDATES {
            client.update_keys()?;
        }
        match client.round_trip(&line) {
            Ok(_) => updates += KEY_UPDATES,
            Err(error) => return Ok(format!("the session ended after {updates} KeyUpdates: {error}")),
        }
    }
    let _ = client.close();
    Ok(format!("{updates} KeyUpdates were carried out"))
}

/// Sends without end, and reads everything, as fast as it can. `record`: the most plaintext in a record.
pub fn sends_without_end(place: &Place<'_>, signals: &Signals, record: usize) -> Result<String, Stop> {
    let mut pump = Pump::new(place.ready_in_evidence()?, usize::MAX)?.with_records_of(record);
    signals.in_place();
    while !signals.stopped() {
        match pump.run(Pace::Fast, place.target.patience, Instant::now() + LOOK)? {
            Flow::OutOfTime => {}
            flow => return Ok(format!("the bulk sender stopped after {} bytes: {flow:?}", pump.received())),
        }
    }
    pump.stop_sending();
    let flow = pump.run(Pace::Fast, FULL, Instant::now() + CONNECTING)?;
    let count = pump.received();
    if flow == Flow::Complete {
        pump.leave();
    }
    Ok(format!("{count} bytes came back to the bulk sender"))
}

/// How many of these connections fit below our own limit of descriptors.
fn room_for(wanted: usize) -> usize {
    /// For everything else that is open.
    const RESERVE: usize = 64;
    let most = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
    wanted.min(most.unwrap_or(usize::MAX).saturating_sub(RESERVE))
}
