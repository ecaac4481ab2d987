//! A session of a capture, made by another program. No loop and no machine is known, only the records and the segments.

use std::net::SocketAddr;
use std::time::Duration;

use decode::hello::ServerHello;
use decode::{Alert, Content, Message, Record};
use rustls::{ContentType, HandshakeKind, HandshakeType, ProtocolVersion, Side};
use tls_session::alert_name::AlertName;
use tls_session::bytes::Bytes;
use tls_session::escaped::Escaped;
use tls_session::handshake::suite_name;

use super::closure::Closure;
use super::date;
use super::facts::{Agreed, Facts, Grade, Outcome};
use super::names;
use super::rows::{Row, Rows, Turn};
use super::segments::Segment;
use crate::vocabulary::{Tone, entry};

/// A session of a capture, until its page is drawn. Its size is bounded, however long the session is.
#[derive(Debug)]
pub struct Captured {
    /// The time of its first packet, since 1970.
    pub(super) began: Duration,
    pub(super) facts: Facts,
    pub(super) rows: Rows,
    /// The kind of the handshake, as far as its messages show it.
    kind: HandshakeKind,
    /// The server has sent its ServerHello.
    is_agreed: bool,
    client: Progress,
    server: Progress,
    /// A row says why the session failed.
    has_trouble: bool,
    turned: Option<Duration>,
}

/// The progress of one end.
#[derive(Debug, Default)]
struct Progress {
    change_cipher_spec: bool,
    certificate: bool,
    finished: bool,
}

impl Captured {
    /// Begins a session with its first packet. `began` is the time of day, since 1970.
    pub fn new(number: u64, client: SocketAddr, server: SocketAddr, began: Duration) -> Self {
        Self {
            began,
            facts: Facts::new(number, None, [client, server], date(began)),
            rows: Rows::default(),
            kind: HandshakeKind::Full,
            is_agreed: false,
            client: Progress::default(),
            server: Progress::default(),
            has_trouble: false,
            turned: None,
        }
    }

