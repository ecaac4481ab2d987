//! The extensions, and what each of them is for.

use super::{is_grease, pair};
use crate::explain::reader::Meaning;

/// What is known of an extension.
#[derive(Debug)]
pub(in crate::explain) struct Extension {
    pub(in crate::explain) number: u16,
    pub(in crate::explain) name: &'static str,
    pub(in crate::explain) says: &'static str,
    pub(in crate::explain) rfc: &'static str,
}

const fn extension(number: u16, name: &'static str, rfc: &'static str, says: &'static str) -> Extension {
    Extension { number, name, says, rfc }
}

/// What is not known.
const UNKNOWN: Extension = extension(
    0,
    "unknown extension",
    "RFC 8446, 4.2",
    "An extension without a well-known name; who does not know it ignores it.",
);

/// What means nothing.
const GREASE: Extension = extension(
    0,
    "GREASE",
    "RFC 8701, 2",
    "An extension that is reserved to mean nothing: a client sends some, so that servers that fail on what they do not know are found before there is something new to know.",
);

/// The extension with this number.
pub(in crate::explain) fn extension_of(number: u16) -> &'static Extension {
    match EXTENSIONS.iter().find(|known| known.number == number) {
        Some(extension) => extension,
        None if is_grease(number) => &GREASE,
        None => &UNKNOWN,
    }
}

/// Its number alone: what it is for is said of the whole of it.
pub(in crate::explain) fn extension_type(number: u16) -> Meaning {
    let name = EXTENSIONS.iter().find(|known| known.number == number).map(|known| known.name);
    pair(name, number)
}

