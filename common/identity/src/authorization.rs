//! The one verdict on a peer.

use std::fmt;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::certificate::X509Certificate;

use crate::certificate::{Moment, Unusable, Validity, parse, parse_strictly};
use crate::chain::Chain;
use crate::distrust::{Distrust, Link};
use crate::key_kind::UnsupportedKey;
use crate::names::{self, Basis, Names};
use crate::near_miss::NearMiss;
use crate::trust::{Source, Trust, anchor_name};
use crate::unauthorized::{Unauthorized, Use};

/// Whom we are judging.
#[derive(Clone, Copy, Debug)]
pub enum Peer<'a> {
    /// The server we wanted to reach by this name.
    Server(&'a ServerName<'a>),
    /// A client. It may have any name.
    Client,
}

impl Peer<'_> {
    fn wants(self) -> Use {
        match self {
            Self::Server(_) => Use::Server,
            Self::Client => Use::Client,
        }
    }
}

/// A peer is who it claims to be, and this is how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// It presented one of our pins.
    Pinned {
        /// Where that pin is.
        trust: Source,
    },
    /// One of our authorities vouches for it.
    Issued {
        /// The name of the authority, at the end of the chain.
        authority: String,
        /// Where that authority is.
        trust: Source,
    },
}

impl fmt::Display for Authorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned { trust } => write!(f, "the very certificate in {trust}"),
            Self::Issued { authority, trust } => {
                write!(f, "issued by {authority}, an authority in {trust}")
            }
        }
    }
}

/// Judges a peer by the certificates it presented, its own first.
///
/// A pure function: the same arguments, the same verdict. So a verifier asks it in the middle of a full handshake, and
/// a program asks it again at the end of any handshake. The second is no luxury: verifiers are not called when a
/// session is resumed, while the certificate may have expired since; the certificates are there
/// (`Connection::peer_certificates`).
///
/// The checks, in this order: the certificate's dates; its key usage and extended key usage, where it has them; that it
/// is one of the pins of `trust`, or else that a chain leads to one of its authorities; for a server, its name. All but
/// the third are the same for a pin. A pin that fails one of them is not tried again as an issued certificate: its
/// dates, usage and name would be the same.
///
/// That the peer has the private key of the certificate is not decided here. The signature in the handshake shows it.
///
/// # Errors
///
/// The first check that failed, as an [`Unauthorized`].
pub fn authorize(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    peer: Peer<'_>,
    now: UnixTime,
) -> Result<Authorized, Unauthorized> {
    let (end_entity, intermediates) = chain.split_first().ok_or(Unauthorized::NotPresented)?;
    authorize_parts(end_entity, intermediates, trust, peer, now)
}

/// [`authorize`] for rustls' verifiers, which get the peer's own certificate apart from the others.
pub(super) fn authorize_parts(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    trust: &Trust,
    peer: Peer<'_>,
    now: UnixTime,
) -> Result<Authorized, Unauthorized> {
    let certificate = parse(end_entity).map_err(Unauthorized::Unusable)?;
    // rustls will take the key for the handshake's signature from webpki's reading, so webpki must be able to read it.
    let parsed = parse_strictly(end_entity, &certificate).map_err(Unauthorized::Unusable)?;
    if let Some(kind) = UnsupportedKey::of_public(certificate.public_key()) {
        return Err(Unauthorized::UnsupportedKey(kind));
    }

    check_dates(&certificate, now)?;
    check_use(&certificate, peer.wants())?;
    let (authorized, basis) = if trust.is_pinned(end_entity) {
        let trust = trust.source().clone();
        (Authorized::Pinned { trust }, Basis::Pin)
    } else {
        let issued = find_authority(&parsed, intermediates, trust, peer.wants(), now).map_err(|error| {
            let wanted = peer.wants();
            let chain = Chain { own: &certificate, end_entity: &parsed, others: intermediates, wanted, now };
            no_authority(error, &chain, trust)
        })?;
        (issued, Basis::Authority)
    };
    match peer {
        Peer::Server(wanted) if !names::is_for(&certificate, &parsed, wanted, basis) => {
            Err(Unauthorized::WrongName {
                wanted: wanted.to_str().into_owned(),
                names: Names::of(&certificate, basis),
                near: NearMiss::find(&certificate, wanted),
            })
        }
        Peer::Server(_) | Peer::Client => Ok(authorized),
    }
}

