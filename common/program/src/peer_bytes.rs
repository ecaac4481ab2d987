//! What the peer has sent during the handshake, for the sentence about a handshake that failed.

use rustls::{ContentType, HandshakeType, ProtocolVersion};

use tls_session::escaped::Escaped;
use tls_session::handshake_bytes::HandshakeBytes;

use crate::offer::Offer;

/// The header of a record (RFC 8446, 5.1).
const RECORD_HEADER: usize = 5;
/// The header of a handshake message (RFC 8446, 4).
const MESSAGE_HEADER: usize = 4;
/// Foreign bytes that a sentence shows.
const SHOWN: usize = 8;

/// What the peer has sent so far.
pub(crate) struct PeerBytes<'a>(pub &'a HandshakeBytes);

/// The first message of the peer.
struct FirstMessage {
    kind: HandshakeType,
    /// Its length with its header.
    length: usize,
    /// How many of these bytes have come.
    came: usize,
    /// Its body, as far as it is kept.
    body: Vec<u8>,
}

impl PeerBytes<'_> {
    /// What the peer's ClientHello offers.
    pub(crate) fn client_offer(&self) -> Option<Offer> {
        let message = self.first_message()?;
        (message.kind == HandshakeType::ClientHello).then(|| Offer::of_client_hello(&message.body))
    }

    /// The version that the peer's ServerHello chooses.
    pub(crate) fn server_version(&self) -> Option<ProtocolVersion> {
        let message = self.first_message()?;
        let is_server_hello = message.kind == HandshakeType::ServerHello;
        if is_server_hello { Offer::version_of_server_hello(&message.body) } else { None }
    }

    /// How much came, and of what: `the client had sent 200 of the 517 bytes of its ClientHello`.
    pub(crate) fn describe(&self, peer: &str) -> String {
        let length = self.0.length();
        match (self.0.beginning().first(), self.first_message()) {
            (None, _) => format!("the {peer} had sent nothing"),
            (_, Some(FirstMessage { kind, length, came, .. })) if came < length => {
                format!("the {peer} had sent {came} of the {length} bytes of its {}", message_name(kind))
            }
            (_, Some(FirstMessage { kind, .. })) => match self.length_behind_first() {
                0 => format!("the {peer} had sent its {} and nothing after it", message_name(kind)),
                behind => format!(
                    "the {peer} had sent its {} and {} after it",
                    message_name(kind),
                    bytes_of(behind)
                ),
            },
            (Some(&first), None) => match ContentType::from(first) {
                ContentType::Handshake => {
                    format!("the {peer} had sent {} of its first message", bytes_of(length))
                }
                ContentType::Unknown(_) => {
                    let shown = &self.0.beginning()[..self.0.beginning().len().min(SHOWN)];
                    let shown = Escaped::new(shown);
                    format!("the {peer} had sent {} that are not TLS: \"{shown}\"", bytes_of(length))
                }
                known => format!(
                    "the {peer} had sent {} that begin with a record of the type {known:?}",
                    bytes_of(length)
                ),
            },
        }
    }

    fn first_message(&self) -> Option<FirstMessage> {
        let mut message = Vec::new();
        let mut rest = self.0.beginning();
        // A message may be cut into several records.
        while let Some((content, behind)) = next_handshake_record(rest) {
            message.extend_from_slice(content);
            rest = behind;
        }
        let [kind, high, middle, low] = *message.first_chunk::<MESSAGE_HEADER>()?;
        let length = MESSAGE_HEADER + (usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low));
        let beyond = self.0.length() - self.0.beginning().len();
        let came = length.min(message.len() + beyond);
        message.truncate(length);
        Some(FirstMessage { kind: kind.into(), length, came, body: message.split_off(MESSAGE_HEADER) })
    }

    /// How many bytes came behind the first message, with the headers of their records.
    fn length_behind_first(&self) -> usize {
        let mut missing = self.first_message().map_or(0, |message| message.length);
        let mut rest = self.0.beginning();
        while missing > 0
            && let Some((content, behind)) = next_handshake_record(rest)
        {
            let of_message = missing.min(content.len());
            missing -= of_message;
            let coalesced = content.len() - of_message;
            rest = &rest[rest.len() - behind.len() - coalesced..];
        }
        self.0.length() - (self.0.beginning().len() - rest.len())
    }
}

/// The content of the record at the beginning, as far as it is there, and the bytes behind the record.
fn next_handshake_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(RECORD_HEADER)?;
    if ContentType::from(header[0]) != ContentType::Handshake {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    Some(rest.split_at(length.min(rest.len())))
}

fn message_name(kind: HandshakeType) -> String {
    match kind.as_str() {
        Some(name) => name.to_owned(),
        None => format!("handshake message of type {}", u8::from(kind)),
    }
}

fn bytes_of(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> String {
        let mut came = HandshakeBytes::default();
        bytes.chunks(3).for_each(|chunk| came.add(chunk));
        PeerBytes(&came).describe("client")
    }

    /// A record that holds these bytes of handshake messages.
    fn record(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[22, 3, 1][..], &length, content].concat()
    }

    /// A ClientHello with a body of 40 bytes.
    fn hello() -> Vec<u8> {
        [&[1, 0, 0, 40, 3, 3][..], &[7; 38]].concat()
    }

    #[test]
    fn it_says_how_much_came_and_of_what() {
        let whole = record(&hello());
        for (bytes, expected) in [
            (&b""[..], "the client had sent nothing"),
            (b"GET / HTTP/1.0\r\n", "the client had sent 16 bytes that are not TLS: \"GET / HT\""),
            (
                &[0x15, 3, 3, 0, 2, 1, 0],
                "the client had sent 7 bytes that begin with a record of the type Alert",
            ),
            (&whole[..1], "the client had sent 1 byte of its first message"),
            (&whole[..9], "the client had sent 4 of the 44 bytes of its ClientHello"),
            (&whole[..30], "the client had sent 25 of the 44 bytes of its ClientHello"),
            (&whole, "the client had sent its ClientHello and nothing after it"),
            (
                &[&whole[..], &[20, 3, 3, 0, 1, 1]].concat(),
                "the client had sent its ClientHello and 6 bytes after it",
            ),
            (
                &record(&[99, 0, 0, 0]),
                "the client had sent its handshake message of type 99 and nothing after it",
            ),
        ] {
            assert_eq!(said(bytes), expected);
        }
    }

    #[test]
    fn a_message_may_be_cut_into_records_and_share_one() {
        let hello = hello();
        let cut = [record(&hello[..10]), record(&hello[10..])].concat();
        assert_eq!(said(&cut), "the client had sent its ClientHello and nothing after it");
        let shared = record(&[&hello[..], &[2, 0, 0]].concat());
        assert_eq!(said(&shared), "the client had sent its ClientHello and 3 bytes after it");
    }

    #[test]
    fn the_length_of_a_long_message_is_known_from_its_beginning() {
        let mut long = vec![1, 0, 0xff, 0];
        long.resize(16_000, 0);
        assert_eq!(said(&record(&long)), "the client had sent 16000 of the 65284 bytes of its ClientHello");
    }
}