/// All that IANA lists, and some that it does not and browsers used.
const EXTENSIONS: &[Extension] = &[
    extension(
        0,
        "server_name",
        "RFC 6066, 3",
        "The name of the host that the client wants: a server of many needs it to choose its certificate, so it crosses in clear.",
    ),
    extension(
        1,
        "max_fragment_length",
        "RFC 6066, 4",
        "The client is small and asks for shorter records than 16 KiB.",
    ),
    extension(
        2,
        "client_certificate_url",
        "RFC 6066, 5",
        "The client would send the URL of its certificate instead of the certificate.",
    ),
    extension(
        3,
        "trusted_ca_keys",
        "RFC 6066, 6",
        "Which authorities the client trusts, so that the server can choose its certificate.",
    ),
    extension(
        4,
        "truncated_hmac",
        "RFC 6066, 7",
        "The client would save some bytes of each record's MAC; this turned out to be unsafe.",
    ),
    extension(
        5,
        "status_request",
        "RFC 6066, 8; RFC 8446, 4.4.2.1",
        "The client asks the server to bring proof that its certificate has not been revoked: OCSP stapling.",
    ),
    extension(6, "user_mapping", "RFC 4681, 3", "Under which names the user is known to the server."),
    extension(7, "client_authz", "RFC 5878, 2", "What the client can show to be let in."),
    extension(8, "server_authz", "RFC 5878, 2", "What the server can show to be trusted."),
    extension(
        9,
        "cert_type",
        "RFC 6091, 3",
        "Which kinds of certificates the two know: X.509, or once OpenPGP.",
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
        "How points on curves are written: uncompressed, nothing else is left; TLS 1.3 does not ask any more.",
    ),
    extension(12, "srp", "RFC 5054, 2.8.1", "The name of the user, for a login with a password inside TLS."),
    extension(
        13,
        "signature_algorithms",
        "RFC 8446, 4.2.3",
        "The signatures that the sender can verify: the peer has to sign with one of these.",
    ),
    extension(
        14,
        "use_srtp",
        "RFC 5764, 4.1",
        "Keys for audio and video are wanted from this handshake (WebRTC).",
    ),
    extension(15, "heartbeat", "RFC 6520, 2", "The sender would answer heartbeats; a famous bug was here."),
    extension(
        16,
        "application_layer_protocol_negotiation",
        "RFC 7301, 3.1",
        "What is to be spoken inside TLS (ALPN): a client offers, the one it likes best first, and the server takes one of these.",
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
        19,
        "client_certificate_type",
        "RFC 7250, 3",
        "Which kinds of certificates, or bare keys, the client can show.",
    ),
    extension(
        20,
        "server_certificate_type",
        "RFC 7250, 3",
        "Which kinds of certificates, or bare keys, the server may show.",
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
        "Records in CBC mode are encrypted first and authenticated then, which is the safe order; AEAD suites and TLS 1.3 need no such thing.",
    ),
    extension(
        23,
        "extended_master_secret",
        "RFC 7627, 5.1",
        "The master secret of TLS 1.2 depends on the whole handshake, so that it cannot be made the same in two sessions; TLS 1.3 does that always.",
    ),
    extension(24, "token_binding", "RFC 8472, 2", "Cookies and tokens would be bound to this session."),
    extension(
        25,
        "cached_info",
        "RFC 7924, 4",
        "What the client still has from before and need not be sent again.",
    ),
    extension(
        26,
        "tls_lts",
        "draft-gutmann-tls-lts",
        "TLS 1.2 as hardened as it can be, for devices that stay for decades.",
    ),
    extension(
        27,
        "compress_certificate",
        "RFC 8879, 3",
        "The sender can read compressed certificates: chains are the longest thing in a handshake.",
    ),
    extension(28, "record_size_limit", "RFC 8449, 4", "The longest record that the sender takes."),
    extension(
        29,
        "pwd_protect",
        "RFC 8492, 4.4",
        "The name of the user, encrypted, for a login with a password.",
    ),
    extension(
        30,
        "pwd_clear",
        "RFC 8492, 4.4",
        "The name of the user, in clear, for a login with a password.",
    ),
    extension(31, "password_salt", "RFC 8492, 4.5", "The salt of the password."),
    extension(
        32,
        "ticket_pinning",
        "RFC 8672, 3",
        "The client holds a secret of the server from before, by which it knows it again.",
    ),
    extension(
        33,
        "tls_cert_with_extern_psk",
        "RFC 8773, 4",
        "A certificate and a pre-shared key are used together.",
    ),
    extension(
        34,
        "delegated_credential",
        "RFC 9345, 4.1.1",
        "The client takes a short-lived key that a certificate's owner has signed, so that the certificate's own key can stay at home.",
    ),
    extension(
        35,
        "session_ticket",
        "RFC 5077, 3.2",
        "The client knows tickets of TLS 1.2: empty, it would like one; otherwise this is one, to resume the session that is in it.",
    ),
    extension(36, "TLMSP", "ETSI TS 103 523-2", "Middleboxes that both ends know of take part."),
    extension(37, "TLMSP_proxying", "ETSI TS 103 523-2", "Middleboxes that both ends know of take part."),
    extension(38, "TLMSP_delegate", "ETSI TS 103 523-2", "Middleboxes that both ends know of take part."),
    extension(
        39,
        "supported_ekt_ciphers",
        "RFC 8870, 5.2",
        "How keys for audio and video of a conference are handed on.",
    ),
    extension(40, "reserved (40)", "RFC 8446, 11", "Drafts of TLS 1.3 had key_share here."),
    extension(
        41,
        "pre_shared_key",
        "RFC 8446, 4.2.11",
        "The tickets of earlier sessions, or other shared keys: if the server knows one, there is no need of certificates.",
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
        "The real version: the field at the front has to say TLS 1.2, because middleboxes break on numbers that they do not know.",
    ),
    extension(
        44,
        "cookie",
        "RFC 8446, 4.2.2",
        "What the server gave along with HelloRetryRequest and gets back, so that it need not remember the first ClientHello.",
    ),
    extension(
        45,
        "psk_key_exchange_modes",
        "RFC 8446, 4.2.9",
        "How the client would use a ticket, one for this session and one that it gets in it; without this a server sends no ticket.",
    ),
    extension(46, "reserved (46)", "RFC 8446, 11", "Drafts of TLS 1.3 had ticket_early_data_info here."),
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
        "The signatures that the sender can verify in certificates, if those are not the ones in signature_algorithms.",
    ),
    extension(
        51,
        "key_share",
        "RFC 8446, 4.2.8",
        "The public half of a key exchange: the client guesses which group the server takes, and so saves a round trip.",
    ),
    extension(
        52,
        "transparency_info",
        "RFC 9162, 6.5",
        "Proof that the certificate is in public logs, second edition.",
    ),
    extension(
        53,
        "connection_id (deprecated)",
        "RFC 9146, 10",
        "Connections of DTLS that survive a change of address; an earlier number of it.",
    ),
    extension(54, "connection_id", "RFC 9146, 3", "Connections of DTLS that survive a change of address."),
    extension(
        55,
        "external_id_hash",
        "RFC 8844, 3",
        "To whom the session belongs, as WebRTC says it elsewhere.",
    ),
    extension(
        56,
        "external_session_id",
        "RFC 8844, 4",
        "Which session this is, as WebRTC says it elsewhere.",
    ),
    extension(
        57,
        "quic_transport_parameters",
        "RFC 9001, 8.2",
        "What QUIC has to agree upon; no business of TLS over TCP.",
    ),
    extension(58, "ticket_request", "RFC 9149, 3", "How many tickets the client would like."),
    extension(59, "dnssec_chain", "RFC 9102, 2", "Proof from DNSSEC which key belongs to the name."),
    extension(
        60,
        "sequence_number_encryption_algorithms",
        "draft-pismenny-tls-dtls-plaintext-sequence-number",
        "How DTLS hides its sequence numbers.",
    ),
    extension(61, "rrc", "RFC 9853", "The two would check that a new address of DTLS can be reached."),
    extension(
        62,
        "tls_flags",
        "draft-ietf-tls-tlsflags",
        "Extensions that say no more than yes, a bit each.",
    ),
    extension(
        13172,
        "next_protocol_negotiation",
        "draft-agl-tls-nextprotoneg",
        "ALPN's forerunner, in which the client chose.",
    ),
    extension(
        17513,
        "application_settings (old)",
        "draft-vvv-tls-alps",
        "Settings of HTTP/2 in the handshake, as Chrome sent them; IANA does not list it.",
    ),
    extension(
        17613,
        "application_settings",
        "draft-vvv-tls-alps",
        "Settings of HTTP/2 in the handshake, as Chrome sends them; IANA does not list it.",
    ),
    extension(
        30031,
        "channel_id (old)",
        "draft-balfanz-tls-channelid",
        "A key of the browser's by which a server knows it again; not used any more.",
    ),
    extension(
        30032,
        "channel_id",
        "draft-balfanz-tls-channelid",
        "A key of the browser's by which a server knows it again; not used any more.",
    ),
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
        "Ties a renegotiation to the handshake before it; empty in a first handshake, where it says that the sender knows the attack. TLS 1.3 does not renegotiate.",
    ),
    extension(
        65445,
        "quic_transport_parameters (drafts)",
        "RFC 9001, 8.2",
        "What QUIC had to agree upon while it was a draft.",
    ),
];

