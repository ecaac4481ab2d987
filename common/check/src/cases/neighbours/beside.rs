//! Measures how other clients are served while a hostile client is at work.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use crate::evidence::Evidence;
use crate::exchange;
use crate::payload::difference;
use crate::probe::Facts;
use crate::target::{Speaks, Target};
use crate::trial::Trial;
use crate::verdict::{Judgement, Stop, Verdict, failed, noted};
use crate::wire::{Client, Connection};

/// How long others are served before the hostile client comes, for comparison.
const ALONE: Duration = Duration::from_millis(200);
/// How long they are served beside it. If none is, they wait for the patience.
const WINDOW: Duration = Duration::from_millis(1200);
/// The pause after a session that failed.
const PAUSE: Duration = Duration::from_millis(10);
/// How long another client waits for the server's close_notify.
const FAREWELL: Duration = Duration::from_secs(1);
/// A p99 needs this many samples.
const ENOUGH: usize = 100;

/// The target, for several threads.
#[derive(Clone)]
pub struct Place<'a> {
    /// The server.
    pub target: &'a Target,
    /// The findings of the probe.
    pub facts: &'a Facts,
    config: Arc<ClientConfig>,
    /// The end of the longest run of the case.
    deadline: Instant,
    /// The evidence of the case. Only notes and single connections: many connections would fill it.
    pub evidence: Evidence,
}

impl<'a> Place<'a> {
    /// The target of this trial.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn of(trial: &Trial<'a>) -> io::Result<Self> {
        let (target, facts) = (trial.target, trial.facts);
        let config = Arc::new(target.config(&[trial.version.rustls()])?);
        Ok(Self { target, facts, config, deadline: trial.deadline(), evidence: trial.evidence.clone() })
    }

    /// Connects. All calls of the connection together end within this time. Nothing is written down.
    ///
    /// # Errors
    /// The server refuses the connection, or does not answer in time.
    pub fn connection(&self, limit: Duration) -> io::Result<Connection> {
        let by = Instant::now() + limit;
        Ok(Connection::open(self.target.address, limit)?.until(by))
    }

    /// A client before its handshake, on such a connection.
    ///
    /// # Errors
    /// As [`connection`](Self::connection).
    pub fn client(&self, limit: Duration) -> io::Result<Client> {
        self.client_on(self.connection(limit)?)
    }

    /// A client before its handshake.
    ///
    /// # Errors
    /// rustls refuses the name of the server.
    pub fn client_on(&self, connection: Connection) -> io::Result<Client> {
        Client::new(connection, Arc::clone(&self.config), self.target.name.clone())
    }

    /// A client after its handshake and the greeting.
    ///
    /// # Errors
    /// As [`connection`](Self::connection), or the handshake fails.
    pub fn ready(&self, limit: Duration) -> io::Result<Client> {
        let mut client = self.client(limit)?;
        exchange::handshake(self.facts, &mut client)?;
        Ok(client)
    }

    /// A client after its handshake and the greeting, whose connection is written down.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn ready_in_evidence(&self) -> io::Result<Client> {
        let mut client = self.client_on(self.target.connect(&self.evidence)?.until(self.deadline))?;
        exchange::handshake(self.facts, &mut client)?;
        Ok(client)
    }

    fn exchange(&self, client: &mut Client) -> Result<(), Trouble> {
        let request = exchange::request(self.target);
        if self.target.speaks == Speaks::Echo {
            let received = client.round_trip(&request).map_err(Trouble::of)?;
            return difference(&request, &received)
                .map_or(Ok(()), |difference| Err(Trouble::Wrong(difference)));
        }
        client.send(&request).map_err(Trouble::of)?;
        exchange::answer(self.target, client).map_err(|stop| Trouble::NotServed(stop.why().to_owned()))
    }

    /// One session of another client: handshake, exchange, close_notify. Returns how long it took up to the answer.
    fn session(&self, limit: Duration) -> Result<Duration, Trouble> {
        let start = Instant::now();
        let mut client = self.ready(limit).map_err(Trouble::of)?;
        self.exchange(&mut client)?;
        let pause = if self.facts.greeting.is_empty() { exchange::PAUSE } else { Duration::ZERO };
        let took = start.elapsed().saturating_sub(pause); // the pause is ours
        client.leave(FAREWELL);
        Ok(took)
    }
}