fn check_dates(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), Unauthorized> {
    let now = Moment::from(now);
    let Validity { not_before, not_after } = Validity::of(certificate);
    let link = Link::Own;
    if now < not_before {
        Err(Unauthorized::NotYetValid { link, not_before })
    } else if now > not_after {
        Err(Unauthorized::Expired { link, not_after })
    } else {
        Ok(())
    }
}

/// Key usage matters where there is any; a plain `openssl req -x509` gives none, and then everything is allowed.
///
/// webpki does not look at the key usage, but RFC 8446, 4.4.2.2 says what it must allow.
fn check_use(certificate: &X509Certificate<'_>, wanted: Use) -> Result<(), Unauthorized> {
    let malformed =
        |error: x509_parser::error::X509Error| Unauthorized::Unusable(Unusable::Damaged(error.to_string()));
    if let Some(usage) = certificate.key_usage().map_err(malformed)?
        && !usage.value.digital_signature()
    {
        return Err(Unauthorized::MayNotSign);
    }
    if let Some(usage) = certificate.extended_key_usage().map_err(malformed)? {
        let allowed = match wanted {
            Use::Server => usage.value.server_auth,
            Use::Client => usage.value.client_auth,
        };
        if !allowed && !usage.value.any {
            return Err(Unauthorized::WrongUse(wanted));
        }
    }
    Ok(())
}

/// Looks for a chain from the peer's certificate, by way of the others it sent, to one of our authorities.
///
/// rustls offers this for servers, without telling which authority it was, and not for clients; so webpki is asked
/// directly, just as rustls does it.
fn find_authority(
    end_entity: &webpki::EndEntityCert<'_>,
    intermediates: &[CertificateDer<'_>],
    trust: &Trust,
    wanted: Use,
    now: UnixTime,
) -> Result<Authorized, webpki::Error> {
    let path = end_entity.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &trust.anchors().roots,
        intermediates,
        now,
        key_usage(wanted),
        None,
        None,
    )?;
    Ok(Authorized::Issued { authority: anchor_name(path.anchor()), trust: trust.source().clone() })
}

/// What webpki demands of every certificate of a chain.
pub(super) fn key_usage(wanted: Use) -> webpki::KeyUsage {
    match wanted {
        Use::Server => webpki::KeyUsage::server_auth(),
        Use::Client => webpki::KeyUsage::client_auth(),
    }
}

/// Says in our words why webpki found no chain.
fn no_authority(error: webpki::Error, chain: &Chain<'_>, trust: &Trust) -> Unauthorized {
    let reason = match error {
        webpki::Error::CertExpired { not_after, .. } => {
            let not_after = not_after.into();
            let link = chain.dated(|validity| validity.not_after == not_after);
            return Unauthorized::Expired { link, not_after };
        }
        webpki::Error::CertNotValidYet { not_before, .. } => {
            let not_before = not_before.into();
            let link = chain.dated(|validity| validity.not_before == not_before);
            return Unauthorized::NotYetValid { link, not_before };
        }
        // The third is what it is when the other authority's key is not even of the same kind.
        webpki::Error::UnknownIssuer
        | webpki::Error::InvalidSignatureForPublicKey
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            chain.broken_link(trust).unwrap_or(Distrust::BadChain(error))
        }
        webpki::Error::UnsupportedSignatureAlgorithmContext(_) => {
            chain.unsupported_signature().unwrap_or(Distrust::BadChain(error))
        }
        webpki::Error::EndEntityUsedAsCa => chain.no_authority().unwrap_or(Distrust::BadChain(error)),
        webpki::Error::CaUsedAsEndEntity => Distrust::CaUsedAsEndEntity,
        rare => Distrust::BadChain(rare),
    };
    let trust = trust.source().clone();
    Unauthorized::Untrusted { trust, reason }
}
