//! The versions, cipher suites and groups that one end of a handshake offers.

use identity::listed;
use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, NamedGroup, ProtocolVersion, SupportedProtocolVersion};
use tls_session::handshake::suite_name;

/// The numbers of the extensions that offer groups and versions (RFC 8446, 4.2).
const SUPPORTED_GROUPS: u16 = 10;
const SUPPORTED_VERSIONS: u16 = 43;
/// A signal in the list of suites. It is not a suite (RFC 5746, 3.3).
const RENEGOTIATION_INFO: CipherSuite = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;

/// Versions, cipher suites and groups, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Protocol versions.
    pub versions: Vec<ProtocolVersion>,
    /// Cipher suites.
    pub suites: Vec<CipherSuite>,
    /// Key exchange groups.
    pub groups: Vec<NamedGroup>,
}

impl Offer {
    /// Returns our own offer.
    pub fn ours(provider: &CryptoProvider, versions: &[&SupportedProtocolVersion]) -> Self {
        let has_version = |suite: &&rustls::SupportedCipherSuite| versions.contains(&suite.version());
        Self {
            versions: versions.iter().map(|version| version.version).collect(),
            suites: provider.cipher_suites.iter().filter(has_version).map(|suite| suite.suite()).collect(),
            groups: provider.kx_groups.iter().map(|group| group.name()).collect(),
        }
    }

    /// Reads the offer in the body of a ClientHello (RFC 8446, 4.1.2). A truncated body offers its complete part.
    pub(crate) fn of_client_hello(body: &[u8]) -> Self {
        let mut offer = Self::default();
        offer.read_client_hello(&mut Reader(body));
        offer.versions.retain(|version| !is_grease(u16::from(*version)));
        offer.suites.retain(|suite| !is_grease(u16::from(*suite)) && *suite != RENEGOTIATION_INFO);
        offer.groups.retain(|group| !is_grease(u16::from(*group)));
        offer
    }

    /// Returns `None` if the body ends too early.
    fn read_client_hello(&mut self, body: &mut Reader<'_>) -> Option<()> {
        let highest = body.number()?;
        self.versions = vec![highest.into()]; // the extension replaces it
        body.take(32)?; // random
        body.vector(1)?; // session ID
        self.suites = body.vector(2)?.numbers().map(CipherSuite::from).collect();
        body.vector(1)?; // compression methods
        let mut extensions = body.vector(2)?;
        while let (Some(kind), Some(mut content)) = (extensions.number(), extensions.vector(2)) {
            match kind {
                SUPPORTED_GROUPS => {
                    self.groups = content.vector(2)?.numbers().map(NamedGroup::from).collect()
                }
                SUPPORTED_VERSIONS => {
                    self.versions = content.vector(1)?.numbers().map(ProtocolVersion::from).collect();
                }
                _ => {}
            }
        }
        Some(())
    }

    /// Reads the version that the body of a ServerHello chooses (RFC 8446, 4.1.3).
    pub(crate) fn version_of_server_hello(body: &[u8]) -> Option<ProtocolVersion> {
        let mut body = Reader(body);
        let legacy = body.number()?;
        Some(Self::chosen_version(&mut body).unwrap_or(legacy).into())
    }

    fn chosen_version(body: &mut Reader<'_>) -> Option<u16> {
        body.take(32)?; // random
        body.vector(1)?; // session ID
        body.take(3)?; // cipher suite, compression method
        let mut extensions = body.vector(2)?;
        while let (Some(kind), Some(mut content)) = (extensions.number(), extensions.vector(2)) {
            if kind == SUPPORTED_VERSIONS {
                return content.number();
            }
        }
        None
    }

    /// The versions for a sentence.
    pub(crate) fn version_names(&self) -> String {
        names_or_none(&self.versions, |version| version_name(*version))
    }

