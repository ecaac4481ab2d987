//! A writer that fails is reported once, and nothing panics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod support {
    pub mod memory;
}

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::close_reason::{CloseReason, Party};
use log::{Level, LevelFilter, Log, Metadata, Record};
use rustls::Side;
use show::show::Show;
use show::trace::Trace;
use support::memory::{Setup, Talk};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Remember;

impl Log for Remember {
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

/// Takes so many bytes; then the disk is full.
struct Full(usize);

impl Write for Full {
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
fn a_full_disk_is_reported_once_and_the_session_goes_on() {
    log::set_logger(&Remember).unwrap();
    log::set_max_level(LevelFilter::Warn);
    let setup = Setup::new();
    for room in [0, 10, 1000] {
        let start = Instant::now();
        for form in [
            Trace::text(Side::Server, start, Full(room), false),
            Trace::json(Side::Server, start, Full(room)),
        ] {
            let mut trace = Show::new(Side::Server, Arc::default(), form);
            let talk = Talk::new(b"hello", 3);
            let (end, _) = setup.converse(65536, talk, start, &mut trace, &mut ());
            assert_eq!(end, CloseReason::Clean { first: Party::Us });
            assert!(trace.into_sink().into_writer().is_none());
            let warnings = std::mem::take(&mut *WARNINGS.lock().unwrap());
            let [warning] = &warnings[..] else { panic!("{warnings:?}") };
            assert!(warning.starts_with("the trace ends here, its lines cannot be written: "), "{warning}");
        }
    }
}
