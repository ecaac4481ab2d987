//! Alerts, and what each of them says.

use super::byte;
use crate::explain::reader::Meaning;

/// Number, name, sentence. What is reserved was sent by older versions.
const ALERTS: &[(u8, &str, &str)] = &[
    (
        0,
        "close_notify",
        "The sender will send no more: what came before is all there is, and nobody cut it off.",
    ),
    (10, "unexpected_message", "A message came that has no place here."),
    (
        20,
        "bad_record_mac",
        "A record could not be opened: it was changed on its way, or the keys are not the same.",
    ),
    (
        21,
        "decryption_failed_RESERVED",
        "A record could not be decrypted; the difference to bad_record_mac helped attackers.",
    ),
    (22, "record_overflow", "A record is longer than records may be."),
    (30, "decompression_failure_RESERVED", "A record could not be decompressed."),
    (40, "handshake_failure", "The two have no parameters in common that both accept."),
    (41, "no_certificate_RESERVED", "A client of SSL 3 has no certificate to show."),
    (42, "bad_certificate", "The certificate is damaged, or its signature does not hold."),
    (43, "unsupported_certificate", "The certificate is of a kind that the sender cannot use."),
    (44, "certificate_revoked", "Who issued the certificate has taken it back."),
    (45, "certificate_expired", "The certificate is not valid now."),
    (46, "certificate_unknown", "Something else is wrong with the certificate."),
    (47, "illegal_parameter", "A field has a value that it must not have here."),
    (48, "unknown_ca", "The certificate does not lead to an authority that the sender trusts."),
    (49, "access_denied", "The certificate is good, and its owner is not let in."),
    (50, "decode_error", "A message could not be read: a length does not fit, or something is missing."),
    (51, "decrypt_error", "A signature, a Finished or a binder does not verify."),
    (52, "too_many_cids_requested", "Too many connection ids were asked for (DTLS)."),
    (60, "export_restriction_RESERVED", "Export laws of the last century."),
    (70, "protocol_version", "The sender does not speak the version that was offered."),
    (71, "insufficient_security", "What was offered is weaker than the sender allows."),
    (80, "internal_error", "Something went wrong that has nothing to do with the peer."),
    (
        86,
        "inappropriate_fallback",
        "The client came back with an older version though both know a newer one.",
    ),
    (90, "user_canceled", "Somebody has given up; a close_notify follows."),
    (100, "no_renegotiation_RESERVED", "The sender does not want to renegotiate."),
    (109, "missing_extension", "An extension is missing that has to be there."),
    (110, "unsupported_extension", "An extension answers something that was not asked."),
    (111, "certificate_unobtainable_RESERVED", "A certificate could not be fetched from its URL."),
    (112, "unrecognized_name", "The server has nothing by the name in server_name."),
    (113, "bad_certificate_status_response", "The OCSP answer that came with the certificate is no good."),
    (114, "bad_certificate_hash_value_RESERVED", "A fetched certificate is not the one that was announced."),
    (115, "unknown_psk_identity", "The server knows none of the pre-shared keys."),
    (116, "certificate_required", "The server wants a certificate, and the client showed none."),
    (117, "general_error", "Something is wrong that no other alert says."),
    (120, "no_application_protocol", "Client and server have no application protocol in common."),
    (121, "ech_required", "The client insists on Encrypted Client Hello, and the server did not take it."),
];

/// An alert by its number.
pub(in crate::explain) fn alert(number: u8) -> Meaning {
    match ALERTS.iter().find(|(known, ..)| *known == number) {
        Some((_, name, says)) => Meaning { says: (*says).into(), ..byte(Some(name), number) },
        None => byte(None, number),
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;
    use crate::explain::names::tests::{same_words, unique};

    #[test]
    fn the_alerts_of_rustls_are_called_the_same() {
        unique(ALERTS.iter().map(|(number, ..)| *number));
        unique(ALERTS.iter().map(|(_, name, _)| *name));
        unique(ALERTS.iter().map(|(.., says)| *says));
        let renamed = [121]; // EncryptedClientHelloRequired
        for number in 0..=u8::MAX {
            let Some(known) = AlertDescription::from(number).as_str() else { continue };
            let (_, ours, _) = ALERTS.iter().find(|(ours, ..)| *ours == number).unwrap();
            let british = known.replace("Unrecognised", "Unrecognized");
            let ours = ours.trim_end_matches("_RESERVED");
            assert!(renamed.contains(&number) || same_words(ours, &british), "{known}: {ours}");
        }
    }
}