/// Why another client was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    /// There was no session, or no answer.
    NotServed(String),
    /// The echo was wrong.
    Wrong(String),
}

impl Trouble {
    fn of(error: io::Error) -> Self {
        Self::NotServed(error.to_string())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotServed(why) => f.write_str(why),
            Self::Wrong(difference) => write!(f, "the echo is wrong: {difference}"),
        }
    }
}

/// The signals between the hostile client and the measurement.
#[derive(Default)]
pub struct Signals {
    in_place: AtomicBool,
    stop: AtomicBool,
}

impl Signals {
    /// The hostile client is at work: the measurement begins.
    pub fn in_place(&self) {
        self.in_place.store(true, Ordering::Relaxed);
    }

    /// Whether the hostile client must end. It looks at least every half second.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Runs a hostile client on a thread, and serves others meanwhile. The hostile client returns a sentence for the evidence.
/// `meanwhile` describes that time: "beside a client that does not read".
///
/// # Errors
/// The hostile client could not be prepared.
pub fn beside(
    trial: &Trial<'_>,
    meanwhile: &str,
    hostile: impl FnOnce(&Place<'_>, &Signals) -> Result<String, Stop> + Send,
) -> Judgement {
    let place = Place::of(trial)?;
    let patience = trial.target.patience;
    let mut open = place.ready(2 * patience + ALONE)?;
    let alone = Served::measure(&place, &mut open, ALONE);
    trial.evidence.note(format!("others alone: {}", alone.text(None)));

    let signals = Signals::default();
    let (served, hostile) = thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || {
            let result = hostile(&place, &signals);
            signals.in_place();
            result
        })?;
        let start = Instant::now();
        while !signals.in_place.load(Ordering::Relaxed) && start.elapsed() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        trial.evidence.note(format!("{meanwhile}: others come"));
        let served = Served::measure(&place, &mut open, WINDOW);
        signals.stop.store(true, Ordering::Relaxed);
        let hostile = thread
            .join()
            .unwrap_or_else(|_| Err(Stop::Inconclusive("the hostile client panicked".to_owned())));
        Ok::<_, io::Error>((served, hostile))
    })?;
    trial.evidence.note(format!("others: {}", served.text(None)));
    trial.evidence.note(hostile?);
    let _ = open.close_notify();
    Ok(served.verdict(&alone, meanwhile, patience))
}

/// How others were served.
struct Served {
    /// New sessions, up to their answer.
    sessions: Times,
    /// Exchanges on a session that was open before. `None` if the target does not echo.
    exchanges: Option<Times>,
}

impl Served {
    /// Serves others for this time. If none is served, they wait for the patience.
    fn measure(place: &Place<'_>, open: &mut Client, time: Duration) -> Self {
        let patience = place.target.patience;
        thread::scope(|scope| {
            let exchanges = (place.target.speaks == Speaks::Echo).then(|| {
                scope.spawn(|| {
                    Times::collect(time, patience, 1, |limit| {
                        open.connection().set_limit(limit);
                        let start = Instant::now();
                        place.exchange(open).map(|()| start.elapsed())
                    })
                })
            });
            let sessions = Times::collect(time, patience, usize::MAX, |limit| place.session(limit));
            Self { sessions, exchanges: exchanges.map(|thread| thread.join().unwrap_or_default()) }
        })
    }

    fn verdict(&self, alone: &Self, meanwhile: &str, patience: Duration) -> Verdict {
        let within = format!("within {} s", patience.as_secs_f64());
        let all = || std::iter::once(&self.sessions).chain(&self.exchanges);
        if let Some(trouble @ Trouble::Wrong(_)) = all().find_map(|times| times.trouble.as_ref()) {
            return failed(format!("{meanwhile}: another client was served, but {trouble}"));
        }
        if self.sessions.served.is_empty() {
            return failed(format!(
                "{meanwhile}: no new client was served {within}: {}",
                self.sessions.why()
            ));
        }
        match &self.exchanges {
            Some(times) if times.served.is_empty() && times.waited >= patience => {
                failed(format!("{meanwhile}: an open session got no answer {within}: {}", times.why()))
            }
            _ => noted(self.text(Some(alone))),
        }
    }

