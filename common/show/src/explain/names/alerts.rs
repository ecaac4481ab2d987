//! What each alert says.

use common::alert_name::AlertName;

use super::byte;
use crate::explain::reader::Meaning;

/// Number and sentence. Older versions sent what is reserved.
const ALERTS: &[(u8, &str)] = &[
    (0, "The sender will send no more: what came before is all there is, and nobody cut it off."),
    (10, "A message came that has no place here."),
    (20, "A record could not be opened: it was changed on its way, or the keys are not the same."),
    (21, "A record could not be decrypted; the difference to bad_record_mac helped attackers."),
    (22, "A record is longer than records may be."),
    (30, "A record could not be decompressed."),
    (40, "The two have no parameters in common that both accept."),
    (41, "A client of SSL 3 has no certificate to show."),
    (42, "The certificate is damaged, or its signature does not hold."),
    (43, "The certificate is of a kind that the sender cannot use."),
    (44, "Who issued the certificate has taken it back."),
    (45, "The certificate is not valid now."),
    (46, "Something else is wrong with the certificate."),
    (47, "A field has a value that it must not have here."),
    (48, "The certificate does not lead to an authority that the sender trusts."),
    (49, "The certificate is good, and its owner is not let in."),
    (50, "A message could not be read: a length does not fit, or something is missing."),
    (51, "A signature, a Finished or a binder does not verify."),
    (52, "Too many connection ids were asked for (DTLS)."),
    (60, "Export laws of the last century."),
    (70, "The sender does not speak the version that was offered."),
    (71, "What was offered is weaker than the sender allows."),
    (80, "Something went wrong that has nothing to do with the peer."),
    (86, "The client came back with an older version though both know a newer one."),
    (90, "Somebody has given up; a close_notify follows."),
    (100, "The sender does not want to renegotiate."),
    (109, "An extension is missing that has to be there."),
    (110, "An extension answers something that was not asked."),
    (111, "A certificate could not be fetched from its URL."),
    (112, "The server has nothing by the name in server_name."),
    (113, "The OCSP answer that came with the certificate is no good."),
    (114, "A fetched certificate is not the one that was announced."),
    (115, "The server knows none of the pre-shared keys."),
    (116, "The server wants a certificate, and the client showed none."),
    (117, "Something is wrong that no other alert says."),
    (120, "Client and server have no application protocol in common."),
    (121, "The client insists on Encrypted Client Hello, and the server did not take it."),
];

/// An alert by its number.
pub(in crate::explain) fn alert(number: u8) -> Meaning {
    let says = ALERTS.iter().find(|(known, _)| *known == number).map_or("", |(_, says)| *says);
    Meaning { says: says.into(), ..byte(AlertName(number.into()).word(), number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::names::tests::unique;

    #[test]
    fn every_alert_that_has_a_name_has_a_sentence_of_its_own() {
        unique(ALERTS.iter().map(|(number, _)| *number));
        unique(ALERTS.iter().map(|(_, says)| *says));
        for number in 0..=u8::MAX {
            let known = ALERTS.iter().any(|(known, _)| *known == number);
            assert_eq!(known, AlertName(number.into()).word().is_some(), "{number}");
        }
    }
}
