//! The fields of hello messages that say which keys both ends already have.

use rustls::NamedGroup;

use crate::hello::extensions;
use crate::reader::Reader;

const EXTENDED_MASTER_SECRET: u16 = 23;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const KEY_SHARE: u16 = 51;

/// The fields of a ClientHello.
#[derive(Debug, Default)]
pub(crate) struct Offer<'a> {
    pub(crate) random: [u8; 32],
    pub(crate) session_id: &'a [u8],
    /// The ticket of TLS 1.2 (RFC 5077, 3.2). It is empty if the client has none.
    pub(crate) ticket: &'a [u8],
    /// The names of the PSKs (RFC 8446, 4.2.11).
    pub(crate) identities: Vec<&'a [u8]>,
    pub(super) binders: Option<Binders>,
    pub(super) early_data: bool,
}

/// The binders of a ClientHello (RFC 8446, 4.2.11.2).
#[derive(Debug)]
pub(super) struct Binders {
    /// The part of the message that they prove: all bytes before their list.
    pub(super) truncated: usize,
    /// The length of each binder in bytes.
    pub(super) lengths: Vec<usize>,
}

impl<'a> Offer<'a> {
    /// Reads a body. If it is malformed, the result has the fields before the error.
    pub(crate) fn read(body: &'a [u8]) -> Self {
        let mut offer = Self::default();
        // `None` only says that the rest is malformed.
        let _ = offer.read_fields(body);
        offer
    }

    fn read_fields(&mut self, body: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        reader.u16()?; // version
        self.random = reader.array()?;
        self.session_id = reader.vector(1)?.rest();
        reader.vector(2)?; // suites
        reader.vector(1)?; // compression methods
        let mut extensions = extensions(reader).peekable();
        while let Some((kind, content)) = extensions.next() {
            match kind {
                SESSION_TICKET => self.ticket = content.rest(),
                EARLY_DATA => self.early_data = true,
                // It is the last extension (RFC 8446, 4.2.11).
                PRE_SHARED_KEY if extensions.peek().is_none() => self.read_psks(content, body)?,
                _ => {}
            }
        }
        Some(())
    }

    fn read_psks(&mut self, mut content: Reader<'a>, body: &[u8]) -> Option<()> {
        let mut identities = content.vector(2)?;
        while let Some(identity) = identities.vector(2) {
            identities.take(4)?; // obfuscated_ticket_age
            self.identities.push(identity.rest());
        }
        let truncated = body.strip_suffix(content.rest())?.len();
        let mut list = content.vector(2)?;
        let lengths = std::iter::from_fn(|| list.vector(1).map(|binder| binder.rest().len())).collect();
        self.binders = Some(Binders { truncated, lengths });
        Some(())
    }
}

/// The fields of a ServerHello.
#[derive(Debug, Default)]
pub(crate) struct Answer<'a> {
    pub(super) random: [u8; 32],
    pub(crate) session_id: &'a [u8],
    /// The number of the chosen PSK (RFC 8446, 4.2.11).
    pub(crate) selected: Option<usize>,
    /// The group of the key exchange of TLS 1.3 (RFC 8446, 4.2.8).
    pub(super) group: Option<NamedGroup>,
    /// RFC 7627.
    pub(super) extended_master_secret: bool,
}

impl<'a> Answer<'a> {
    /// Reads a body. `None` if it is malformed.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        reader.u16()?;
        let (random, session_id) = (reader.array()?, reader.vector(1)?.rest());
        reader.take(3)?; // suite and compression method
        let mut answer = Self { random, session_id, ..Self::default() };
        for (kind, mut content) in extensions(reader) {
            match kind {
                PRE_SHARED_KEY => answer.selected = Some(content.length(2)?),
                KEY_SHARE => answer.group = Some(content.u16()?.into()),
                EXTENDED_MASTER_SECRET => answer.extended_master_secret = true,
                _ => {}
            }
        }
        Some(answer)
    }
}

/// Returns whether EncryptedExtensions accepts early data (RFC 8446, 4.2.10).
pub(super) fn accepts_early_data(body: &[u8]) -> bool {
    extensions(Reader::new(body)).any(|(kind, _)| kind == EARLY_DATA)
}

/// Returns ticket_nonce of a NewSessionTicket of TLS 1.3 (RFC 8446, 4.6.1).
pub(super) fn ticket_nonce(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    reader.take(8)?; // lifetime, age
    reader.vector(1).map(|nonce| nonce.rest())
}
