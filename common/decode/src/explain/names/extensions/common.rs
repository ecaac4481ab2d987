//! What sessions of our day have in them.

use super::{Extension, extension};

pub(super) const COMMON: &[Extension] = &[
    extension(
        0,
        "server_name",
        "RFC 6066, 3",
        "The name of the host that the client wants: a server of many needs it to choose its certificate, \
         so it crosses in clear.",
    ),
    extension(
        1,
        "max_fragment_length",
        "RFC 6066, 4",
        "The client is small and asks for shorter records than 16 KiB.",
    ),
    extension(
        5,
        "status_request",
        "RFC 6066, 8; RFC 8446, 4.4.2.1",
        "The client asks the server to bring proof that its certificate has not been revoked: OCSP \
         stapling.",
    ),
    extension(
        10,
        "supported_groups",
        "RFC 8446, 4.2.7; RFC 8422, 5.1.1",
        "The groups in which the sender can do a key exchange, the one it likes best first.",
    ),
    extension(
        11,
        "ec_point_formats",
        "RFC 8422, 5.1.2",
        "How points on curves are written; everybody writes them uncompressed, and TLS 1.3 does not ask any \
         more.",
    ),
    extension(
        13,
        "signature_algorithms",
        "RFC 8446, 4.2.3",
        "The signatures that the sender can verify: the peer has to sign with one of these.",
    ),
    extension(
        16,
        "application_layer_protocol_negotiation",
        "RFC 7301, 3.1",
        "What is to be spoken inside TLS (ALPN): a client offers, the one it likes best first, and the \
         server takes one of these.",
    ),
    extension(
        17,
        "status_request_v2",
        "RFC 6961, 2.2",
        "The client asks for OCSP answers for the whole chain; TLS 1.3 does that with status_request.",
    ),
    extension(
        18,
        "signed_certificate_timestamp",
        "RFC 6962, 3.3.1",
        "Proof that the certificate is in public logs, where a wrong one would be seen.",
    ),
    extension(
        21,
        "padding",
        "RFC 7685, 3",
        "Nothing, to make the ClientHello longer: some old servers hang on lengths from 256 to 511.",
    ),
    extension(
        22,
        "encrypt_then_mac",
        "RFC 7366, 2",
        "Records in CBC mode are encrypted first and authenticated then, which is the safe order; AEAD \
         suites and TLS 1.3 need no such thing.",
    ),
    extension(
        23,
        "extended_master_secret",
        "RFC 7627, 5.1",
        "The master secret of TLS 1.2 depends on the whole handshake, so that it cannot be made the same \
         in two sessions; TLS 1.3 does that always.",
    ),
    extension(
        27,
        "compress_certificate",
        "RFC 8879, 3",
        "The sender can read compressed certificates: chains are the longest thing in a handshake.",
    ),
    extension(28, "record_size_limit", "RFC 8449, 4", "The longest record that the sender takes."),
    extension(
        34,
        "delegated_credential",
        "RFC 9345, 4.1.1",
        "The client takes a short-lived key that a certificate's owner has signed, so that the \
         certificate's own key can stay at home.",
    ),
    extension(
        35,
        "session_ticket",
        "RFC 5077, 3.2",
        "The client knows tickets of TLS 1.2: empty, it would like one; otherwise this is one, to resume \
         the session that is in it.",
    ),
    extension(
        41,
        "pre_shared_key",
        "RFC 8446, 4.2.11",
        "The tickets of earlier sessions, or other shared keys: if the server knows one, there is no need \
         of certificates.",
    ),
    extension(
        42,
        "early_data",
        "RFC 8446, 4.2.10",
        "Data before the handshake is done (0-RTT): fast, and somebody could send a copy of it again.",
    ),
    extension(
        43,
        "supported_versions",
        "RFC 8446, 4.2.1",
        "The real version: the field at the front has to say TLS 1.2, because middleboxes break on \
         numbers that they do not know.",
    ),
    extension(
        44,
        "cookie",
        "RFC 8446, 4.2.2",
        "What the server gave along with HelloRetryRequest and gets back, so that it need not remember \
         the first ClientHello.",
    ),
    extension(
        45,
        "psk_key_exchange_modes",
        "RFC 8446, 4.2.9",
        "How the client would use a ticket, one for this session and one that it gets in it; without this \
         a server sends no ticket.",
    ),
    extension(
        47,
        "certificate_authorities",
        "RFC 8446, 4.2.4",
        "The authorities that the sender trusts, so that the peer can choose its certificate.",
    ),
    extension(48, "oid_filters", "RFC 8446, 4.2.5", "What has to be in the certificate of the client."),
    extension(
        49,
        "post_handshake_auth",
        "RFC 8446, 4.2.6",
        "The client would show a certificate later, when it is asked after the handshake.",
    ),
    extension(
        50,
        "signature_algorithms_cert",
        "RFC 8446, 4.2.3",
        "The signatures that the sender can verify in certificates, if those are not the ones in \
         signature_algorithms.",
    ),
    extension(
        51,
        "key_share",
        "RFC 8446, 4.2.8",
        "The public half of a key exchange: the client guesses which group the server takes, and so saves \
         a round trip.",
    ),
    extension(
        57,
        "quic_transport_parameters",
        "RFC 9001, 8.2",
        "What QUIC has to agree upon; no business of TLS over TCP.",
    ),
    extension(58, "ticket_request", "RFC 9149, 3", "How many tickets the client would like."),
    extension(
        64768,
        "ech_outer_extensions",
        "RFC 9849, 5.1",
        "Inside an encrypted ClientHello: which extensions are the same as in the outer one.",
    ),
    extension(
        65037,
        "encrypted_client_hello",
        "RFC 9849, 5",
        "The real ClientHello, encrypted so that nobody on the way sees the server's name.",
    ),
    extension(
        65281,
        "renegotiation_info",
        "RFC 5746, 3.2",
        "Ties a renegotiation to the handshake before it; empty in a first handshake, where it says that \
         the sender knows the attack. TLS 1.3 does not renegotiate.",
    ),
];
