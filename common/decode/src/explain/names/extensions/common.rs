//! Extensions of today's sessions.

use super::{Extension, extension};

pub(super) const COMMON: &[Extension] = &[
    extension(
        0,
        "server_name",
        "RFC 6066, 3",
        "The name of the host that the client wants. A server with several names needs it to choose its \
         certificate, so it is sent in clear text.",
    ),
    extension(
        1,
        "max_fragment_length",
        "RFC 6066, 4",
        "The client has little memory and asks for records shorter than 16 KiB.",
    ),
    extension(
        5,
        "status_request",
        "RFC 6066, 8; RFC 8446, 4.4.2.1",
        "The client asks the server for a proof that its certificate is not revoked (OCSP \
         stapling).",
    ),
    extension(
        10,
        "supported_groups",
        "RFC 8446, 4.2.7; RFC 8422, 5.1.1",
        "The key exchange groups that the sender supports, in order of preference.",
    ),
    extension(
        11,
        "ec_point_formats",
        "RFC 8422, 5.1.2",
        "The formats of points on curves. All points are uncompressed today, and TLS 1.3 does not use this \
         any more.",
    ),
    extension(
        13,
        "signature_algorithms",
        "RFC 8446, 4.2.3",
        "The signatures that the sender can verify. The peer has to use one of these.",
    ),
    extension(
        16,
        "application_layer_protocol_negotiation",
        "RFC 7301, 3.1",
        "The application protocol inside TLS (ALPN). The client offers protocols in order of preference, and \
         the server chooses one.",
    ),
    extension(
        17,
        "status_request_v2",
        "RFC 6961, 2.2",
        "The client asks for OCSP answers for the whole chain. TLS 1.3 uses status_request for that.",
    ),
    extension(
        18,
        "signed_certificate_timestamp",
        "RFC 6962, 3.3.1",
        "A proof that the certificate is in public logs, where its owner can find a forged one.",
    ),
    extension(
        21,
        "padding",
        "RFC 7685, 3",
        "Zeros that make the ClientHello longer, because some old servers hang on lengths from 256 to 511.",
    ),
    extension(
        22,
        "encrypt_then_mac",
        "RFC 7366, 2",
        "Records in CBC mode are first encrypted and then authenticated, which is the safe order. AEAD suites \
         and TLS 1.3 do not need this.",
    ),
    extension(
        23,
        "extended_master_secret",
        "RFC 7627, 5.1",
        "The master secret of TLS 1.2 depends on the whole handshake, so that an attacker cannot make it the \
         same in two sessions. TLS 1.3 always does this.",
    ),
    extension(
        27,
        "compress_certificate",
        "RFC 8879, 3",
        "The sender can read compressed certificates, which are the longest part of a handshake.",
    ),
    extension(28, "record_size_limit", "RFC 8449, 4", "The longest record that the sender accepts."),
    extension(
        34,
        "delegated_credential",
        "RFC 9345, 4.1.1",
        "The client accepts a short-lived key that is signed by the certificate's key. So the certificate's \
         key can be kept in a safe place.",
    ),
    extension(
        35,
        "session_ticket",
        "RFC 5077, 3.2",
        "The client supports tickets of TLS 1.2. If this is empty, it asks for a ticket. Otherwise it is the \
         ticket of the session to resume.",
    ),
    extension(
        41,
        "pre_shared_key",
        "RFC 8446, 4.2.11",
        "The tickets of earlier sessions, or other shared keys. If the server accepts one, no certificate is \
         needed.",
    ),
    extension(
        42,
        "early_data",
        "RFC 8446, 4.2.10",
        "Data before the end of the handshake (0-RTT). It is fast, but an attacker can send a copy of it again.",
    ),
    extension(
        43,
        "supported_versions",
        "RFC 8446, 4.2.1",
        "The real versions. The version field of the hello is always TLS 1.2, because some middleboxes fail on \
         newer numbers.",
    ),
    extension(
        44,
        "cookie",
        "RFC 8446, 4.2.2",
        "Data from a HelloRetryRequest that the client sends back, so that the server does not have to store \
         the first ClientHello.",
    ),
    extension(
        45,
        "psk_key_exchange_modes",
        "RFC 8446, 4.2.9",
        "The ways in which the client can use a ticket: one that it sends now, or one that it gets later. \
         Without this extension a server sends no ticket.",
    ),
    extension(
        47,
        "certificate_authorities",
        "RFC 8446, 4.2.4",
        "The authorities that the sender trusts, so that the peer can choose its certificate.",
    ),
    extension(48, "oid_filters", "RFC 8446, 4.2.5", "Requirements for the certificate of the client."),
    extension(
        49,
        "post_handshake_auth",
        "RFC 8446, 4.2.6",
        "The client can send a certificate after the handshake, if the server requests it.",
    ),
    extension(
        50,
        "signature_algorithms_cert",
        "RFC 8446, 4.2.3",
        "The signatures that the sender can verify in certificates, if they differ from \
         signature_algorithms.",
    ),
    extension(
        51,
        "key_share",
        "RFC 8446, 4.2.8",
        "The public keys of a key exchange. If the client has guessed the server's group, this saves a round \
         trip.",
    ),
    extension(
        57,
        "quic_transport_parameters",
        "RFC 9001, 8.2",
        "Parameters of QUIC. TLS over TCP does not use them.",
    ),
    extension(58, "ticket_request", "RFC 9149, 3", "The number of tickets that the client wants."),
    extension(
        64768,
        "ech_outer_extensions",
        "RFC 9849, 5.1",
        "Lists the extensions of the inner ClientHello that are the same as in the outer one.",
    ),
    extension(
        65037,
        "encrypted_client_hello",
        "RFC 9849, 5",
        "The real ClientHello, encrypted so that nobody on the way sees the name of the server.",
    ),
    extension(
        65281,
        "renegotiation_info",
        "RFC 5746, 3.2",
        "Binds a renegotiation to the handshake before it. Empty in a first handshake, where it says that the \
         sender is protected against the renegotiation attack. TLS 1.3 has no renegotiation.",
    ),
];
