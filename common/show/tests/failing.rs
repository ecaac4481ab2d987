//! Sinks that fail: the session continues, and nothing is decoded for them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod memory;
}

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use decode::secrets::Secrets;
use log::{Level, LevelFilter, Log, Metadata, Record};
use program::ending::Endings;
use program::observer::{LoopEvent, Observer};
use rustls::Side;
use show::page::Clock;
use show::show::Show;
use show::sink::{Carried, Sink};
use show::trace::Trace;
use support::memory::{Setup, Talk};
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::observer::{Observer as _, SessionId, Step};

/// A sink that fails after a number of steps.
#[derive(Debug)]
struct FailingSink {
    left: usize,
    steps_seen: Rc<Cell<usize>>,
}

impl Sink for FailingSink {
    fn is_watching(&self) -> bool {
        self.left > 0
    }

    fn step(&mut self, _: Instant, _: SessionId, _: &Step<'_>, _: &Carried) {
        self.left -= 1;
        self.steps_seen.set(self.steps_seen.get() + 1);
    }

    fn event_loop(&mut self, _: Instant, _: &LoopEvent<'_>) {}
}

/// Calls the observer after it has failed, too. The programs do the same, because their logs watch to the end.
struct Persistent(Show<FailingSink>);

impl tls_session::observer::Observer for Persistent {
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        self.0.step(now, id, step);
        let show = format!("{:?}", self.0);
        assert!(self.0.is_watching() || show.contains("sessions: {}"), "{step:?}: {show}");
    }
}

impl Observer for Persistent {}

fn converse(secrets: Arc<Secrets>, show: &mut dyn Observer) {
    let setup = Setup::new().logged(secrets);
    let (end, _) = setup.converse(65536, Talk::new(b"hello", 3), Instant::now(), show, &mut ());
    assert_eq!(end, CloseReason::Clean { first: Endpoint::Local });
}

/// The warnings of the trace.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct KeepWarnings;

impl Log for KeepWarnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.level() == Level::Warn {
            WARNINGS.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// A disk with this many free bytes.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.0.min(bytes.len());
        self.0 -= taken;
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_reported_once_and_the_session_continues() {
    log::set_logger(&KeepWarnings).unwrap();
    log::set_max_level(LevelFilter::Warn);
    let (start, endings) = (Instant::now(), Endings::of(Side::Client));
    for room in [0, 10, 1000] {
        for trace in [
            Trace::text(endings.clone(), start, Disk(room), false),
            Trace::json(endings.clone(), Clock::at(start), Disk(room)),
        ] {
            let mut show = Show::new(Side::Client, Arc::default(), trace);
            converse(Arc::default(), &mut show);
            assert!(show.is_watching());
            let warnings = std::mem::take(&mut *WARNINGS.lock().unwrap());
            let [warning] = &warnings[..] else { panic!("{room}: {warnings:?}") };
            assert!(warning.starts_with("cannot write the trace: "), "{warning}");
            assert!(warning.ends_with("; lines are skipped until writing works again"), "{warning}");
        }
    }
}

#[test]
fn only_sinks_that_have_not_failed_are_called() {
    let steps_seen = [(); 3].map(|()| Rc::<Cell<usize>>::default());
    let sinks = steps_seen.iter().zip([5, usize::MAX, 10]);
    let sinks = sinks.map(|(steps_seen, left)| {
        Box::new(FailingSink { left, steps_seen: Rc::clone(steps_seen) }) as Box<dyn Sink>
    });
    let mut show = Show::new(Side::Client, Arc::default(), sinks.collect::<Vec<_>>());
    converse(Arc::default(), &mut show);
    assert!(show.is_watching());
    let [first, second, third] = steps_seen.map(|steps_seen| steps_seen.get());
    assert!((first, third) == (5, 10) && second > 40, "{second}");
}

#[test]
fn after_the_last_sink_has_failed_nothing_is_decoded_or_kept() {
    for steps in 1..40 {
        let (secrets, steps_seen) = (Arc::<Secrets>::default(), Rc::<Cell<usize>>::default());
        let sink = FailingSink { left: steps, steps_seen: Rc::clone(&steps_seen) };
        let mut observer = Persistent(Show::new(Side::Client, Arc::clone(&secrets), sink));
        converse(Arc::clone(&secrets), &mut observer);
        assert!(!observer.0.is_watching());
        assert_eq!(steps_seen.get(), steps);
        assert_eq!(secrets.take(), []);
    }
}
