//! Remembers which session issued which ticket, so that a resumed session can name its origin.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest;
use rustls::{HandshakeType, ProtocolVersion, Side};

use crate::hello::{ClientHello, ServerHello};
use crate::reader::Reader;
use crate::record::Message;

/// The most tickets and session IDs that are remembered.
const MOST: usize = 4096;

/// The session that issued a ticket or a session ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The number of the session.
    pub session: u64,
    /// The number of the ticket among those of the session, from 0. `None`: the session is resumed with its ID.
    pub ticket: Option<u32>,
}

/// The tickets and session IDs that the sessions of one process have issued. It keeps their digests, and forgets the oldest.
#[derive(Debug, Default)]
pub struct Tickets {
    issuers: HashMap<Digest, Issuer>,
    /// All keys of `issuers`, the oldest first.
    order: VecDeque<Digest>,
}

type Digest = [u8; 32];

/// What a digest stands for. A ticket may have the bytes of a session ID.
#[derive(Clone, Copy)]
enum Kind {
    Ticket = 0,
    SessionId = 1,
}

impl Tickets {
    /// Remembers the ticket of a NewSessionTicket, or the session ID of a ServerHello of TLS 1.2. Other messages, and
    /// messages of a client, issue nothing. A resumed session repeats the session ID of its origin. Then the origin stays.
    /// `tickets` is the number of tickets that the session has issued before.
    pub fn saw(&mut self, message: &Message, session: u64, tickets: u32) {
        let Some((kind, digest)) = issued(message) else { return };
        if self.issuers.contains_key(&digest) {
            return;
        }
        let ticket = matches!(kind, Kind::Ticket).then_some(tickets);
        self.issuers.insert(digest, Issuer { session, ticket });
        self.order.push_back(digest);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.issuers.remove(&oldest);
        }
    }

    /// Returns the session that issued the ticket or the session ID with which a session is resumed. After a
    /// HelloRetryRequest, `client_hello` is the second one. `None`: the session is not resumed, or its origin is unknown.
    pub fn origin(&self, client_hello: &Message, server_hello: &Message) -> Option<Issuer> {
        let offer = ClientHello::read(client_hello.body())?;
        let answer = ServerHello::read(server_hello.body())?;
        let ids = match answer.version {
            ProtocolVersion::TLSv1_3 => {
                vec![(Kind::Ticket, offer.psks.identities.get(usize::from(answer.psk?))?)]
            }
            // The server accepts a ticket by sending back the session ID next to it (RFC 5077, 3.4).
            _ if answer.session_id.is_empty() || answer.session_id != offer.session_id => Vec::new(),
            _ => vec![(Kind::Ticket, &offer.ticket), (Kind::SessionId, &offer.session_id)],
        };
        ids.into_iter().find_map(|(kind, id)| self.issuers.get(&digest(kind, id)?)).copied()
    }
}

/// Returns the kind and the digest of the ticket or the session ID that a message issues.
fn issued(message: &Message) -> Option<(Kind, Digest)> {
    if message.sender != Side::Server {
        return None;
    }
    let (kind, digest) = match (message.kind, message.version?) {
        (HandshakeType::NewSessionTicket, version) => {
            (Kind::Ticket, digest(Kind::Ticket, NewSessionTicket::read(message.body(), version)?.ticket))
        }
        (HandshakeType::ServerHello, ProtocolVersion::TLSv1_2) => {
            (Kind::SessionId, digest(Kind::SessionId, &ServerHello::read(message.body())?.session_id))
        }
        _ => return None,
    };
    Some((kind, digest?))
}

/// Returns the digest of a ticket or a session ID. `None`: it is empty. A server that issues no ticket sends an empty one
/// (RFC 5077, 3.3), and a client without a ticket sends an empty extension (RFC 5077, 3.2).
fn digest(kind: Kind, bytes: &[u8]) -> Option<Digest> {
    if bytes.is_empty() {
        return None;
    }
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[kind as u8]);
    context.update(bytes);
    let mut digest = Digest::default();
    digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Some(digest)
}

/// The fields of a NewSessionTicket (RFC 8446, 4.6.1; RFC 5077, 3.3).
pub(crate) struct NewSessionTicket<'a> {
    /// ticket_nonce. TLS 1.2 has none.
    pub(crate) nonce: &'a [u8],
    /// The ticket itself.
    ticket: &'a [u8],
}

impl<'a> NewSessionTicket<'a> {
    /// Reads a body. `None` if it is malformed.
    pub(crate) fn read(body: &'a [u8], version: ProtocolVersion) -> Option<Self> {
        let mut body = Reader::new(body);
        body.take(4)?; // ticket_lifetime
        let mut nonce = Reader::default();
        if version == ProtocolVersion::TLSv1_3 {
            body.take(4)?; // ticket_age_add
            nonce = body.vector(1)?;
        }
        Some(Self { nonce: nonce.rest(), ticket: body.vector(2)?.rest() })
    }
}