#[cfg(test)]
mod tests {
    use rustls::internal::msgs::enums::ExtensionType;

    use super::*;
    use crate::explain::names::tests::{same_words, unique};

    #[test]
    fn every_extension_is_there_once_and_explained() {
        unique(EXTENSIONS.iter().map(|known| known.number));
        unique(EXTENSIONS.iter().map(|known| known.name));
        assert!(EXTENSIONS.iter().all(|known| known.says.ends_with('.') && !known.rfc.is_empty()));
        assert!((0..=62).all(|number| extension_of(number).name != UNKNOWN.name));
        assert_eq!((extension_of(0x5a5a).name, extension_of(63).name), ("GREASE", "unknown extension"));
    }

    /// rustls keeps old names where IANA has changed them.
    #[test]
    fn what_rustls_has_a_name_for_is_called_the_same() {
        let renamed = [
            (9, "CertificateType"),
            (10, "EllipticCurves"),
            (16, "ALProtocolNegotiation"),
            (18, "SCT"),
            (46, "TicketEarlyDataInfo"),
            (57, "TransportParameters"),
            (30031, "ChannelId"),
            (64768, "EncryptedClientHelloOuterExtensions"),
            (65445, "TransportParametersDraft"),
        ];
        for number in 0..=u16::MAX {
            let Some(known) = ExtensionType::from(number).as_str() else { continue };
            let ours = extension_of(number).name;
            assert!(renamed.contains(&(number, known)) || same_words(ours, known), "{known}: {ours}");
            assert_ne!(ours, UNKNOWN.name, "{known}");
        }
    }
}
