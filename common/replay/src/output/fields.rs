//! `--trace=fields`: the fields of each record as text.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use decode::side_name;
use rustls::Side;
use show::trace::fields::Fields;
use tls_session::bytes::{Bytes, Count};

use super::{date, since_began, summary, write_line};
use crate::connections::Sink;
use crate::reassembly::Gap;
use crate::session::{Event, Session};

/// Writes the fields.
#[derive(Debug)]
pub struct FieldLines<W> {
    out: W,
    coloured: bool,
    /// The open sessions. Each remembers which sentences it has printed.
    sessions: HashMap<u64, Fields>,
}

impl<W: Write> FieldLines<W> {
    /// Makes the sink.
    pub fn new(out: W, coloured: bool) -> Self {
        Self { out, coloured, sessions: HashMap::new() }
    }
}

impl<W: Write> Sink for FieldLines<W> {
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> io::Result<()> {
        let head = format!("session {}, {}:", session.number, since_began(session, at));
        let line = match event {
            Event::Began => {
                let (client, server) = (session.client.address, session.server.address);
                format!("session {}: began at {}, {client} → {server}", session.number, date(at))
            }
            Event::Syn(sender) => format!("{head} {} sent SYN", side_name(sender)),
            Event::Fin(sender) => format!("{head} {} sent FIN", side_name(sender)),
            Event::Reset(sender) => format!("{head} {} sent RST", side_name(sender)),
            Event::Gap(sender, Gap { after, missing }) => format!(
                "{head} the capture lacks {} of the {} after byte {after}; its later records are not \
                 decoded",
                Bytes(missing),
                side_name(sender)
            ),
            Event::Bytes { sender, length, records: [], left_over } => format!(
                "{head} {} sent {length} B, no complete record; {left_over} B are incomplete",
                side_name(sender)
            ),
            Event::Bytes { sender, length, records, left_over } => {
                let rest = if left_over > 0 {
                    format!(", and {left_over} B of the next one")
                } else {
                    String::new()
                };
                let count = Count(records.len(), "record");
                write_line(
                    &mut self.out,
                    &format!("{head} {} sent {length} B, which complete {count}{rest}", side_name(sender)),
                )?;
                let coloured = self.coloured;
                let fields = self.sessions.entry(session.number);
                let fields = fields.or_insert_with(|| Fields::new(Side::Client, coloured));
                for line in fields.lines(records, None) {
                    write_line(&mut self.out, &line)?;
                }
                return Ok(());
            }
            Event::Ended(_) => {
                self.sessions.remove(&session.number);
                summary::line(session)
            }
        };
        write_line(&mut self.out, &line)
    }
}
