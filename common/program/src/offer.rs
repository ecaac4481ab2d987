//! The versions, cipher suites, groups and application protocols that one end of a handshake offers.

use decode::hello::ClientHello;
use decode::is_grease;
use identity::listed;
use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, NamedGroup, ProtocolVersion, SupportedProtocolVersion};
use tls_session::escaped::Escaped;
use tls_session::handshake::suite_name;

/// A signal in the list of suites. It is not a suite (RFC 5746, 3.3).
const RENEGOTIATION_INFO: CipherSuite = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;

/// Versions, cipher suites, groups and application protocols, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Protocol versions.
    pub versions: Vec<ProtocolVersion>,
    /// Cipher suites.
    pub suites: Vec<CipherSuite>,
    /// Key exchange groups.
    pub groups: Vec<NamedGroup>,
    /// Application protocols (RFC 7301).
    pub protocols: Vec<Vec<u8>>,
}

impl Offer {
    /// Returns our own offer.
    pub fn ours(
        provider: &CryptoProvider,
        versions: &[&SupportedProtocolVersion],
        protocols: Vec<Vec<u8>>,
    ) -> Self {
        let has_version = |suite: &&rustls::SupportedCipherSuite| versions.contains(&suite.version());
        Self {
            versions: versions.iter().map(|version| version.version).collect(),
            suites: provider.cipher_suites.iter().filter(has_version).map(|suite| suite.suite()).collect(),
            groups: provider.kx_groups.iter().map(|group| group.name()).collect(),
            protocols,
        }
    }

    /// Returns the offer of a client. Without supported_versions the client only offers its legacy version.
    pub(crate) fn of_client(hello: ClientHello) -> Self {
        let versions = hello.versions.unwrap_or_else(|| vec![hello.legacy_version]);
        let ClientHello { suites, groups, protocols, .. } = hello;
        let mut offer = Self { versions, suites, groups, protocols };
        offer.versions.retain(|version| !is_grease(u16::from(*version)));
        offer.suites.retain(|suite| !is_grease(u16::from(*suite)) && *suite != RENEGOTIATION_INFO);
        offer.groups.retain(|group| !is_grease(u16::from(*group)));
        offer.protocols.retain(|name| !is_grease_name(name));
        offer
    }

    /// Returns the versions for a sentence.
    pub(crate) fn version_names(&self) -> String {
        names_or_none(&self.versions, |version| version_name(*version))
    }

    /// Returns the suites for a sentence.
    pub(crate) fn suite_names(&self) -> String {
        names_or_none(&self.suites, |suite| match suite {
            CipherSuite::Unknown(number) => format!("0x{number:04x}"),
            known => suite_name(*known).to_owned(),
        })
    }

    /// Returns the application protocols for a sentence.
    pub(crate) fn protocol_names(&self) -> String {
        names_or_none(&self.protocols, |name| Escaped::new(name).to_string())
    }

    /// Returns the groups for a sentence.
    pub(crate) fn group_names(&self) -> String {
        names_or_none(&self.groups, |group| match group.as_str() {
            Some(name) => name.to_owned(),
            None => format!("0x{:04x}", u16::from(*group)),
        })
    }
}

/// Returns whether it is no protocol but GREASE: two bytes of a form that is reserved for it (RFC 8701, 2).
fn is_grease_name(name: &[u8]) -> bool {
    <[u8; 2]>::try_from(name).is_ok_and(|name| is_grease(u16::from_be_bytes(name)))
}

/// Returns the name of a version: `TLS 1.2`.
pub fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::SSLv2 => "SSL 2.0".to_owned(),
        ProtocolVersion::SSLv3 => "SSL 3.0".to_owned(),
        ProtocolVersion::TLSv1_0 => "TLS 1.0".to_owned(),
        ProtocolVersion::TLSv1_1 => "TLS 1.1".to_owned(),
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("version 0x{:04x}", u16::from(other)),
    }
}

/// Returns whether programs must not use this version any more (RFC 8996).
pub(crate) fn is_obsolete(version: ProtocolVersion) -> bool {
    u16::from(version) < u16::from(ProtocolVersion::TLSv1_2)
}

/// Returns the names for a sentence, or `none`. An OpenSSL client offers about thirty suites, so only the first ones
/// are shown.
fn names_or_none<T>(items: &[T], name: impl Fn(&T) -> String) -> String {
    match listed(items.iter(), name) {
        empty if empty.is_empty() => "none".to_owned(),
        names => names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::version::{TLS12, TLS13};

    #[test]
    fn the_offer_of_a_client_has_no_grease_and_no_signal() {
        let hello = |versions| ClientHello {
            legacy_version: ProtocolVersion::TLSv1_2,
            random: [7; 32],
            suites: [0x1a1a, 0xc02f, 0x00ff].map(CipherSuite::from).to_vec(),
            groups: [0x2a2a, 29].map(NamedGroup::from).to_vec(),
            versions,
            protocols: [&[0x4a, 0x4a][..], b"h2"].map(<[u8]>::to_vec).to_vec(),
            ..ClientHello::read(&[3, 3]).unwrap()
        };
        let offer = Offer::of_client(hello(Some([0x3a3a, 0x0304].map(ProtocolVersion::from).to_vec())));
        assert_eq!(offer.versions, [ProtocolVersion::TLSv1_3]);
        assert_eq!(offer.suites, [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
        assert_eq!(offer.groups, [NamedGroup::X25519]);
        assert_eq!(offer.protocols, [b"h2"]);
        assert_eq!(Offer::of_client(hello(None)).versions, [ProtocolVersion::TLSv1_2]);
    }

    #[test]
    fn our_offer_only_has_suites_of_our_versions() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let count =
            |versions: &[&SupportedProtocolVersion]| Offer::ours(&provider, versions, vec![]).suites.len();
        assert_eq!(count(&[&TLS12]) + count(&[&TLS13]), provider.cipher_suites.len());
        assert_eq!(count(&[&TLS13]), 3);
    }

    #[test]
    fn long_lists_are_shortened() {
        let offer = Offer { suites: (0xc000..0xc006).map(CipherSuite::from).collect(), ..Offer::default() };
        let names = offer.suite_names();
        assert!(names.ends_with(" and 2 more") && names.matches(',').count() == 3, "{names}");
        assert_eq!(offer.group_names(), "none");
        let offer = Offer { groups: vec![NamedGroup::from(0x1234)], ..Offer::default() };
        assert_eq!(offer.group_names(), "0x1234");
    }
}