    /// Returns the number of sessions and exchanges, and their times, compared with those of others that were served alone.
    fn text(&self, alone: Option<&Self>) -> String {
        let sessions = self.sessions.text(alone.map(|alone| &alone.sessions));
        let mut text = format!("{} new sessions, {sessions}", self.sessions.served.len());
        if let Some(times) = &self.exchanges {
            let alone = alone.and_then(|alone| alone.exchanges.as_ref());
            text += &format!("; {} exchanges, {}", times.served.len(), times.text(alone));
        }
        text
    }
}

/// How long others waited.
#[derive(Default)]
struct Times {
    /// Those that were served, the shortest first.
    served: Vec<Duration>,
    /// How many were not served.
    failures: usize,
    /// Why the last one was not served. A wrong echo stays.
    trouble: Option<Trouble>,
    /// How long the collection took.
    waited: Duration,
}

impl Times {
    /// Calls `serve` again and again for this time. If none is served, it goes on for the patience. It ends after this many
    /// failures. `serve` takes its limit.
    fn collect(
        time: Duration,
        patience: Duration,
        failures: usize,
        mut serve: impl FnMut(Duration) -> Result<Duration, Trouble>,
    ) -> Self {
        let start = Instant::now();
        let mut times = Self::default();
        let goes_on =
            |times: &Self| start.elapsed() < time || (times.served.is_empty() && start.elapsed() < patience);
        while goes_on(&times) && times.failures < failures {
            match serve(patience.saturating_sub(start.elapsed()).max(PAUSE)) {
                Ok(took) => times.served.push(took),
                Err(trouble) => {
                    times.failures += 1;
                    if !matches!(times.trouble, Some(Trouble::Wrong(_))) {
                        times.trouble = Some(trouble);
                    }
                    thread::sleep(PAUSE);
                }
            }
        }
        times.served.sort_unstable();
        times.waited = start.elapsed();
        times
    }

    fn why(&self) -> String {
        self.trouble.as_ref().map_or_else(|| "it was too slow".to_owned(), Trouble::to_string)
    }

    /// The time within which this share of them was served.
    fn percentile(&self, percent: usize) -> Option<Duration> {
        self.served.get((self.served.len() * percent / 100).min(self.served.len().checked_sub(1)?)).copied()
    }

    /// Returns "p50 1.2 ms (alone 1.1 ms), p99 3.4 ms". With few samples the longest stands for the p99.
    fn text(&self, alone: Option<&Self>) -> String {
        let alone = alone.and_then(|alone| alone.percentile(50));
        let alone = alone.map(|time| format!(" (alone {})", milliseconds(time))).unwrap_or_default();
        let mut text = match (self.percentile(50), self.percentile(99), self.served.last()) {
            (Some(p50), Some(p99), Some(longest)) => {
                let p50 = format!("p50 {}{alone}", milliseconds(p50));
                match self.served.len() >= ENOUGH {
                    true => format!("{p50}, p99 {}", milliseconds(p99)),
                    false => format!("{p50}, longest {}", milliseconds(*longest)),
                }
            }
            _ => "none was served".to_owned(),
        };
        if let Some(trouble) = &self.trouble {
            text += &format!(", {} failed: {trouble}", self.failures);
        }
        text
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_enough_samples() {
        let times =
            |count| Times { served: (1..=count).map(Duration::from_millis).collect(), ..Times::default() };
        assert_eq!(times(0).text(None), "none was served");
        assert_eq!(times(3).text(None), "p50 2.0 ms, longest 3.0 ms");
        assert_eq!(times(200).text(None), "p50 101.0 ms, p99 199.0 ms");
        assert_eq!(times(200).text(Some(&times(3))), "p50 101.0 ms (alone 2.0 ms), p99 199.0 ms");
    }

    #[test]
    fn a_collection_waits_for_the_first_that_is_served() {
        let busy = || Err(Trouble::NotServed("busy".to_owned()));
        let mut calls = 0;
        let times = Times::collect(Duration::ZERO, Duration::from_secs(60), usize::MAX, |_| {
            calls += 1;
            if calls < 3 { busy() } else { Ok(Duration::from_millis(1)) }
        });
        assert_eq!((times.served.len(), times.failures), (1, 2));
        let patience = Duration::from_millis(20);
        let times = Times::collect(Duration::ZERO, patience, usize::MAX, |_| busy());
        assert!(times.served.is_empty() && times.failures > 0 && times.waited >= patience);
        let times = Times::collect(patience, patience, 1, |_| busy());
        assert_eq!((times.served.len(), times.failures), (0, 1));
    }
}
