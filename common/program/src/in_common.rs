//! What both ends allow, where a handshake failed because they have nothing in common.

use rustls::{Error, PeerIncompatible, Side};

use crate::offer::{Offer, is_obsolete, version_name};
use crate::peer_bytes::PeerBytes;

/// What each side has of what they have nothing of in common, and the flag for it.
pub(crate) fn nothing_in_common(
    error: &Error,
    peer: Side,
    ours: &Offer,
    came: &PeerBytes<'_>,
) -> Option<String> {
    use PeerIncompatible as Peer;
    let Error::PeerIncompatible(error) = error else { return None };
    let we_allow =
        |names: String| if names == "none" { String::new() } else { format!("; we allow {names}") };
    match error {
        Peer::Tls12NotOffered
        | Peer::Tls12NotOfferedOrEnabled
        | Peer::SupportedVersionsExtensionRequired
        | Peer::SignatureAlgorithmsExtensionRequired
        | Peer::ServerDoesNotSupportTls12Or13
        | Peer::ServerTlsVersionIsDisabledByOurConfig => {
            let (theirs, is_obsolete) = match peer {
                Side::Client => {
                    let offer = came.client_offer()?;
                    let is_obsolete = offer.versions.iter().all(|version| is_obsolete(*version));
                    (format!("the client offers {}", offer.version_names()), is_obsolete)
                }
                Side::Server => {
                    let version = came.server_version()?;
                    (format!("the server chose {}", version_name(version)), is_obsolete(version))
                }
            };
            let ours = we_allow(ours.version_names());
            match (is_obsolete, error) {
                (true, _) => {
                    Some(format!("no version in common: {theirs}, which is obsolete (RFC 8996){ours}"))
                }
                // The version is not what is wrong.
                (false, Peer::SignatureAlgorithmsExtensionRequired) => None,
                (false, _) => Some(format!("no version in common: {theirs}{ours} (see --tls)")),
            }
        }
        Peer::NoCipherSuitesInCommon => {
            let theirs = came.client_offer()?;
            let names = theirs.suite_names();
            if theirs.suites.iter().any(|suite| ours.suites.contains(suite)) {
                return Some(format!(
                    "no cipher suite fits: the client offers {names}, and those that we allow do not fit its \
                     version or the key of our certificate (see --suite)"
                ));
            }
            let ours = we_allow(ours.suite_names());
            Some(format!("no cipher suite in common: the client offers {names}{ours} (see --suite)"))
        }
        Peer::NoKxGroupsInCommon => {
            let names = came.client_offer()?.group_names();
            let ours = we_allow(ours.group_names());
            Some(format!("no key exchange group in common: the client offers {names}{ours} (see --group)"))
        }
        _ => None,
    }
}
