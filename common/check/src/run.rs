//! A run: the chosen cases against one server, in order, with a good session behind each.
//!
//! ```no_run
//! use check::run::{self, Options};
//! use check::target::{Target, Trust};
//!
//! let mut target = Target::new("127.0.0.1:8000".parse()?, "localhost".try_into()?, Trust::Any);
//! let report = run::run(&mut target, Options::default(), &mut |_event| {})?;
//! let failed: Vec<_> = report.failed().map(|outcome| outcome.case.about.name).collect();
//! assert!(failed.is_empty(), "{failed:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bench;
mod steps;

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use bench::{Bench, bury, only_later, outcome};
use steps::{Step, planned};

use crate::case::{Case, Version};
use crate::cases;
use crate::probe::{Facts, ProbeError, good_session, probe};
use crate::target::{Speaks, Target};
use crate::trial::{Closing, Outcome};

/// How long a server may refuse connections after a case, before it counts as dead.
const REFUSES: Duration = Duration::from_secs(2);
/// The pause between two attempts at a good session.
const PAUSE: Duration = Duration::from_millis(50);
/// How often a run starts its server again. A server that fails more cases than this is not judged further.
const MOST_RESTARTS: usize = 100;
/// How long a run waits in all for servers that serve no client, or that cannot listen at their port yet.
const MOST_WAITS: Duration = Duration::from_secs(180);
/// How long a run may take, apart from the waits that the patience makes longer.
const BUDGET: Duration = Duration::from_secs(120);
/// How many cases of a run may wait for the whole patience.
const PATIENT_CASES: u32 = 8;

/// The options of a run.
pub struct Options<'a> {
    /// The cases. They run in the order of [`cases::all`].
    pub cases: Vec<&'static Case>,
    /// The versions of TLS that the probe tries.
    pub versions: Vec<Version>,
    /// The seed of each case's random numbers.
    pub seed: u64,
    /// Starts the server again if it has died or serves no client. Without it the run stops there.
    pub server: Option<&'a mut dyn Restart>,
}

/// All cases, both versions, the seed 1, a server that the run cannot start again.
impl Default for Options<'_> {
    fn default() -> Self {
        Self { cases: cases::all().collect(), versions: Version::ALL.to_vec(), seed: 1, server: None }
    }
}

/// A server that a run can start again.
pub trait Restart {
    /// Says how the server has ended, for example "the process ended with exit status 101". `None`: it still runs, or
    /// this is unknown.
    fn has_ended(&mut self) -> Option<String>;

    /// A case begins. What the server writes from now on belongs to it.
    fn begins(&mut self) {}

    /// The lines that the server has written since the case began, for the evidence. May be empty.
    fn last_lines(&mut self) -> Vec<String>;

    /// Ends the server if it still runs, and starts it again. It accepts connections when this returns.
    ///
    /// # Errors
    /// The server does not start.
    fn restart(&mut self) -> io::Result<Running>;
}

/// A server that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process, of which memory and descriptors are watched.
    pub process: Option<u32>,
}

