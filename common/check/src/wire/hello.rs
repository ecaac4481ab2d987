//! Parses, changes and builds a ClientHello (RFC 8446, 4.1.2).

use std::io;

/// The number of an extension.
pub type Extension = u16;

/// `server_name`.
pub const SERVER_NAME: Extension = 0;
/// `supported_groups`.
pub const SUPPORTED_GROUPS: Extension = 10;
/// `signature_algorithms`.
pub const SIGNATURE_ALGORITHMS: Extension = 13;
/// `early_data`.
pub const EARLY_DATA: Extension = 42;
/// `supported_versions`.
pub const SUPPORTED_VERSIONS: Extension = 43;
/// `key_share`.
pub const KEY_SHARE: Extension = 51;
/// `renegotiation_info`.
pub const RENEGOTIATION_INFO: Extension = 0xff01;

/// The longest content of a record (RFC 8446, 5.1).
pub const LONGEST: usize = 16_384;

/// A ClientHello.
pub struct ClientHello {
    /// `legacy_version`.
    pub version: u16,
    /// `random`, and `legacy_session_id` with its length.
    random_and_session: Vec<u8>,
    /// `cipher_suites`.
    pub suites: Vec<u16>,
    /// `extensions`, in order.
    pub extensions: Vec<(Extension, Vec<u8>)>,
}

impl ClientHello {
    /// Parses the first record that a client sends. The ClientHello must be complete in it.
    ///
    /// # Errors
    /// The record is not a ClientHello, or not a complete one.
    pub fn parse(record: &[u8]) -> io::Result<Self> {
        Self::parsed(record).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "the first record is not a complete ClientHello")
        })
    }

    fn parsed(record: &[u8]) -> Option<Self> {
        let mut rest = record;
        if !take(&mut rest, 9)?.starts_with(&[22]) || record[5] != 1 {
            return None; // the headers of the record and of the message
        }
        let version = take_u16(&mut rest)?;
        let session = usize::from(*rest.get(32)?);
        let random_and_session = take(&mut rest, 33 + session)?.to_vec();
        let length = take_u16(&mut rest)?;
        let suites = take(&mut rest, length.into())?;
        let suites = suites.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        take(&mut rest, 2)?; // legacy_compression_methods: one, null
        take(&mut rest, 2)?; // the length of the rest
        let extensions = take_extensions(rest)?;
        Some(Self { version, random_and_session, suites, extensions })
    }

    /// Replaces an extension, or removes it.
    pub fn set(&mut self, number: Extension, body: Option<&[u8]>) {
        self.extensions.retain(|(other, _)| *other != number);
        self.extensions.extend(body.map(|body| (number, body.to_vec())));
    }

    /// Returns the handshake message.
    ///
    /// # Errors
    /// A list is longer than its length field can say.
    pub fn message(&self) -> io::Result<Vec<u8>> {
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let mut extensions = Vec::new();
        for (number, body) in &self.extensions {
            extensions.extend(number.to_be_bytes());
            extensions.extend(with_length(body)?);
        }
        let body = [
            &self.version.to_be_bytes()[..],
            &self.random_and_session,
            &with_length(&suites)?,
            &[1, 0],
            &with_length(&extensions)?,
        ];
        handshake(1, &body.concat())
    }

    /// Returns the message in a record.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn record(&self) -> io::Result<Vec<u8>> {
        record(22, &self.message()?)
    }
}

/// A ServerHello or a HelloRetryRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version that the server has chosen.
    pub version: u16,
    /// Its extensions, in order.
    pub extensions: Vec<(Extension, Vec<u8>)>,
}

impl ServerHello {
    /// Finds the first message in these records, if it is a ServerHello.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let mut message = Vec::new();
        for record in super::end::records(bytes).skip_while(|record| record[0] != 22) {
            message.extend_from_slice(record.get(5..).filter(|_| record[0] == 22)?);
            if let [2, high, middle, low, body @ ..] = &message[..]
                && let length = u32::from_be_bytes([0, *high, *middle, *low])
                && let Some(body) = body.get(..usize::try_from(length).ok()?)
            {
                return Self::parsed(body);
            }
        }
        None
    }

    fn parsed(mut rest: &[u8]) -> Option<Self> {
        let legacy_version = take_u16(&mut rest)?;
        take(&mut rest, 32)?; // random
        let session = take(&mut rest, 1)?[0];
        take(&mut rest, usize::from(session) + 3)?; // with the cipher suite and the compression method
        let _ = take_u16(&mut rest); // the length of the extensions, if there are any
        let extensions = take_extensions(rest)?;
        let chosen = extensions.iter().find(|(number, _)| *number == SUPPORTED_VERSIONS);
        let version = match chosen {
            Some((_, body)) => take_u16(&mut &body[..])?,
            None => legacy_version,
        };
        Some(Self { version, extensions })
    }

    /// Whether it has this extension.
    pub fn has(&self, number: Extension) -> bool {
        self.extensions.iter().any(|(other, _)| *other == number)
    }
}

/// Returns a handshake message.
///
/// # Errors
/// The body is longer than 2^24 - 1 bytes.
pub fn handshake(kind: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    match u32::try_from(body.len()).map_err(io::Error::other)?.to_be_bytes() {
        [0, length @ ..] => Ok([&[kind], &length[..], body].concat()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the message is too long")),
    }
}

/// Cuts a handshake message into unencrypted records of at most this many bytes of content (RFC 8446, 5.1).
///
/// # Errors
/// As [`record`].
pub fn records_of(message: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let records: io::Result<Vec<Vec<u8>>> =
        message.chunks(most.max(1)).map(|fragment| record(22, fragment)).collect();
    Ok(records?.concat())
}

/// Returns an unencrypted record.
///
/// # Errors
/// The fragment is longer than 65,535 bytes.
pub fn record(kind: u8, fragment: &[u8]) -> io::Result<Vec<u8>> {
    Ok([&[kind, 3, 3], &with_length(fragment)?[..]].concat())
}

/// Returns the unencrypted record of a fatal alert (RFC 8446, 5.1 and 6).
pub fn fatal_alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

fn with_length(bytes: &[u8]) -> io::Result<Vec<u8>> {
    Ok([&u16::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes(), bytes].concat())
}

fn take_extensions(mut rest: &[u8]) -> Option<Vec<(Extension, Vec<u8>)>> {
    let mut extensions = Vec::new();
    while !rest.is_empty() {
        let number = take_u16(&mut rest)?;
        let length = take_u16(&mut rest)?;
        extensions.push((number, take(&mut rest, length.into())?.to_vec()));
    }
    Some(extensions)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_u16(rest: &mut &[u8]) -> Option<u16> {
    take(rest, 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}