    /// The suites for a sentence.
    pub(crate) fn suite_names(&self) -> String {
        names_or_none(&self.suites, |suite| match suite {
            CipherSuite::Unknown(number) => format!("0x{number:04x}"),
            known => suite_name(*known).to_owned(),
        })
    }

    /// The groups for a sentence.
    pub(crate) fn group_names(&self) -> String {
        names_or_none(&self.groups, |group| match group.as_str() {
            Some(name) => name.to_owned(),
            None => format!("0x{:04x}", u16::from(*group)),
        })
    }
}

/// The name of a version: `TLS 1.2`.
pub(crate) fn version_name(version: ProtocolVersion) -> String {
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

/// Whether programs must not use this version any more (RFC 8996).
pub(crate) fn is_obsolete(version: ProtocolVersion) -> bool {
    u16::from(version) < u16::from(ProtocolVersion::TLSv1_2)
}

/// The names for a sentence, or `none`. An OpenSSL client offers about thirty suites, so only the first ones are shown.
fn names_or_none<T>(items: &[T], name: impl Fn(&T) -> String) -> String {
    match listed(items.iter(), name) {
        empty if empty.is_empty() => "none".to_owned(),
        names => names,
    }
}

/// Whether this is a GREASE value. Clients send such values to test that servers ignore unknown values (RFC 8701).
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Reads the bytes of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Reads a vector. Its length field has one byte or two. A truncated vector has the bytes that are left.
    fn vector(&mut self, length_bytes: usize) -> Option<Reader<'a>> {
        let length = self.take(length_bytes)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        self.take(length.min(self.0.len())).map(Reader)
    }

    fn numbers(self) -> impl Iterator<Item = u16> {
        self.0.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::version::{TLS12, TLS13};

    /// The body of a ClientHello of TLS 1.2 with a suite, a GREASE value, a signal, and these extensions.
    fn client_hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.push(0);
        body.extend([0, 6, 0x1a, 0x1a, 0xc0, 0x2f, 0, 0xff]);
        body.extend([1, 0]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        body
    }

    #[test]
    fn an_offer_is_read_from_a_client_hello() {
        let groups = [0, 10, 0, 6, 0, 4, 0x2a, 0x2a, 0, 29];
        let versions = [0, 43, 0, 5, 4, 3, 4, 3, 3];
        let offer = Offer::of_client_hello(&client_hello(&[&groups[..], &versions].concat()));
        assert_eq!(offer.versions, [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2]);
        assert_eq!(offer.suites, [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
        assert_eq!(offer.groups, [NamedGroup::X25519]);
    }

    #[test]
    fn without_the_extension_the_legacy_version_is_offered() {
        assert_eq!(Offer::of_client_hello(&client_hello(&[])).versions, [ProtocolVersion::TLSv1_2]);
    }

    #[test]
    fn a_truncated_hello_offers_its_complete_part() {
        let whole = client_hello(&[0, 10, 0, 6, 0, 4, 0, 23, 0, 29]);
        for length in 0..whole.len() {
            let offer = Offer::of_client_hello(&whole[..length]);
            assert!(offer.groups.len() <= 2 && offer.suites.len() <= 1, "{length}: {offer:?}");
        }
        assert_eq!(Offer::of_client_hello(&whole[..whole.len() - 2]).groups, [NamedGroup::secp256r1]);
    }

    #[test]
    fn the_chosen_version_is_read_from_a_server_hello() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0x13, 1, 0]);
        assert_eq!(Offer::version_of_server_hello(&body), Some(ProtocolVersion::TLSv1_2));
        body.extend([0, 6, 0, 43, 0, 2, 3, 4]);
        assert_eq!(Offer::version_of_server_hello(&body), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(Offer::version_of_server_hello(&[3, 2]), Some(ProtocolVersion::TLSv1_1));
    }

    #[test]
    fn our_offer_only_has_suites_of_our_versions() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let count = |versions: &[&SupportedProtocolVersion]| Offer::ours(&provider, versions).suites.len();
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
