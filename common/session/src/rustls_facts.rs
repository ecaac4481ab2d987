//! Facts about a connection that rustls 0.23 tells only indirectly.
//!
//! Each function here answers one question. It names the place in the source of rustls 0.23.46 that makes it necessary.
//! Nothing here moves a byte.

use std::io::{self, Write as _};

use rustls::{Connection, InvalidMessage, SupportedCipherSuite};

use crate::phase::PeerEnd;

/// The error of a `read_tls` whose reader cannot fail: a handshake message is larger than rustls' buffer.
///
/// `read_tls` returns `io::Error` for a reader that fails, for a full plaintext buffer, and for a full message buffer
/// (`ConnectionCommon::read_tls`, conn.rs). A session always reads all plaintext, so only the full message buffer is
/// left. rustls queues no alert for it.
pub(crate) const MESSAGE_TOO_LONG: rustls::Error =
    rustls::Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge);

/// Returns how the peer has ended its half. `None`: it has not, or plaintext is left to read.
///
/// Only the reader distinguishes the two ways. After close_notify it returns an empty chunk, and after a FIN alone
/// `UnexpectedEof` (`Reader::into_first_chunk`, conn.rs).
pub(crate) fn peer_end(tls: &mut Connection) -> Option<PeerEnd> {
    match tls.reader().into_first_chunk() {
        Ok([]) => Some(PeerEnd::CloseNotify),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Some(PeerEnd::Fin),
        Ok(_) | Err(_) => None,
    }
}

/// Returns whether TLS has met a fatal error.
///
/// rustls has no getter for it. Flushing the writer returns the error and does nothing else
/// (`PlaintextSink::flush` for `ConnectionCommon`, conn.rs).
pub(crate) fn has_failed(tls: &mut Connection) -> bool {
    tls.writer().flush().is_err()
}

/// Returns whether TLS takes bytes from the peer.
///
/// `wants_read` is false during a handshake while output is pending (`CommonState::wants_read`, common_state.rs). A
/// session reads nevertheless: the peer may not read before we do.
pub(crate) fn takes_input(tls: &Connection) -> bool {
    tls.wants_read() || tls.is_handshaking()
}

/// Shrinks rustls' receive buffer, which a large record has grown: an idle session holds 8 KB, not 26.
///
/// rustls shrinks the buffer at the beginning of the next `read_tls` (`DeframerVecBuffer::prepare_read`,
/// deframer/buffers.rs). In an idle session the next read may never come. So this function calls `read_tls` with a
/// reader that has no bytes.
pub(crate) fn shrink(tls: &mut Connection) {
    struct Nothing;

    impl io::Read for Nothing {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    // `Nothing` returns an error. Any other error returns with the next read that brings bytes.
    let _ = tls.read_tls(&mut Nothing);
}

/// Measures the ciphertext that rustls has queued. `during_handshake` is the last known number.
///
/// Only the [`IoState`](rustls::IoState) of `process_new_packets` has this number (`ConnectionCore::process_new_packets`,
/// conn.rs). After the handshake a session may call that function at any time: without new bytes it does nothing. During
/// the handshake a session must not. rustls 0.23.46 keeps a rejected record of early data in its buffer until the next
/// record that it can open. It charges that record again at each call (`ConnectionCore::process_more_input`, the arm
/// `Ok(None) => continue`).
///
/// # Errors
/// The fatal error that TLS has met since the last call: rustls rejected what the application sent.
pub(crate) fn bytes_to_write(tls: &mut Connection, during_handshake: usize) -> Result<usize, rustls::Error> {
    if !tls.wants_write() {
        return Ok(0);
    }
    if tls.is_handshaking() {
        return Ok(during_handshake);
    }
    tls.process_new_packets().map(|state| state.tls_bytes_to_write())
}

/// Returns the number of records that our keys can seal. In TLS 1.3 it is unlimited: rustls changes the keys in time.
///
/// TLS 1.2 cannot change its keys. Those of AES-GCM seal 2^24 records. The write that would exceed the limit queues
/// close_notify. This write and every later one returns its whole length, and sends none of its bytes. No call reports
/// that (`CommonState::send_appdata_encrypt` and `check_pre_encrypt_action`, common_state.rs).
///
/// So a session counts its records, and passes no such write to rustls. No getter of rustls has the number of records.
/// The result of a write comes too late, because close_notify is already queued. It is also ambiguous: the record of a
/// close_notify is as long as a record with two bytes of data.
///
/// A session that receives too many records needs no care. rustls queues close_notify there too, but not before record
/// 2^64 - 65,536 (`RecordLayer::decrypt_incoming`, record_layer.rs).
pub(crate) fn record_limit(tls: &Connection) -> u64 {
    match tls.negotiated_cipher_suite() {
        Some(SupportedCipherSuite::Tls12(suite)) => suite.common.confidentiality_limit,
        _ => u64::MAX,
    }
}

/// Returns how many records our keys can seal for the application, at the end of the handshake.
///
/// Our Finished has taken one record. Another one is kept for the refusal of a renegotiation. rustls sends at most one
/// (`TemperCounters::received_renegotiation_request`, common_state.rs). The alert that ends the session needs none,
/// because rustls seals alerts beyond the limit (`CommonState::send_single_fragment`).
pub(crate) fn records_left(tls: &Connection) -> u64 {
    const FINISHED: u64 = 1;
    const NO_RENEGOTIATION: u64 = 1;
    record_limit(tls).saturating_sub(FINISHED + NO_RENEGOTIATION)
}

/// Returns how many records rustls makes of one write (`MessageFragmenter::fragment_payload`, msgs/fragmenter.rs).
///
/// A configuration with a smaller `max_fragment_size` makes more. A connection does not tell that size, so this session
/// does not notice the limit of its keys in time.
pub(crate) fn records_of(plaintext: &[u8]) -> u64 {
    const MAX_PLAINTEXT: usize = 16_384;
    plaintext.len().div_ceil(MAX_PLAINTEXT) as u64
}
