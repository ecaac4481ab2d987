//! One TLS session of a capture: its decoder, and what is known of it.

use std::net::SocketAddr;
use std::time::Duration;

use decode::explain::Choices;
use decode::hello::{self, ClientHello};
use decode::{Alert, Content, Decoder, Message, Protection, Record, Sealed};
use rustls::{AlertDescription, HandshakeType, Side};

use crate::key_log::KeyLog;
use crate::reassembly::Gap;

/// The longest server name that is kept. A host name has at most 255 bytes (RFC 1035, 2.3.4).
const MAX_NAME: usize = 256;

/// About how many bytes a session needs, besides those of its incomplete records and messages.
const SESSION: usize = 4096;

/// A TLS session, as far as the capture shows it.
#[derive(Debug)]
pub struct Session {
    /// Its number among the sessions of the capture, from 1.
    pub number: u64,
    /// The time of its first packet, since 1970.
    pub began: Duration,
    /// The time of its last packet so far, since 1970.
    pub last: Duration,
    /// The client, which sent the ClientHello.
    pub client: End,
    /// The server.
    pub server: End,
    /// The choices of both ends.
    pub choices: Choices,
    /// The first 256 bytes of the host name that the client asked for. The client chooses its bytes.
    pub server_name: Option<Vec<u8>>,
    /// The number of encrypted records.
    pub encrypted: Encrypted,
    /// How the capture of it ended; `None` before.
    pub ended: Option<Ended>,
    decoder: Decoder,
    client_random: Option<[u8; 32]>,
    /// The number of secrets that the decoder knows.
    learned: usize,
}

/// One end of a session, and what it sent.
#[derive(Debug)]
pub struct End {
    /// Its address.
    pub address: SocketAddr,
    /// The number of its bytes above TCP.
    pub bytes: u64,
    /// The number of its complete records.
    pub records: u64,
    /// It sent an encrypted close_notify, and the capture can be decrypted so far.
    pub close_notify: bool,
    /// The alert with which it ended the session, if it was no close_notify. Before an end has keys, its alert is in clear
    /// text.
    pub alert: Option<AlertDescription>,
    /// An alert in clear text that ended nothing: any alert after this end had keys, and a close_notify at any time. An
    /// attacker on the path can forge it.
    pub unauthenticated: Option<AlertDescription>,
    /// It sent an alert that could not be decrypted.
    pub hidden_alert: bool,
    /// It sent a FIN.
    pub fin: bool,
    /// It reset the connection.
    pub reset: bool,
    /// The capture lacks bytes of it. Later ones are not decoded.
    pub gap: Option<Gap>,
    /// The number of its bytes that a retransmission changed. The first bytes are shown.
    pub differing: u64,
}

/// The number of encrypted records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encrypted {
    /// Decrypted ones.
    pub opened: u64,
    /// Those whose secret is not known, or whose suite is not known here.
    pub without_secret: u64,
    /// Those that the known secret does not decrypt.
    pub not_opened: u64,
    /// Secrets of this session are known.
    pub has_secrets: bool,
}

impl Encrypted {
    /// Returns whether no record was decrypted, because no secret of this session is known.
    pub fn needs_secrets(&self) -> bool {
        self.without_secret > 0 && !self.has_secrets
    }
}

/// Why the capture of a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Both directions ended, or one end reset the connection.
    Closed,
    /// The capture has no end of it.
    EndOfCapture,
    /// The client began another connection with the same ports.
    Replaced,
    /// Too many connections were open at once, and this one had been silent for the longest time.
    Forgotten,
}

/// Something that happened in a session.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Its first packet was captured. All other facts are not known yet.
    Began,
    /// An end sent a SYN.
    Syn(Side),
    /// An end sent bytes.
    Bytes {
        /// The end that sent them.
        sender: Side,
        /// The number of bytes.
        length: usize,
        /// The records that they completed.
        records: &'a [Record],
        /// How many bytes at the end belong to an incomplete record.
        left_over: usize,
    },
    /// The capture lacks bytes of an end. Nothing more of this direction follows.
    Gap(Side, Gap),
    /// An end sent its FIN.
    Fin(Side),
    /// An end reset the connection.
    Reset(Side),
    /// The session ended, or its capture did. Incomplete records are left.
    Ended(Vec<Record>),
}

impl End {
    fn at(address: SocketAddr) -> Self {
        Self {
            address,
            bytes: 0,
            records: 0,
            close_notify: false,
            alert: None,
            unauthenticated: None,
            hidden_alert: false,
            fin: false,
            reset: false,
            gap: None,
            differing: 0,
        }
    }
}