/// An event of a run.
pub enum Event {
    /// The probe is over.
    Probed(Probed),
    /// A case begins.
    Begins(&'static Case, Version),
    /// A case has its verdict, or does not apply.
    Ends(Outcome),
    /// The server was started again.
    Restarted,
}

/// The knowledge after the probe.
pub struct Probed {
    /// The address that is connected to.
    pub address: SocketAddr,
    /// The protocol of the target.
    pub speaks: Speaks,
    /// The findings of the probe.
    pub facts: Facts,
    /// The cases that will run, in this order.
    pub planned: Vec<(&'static Case, Version)>,
}

/// The result of a run.
#[derive(Clone)]
pub struct Report {
    /// The findings of the probe.
    pub facts: Facts,
    /// The outcomes, in the order in which they came.
    pub outcomes: Vec<Outcome>,
    /// The cases that were not run, because the server did not survive an earlier one.
    pub not_run: Vec<(&'static Case, Version)>,
    /// Why the run stopped early.
    pub stopped: Option<Stopped>,
    /// How long the run took.
    pub took: Duration,
}

/// Why a run stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The server no longer serves, for this reason.
    #[error("{0}")]
    Server(String),
    /// The run has taken longer than its [`budget`].
    #[error("the run has taken longer than {} s", .0.as_secs())]
    OutOfTime(Duration),
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

impl Report {
    /// The failed outcomes.
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.verdict.is_failed())
    }
}

/// Probes the server, and runs the cases. `see` hears each event at once. The address and the process in
/// `target` change if the server is started again.
///
/// # Errors
/// The probe fails: see [`ProbeError`].
pub fn run(
    target: &mut Target,
    options: Options<'_>,
    see: &mut dyn FnMut(Event),
) -> Result<Report, ProbeError> {
    let start = Instant::now();
    let facts = probe(target, &options.versions)?;
    let Options { cases, seed, server, .. } = options;
    let steps = steps::steps(target, &facts, &cases);
    let (address, speaks, planned) = (target.address, target.speaks, planned(&steps));
    see(Event::Probed(Probed { address, speaks, facts: facts.clone(), planned }));
    let run = Run {
        start,
        budget: budget(target.patience),
        target,
        facts,
        closing: Closing::default(),
        seed,
        server,
        see,
        restarts: 0,
        waited: Duration::ZERO,
        outcomes: Vec::new(),
        not_run: Vec::new(),
    };
    Ok(run.run(steps))
}

/// How long a run may take with this patience: two minutes, and eight times the patience. No case begins later. The case that
/// runs then goes on to its end.
pub fn budget(patience: Duration) -> Duration {
    BUDGET + patience * PATIENT_CASES
}

struct Run<'a, 'b> {
    start: Instant,
    /// How long it may take.
    budget: Duration,
    target: &'a mut Target,
    facts: Facts,
    closing: Closing,
    seed: u64,
    server: Option<&'b mut dyn Restart>,
    see: &'a mut dyn FnMut(Event),
    restarts: usize,
    /// How long it has waited for servers that serve no client.
    waited: Duration,
    outcomes: Vec<Outcome>,
    not_run: Vec<(&'static Case, Version)>,
}

impl Run<'_, '_> {
    fn run(mut self, steps: Vec<Step>) -> Report {
        let mut stopped = None;
        for step in steps {
            match step {
                Step::Skip(case, verdict) => self.ends(outcome(case, self.facts.highest(), verdict)),
                Step::Batch(batch) if stopped.is_some() => self.not_run.extend(batch),
                Step::Batch(batch) => stopped = self.in_time(&batch).err(),
            }
        }
        let Self { start, facts, outcomes, not_run, .. } = self;
        Report { facts, outcomes, not_run, stopped, took: start.elapsed() }
    }

