//! A line for each session.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use program::offer::version_name;
use tls_session::bytes::Count;
use tls_session::escaped::Escaped;
use tls_session::handshake::suite_name;

use super::{date, ending, write_line};
use crate::connections::Sink;
use crate::session::{Event, Session};

/// The most lines that wait for the line of an earlier session.
const MAX_WAITING: usize = 10_000;

/// Writes the lines in the order in which the sessions began.
#[derive(Debug)]
pub struct Summary<W> {
    pub(super) out: W,
    /// The number of the next line, unless too many lines wait for it.
    next: u64,
    waiting: BTreeMap<u64, String>,
}

impl<W: Write> Summary<W> {
    /// Makes the sink.
    pub fn new(out: W) -> Self {
        Self { out, next: 1, waiting: BTreeMap::new() }
    }

    /// Adds the line of a session, and writes those that are next.
    ///
    /// # Errors
    /// The output fails.
    pub fn add(&mut self, number: u64, line: String) -> io::Result<()> {
        self.waiting.insert(number, line);
        while let Some(first) = self.waiting.first_entry() {
            let number = *first.key();
            if number > self.next && self.waiting.len() <= MAX_WAITING {
                break;
            }
            self.next = self.next.max(number + 1);
            if let Some(line) = self.waiting.remove(&number) {
                write_line(&mut self.out, &line)?;
            }
        }
        Ok(())
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> io::Result<()> {
        for line in self.waiting.values() {
            write_line(&mut self.out, line)?;
        }
        self.out.flush()
    }
}

impl<W: Write> Sink for Summary<W> {
    fn event(&mut self, _: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Ended(_) => self.add(session.number, line(session)),
            _ => Ok(()),
        }
    }
}

/// Returns the line of a session that has ended.
pub fn line(session: &Session) -> String {
    let Session { number, began, last, client, server, .. } = session;
    let seconds = last.saturating_sub(*began).as_secs_f64();
    let version = session.choices.version().map_or_else(|| "no ServerHello".to_owned(), version_name);
    let suite = session.choices.suite().map(|suite| format!(" {}", suite_name(suite))).unwrap_or_default();
    let text = |name: &str, value: Option<&[u8]>| {
        value.map(|value| format!(", {name} {}", Escaped::new(value))).unwrap_or_default()
    };
    let server_name = text("server name", session.server_name.as_deref());
    let protocol = text("ALPN", session.choices.protocol());
    format!(
        "session {number}: {}, {seconds:.3} s, {} → {}, {version}{suite}{server_name}{protocol}, \
         {} from the client, {} from the server, {} + {} B, {}; {}",
        date(*began),
        client.address,
        server.address,
        Count(client.records, "record"),
        server.records,
        client.bytes,
        server.bytes,
        ending::decrypted(session),
        ending::of(session).0,
    )
}
