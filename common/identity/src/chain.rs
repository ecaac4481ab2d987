//! Finds the certificate at which a peer's chain is broken.
//!
//! webpki only says that no chain leads to one of our authorities. It does not say how far the chain leads.

use rustls::Side;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::certificate::parse;
use crate::distinguished_name::{UNREADABLE, anchor_name, distinguished_name};
use crate::key_kind::{SUPPORTED, SUPPORTED_SIGNATURES, UnsupportedKey, name};
use crate::trust::Trust;
use crate::unauthorized::{Distrust, Link, Unauthorized};
use crate::validity::{Outside, Validity};

/// How many issuers are examined. Each costs a path validation. webpki accepts no longer chain.
const EXAMINED: usize = 6;

/// The certificates that a peer sent, and the role of the peer.
pub(super) struct Chain<'a> {
    pub(super) own: &'a X509Certificate<'a>,
    pub(super) end_entity: &'a webpki::EndEntityCert<'a>,
    /// The other certificates, in any order.
    pub(super) others: &'a [CertificateDer<'a>],
    pub(super) wanted: Side,
    pub(super) now: UnixTime,
}

/// A certificate with the name of the issuer of the peer's own certificate, or of another `NamedIssuer`.
struct NamedIssuer<'a> {
    der: CertificateDer<'a>,
    certificate: X509Certificate<'a>,
}

impl NamedIssuer<'_> {
    fn link(&self) -> Link {
        Link::Intermediate(distinguished_name(self.certificate.subject()))
    }
}

