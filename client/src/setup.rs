//! Makes the plan of the client from the command line.

use std::path::Path;
use std::sync::Arc;

use identity::{
    AuthorizeServer, ClientCertificate, Identity, IdentityError, LastPresented, Policy, ServerVerifier, Trust,
};
use log::warn;
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use show::args::TlsHooks;
use tls_session::deadline::Timeouts;
use tls_session::session::SessionConfig;

use crate::cli::{Cli, DEFAULT_CA};
use crate::ech;
use crate::event_loop::Plan;
use crate::failure::Failure;

/// Loads the certificates, and makes the configuration of rustls and of the loop. `hooks` receive the secrets.
///
/// # Errors
/// [`Failure::Configuration`]: a file or the TLS configuration cannot be used.
pub fn plan(cli: &Cli, hooks: &TlsHooks) -> Result<Plan, Failure> {
    let configuration = |error: &dyn std::fmt::Display| Failure::Configuration(error.to_string());
    let server_name = cli.server_name().map_err(|error| configuration(&error))?;
    let trust = Arc::new(trust(cli).map_err(|error| configuration(&error))?);
    for warning in trust.warnings(UnixTime::now()) {
        warn!("{warning}");
    }
    let (parameters, ech) = (cli.tls(), cli.ech_grease.then(ech::grease).transpose());
    let provider = hooks.provider(parameters.provider());
    let policy = if cli.insecure { Policy::Insecure } else { Policy::Strict };
    let show_certs = cli.show_certs.then(LastPresented::default);
    let verifier = ServerVerifier::new(trust, Arc::clone(&provider), policy);
    let verifier = Arc::new(verifier.keep_presented(show_certs.clone()));
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = match ech.map_err(|error| configuration(&error))? {
        Some(mode) => builder.with_ech(mode),
        None => builder.with_protocol_versions(&parameters.versions()),
    };
    let builder = builder
        .map_err(|error| configuration(&error))?
        .dangerous() // rustls demands this for every verifier but its own
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
    let identity = identity(cli).map_err(|error| configuration(&error))?;
    let certified = identity
        .map(|identity| CertifiedKey::from_der(identity.chain, identity.key, builder.crypto_provider()))
        .transpose()
        .map_err(|error| configuration(&error))?;
    let certificate = ClientCertificate::new(certified);
    let mut config = builder.with_client_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = cli.alpn.clone();
    config.key_log = hooks.key_log();
    let authorize =
        AuthorizeServer { name: server_name.clone(), verifier, clock: Arc::clone(&config.time_provider) };
    let timeouts = Timeouts { wait: cli.wait_timeout.duration(), ..cli.timeouts.timeouts() };
    Ok(Plan {
        target: cli.target().clone(),
        endings: cli.endings(),
        server_name,
        starttls: cli.starttls,
        tls: Arc::new(config),
        session: Arc::new(SessionConfig { authorize: Arc::new(authorize), timeouts }),
        connect_timeout: cli.connect_timeout.duration(),
        message: cli.message().map(<[u8]>::to_vec),
        linger: if cli.interactive { None } else { cli.linger.duration() },
        interactive: cli.interactive,
        show_certs,
    })
}

/// Loads the certificates to trust. A client that accepts every server needs none.
fn trust(cli: &Cli) -> Result<Trust, IdentityError> {
    if cli.ca == Path::new("system") {
        return Trust::system();
    }
    let is_default = cli.ca == Path::new(DEFAULT_CA);
    // A path that cannot be examined, or a dangling link, is an error to report.
    let is_absent = matches!(cli.ca.try_exists(), Ok(false)) && !cli.ca.is_symlink();
    if cli.insecure && is_default && is_absent { Ok(Trust::nothing()) } else { Trust::load(&cli.ca) }
}

/// Loads the client's certificate and key, and logs warnings about them.
fn identity(cli: &Cli) -> Result<Option<Identity>, IdentityError> {
    let Some((certificate, key)) = cli.identity() else { return Ok(None) };
    let identity = Identity::load(certificate, key)?;
    for warning in identity.warnings(UnixTime::now()) {
        warn!("{warning}");
    }
    Ok(Some(identity))
}
