//! From the command line to what the client is to do.

use std::rc::Rc;
use std::sync::Arc;

use common::admission::Admission;
use common::deadline::Timeouts;
use common::identity::{Policy, ServerVerifier, Trust};
use common::session::Terms;
use rustls::ClientConfig;

use crate::cli::Cli;
use crate::event_loop::Errand;
use crate::failure::Failure;

/// Loads the certificates to trust, and puts together what rustls and the loop need.
///
/// # Errors
/// [`Failure::Configuration`]: whatever is wrong with the file, or with what rustls is asked for.
pub fn errand(cli: &Cli) -> Result<Errand, Failure> {
    let configuration = |error: &dyn std::fmt::Display| Failure::Configuration(error.to_string());
    let server_name = cli.server_name().map_err(|error| configuration(&error))?;
    let trust = Arc::new(Trust::load(&cli.ca).map_err(|error| configuration(&error))?);
    let provider = cli.tls.provider();
    let policy = if cli.insecure { Policy::Insecure } else { Policy::Strict };
    let verifier = Arc::new(ServerVerifier::new(Arc::clone(&trust), Arc::clone(&provider), policy));
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&cli.tls.versions())
        .map_err(|error| configuration(&error))?
        .dangerous() // rustls' word for any verifier but its own; ours is stricter only about what it accepts
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    let admission = Admission::Server {
        name: server_name.clone(),
        trust,
        insecure: cli.insecure,
        verifier,
        clock: Arc::clone(&config.time_provider),
    };
    let timeouts = Timeouts { wait: cli.wait_timeout.duration(), ..cli.timeouts.timeouts() };
    Ok(Errand {
        target: cli.target.clone(),
        server_name,
        config: Arc::new(config),
        terms: Rc::new(Terms { admission, timeouts }),
        connect_timeout: cli.connect_timeout.duration(),
        message: cli.message().map(<[u8]>::to_vec),
        linger: cli.linger.duration(),
    })
}
