//! All checks of a peer, as one pure function.

use std::fmt;

use rustls::Side;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tls_session::escaped::Escaped;
use x509_parser::certificate::X509Certificate;

use crate::certificate::{Unusable, parse, parse_strictly};
use crate::chain::{Chain, key_usage};
use crate::distinguished_name::anchor_name;
use crate::key_kind::UnsupportedKey;
use crate::names::{self, Basis};
use crate::trust::{Source, Trust};
use crate::unauthorized::{Distrust, Link, Unauthorized};
use crate::validity::{Outside, Validity};
use crate::wrong_name;

/// The peer that is being authorized.
#[derive(Clone, Copy, Debug)]
pub enum Peer<'a> {
    /// The server that we wanted to reach by this name.
    Server(&'a ServerName<'a>),
    /// A client. It may have any name.
    Client,
}

impl Peer<'_> {
    fn role(self) -> Side {
        match self {
            Self::Server(_) => Side::Server,
            Self::Client => Side::Client,
        }
    }
}

/// How we know that a peer is authorized. Its `Display` completes the sentence `server localhost authorized (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// The peer presented one of our pins.
    Pinned {
        /// Where that pin comes from.
        trust: Source,
    },
    /// One of our authorities vouches for it.
    Issued {
        /// The name of the authority, at the end of the chain.
        authority: String,
        /// Where that authority comes from.
        trust: Source,
    },
}

impl fmt::Display for Authorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned { trust } => write!(f, "its certificate is in {trust}"),
            Self::Issued { authority, trust } => {
                write!(f, "issued by {authority}, an authority in {trust}")
            }
        }
    }
}

/// Authorizes a peer by the certificates that it presented. Its own certificate is the first of `chain`.
///
/// This is a pure function: the same arguments give the same result. A verifier calls it during a full handshake, and
/// an [`Authorize`](tls_session::authorize::Authorize) calls it again at the end of every handshake. The second call is
/// necessary: rustls asks no verifier when a session is resumed, and the certificate may have expired since. The
/// certificates are still available then (`peer_certificates()`).
///
/// The checks, in this order:
/// 1. the dates of the certificate;
/// 2. its key usage and extended key usage, if it has them;
/// 3. the certificate is one of the pins of `trust`, or a chain leads to one of its authorities;
/// 4. for a server, its name.
///
/// Checks 1 and 2 are the same for a pin. In check 4 a pin may also have its name as Common Name. A pin that fails a
/// check is not tried again as an issued certificate, because it would fail the same check.
///
/// This function does not check that the peer has the private key of the certificate. The signature of the handshake
/// proves that.
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

/// Works as [`authorize`], for rustls' verifiers, which get the peer's own certificate apart from the others.
pub(super) fn authorize_parts(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    trust: &Trust,
    peer: Peer<'_>,
    now: UnixTime,
) -> Result<Authorized, Unauthorized> {
    let certificate = parse(end_entity).map_err(Unauthorized::Unusable)?;
    // rustls verifies the handshake's signature with the key that webpki reads, so webpki must be able to parse it.
    let parsed = parse_strictly(end_entity, &certificate).map_err(Unauthorized::Unusable)?;
    if let Some(kind) = UnsupportedKey::of_public(certificate.public_key()) {
        return Err(Unauthorized::UnsupportedKey(kind));
    }

    if let Some(outside) = Validity::of(&certificate).outside(now) {
        return Err(Unauthorized::OutsideDates(Link::Own, outside));
    }
    check_use(&certificate, peer.role())?;
    let (authorized, basis) = if trust.is_pinned(end_entity) {
        let trust = trust.source().clone();
        (Authorized::Pinned { trust }, Basis::Pin)
    } else {
        let issued = find_authority(&parsed, intermediates, trust, peer.role(), now).map_err(|error| {
            let wanted = peer.role();
            let chain = Chain { own: &certificate, end_entity: &parsed, others: intermediates, wanted, now };
            no_authority(&error, &chain, trust)
        })?;
        (issued, Basis::Authority)
    };
    match peer {
        Peer::Server(wanted) if !names::is_for(&certificate, &parsed, wanted, basis) => {
            let (sentence, is_for_another_server) = wrong_name::describe(&certificate, wanted, basis);
            Err(Unauthorized::WrongName { sentence, is_for_another_server })
        }
        Peer::Server(_) | Peer::Client => Ok(authorized),
    }
}

/// Checks the key usage and the extended key usage. A certificate without them, as a plain `openssl req -x509` makes
/// it, may be used for everything.
///
/// webpki ignores the key usage, but RFC 8446, 4.4.2.2 demands that it allows signatures.
fn check_use(certificate: &X509Certificate<'_>, wanted: Side) -> Result<(), Unauthorized> {
    let malformed =
        |error: x509_parser::error::X509Error| Unauthorized::Unusable(Unusable::Damaged(error.to_string()));
    if let Some(usage) = certificate.key_usage().map_err(malformed)?
        && !usage.value.digital_signature()
    {
        return Err(Unauthorized::MayNotSign);
    }
    if let Some(usage) = certificate.extended_key_usage().map_err(malformed)? {
        let allowed = match wanted {
            Side::Server => usage.value.server_auth,
            Side::Client => usage.value.client_auth,
        };
        if !allowed && !usage.value.any {
            return Err(Unauthorized::WrongUse(wanted));
        }
    }
    Ok(())
}

/// Looks for a chain from the peer's certificate to one of our authorities, through the other certificates that it
/// sent.
///
/// rustls has this function only for servers, and it does not return the authority. So we call webpki directly, as
/// rustls does.
fn find_authority(
    end_entity: &webpki::EndEntityCert<'_>,
    intermediates: &[CertificateDer<'_>],
    trust: &Trust,
    wanted: Side,
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

/// Translates webpki's error: why it found no chain.
fn no_authority(error: &webpki::Error, chain: &Chain<'_>, trust: &Trust) -> Unauthorized {
    use webpki::Error;
    let explained = match error {
        Error::CertExpired { not_after, .. } => {
            Some(chain.outside_dates(Outside::After((*not_after).into())))
        }
        Error::CertNotValidYet { not_before, .. } => {
            Some(chain.outside_dates(Outside::Before((*not_before).into())))
        }
        // webpki returns the third error if the other authority's key is of another kind.
        Error::UnknownIssuer
        | Error::InvalidSignatureForPublicKey
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => chain.broken_link(trust),
        Error::UnsupportedSignatureAlgorithmContext(_) => chain.unsupported_signature(),
        Error::EndEntityUsedAsCa => chain.no_authority(),
        _ => None,
    };
    explained.unwrap_or_else(|| {
        let (source, error_text) = (trust.source(), error.to_string());
        let sentence = match error {
            Error::CaUsedAsEndEntity => format!(
                "it presented the certificate of an authority (CA:TRUE), \
                 which is accepted only if {source} contains that certificate"
            ),
            _ => format!("no valid chain to an authority in {source}: {}", Escaped::new(&error_text)),
        };
        let reason = match error {
            Error::UnknownIssuer => Distrust::UnknownIssuer,
            _ => Distrust::BadChain,
        };
        Unauthorized::Untrusted { sentence, reason }
    })
}