    /// Runs a batch if there is time for it.
    ///
    /// # Errors
    /// Why the run cannot go on.
    fn in_time(&mut self, batch: &[(&'static Case, Version)]) -> Result<(), Stopped> {
        if self.start.elapsed() > self.budget {
            self.not_run.extend(batch);
            return Err(Stopped::OutOfTime(self.budget));
        }
        self.batch(batch)
    }

    /// Runs a batch, and then a good session. A target that does not serve the good session has failed.
    ///
    /// # Errors
    /// Why the run cannot go on.
    fn batch(&mut self, batch: &[(&'static Case, Version)]) -> Result<(), Stopped> {
        for (case, version) in batch {
            (self.see)(Event::Begins(case, *version));
        }
        if let Some(server) = &mut self.server {
            server.begins();
        }
        let bench =
            Bench { target: self.target, facts: &self.facts, closing: &self.closing, seed: self.seed };
        let mut outcomes = match batch {
            [(case, version)] => vec![bench.judge(case, *version)],
            several => bench.side_by_side(several),
        };
        let visit = Instant::now();
        let visited = self.visit();
        match &visited {
            Ok(None) => {}
            Ok(Some(why)) => outcomes.iter_mut().for_each(|outcome| only_later(outcome, why)),
            Err(why) => {
                let lines = self.server.as_mut().map(|server| server.last_lines()).unwrap_or_default();
                outcomes.iter_mut().for_each(|outcome| bury(outcome, why, &lines, batch.len()));
            }
        }
        let goes_on = match visited {
            Ok(_) => Ok(()),
            Err(why) => {
                self.waited += visit.elapsed();
                let restarted = self.restart(&why).map_err(Stopped::Server);
                if batch.len() > 1 && restarted.is_ok() {
                    return self.one_after_the_other(batch);
                }
                restarted
            }
        };
        outcomes.into_iter().for_each(|outcome| self.ends(outcome));
        goes_on
    }

    /// Runs the cases of a batch again, each alone. The server did not survive all of them side by side, and it
    /// is unknown which case ended it.
    fn one_after_the_other(&mut self, batch: &[(&'static Case, Version)]) -> Result<(), Stopped> {
        for (index, one) in batch.iter().enumerate() {
            if let Err(why) = self.in_time(&[*one]) {
                self.not_run.extend(&batch[index + 1..]);
                return Err(why);
            }
        }
        Ok(())
    }

    fn ends(&mut self, outcome: Outcome) {
        (self.see)(Event::Ends(outcome.clone()));
        self.outcomes.push(outcome);
    }

    /// Runs a good session. A server that is busy with the end of the case has the time of its patience. Returns why the
    /// first attempt failed, if a later one succeeded.
    ///
    /// # Errors
    /// Why no attempt succeeded.
    fn visit(&mut self) -> Result<Option<String>, String> {
        let start = Instant::now();
        let mut first = None;
        loop {
            if let Some(why) = self.server.as_mut().and_then(|server| server.has_ended()) {
                return Err(why);
            }
            let Err(why) = good_session(self.target, &self.facts) else { return Ok(first) };
            let limit = match is_refused(self.target) {
                true => REFUSES.min(self.target.patience),
                false => self.target.patience,
            };
            if start.elapsed() >= limit {
                return Err(format!("no good session was possible within {} s: {why}", limit.as_secs_f64()));
            }
            first.get_or_insert(why);
            thread::sleep(PAUSE);
        }
    }

    fn restart(&mut self, why: &str) -> Result<(), String> {
        let Some(server) = &mut self.server else { return Err(why.to_owned()) };
        self.restarts += 1;
        if self.restarts > MOST_RESTARTS || self.waited > MOST_WAITS {
            return Err(format!("the server did not survive {} cases", self.restarts));
        }
        let start = Instant::now();
        let running = server.restart();
        self.waited += start.elapsed();
        let running = running.map_err(|error| format!("the server does not start again: {error}"))?;
        self.target.address = running.address;
        self.target.process = running.process;
        (self.see)(Event::Restarted);
        self.visit().map(drop).map_err(|why| format!("the server was started again, but {why}"))
    }
}

/// Whether no server listens at the target's address.
fn is_refused(target: &Target) -> bool {
    let connection = std::net::TcpStream::connect_timeout(&target.address, target.patience);
    connection.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Trust;

    #[test]
    fn no_case_begins_when_the_budget_is_used_up() {
        let Ok(name) = "localhost".try_into() else { panic!("the name is valid") };
        let mut target = Target::new(([127, 0, 0, 1], 1).into(), name, Trust::Any);
        let Some(case) = cases::all().next() else { panic!("there is a case") };
        let run = Run {
            start: Instant::now(),
            budget: Duration::ZERO,
            target: &mut target,
            facts: Facts { versions: Version::ALL.to_vec(), greeting: Vec::new(), at_once: 1 },
            closing: Closing::default(),
            seed: 1,
            server: None,
            see: &mut |_| {},
            restarts: 0,
            waited: Duration::ZERO,
            outcomes: Vec::new(),
            not_run: Vec::new(),
        };
        let report =
            run.run(Version::ALL.map(|version| Step::Batch(vec![(case, version)])).into_iter().collect());
        assert_eq!(report.stopped, Some(Stopped::OutOfTime(Duration::ZERO)));
        assert_eq!((report.outcomes.len(), report.not_run.len()), (0, 2));
    }
}
