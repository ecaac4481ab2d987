//! Describes the bytes that the peer sent in a handshake that failed.

use decode::hello::{ClientHello, ServerHello};
use decode::{HEADER, MESSAGE_HEADER, message_length};
use rustls::{ContentType, HandshakeType, ProtocolVersion};
use tls_session::bytes::Bytes;
use tls_session::escaped::Escaped;
use tls_session::handshake_bytes::HandshakeBytes;

use crate::offer::Offer;

/// How many bytes a sentence shows of a peer that does not speak TLS.
const SHOWN: usize = 8;

/// The bytes that the peer has sent so far.
pub(crate) struct PeerBytes<'a>(pub &'a HandshakeBytes);

/// The first message of the peer.
struct FirstMessage {
    kind: HandshakeType,
    /// Its length with its header.
    length: usize,
    /// How many of these bytes were received.
    received: usize,
    /// The stored part of its body.
    body: Vec<u8>,
    /// How many bytes came after it, including the headers of their records.
    after: usize,
}

impl PeerBytes<'_> {
    /// Returns the offer of the peer's ClientHello.
    pub(crate) fn client_offer(&self) -> Option<Offer> {
        Some(Offer::of_client(ClientHello::read(&self.body_of(HandshakeType::ClientHello)?)?))
    }

    /// Returns the version that the peer's ServerHello chooses.
    pub(crate) fn server_version(&self) -> Option<ProtocolVersion> {
        Some(ServerHello::read(&self.body_of(HandshakeType::ServerHello)?)?.version)
    }

    fn body_of(&self, kind: HandshakeType) -> Option<Vec<u8>> {
        self.first_message().filter(|message| message.kind == kind).map(|message| message.body)
    }

    /// Describes the bytes: `the client had sent 200 of the 517 bytes of its ClientHello`.
    pub(crate) fn describe(&self, peer: &str) -> String {
        let length = self.0.length();
        match (self.0.beginning().first(), self.first_message()) {
            (None, _) => format!("the {peer} had sent nothing"),
            (_, Some(FirstMessage { kind, length, received, .. })) if received < length => {
                format!("the {peer} had sent {received} of the {length} bytes of its {}", message_name(kind))
            }
            (_, Some(FirstMessage { kind, after: 0, .. })) => {
                format!("the {peer} had sent its {} and nothing after it", message_name(kind))
            }
            (_, Some(FirstMessage { kind, after, .. })) => {
                format!("the {peer} had sent its {} and {} after it", message_name(kind), Bytes(after))
            }
            (Some(&first), None) => match ContentType::from(first) {
                ContentType::Handshake => {
                    format!("the {peer} had sent {} of its first message", Bytes(length))
                }
                ContentType::Unknown(_) => {
                    let shown = &self.0.beginning()[..self.0.beginning().len().min(SHOWN)];
                    let shown = Escaped::new(shown);
                    format!("the {peer} had sent {} that are not TLS: \"{shown}\"", Bytes(length))
                }
                known => format!(
                    "the {peer} had sent {} that begin with a record of the type {known:?}",
                    Bytes(length)
                ),
            },
        }
    }

    fn first_message(&self) -> Option<FirstMessage> {
        let (mut message, mut rest) = (Vec::new(), self.0.beginning());
        // A message may be split into several records.
        while message_length(&message).is_none_or(|length| message.len() < length)
            && let Some((content, after)) = next_handshake_record(rest)
        {
            message.extend_from_slice(content);
            rest = after;
        }
        let length = message_length(&message)?;
        let not_stored = self.0.length() - self.0.beginning().len();
        let received = length.min(message.len() + not_stored);
        // The last record may have other messages, too.
        let after = rest.len() + not_stored + message.len().saturating_sub(length);
        message.truncate(length);
        let kind = message.first().copied()?.into();
        Some(FirstMessage { kind, length, received, body: message.split_off(MESSAGE_HEADER), after })
    }
}

/// Returns the received part of the first record's content, and the bytes after that record.
fn next_handshake_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn description(bytes: &[u8]) -> String {
        let mut received = HandshakeBytes::default();
        bytes.chunks(3).for_each(|chunk| received.add(chunk));
        PeerBytes(&received).describe("client")
    }

    /// Returns a record that holds these bytes of handshake messages.
    fn record(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[22, 3, 1][..], &length, content].concat()
    }

    /// Returns a ClientHello with a body of 40 bytes.
    fn hello() -> Vec<u8> {
        [&[1, 0, 0, 40, 3, 3][..], &[7; 38]].concat()
    }

    #[test]
    fn the_description_has_the_number_of_bytes_and_their_message() {
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
            assert_eq!(description(bytes), expected);
        }
    }

    #[test]
    fn a_message_may_be_split_into_records_and_share_a_record() {
        let hello = hello();
        let cut = [record(&hello[..10]), record(&hello[10..])].concat();
        assert_eq!(description(&cut), "the client had sent its ClientHello and nothing after it");
        let shared = record(&[&hello[..], &[2, 0, 0]].concat());
        assert_eq!(description(&shared), "the client had sent its ClientHello and 3 bytes after it");
    }

    #[test]
    fn the_header_of_a_long_message_has_its_length() {
        let mut long = vec![1, 0, 0xff, 0];
        long.resize(16_000, 0);
        assert_eq!(
            description(&record(&long)),
            "the client had sent 16000 of the 65284 bytes of its ClientHello"
        );
    }
}
