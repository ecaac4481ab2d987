//! Compares the offers of both ends, if a handshake failed because they have nothing in common.

use rustls::{Error, PeerIncompatible, Side};

use crate::offer::{Offer, is_obsolete, version_name};
use crate::peer_bytes::PeerBytes;

/// Returns the sentence with the offers of both ends, and the flag that changes ours. `None` for any other error, and
/// if the peer's offer is not known.
pub(crate) fn nothing_in_common(
    error: &Error,
    peer: Side,
    ours: &Offer,
    received: &PeerBytes<'_>,
) -> Option<String> {
    use PeerIncompatible as Peer;
    let we_allow =
        |names: String| if names == "none" { String::new() } else { format!("; we allow {names}") };
    let error = match error {
        Error::NoApplicationProtocol => {
            let theirs = received.client_offer()?.protocol_names();
            let ours = we_allow(ours.protocol_names());
            return Some(format!(
                "no application protocol in common: the client offers {theirs}{ours} (see --alpn)"
            ));
        }
        Error::PeerIncompatible(error) => error,
        _ => return None,
    };
    match error {
        Peer::Tls12NotOffered
        | Peer::Tls12NotOfferedOrEnabled
        | Peer::SupportedVersionsExtensionRequired
        | Peer::SignatureAlgorithmsExtensionRequired
        | Peer::ServerDoesNotSupportTls12Or13
        | Peer::ServerTlsVersionIsDisabledByOurConfig => {
            let (theirs, is_obsolete) = match peer {
                Side::Client => {
                    let offer = received.client_offer()?;
                    let is_obsolete = offer.versions.iter().all(|version| is_obsolete(*version));
                    (format!("the client offers {}", offer.version_names()), is_obsolete)
                }
                Side::Server => {
                    let version = received.server_version()?;
                    (format!("the server chose {}", version_name(version)), is_obsolete(version))
                }
            };
            let ours = we_allow(ours.version_names());
            match (is_obsolete, error) {
                (true, _) => {
                    Some(format!("no version in common: {theirs}, which is obsolete (RFC 8996){ours}"))
                }
                // The versions fit, so the problem is another one.
                (false, Peer::SignatureAlgorithmsExtensionRequired) => None,
                (false, _) => Some(format!("no version in common: {theirs}{ours} (see --tls)")),
            }
        }
        Peer::NoCipherSuitesInCommon => {
            let theirs = received.client_offer()?;
            let names = theirs.suite_names();
            if theirs.suites.iter().any(|suite| ours.suites.contains(suite)) {
                return Some(format!(
                    "no cipher suite fits: the client offers {names}, and the suites that we allow do not fit its \
                     version or the key of our certificate (see --suite)"
                ));
            }
            let ours = we_allow(ours.suite_names());
            Some(format!("no cipher suite in common: the client offers {names}{ours} (see --suite)"))
        }
        Peer::NoKxGroupsInCommon => {
            let names = received.client_offer()?.group_names();
            let ours = we_allow(ours.group_names());
            Some(format!("no key exchange group in common: the client offers {names}{ours} (see --group)"))
        }
        _ => None,
    }
}
