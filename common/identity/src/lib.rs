//! Decides who a peer is, and whether we accept it: PEM files, the first certificate, trust and authorization.
//!
//! # How a peer becomes authorized
//!
//! 1. [`Identity::load`] reads our certificate chain and its private key from two PEM files. A server without these
//!    files makes them on its first start: [`development_certificate`].
//! 2. [`Trust::load`] reads the certificates that we trust, from a third PEM file.
//! 3. During a full handshake rustls asks a [`ServerVerifier`] or a [`ClientVerifier`]. It calls [`authorize`] and
//!    verifies the signature of the handshake. For a refused peer it answers with the error that makes rustls send the
//!    right alert, and notes the whole reason for the session.
//! 4. At the end of every handshake the session asks an [`Authorize`](tls_session::authorize::Authorize):
//!    [`AuthorizeServer`], [`AuthorizeClients`] or [`AnyClient`]. It calls [`authorize`] again, because rustls asks no
//!    verifier when a session is resumed, and the certificate may have expired since. The answer is an
//!    [`Authorized`] or an [`Unauthorized`], with its sentence for the log.
//!
//! This is a client and its server:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use identity::{AuthorizeServer, Identity, Policy, ServerVerifier, Trust};
//! use rustls::crypto::aws_lc_rs::default_provider;
//! use rustls::time_provider::DefaultTimeProvider;
//! use rustls::{ClientConfig, ServerConfig};
//!
//! let (certificate, key) = (Path::new("certificates/certificate.pem"), Path::new("certificates/key.pem"));
//! let identity = Identity::load(certificate, key)?;
//! let server = ServerConfig::builder().with_no_client_auth().with_single_cert(identity.chain, identity.key)?;
//!
//! let trust = Arc::new(Trust::load(certificate)?);
//! let verifier = Arc::new(ServerVerifier::new(trust, Arc::new(default_provider()), Policy::Strict));
//! let client = ClientConfig::builder()
//!     .dangerous()
//!     .with_custom_certificate_verifier(verifier.clone())
//!     .with_no_client_auth();
//! // The session of the client takes this as its `Authorize`.
//! let authorize = AuthorizeServer {
//!     name: "localhost".try_into()?,
//!     verifier,
//!     clock: Arc::new(DefaultTimeProvider),
//! };
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here reads a clock, except through the clock of an `Authorize`. Nothing here writes a log. The time is an
//! argument, and facts for the log are return values: the warnings of [`Identity`] and [`Trust`], [`FirstRun`],
//! [`Authorized`], [`Unauthorized`].
//!
//! # Map
//!
//! Each file uses only files above it, or none.
//!
//! | file | its job |
//! |---|---|
//! | `paths` | folders of files, and paths quoted for a shell |
//! | `validity` | the dates of a certificate |
//! | `der` | reads the parts of DER |
//! | `certificate` | parses X.509 certificates |
//! | `distinguished_name` | the names of subjects and issuers, as text |
//! | **Files** | |
//! | `error` | [`IdentityError`]: a file, its problem and the remedy |
//! | `key_kind` | recognises kinds of keys that are not supported |
//! | `format` | recognises other formats of certificates and keys by their first bytes |
//! | `pem_text` | finds the blocks of a PEM text, and the damaged lines |
//! | `remedy` | what a user can do about a file with the wrong content |
//! | `pem_files` | reads PEM files |
//! | `key_file` | finds out whether other users can read or replace a key file |
//! | `identity` | [`Identity`]: our certificate chain and private key |
//! | `first_run` | makes the certificate of a server on its first start |
//! | `trust` | [`Trust`]: the authorities and pins that we trust |
//! | **Peers** | |
//! | `names` | the names in a certificate, host names in Unicode, and lists of names |
//! | `wrong_name` | explains that a certificate is not for the wanted name |
//! | `unauthorized` | [`Unauthorized`]: the failed check, its sentence and its alert |
//! | `chain` | finds the certificate at which a chain is broken |
//! | `authorization` | [`authorize`]: all checks of a peer, as one pure function |
//! | `ocsp` | parses a stapled OCSP response |
//! | `chain_report` | [`Presented`]: what a peer presented, as text and PEM |
//! | `verifier` | [`ServerVerifier`], [`ClientVerifier`]: the checks inside a handshake of rustls |
//! | `authorizer` | [`AuthorizeServer`], [`AuthorizeClients`], [`AnyClient`]: the checks at the end of a handshake |
//! | `client_certificate` | [`ClientCertificate`]: answers a server that asks for our certificate |

mod authorization;
mod authorizer;
mod certificate;
mod chain;
mod chain_report;
mod client_certificate;
mod der;
mod distinguished_name;
mod error;
mod first_run;
mod format;
mod identity;
mod key_file;
mod key_kind;
mod names;
mod ocsp;
mod paths;
mod pem_files;
mod pem_text;
mod remedy;
mod trust;
mod unauthorized;
mod validity;
mod verifier;
mod wrong_name;

pub use authorization::{Authorized, Peer, authorize};
pub use authorizer::{AnyClient, AuthorizeClients, AuthorizeServer};
pub use certificate::Unusable;
pub use chain_report::Presented;
pub use client_certificate::{Answer, CertificateRequest, ClientCertificate, OwnName};
pub use distinguished_name::subject;
pub use error::IdentityError;
pub use first_run::{FirstRun, development_certificate};
pub use identity::Identity;
pub use key_kind::{UnsupportedKey, describe_key};
pub use names::{listed, to_ascii};
pub use trust::{Source, Trust};
pub use unauthorized::{Distrust, Link, Unauthorized};
pub use validity::{Moment, Outside};
pub use verifier::{ClientAuth, ClientVerifier, LastPresented, Policy, ServerVerifier};
