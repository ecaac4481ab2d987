//! What one end of a handshake offers: versions, cipher suites and groups.

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, NamedGroup, ProtocolVersion, SupportedProtocolVersion};

use tls_session::handshake::suite_name;

/// How many names of a list a sentence shows. An OpenSSL client offers some thirty suites.
const SHOWN: usize = 4;
/// The extensions with what a hello offers (RFC 8446, 4.2).
const SUPPORTED_GROUPS: u16 = 10;
const SUPPORTED_VERSIONS: u16 = 43;
/// It is in the list of suites and is none (RFC 5746, 3.3).
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
    /// What we allow ourselves.
    pub fn ours(provider: &CryptoProvider, versions: &[&SupportedProtocolVersion]) -> Self {
        let has_version = |suite: &&rustls::SupportedCipherSuite| versions.contains(&suite.version());
        Self {
            versions: versions.iter().map(|version| version.version).collect(),
            suites: provider.cipher_suites.iter().filter(has_version).map(|suite| suite.suite()).collect(),
            groups: provider.kx_groups.iter().map(|group| group.name()).collect(),
        }
    }

    /// What the body of a ClientHello offers (RFC 8446, 4.1.2). Of a body that is cut off, what is there.
    pub(crate) fn of_client_hello(body: &[u8]) -> Self {
        let mut offer = Self::default();
        offer.read_client_hello(&mut Reader(body));
        offer.versions.retain(|version| !is_grease(u16::from(*version)));
        offer.suites.retain(|suite| !is_grease(u16::from(*suite)) && *suite != RENEGOTIATION_INFO);
        offer.groups.retain(|group| !is_grease(u16::from(*group)));
        offer
    }

    /// `None` where the body ends too early.
    fn read_client_hello(&mut self, body: &mut Reader<'_>) -> Option<()> {
        let highest = body.number()?;
        self.versions = vec![highest.into()]; // unless an extension says more
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

    /// The version that the body of a ServerHello chooses (RFC 8446, 4.1.3).
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
        listed(self.versions.iter().map(|version| version_name(*version)))
    }

    /// The suites for a sentence.
    pub(crate) fn suite_names(&self) -> String {
        listed(self.suites.iter().map(|suite| match suite {
            CipherSuite::Unknown(number) => format!("0x{number:04x}"),
            known => suite_name(*known).to_owned(),
        }))
    }

    /// The groups for a sentence.
    pub(crate) fn group_names(&self) -> String {
        listed(self.groups.iter().map(|group| match group.as_str() {
            Some(name) => name.to_owned(),
            None => format!("0x{:04x}", u16::from(*group)),
        }))
    }
}

/// `TLS 1.2`, as `--tls` has the number.
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

/// Whether no program should speak this version any more (RFC 8996).
pub(crate) fn is_obsolete(version: ProtocolVersion) -> bool {
    u16::from(version) < u16::from(ProtocolVersion::TLSv1_2)
}

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).collect();
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Values that clients send to see whether servers ignore what they do not know (RFC 8701).
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Bytes of a message that are still to be read.
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

    /// A vector behind its length, which has one byte or two. Of a vector that is cut off, what is there.
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

    /// A ClientHello of TLS 1.2 with two suites, of which one is GREASE, and these extensions.
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
    fn a_client_hello_says_what_it_offers() {
        let groups = [0, 10, 0, 6, 0, 4, 0x2a, 0x2a, 0, 29];
        let versions = [0, 43, 0, 5, 4, 3, 4, 3, 3];
        let offer = Offer::of_client_hello(&client_hello(&[&groups[..], &versions].concat()));
        assert_eq!(offer.versions, [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2]);
        assert_eq!(offer.suites, [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
        assert_eq!(offer.groups, [NamedGroup::X25519]);
    }

    #[test]
    fn without_the_extension_the_version_is_the_highest() {
        assert_eq!(Offer::of_client_hello(&client_hello(&[])).versions, [ProtocolVersion::TLSv1_2]);
    }

    #[test]
    fn a_hello_that_is_cut_off_offers_what_is_there() {
        let whole = client_hello(&[0, 10, 0, 6, 0, 4, 0, 23, 0, 29]);
        for length in 0..whole.len() {
            let offer = Offer::of_client_hello(&whole[..length]);
            assert!(offer.groups.len() <= 2 && offer.suites.len() <= 1, "{length}: {offer:?}");
        }
        assert_eq!(Offer::of_client_hello(&whole[..whole.len() - 2]).groups, [NamedGroup::secp256r1]);
    }

    #[test]
    fn a_server_hello_says_which_version_it_chooses() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0x13, 1, 0]);
        assert_eq!(Offer::version_of_server_hello(&body), Some(ProtocolVersion::TLSv1_2));
        body.extend([0, 6, 0, 43, 0, 2, 3, 4]);
        assert_eq!(Offer::version_of_server_hello(&body), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(Offer::version_of_server_hello(&[3, 2]), Some(ProtocolVersion::TLSv1_1));
    }

    #[test]
    fn our_offer_has_the_suites_of_our_versions_only() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let count = |versions: &[&SupportedProtocolVersion]| Offer::ours(&provider, versions).suites.len();
        assert_eq!(count(&[&TLS12]) + count(&[&TLS13]), provider.cipher_suites.len());
        assert_eq!(count(&[&TLS13]), 3);
    }

    #[test]
    fn long_lists_are_cut() {
        let offer = Offer { suites: (0xc000..0xc006).map(CipherSuite::from).collect(), ..Offer::default() };
        let names = offer.suite_names();
        assert!(names.ends_with(" and 2 more") && names.matches(',').count() == 3, "{names}");
        assert_eq!(offer.group_names(), "none");
        let offer = Offer { groups: vec![NamedGroup::from(0x1234)], ..Offer::default() };
        assert_eq!(offer.group_names(), "0x1234");
    }
}
