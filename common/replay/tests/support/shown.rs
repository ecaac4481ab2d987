//! Replays a capture into memory.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use std::io;
use std::time::Duration;

use decode::Record;
use replay::connections::Sink;
use replay::file::Reader;
use replay::key_log::KeyLog;
use replay::reassembly::Gap;
use replay::replay::{Report, replay};
use replay::session::{Event, Session};
use rustls::Side;
use show::page::Grade;

/// The events of one session.
#[derive(Debug, Default)]
pub struct Shown {
    pub records: Vec<Record>,
    pub gaps: Vec<(Side, Gap)>,
    /// The other events: their time and their name.
    pub events: Vec<(Duration, String)>,
    /// The line of the session.
    pub line: String,
    /// The grade of its end.
    pub grade: Option<Grade>,
}

/// All sessions in the order of their numbers.
#[derive(Debug, Default)]
pub struct Collected(pub Vec<Shown>);

impl Sink for Collected {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        self.0.resize_with(self.0.len().max(session.number as usize), Shown::default);
        let shown = &mut self.0[session.number as usize - 1];
        match event {
            Event::Bytes { records, .. } => shown.records.extend_from_slice(records),
            Event::Gap(side, gap) => shown.gaps.push((side, gap)),
            Event::Ended(_) => {
                shown.line = replay::output::summary::line(session);
                shown.grade = Some(replay::output::ending::of(session).1);
            }
            event => shown.events.push((at, format!("{event:?}"))),
        }
        Ok(())
    }
}

/// Replays a capture file.
pub fn show(file: &[u8]) -> (Vec<Shown>, Report) {
    let mut collected = Collected::default();
    let report = replay(Reader::new(file).unwrap(), KeyLog::default(), &mut collected).unwrap();
    (collected.0, report)
}