impl Session {
    pub(crate) fn new(number: u64, began: Duration, client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            number,
            began,
            last: began,
            client: End::at(client),
            server: End::at(server),
            choices: Choices::default(),
            server_name: None,
            encrypted: Encrypted::default(),
            ended: None,
            decoder: Decoder::default(),
            client_random: None,
            learned: 0,
        }
    }

    /// Returns an end.
    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(crate) fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Decodes the next bytes of one end. Returns the records that they complete, and the length of an incomplete one.
    pub(crate) fn feed(&mut self, sender: Side, bytes: &[u8], key_log: &KeyLog) -> (Vec<Record>, usize) {
        self.end_mut(sender).bytes += bytes.len() as u64;
        let (mut records, mut rest) = (Vec::new(), bytes);
        // Records behind the ClientHello may have early data. So its secrets are learned before these are decoded.
        while sender == Side::Client && self.client_random.is_none() && !rest.is_empty() {
            let (first, behind) = rest.split_at(self.next_record(sender, rest));
            let complete = self.decode(sender, first, key_log);
            rest = behind;
            let is_hello = complete.iter().all(|record| matches!(record.content, Content::Handshake(_)));
            records.extend(complete);
            if !is_hello {
                break;
            }
        }
        if !rest.is_empty() {
            records.extend(self.decode(sender, rest, key_log));
        }
        (records, self.decoder.left_over(sender))
    }

    /// Returns how many of these bytes belong to the next record of `sender`.
    fn next_record(&mut self, sender: Side, bytes: &[u8]) -> usize {
        let pending = self.decoder.incomplete(sender).map(|record| record.wire).unwrap_or_default();
        let mut header = pending.iter().chain(bytes).copied().skip(3);
        let (Some(high), Some(low)) = (header.next(), header.next()) else { return bytes.len() };
        let length = decode::HEADER + usize::from(u16::from_be_bytes([high, low]));
        length.saturating_sub(pending.len()).clamp(1, bytes.len().max(1))
    }

    fn decode(&mut self, sender: Side, bytes: &[u8], key_log: &KeyLog) -> Vec<Record> {
        let secrets = self.client_random.as_ref().map(|random| key_log.of(random)).unwrap_or_default();
        if let Some(fresh @ [_, ..]) = secrets.get(self.learned..) {
            self.decoder.learn(fresh);
            self.encrypted.has_secrets = true;
        }
        self.learned = secrets.len();
        let records = self.decoder.feed(sender, bytes);
        records.iter().for_each(|record| self.record(record));
        records
    }

    /// Returns about how many bytes of memory this session needs.
    pub(crate) fn weight(&self) -> usize {
        SESSION + self.decoder.kept()
    }

    /// Returns the incomplete records at the end.
    pub(crate) fn incomplete(&mut self) -> Vec<Record> {
        [Side::Client, Side::Server].into_iter().filter_map(|side| self.decoder.incomplete(side)).collect()
    }

    fn record(&mut self, record: &Record) {
        match record.protection {
            Protection::Clear => {}
            Protection::Opened { .. } => self.encrypted.opened += 1,
            Protection::Sealed(Sealed::NoSecret) => self.encrypted.without_secret += 1,
            Protection::Sealed(Sealed::DoesNotOpen) => self.encrypted.not_opened += 1,
        }
        let is_alert = record.outer_type() == rustls::ContentType::Alert;
        let end = self.end_mut(record.sender);
        end.records += 1;
        match record.content {
            // RFC 8446, 6.1: close_notify "notifies the recipient that the sender will not send any more messages on this
            // connection". Without keys, an attacker on the path can send it.
            Content::Alert(Alert { description, unauthenticated, .. })
                if unauthenticated
                    || (description == AlertDescription::CloseNotify && !record.is_encrypted()) =>
            {
                end.unauthenticated = Some(description);
            }
            Content::Alert(Alert { description: AlertDescription::CloseNotify, .. }) => {
                end.close_notify = true
            }
            Content::Alert(_) if record.is_warning() => {}
            Content::Alert(Alert { description, .. }) => end.alert = Some(description),
            Content::Hidden if is_alert => end.hidden_alert = true,
            _ => {}
        }
        record.messages().for_each(|message| self.message(message));
    }

    fn message(&mut self, message: &Message) {
        self.choices.learn(message);
        if (message.sender, message.kind) == (Side::Client, HandshakeType::ClientHello)
            && let Some(hello) = ClientHello::read(message.body())
        {
            self.client_random = Some(hello.random);
            self.learned = 0;
            self.server_name =
                hello::server_name(message.body()).map(|name| name.iter().take(MAX_NAME).copied().collect());
        }
    }
}
