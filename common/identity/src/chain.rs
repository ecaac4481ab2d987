//! Which link of a peer's chain could not be built.
//!
//! webpki says that no chain leads to one of our authorities, and not how far the chain came.

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::authorization::key_usage;
use crate::certificate::{Validity, distinguished_name, parse};
use crate::distrust::{Distrust, Issuer, Link};
use crate::key_kind::{UnsupportedKey, name};
use crate::trust::{Trust, anchor_name};
use crate::unauthorized::Use;

/// How many issuers are examined, because each costs a path validation. webpki takes no longer chain.
const EXAMINED: usize = 6;

/// The certificates that a peer sent, and what they are for.
pub(super) struct Chain<'a> {
    pub(super) own: &'a X509Certificate<'a>,
    pub(super) end_entity: &'a webpki::EndEntityCert<'a>,
    /// The other certificates, in any order.
    pub(super) others: &'a [CertificateDer<'a>],
    pub(super) wanted: Use,
    pub(super) now: UnixTime,
}

/// A certificate that, by its name, issued the peer's own or another issuer.
struct NamedIssuer<'a> {
    der: CertificateDer<'a>,
    certificate: X509Certificate<'a>,
}

impl Chain<'_> {
    /// Says which issuer is missing, or which signature is wrong, for a chain that leads to none of our authorities.
    /// `None`: the peer sent more issuers than are examined.
    pub(super) fn broken_link(&self, trust: &Trust) -> Option<Distrust> {
        let issuers = self.named_issuers();
        if issuers.len() > EXAMINED {
            return None;
        }
        let (last, link) = self.last_link(&issuers);
        Some(self.broken_at(last, link, &issuers, trust))
    }

    /// Names the issuer that has these dates. The peer's own dates have been checked before.
    pub(super) fn dated(&self, is_it: impl Fn(Validity) -> bool) -> Link {
        let issuers = self.named_issuers();
        let dated = issuers.iter().find(|issuer| is_it(Validity::of(&issuer.certificate)));
        Link::Intermediate(dated.map_or_else(
            || "(unreadable certificate)".to_owned(),
            |issuer| distinguished_name(issuer.certificate.subject()),
        ))
    }

    /// Names the issuer that is no authority.
    pub(super) fn no_authority(&self) -> Option<Distrust> {
        let issuers = self.named_issuers();
        let server = issuers.iter().find(|issuer| !issuer.certificate.is_ca())?;
        let link = Link::Intermediate(distinguished_name(server.certificate.subject()));
        Some(Distrust::NoAuthority { link })
    }

    /// The certificate from which the chain does not go on, and what to call it.
    fn last_link<'i>(&'i self, issuers: &'i [NamedIssuer<'_>]) -> (&'i X509Certificate<'i>, Link) {
        match self.last(issuers) {
            None => (self.own, Link::Own),
            Some(last) => (last, Link::Intermediate(distinguished_name(last.subject()))),
        }
    }

    /// Follows the names of issuers from the peer's own certificate, through whatever else the peer sent.
    fn named_issuers(&self) -> Vec<NamedIssuer<'_>> {
        let parsed = |der| {
            Some(NamedIssuer { der: CertificateDer::from(AsRef::as_ref(der)), certificate: parse(der).ok()? })
        };
        let mut rest: Vec<NamedIssuer<'_>> = self.others.iter().filter_map(parsed).collect();
        let mut found = Vec::new();
        loop {
            let issued = |other: &X509Certificate<'_>| {
                has_issued(other, self.own)
                    || found.iter().any(|issuer: &NamedIssuer<'_>| has_issued(other, &issuer.certificate))
            };
            let Some(next) = rest.iter().position(|other| issued(&other.certificate)) else { return found };
            found.push(rest.swap_remove(next));
        }
    }

    /// The certificate from which the chain does not go on. Every signature from the peer's own certificate up to it
    /// is right. `None`: the peer's own certificate.
    fn last<'i>(&self, issuers: &'i [NamedIssuer<'_>]) -> Option<&'i X509Certificate<'i>> {
        let sent: Vec<CertificateDer<'_>> =
            issuers.iter().map(|issuer| CertificateDer::from(&*issuer.der)).collect();
        let reached = issuers.iter().filter_map(|issuer| {
            self.length_to(&issuer.der, &sent).map(|length| (length, &issuer.certificate))
        });
        reached.max_by_key(|(length, _)| *length).map(|(_, certificate)| certificate)
    }

    /// How many certificates lie between the peer's own and this issuer, if a chain leads to it.
    fn length_to(&self, issuer: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Option<usize> {
        let anchors = [webpki::anchor_from_trusted_cert(issuer).ok()?];
        let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, key_usage(self.wanted));
        let path = self.end_entity.verify_for_usage(algorithms, &anchors, sent, self.now, usage, None, None);
        Some(path.ok()?.intermediate_certificates().count())
    }

    fn broken_at(
        &self,
        last: &X509Certificate<'_>,
        link: Link,
        issuers: &[NamedIssuer<'_>],
        trust: &Trust,
    ) -> Distrust {
        let issuer = distinguished_name(last.issuer());
        let self_issued = has_issued(last, last);
        let authorities = &trust.anchors().roots;
        let sent = || issuers.iter().map(|issuer| &issuer.certificate).filter(|_| !self_issued);
        if let Some(authority) = authorities.iter().find(|anchor| is_named(anchor, last)) {
            return match unsupported_key(authority) {
                Some(kind) => Distrust::UnsupportedIssuerKey { link, issuer, kind },
                None => Distrust::BadSignature { link, issuer, of: Issuer::Authority },
            };
        }
        if let Some(other) = sent().find(|other| has_issued(other, last)) {
            return match UnsupportedKey::of_public(other.public_key()) {
                Some(kind) => Distrust::UnsupportedIssuerKey { link, issuer, kind },
                None => Distrust::BadSignature { link, issuer, of: Issuer::Sent },
            };
        }
        if authorities.iter().any(|anchor| reads_alike(&anchor_name(anchor), &issuer)) {
            return Distrust::NameInOtherBytes { link, issuer, of: Issuer::Authority };
        }
        let others = || self.others.iter().filter_map(|der| parse(der).ok());
        if others().any(|other| !self_issued && reads_alike(&distinguished_name(other.subject()), &issuer)) {
            return Distrust::NameInOtherBytes { link, issuer, of: Issuer::Sent };
        }
        let has_authorities = !authorities.is_empty();
        Distrust::UnknownIssuer { link, issuer, self_issued, alone: self.others.is_empty(), has_authorities }
    }

    /// Names the certificate whose signature is of a kind that is not supported.
    pub(super) fn unsupported_signature(&self) -> Option<Distrust> {
        let issuers = self.named_issuers();
        if issuers.len() > EXAMINED {
            return None;
        }
        let (last, link) = self.last_link(&issuers);
        let algorithm = name(last.signature_algorithm.algorithm.to_id_string());
        Some(Distrust::UnsupportedSignature { link, algorithm })
    }
}

/// The kind of an authority's key, if it cannot verify a signature.
fn unsupported_key(authority: &TrustAnchor<'_>) -> Option<UnsupportedKey> {
    let key = webpki::spki_for_anchor(authority);
    let (_, key) = SubjectPublicKeyInfo::from_der(&key).ok()?;
    UnsupportedKey::of_public(&key)
}

/// Whether two names are the same to a person, and to OpenSSL. Their bytes may differ, such as those of a PrintableString
/// and a UTF8String.
fn reads_alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether an authority has the name of a certificate's issuer.
fn is_named(anchor: &TrustAnchor<'_>, issued: &X509Certificate<'_>) -> bool {
    // An anchor keeps its name without the SEQUENCE around it.
    DistinguishedName::in_sequence(&anchor.subject).as_ref() == issued.issuer().as_raw()
}

/// Whether a certificate has the name of another one's issuer.
fn has_issued(other: &X509Certificate<'_>, issued: &X509Certificate<'_>) -> bool {
    other.subject().as_raw() == issued.issuer().as_raw()
}