impl Chain<'_> {
    /// Finds the missing issuer, or the wrong signature, of a chain that leads to none of our authorities. `None` if
    /// the peer sent more issuers than are examined.
    pub(super) fn broken_link(&self, trust: &Trust) -> Option<Unauthorized> {
        self.at_the_end(|last, link, issuers| self.broken_at(last, &link, issuers, trust))
    }

    /// Names the certificate whose signature is of a kind that is not supported. `None` as for [`Self::broken_link`].
    pub(super) fn unsupported_signature(&self) -> Option<Unauthorized> {
        self.at_the_end(|last, link, _| {
            let algorithm = name(&last.signature_algorithm.algorithm);
            let sentence = format!(
                "{link} has a signature of a kind that is not supported: {algorithm} \
                 (supported: {SUPPORTED_SIGNATURES})"
            );
            Unauthorized::Untrusted { sentence, reason: Distrust::UnsupportedSignature }
        })
    }

    /// Names the issuer whose date `outside` is. The dates of the peer's own certificate have been checked before.
    pub(super) fn outside_dates(&self, outside: Outside) -> Unauthorized {
        let is_outside = |issuer: &&NamedIssuer<'_>| {
            let validity = Validity::of(&issuer.certificate);
            match outside {
                Outside::Before(moment) => validity.not_before == moment,
                Outside::After(moment) => validity.not_after == moment,
            }
        };
        let issuers = self.named_issuers();
        let link = match issuers.iter().find(is_outside) {
            Some(issuer) => issuer.link(),
            None => Link::Intermediate(UNREADABLE.to_owned()),
        };
        Unauthorized::OutsideDates(link, outside)
    }

    /// Names the issuer that is not an authority.
    pub(super) fn no_authority(&self) -> Option<Unauthorized> {
        let issuers = self.named_issuers();
        let link = issuers.iter().find(|issuer| !issuer.certificate.is_ca())?.link();
        let sentence = format!("{link} issued another certificate, but is not an authority (no CA:TRUE)");
        Some(Unauthorized::Untrusted { sentence, reason: Distrust::BadChain })
    }

    /// Explains the last certificate of the chain, with its name in the sentence. `None` if the peer sent more issuers
    /// than are examined.
    fn at_the_end(
        &self,
        explain: impl FnOnce(&X509Certificate<'_>, Link, &[NamedIssuer<'_>]) -> Unauthorized,
    ) -> Option<Unauthorized> {
        let issuers = self.named_issuers();
        if issuers.len() > EXAMINED {
            return None;
        }
        Some(match self.last(&issuers) {
            None => explain(self.own, Link::Own, &issuers),
            Some(last) => explain(&last.certificate, last.link(), &issuers),
        })
    }

    /// Follows the names of issuers, from the peer's own certificate through the other certificates that the peer sent.
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

    /// Returns the last certificate of the chain. Every signature from the peer's own certificate up to it is right.
    /// `None` stands for the peer's own certificate.
    fn last<'i>(&self, issuers: &'i [NamedIssuer<'_>]) -> Option<&'i NamedIssuer<'i>> {
        let sent: Vec<CertificateDer<'_>> =
            issuers.iter().map(|issuer| CertificateDer::from(&*issuer.der)).collect();
        let reached = issuers
            .iter()
            .filter_map(|issuer| self.length_to(&issuer.der, &sent).map(|length| (length, issuer)));
        reached.max_by_key(|(length, _)| *length).map(|(_, issuer)| issuer)
    }

    /// Returns how many certificates are between the peer's own certificate and this issuer, if a chain leads to it.
    fn length_to(&self, issuer: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Option<usize> {
        let anchors = [webpki::anchor_from_trusted_cert(issuer).ok()?];
        let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, key_usage(self.wanted));
        let path = self.end_entity.verify_for_usage(algorithms, &anchors, sent, self.now, usage, None, None);
        Some(path.ok()?.intermediate_certificates().count())
    }

    /// Says why the chain ends with the certificate `last`.
    fn broken_at(
        &self,
        last: &X509Certificate<'_>,
        link: &Link,
        issuers: &[NamedIssuer<'_>],
        trust: &Trust,
    ) -> Unauthorized {
        let untrusted = |reason, sentence| Unauthorized::Untrusted { sentence, reason };
        let (issuer, self_issued) = (distinguished_name(last.issuer()), has_issued(last, last));
        let (source, authorities) = (trust.source(), &trust.anchors().roots);

        // A certificate with the name of the issuer exists, so its key is the problem.
        let wrong_key = |unsupported: Option<UnsupportedKey>, owner: String| match unsupported {
            Some(kind) => untrusted(
                Distrust::UnsupportedSignature,
                format!(
                    "{link} cannot be verified: the key of its issuer {issuer} is of a kind that is not supported, \
                     {kind} (supported: {SUPPORTED})"
                ),
            ),
            None => untrusted(
                Distrust::BadSignature,
                format!(
                    "{link} was not signed with the key of {owner}; \
                     perhaps an authority with the same name and a different key signed it"
                ),
            ),
        };
        if let Some(authority) = trust.authorities_named(last.issuer().as_raw()).next() {
            return wrong_key(unsupported_key(authority), format!("the authority {issuer} in {source}"));
        }
        let mut sent = issuers.iter().map(|issuer| &issuer.certificate).filter(|_| !self_issued);
        if let Some(other) = sent.find(|other| has_issued(other, last)) {
            let unsupported = UnsupportedKey::of_public(other.public_key());
            return wrong_key(unsupported, format!("the certificate {issuer} that it sent"));
        }

        let in_other_bytes = |issued_by: String| {
            let sentence = format!(
                "{link} names its issuer {issuer}, but {issued_by} encodes this name differently \
                 (perhaps another string type); names are compared byte by byte"
            );
            untrusted(Distrust::UnknownIssuer, sentence)
        };
        if authorities.iter().any(|anchor| reads_alike(&anchor_name(anchor), &issuer)) {
            return in_other_bytes(format!("the authority in {source}"));
        }
        let mut others = self.others.iter().filter_map(|der| parse(der).ok()).filter(|_| !self_issued);
        if others.any(|other| reads_alike(&distinguished_name(other.subject()), &issuer)) {
            return in_other_bytes("the certificate that it sent".to_owned());
        }

        let sentence = match link {
            Link::Own => {
                let authority = match authorities.is_empty() {
                    true => "there is no authority in it",
                    false => "no authority there issued it",
                };
                let sent = match (self_issued, self.others.is_empty()) {
                    (true, _) => "",
                    (false, true) => "; it sent its own certificate alone, without an intermediate",
                    (false, false) => "; none of the other certificates that it sent has that name",
                };
                format!("unknown issuer {issuer}: not a certificate in {source}, and {authority}{sent}")
            }
            Link::Intermediate(name) if self_issued => {
                format!("the chain that it sent ends with {name}, which is no authority in {source}")
            }
            Link::Intermediate(name) => format!(
                "unknown issuer {issuer} of the intermediate certificate {name} that it sent: \
                 no authority in {source}, and no certificate that it sent, has that name"
            ),
        };
        untrusted(Distrust::UnknownIssuer, sentence)
    }
}

/// Returns the usage that webpki demands of every certificate of a chain.
pub(super) fn key_usage(of: Side) -> webpki::KeyUsage {
    match of {
        Side::Server => webpki::KeyUsage::server_auth(),
        Side::Client => webpki::KeyUsage::client_auth(),
    }
}

/// Returns the kind of an authority's key, if it cannot verify a signature.
fn unsupported_key(authority: &TrustAnchor<'_>) -> Option<UnsupportedKey> {
    let key = webpki::spki_for_anchor(authority);
    let (_, key) = SubjectPublicKeyInfo::from_der(&key).ok()?;
    UnsupportedKey::of_public(&key)
}

/// Returns whether two names look the same to a person, and are the same to OpenSSL. Their bytes may differ, for
/// example if one is a PrintableString and the other a UTF8String.
fn reads_alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Returns whether the subject of `issuer` is the name of the issuer of `issued`.
fn has_issued(issuer: &X509Certificate<'_>, issued: &X509Certificate<'_>) -> bool {
    issuer.subject().as_raw() == issued.issuer().as_raw()
}
