//! Which link of a peer's chain could not be built.
//!
//! webpki says that no chain leads to one of our authorities, and not how far the chain came.

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::certificate::X509Certificate;

use super::authorization::key_usage;
use super::certificate::{distinguished_name, parse};
use super::distrust::{Distrust, Issuer, Link};
use super::trust::Trust;
use super::unauthorized::Use;

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
        Some(match self.last(&issuers) {
            None => self.broken_at(self.own, Link::Own, &issuers, trust),
            Some(last) => {
                let link = Link::Intermediate(distinguished_name(last.subject()));
                self.broken_at(last, link, &issuers, trust)
            }
        })
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
        if trust.anchors().roots.iter().any(|anchor| is_named(anchor, last)) {
            return Distrust::BadSignature { link, issuer, of: Issuer::Authority };
        }
        if !self_issued && issuers.iter().any(|other| has_issued(&other.certificate, last)) {
            return Distrust::BadSignature { link, issuer, of: Issuer::Sent };
        }
        let has_authorities = !trust.anchors().is_empty();
        Distrust::UnknownIssuer { link, issuer, self_issued, alone: self.others.is_empty(), has_authorities }
    }
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
