//! Parses, changes and builds a ClientHello (RFC 8446, 4.1.2).

/// The number of an extension.
pub type Extension = u16;

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
    /// Parses the first record that a client sends.
    pub fn parse(record: &[u8]) -> Self {
        let mut rest = &record[9..]; // after the headers of the record and of the message
        let version = u16_of(take(&mut rest, 2));
        let session = usize::from(rest[32]);
        let random_and_session = take(&mut rest, 33 + session).to_vec();
        let length = u16_of(take(&mut rest, 2));
        let suites = take(&mut rest, length.into()).chunks(2).map(u16_of).collect();
        take(&mut rest, 2); // legacy_compression_methods: one, null
        take(&mut rest, 2); // the length of the rest
        let mut extensions = Vec::new();
        while !rest.is_empty() {
            let number = u16_of(take(&mut rest, 2));
            let length = u16_of(take(&mut rest, 2));
            extensions.push((number, take(&mut rest, length.into()).to_vec()));
        }
        Self { version, random_and_session, suites, extensions }
    }

    /// Replaces an extension, or removes it.
    pub fn set(&mut self, number: Extension, body: Option<&[u8]>) {
        self.extensions.retain(|(other, _)| *other != number);
        self.extensions.extend(body.map(|body| (number, body.to_vec())));
    }

    /// Returns the handshake message.
    pub fn message(&self) -> Vec<u8> {
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(number, body)| [&number.to_be_bytes()[..], &with_length(body)].concat())
            .collect();
        let body = [
            &self.version.to_be_bytes()[..],
            &self.random_and_session,
            &with_length(&suites),
            &[1, 0],
            &with_length(&extensions),
        ];
        handshake(1, &body.concat())
    }

    /// Returns the message in a record.
    pub fn record(&self) -> Vec<u8> {
        record(22, &self.message())
    }
}

/// Returns a handshake message.
pub fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// Returns an unencrypted record.
pub fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &with_length(fragment)[..]].concat()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at(length);
    *rest = after;
    taken
}

fn u16_of(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}