    /// Returns about how many bytes it keeps.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.facts.size() + self.rows.size()
    }

    /// Adds the SYN of the server, which answers that of the client. Call this before everything else.
    pub fn connected(&mut self, at: Duration) {
        let took = at.saturating_sub(self.began);
        // As on the page of a program, the session begins when TCP is connected.
        self.began = at;
        self.facts.began = date(at);
        self.turn(at);
        self.segment(Segment::Connected(Some(took)));
    }

    /// Adds bytes of one end, and the records that they complete.
    pub fn bytes(&mut self, at: Duration, sender: Side, length: usize, records: &[Record]) {
        self.facts.lasted = at.saturating_sub(self.began);
        self.facts.of_mut(sender).bytes += length as u64;
        if !records.is_empty() {
            self.turn(at);
        }
        for record in records {
            self.record(record);
        }
    }

    /// Adds bytes that the capture lacks. Nothing more of their direction follows.
    pub fn gap(&mut self, at: Duration, sender: Side, missing: u64) {
        self.turn(at);
        self.facts.closures.close(sender, Closure::Unknown);
        let sender = decode::side_name(sender);
        let details = format!("{} of the {sender}: its later records are not decoded", Bytes(missing));
        self.rows.push(Row::Call(entry(Tone::Stalled, "missing in the capture", details)));
    }

    /// Adds the FIN of one end.
    pub fn fin(&mut self, at: Duration, sender: Side) {
        self.turn(at);
        self.segment(self.facts.fin(sender));
    }

    /// Adds the reset of one end.
    pub fn reset(&mut self, at: Duration, sender: Side) {
        self.turn(at);
        self.segment(Segment::Reset(sender));
    }

    /// Ends the session. `incomplete` are records that are not complete. `sentence` says how it ended.
    pub fn close(&mut self, at: Duration, incomplete: &[Record], sentence: String, grade: Grade) {
        if !incomplete.is_empty() {
            self.turn(at);
        }
        incomplete.iter().for_each(|record| self.rows.push_record(record));
        // The end of a handshake that could not be decrypted is not in the records.
        if self.is_agreed && grade != Grade::Failed && self.facts.agreed.is_none() {
            self.agree(None);
        }
        if grade == Grade::Failed && !self.has_trouble {
            self.turn(at);
            self.trouble("ended", sentence.clone());
        }
        self.facts.outcome = Some(Outcome { sentence, grade, refusal: None });
    }

    /// Says how the user gets a page with decrypted records.
    pub fn advise(&mut self, advice: &'static str) {
        self.facts.advice = Some(advice);
    }

    /// Adds a row for the time of a packet, unless the last row has the same time.
    fn turn(&mut self, at: Duration) {
        let at = at.saturating_sub(self.began);
        self.facts.lasted = at;
        if self.turned != Some(at) {
            let gap = at.saturating_sub(self.turned.unwrap_or_default());
            self.rows.push(Row::Turn(Turn { at, gap, woke: None, others: 0 }));
            self.turned = Some(at);
        }
    }

    fn segment(&mut self, segment: Segment) {
        self.facts.segment(segment);
        self.rows.push(Row::Segment { at: self.facts.lasted, segment });
    }

    fn trouble(&mut self, verb: &'static str, details: String) {
        self.has_trouble = true;
        self.rows.push(Row::Call(entry(Tone::Trouble, verb, details)));
    }

    fn record(&mut self, record: &Record) {
        self.facts.record(record);
        if let Content::ApplicationData(length) = record.content {
            self.facts.of_mut(record.sender).data += length as u64;
        }
        self.rows.push_record(record);
        for message in record.messages() {
            self.message(message);
        }
        let is_tls13 = self.is_tls13();
        let progress = self.progress(record.sender);
        match record.content {
            Content::ChangeCipherSpec => progress.change_cipher_spec = true,
            // In TLS 1.2 the first encrypted record is a Finished.
            Content::Hidden if !is_tls13 && record.outer_type() == ContentType::Handshake => {
                progress.finished |= progress.change_cipher_spec;
            }
            Content::Alert(Alert { description, unauthenticated: true, .. }) => {
                let sender = decode::side_name(record.sender);
                let details = format!(
                    "{} in clear text, although the {sender} has keys. An attacker on the path can forge it",
                    AlertName(description)
                );
                let verb = "unauthenticated alert";
                self.rows.push(Row::Call(entry(Tone::Stalled, verb, details)));
            }
            Content::Alert(Alert { description, .. }) if !names::is_peaceful(record) => {
                let sender = decode::side_name(record.sender);
                self.trouble("alert", format!("the {sender} ends the session: {}", AlertName(description)));
            }
            _ => {}
        }
        if self.client.finished && self.server.finished && self.facts.agreed.is_none() {
            self.agree(Some(self.facts.lasted));
        }
    }

    /// Notes the result of the handshake. `after` is the time when it ended, if it is known.
    fn agree(&mut self, after: Option<Duration>) {
        let choices = &self.facts.marks.choices;
        self.facts.agreed = Some(Agreed {
            after,
            version: choices.version(),
            suite: choices.suite().map_or("", suite_name).to_owned(),
            group: choices.group().map(|group| format!("{group:?}")),
            kind: Some(self.kind),
            alpn: choices.protocol().map(|protocol| Escaped::new(protocol).to_string()),
            authorization: String::new(),
            alarming: false,
        });
    }

    fn is_tls13(&self) -> bool {
        self.facts.marks.choices.version() == Some(ProtocolVersion::TLSv1_3)
    }

    fn message(&mut self, message: &Message) {
        match (message.sender, message.kind) {
            (Side::Server, HandshakeType::ServerHello) => self.server_hello(message),
            (sender, HandshakeType::Certificate) => self.progress(sender).certificate = true,
            (sender, HandshakeType::Finished) => {
                self.progress(sender).finished = true;
                let is_resumed = sender == Side::Server && !self.server.certificate;
                if is_resumed && !self.is_tls13() {
                    self.kind = HandshakeKind::Resumed;
                }
            }
            _ => {}
        }
    }

    fn server_hello(&mut self, message: &Message) {
        let Some(hello) = ServerHello::read(message.body()) else { return };
        self.is_agreed = !hello.is_retry_request();
        if hello.is_retry_request() {
            self.kind = HandshakeKind::FullWithHelloRetryRequest;
        } else if hello.psk.is_some() {
            self.kind = HandshakeKind::Resumed;
        }
    }

    fn progress(&mut self, side: Side) -> &mut Progress {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
