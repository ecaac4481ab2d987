//! The names and sentences of alerts.

use tls_session::alert_name::AlertName;

use super::byte;
use crate::explain::field_reader::Meaning;

/// Numbers and sentences, including those of older versions that are reserved today.
const ALERTS: &[(u8, &str)] = &[
    (0, "The sender has finished sending: the data before this alert is complete."),
    (10, "The sender received a message that is not allowed at this point."),
    (20, "A record could not be decrypted: it was changed on the way, or the ends have different keys."),
    (21, "A record could not be decrypted. The difference from bad_record_mac helped attackers."),
    (22, "A record is longer than TLS allows."),
    (30, "A record could not be decompressed."),
    (40, "Client and server found no parameters that both accept."),
    (41, "An SSL 3 client has no certificate to send."),
    (
        42,
        "The certificate may be damaged, its signature may not verify, or the sender refuses it for a reason that has no alert \
         of its own, such as a wrong name.",
    ),
    (43, "The certificate is of a kind that the sender cannot use."),
    (44, "The issuer has revoked the certificate."),
    (45, "The certificate has expired, or is not valid yet."),
    (
        46,
        "The certificate has a fault that no other alert names. Some programs send this alert for every fault of a certificate, also \
         for a wrong name.",
    ),
    (47, "A field has a value that is not allowed here."),
    (48, "The certificate does not come from an authority that the sender trusts."),
    (49, "The certificate is valid, but access is denied."),
    (50, "A message could not be decoded: a length is wrong, or a field is missing."),
    (51, "A signature, a Finished or a binder does not verify."),
    (52, "The peer requested too many connection ids (DTLS)."),
    (60, "The key is too long for old export rules."),
    (70, "The sender does not support the version that was offered."),
    (71, "The sender requires stronger parameters than those that were offered."),
    (80, "The sender has an internal error, which the peer did not cause."),
    (86, "The client tried again with an older version, but the server supports a newer one."),
    (90, "The sender cancelled the handshake."),
    (100, "The sender does not want to renegotiate."),
    (109, "A required extension is missing."),
    (110, "An extension answers a request that was not made."),
    (111, "A certificate could not be fetched from its URL."),
    (112, "The server does not serve the host in server_name."),
    (113, "The OCSP response that came with the certificate is not valid."),
    (114, "A fetched certificate is not the one that was announced."),
    (115, "The server knows none of the pre-shared keys."),
    (116, "The server requires a certificate, but the client sent none."),
    (117, "An error that no other alert describes."),
    (120, "Client and server have no application protocol in common."),
    (121, "The client requires Encrypted Client Hello, but the server did not accept it."),
];

/// Explains an alert.
pub(in crate::explain) fn alert(number: u8) -> Meaning {
    let says = ALERTS.iter().find(|(known, _)| *known == number).map_or("", |(_, says)| *says);
    Meaning { says: says.into(), ..byte(AlertName(number.into()).name(), number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::names::tests::unique;

    #[test]
    fn every_named_alert_has_its_own_sentence() {
        unique(ALERTS.iter().map(|(number, _)| *number));
        unique(ALERTS.iter().map(|(_, says)| *says));
        for number in 0..=u8::MAX {
            let known = ALERTS.iter().any(|(known, _)| *known == number);
            assert_eq!(known, AlertName(number.into()).name().is_some(), "{number}");
        }
    }
}
