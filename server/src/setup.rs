//! Creates the server from its flags.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use identity::{
    AnyClient, AuthorizeClients, ClientVerifier, FirstRun, Identity, LastPresented, Trust,
    development_certificate,
};
use log::{info, warn};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::UnixTime;
use rustls::server::ServerSessionMemoryCache;
use show::args::TlsHooks;
use tls_session::authorize::Authorize;
use tls_session::mio::Listener;
use tls_session::session::SessionConfig;

use crate::capacity::Capacity;
use crate::descriptors;
use crate::event_loop::EventLoop;
use crate::flags::Flags;
use crate::service::Service;
use crate::terms::Terms;
use crate::tokens::listener_token;

/// The file of the development certificate.
const CERTIFICATE: &str = "certificates/certificate.pem";
/// The file of its key.
const KEY: &str = "certificates/key.pem";

/// Returns the sentence of an error.
fn sentence(error: impl fmt::Display) -> String {
    error.to_string()
}

/// Loads the certificate, starts to listen, and creates the event loop. Returns it with the address of the listener.
/// If the flags name no certificate, the first run creates one. What clients present goes to `presented`.
///
/// # Errors
/// A file, the TLS configuration or the listening address cannot be used.
pub fn event_loop<S: Service>(
    flags: &Flags,
    hooks: &TlsHooks,
    presented: Option<&LastPresented>,
    service: S,
) -> Result<(EventLoop<S>, SocketAddr), String> {
    if flags.identity().is_none() {
        make_first_certificate()?;
    }
    let terms = terms(flags, hooks, presented)?;
    let listener = listen(flags)?;
    let address = listener.address().map_err(sentence)?;
    let capacity = Capacity { slots: flags.slots, waiting: flags.waiting, sessions: flags.sessions };
    descriptors::provide_for(&capacity);
    let event_loop = EventLoop::new(listener, &capacity, terms, service)
        .map_err(|error| format!("cannot start the event loop: {error}"))?;
    Ok((event_loop, address))
}

/// Loads the same files again, for a running server. It creates no files, and reads only regular files, because
/// reading a pipe could block.
///
/// # Errors
/// A file cannot be used.
pub fn terms_again(
    flags: &Flags,
    hooks: &TlsHooks,
    presented: Option<&LastPresented>,
) -> Result<Terms, String> {
    let (certificate, key) = identity_files(flags);
    for file in [Some(certificate), Some(key), flags.client_ca.as_deref()].into_iter().flatten() {
        if fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(format!(
                "{} is not a regular file, so the server can read it only at the start",
                file.display()
            ));
        }
    }
    terms(flags, hooks, presented)
}

/// Loads the certificate and key of the server, and the certificates of `--client-ca`. `hooks` receive the secrets.
///
/// # Errors
/// A file or the TLS configuration cannot be used.
fn terms(flags: &Flags, hooks: &TlsHooks, presented: Option<&LastPresented>) -> Result<Terms, String> {
    let identity = identity(flags)?;
    let provider = hooks.provider(flags.tls.provider());
    let verifier = client_verifier(flags, &provider)?;
    let verifier = verifier.map(|verifier| Arc::new(verifier.keep_presented(presented.cloned())));
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&flags.tls.versions())
        .map_err(sentence)?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier) as _),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(identity.chain, identity.key).map_err(sentence)?;
    config.alpn_protocols = flags.alpn.clone();
    config.key_log = hooks.key_log();
    remember_sessions(&mut config, flags.slots)?;
    let authorize: Arc<dyn Authorize> = match verifier {
        Some(verifier) => Arc::new(AuthorizeClients { verifier, clock: Arc::clone(&config.time_provider) }),
        None => Arc::new(AnyClient),
    };
    let session = SessionConfig { authorize, timeouts: flags.timeouts.timeouts() };
    Ok(Terms { tls: Arc::new(config), session: Arc::new(session) })
}

/// Returns how many clients without tickets can resume their sessions. The server stores these sessions.
fn remembered_clients(slots: usize) -> usize {
    slots.saturating_mul(4).max(1000)
}

/// Enables resumption with tickets. A ticket holds the session itself, encrypted with a key that only this process
/// knows. For a client that supports tickets, the server stores nothing. A ticket is valid for 6 to 12 hours.
///
/// The alternative is a `ServerSessionMemoryCache` with 256 entries, which is rustls' default. TLS 1.3 uses two
/// entries for each session, so 128 clients can resume. A larger cache does not scale, because rustls 0.23 removes an
/// entry by a linear search. With 8,000 entries the search costs 25 to 45 µs of a handshake of 180 µs. With 80,000
/// entries it costs more than 1 ms, and these hold 26 MB, or 114 MB if each has a client certificate of 1,500 bytes.
/// A ticket costs 1 µs to create, 0.6 µs to open, and 125 bytes more on the wire. It also contains the client's
/// certificate, if there is one.
///
/// With a ticketer rustls accepts no early data, because a ticket can be used twice. This server accepts none anyway.
///
/// A TLS 1.2 client that supports session IDs but no tickets still needs the cache. It uses one entry for each
/// session, and reading an entry needs no search.
///
/// Each call creates a new ticket key and an empty store. After a reload an old ticket cannot resume a session that the
/// new files would reject.
fn remember_sessions(config: &mut ServerConfig, slots: usize) -> Result<(), String> {
    config.ticketer =
        Ticketer::new().map_err(|error| format!("cannot make the key for session tickets: {error}"))?;
    config.session_storage = ServerSessionMemoryCache::new(remembered_clients(slots));
    Ok(())
}

/// Returns the verifier of client certificates. `None`: there is no `--client-ca`.
fn client_verifier(flags: &Flags, provider: &Arc<CryptoProvider>) -> Result<Option<ClientVerifier>, String> {
    let Some(file) = &flags.client_ca else { return Ok(None) };
    let trust = Arc::new(Trust::load(file).map_err(sentence)?);
    for warning in trust.warnings(UnixTime::now()) {
        warn!("{warning}");
    }
    let verifier = ClientVerifier::new(Arc::clone(&trust), Arc::clone(provider), flags.client_auth());
    if !verifier.hints() {
        warn!(
            "{} has too many names to send to clients as hints which certificate to present",
            trust.source()
        );
    }
    Ok(Some(verifier))
}

/// Creates the development certificate if this is the first run.
fn make_first_certificate() -> Result<(), String> {
    let made = development_certificate(Path::new(CERTIFICATE), Path::new(KEY), UnixTime::now());
    if made.map_err(sentence)? == FirstRun::Created {
        info!("first run: made a development certificate for localhost: {CERTIFICATE}, {KEY}");
    }
    Ok(())
}

/// Returns the files of the server's certificate and key.
fn identity_files(flags: &Flags) -> (&Path, &Path) {
    flags.identity().unwrap_or((Path::new(CERTIFICATE), Path::new(KEY)))
}

/// Loads the server's certificate and key, and logs warnings about them.
fn identity(flags: &Flags) -> Result<Identity, String> {
    let now = UnixTime::now();
    let (certificate, key) = identity_files(flags);
    let identity = Identity::load(certificate, key).map_err(sentence)?;
    for warning in identity.warnings(now) {
        warn!("{warning}");
    }
    Ok(identity)
}

/// Listens on the first address of `--listen` that can be used.
fn listen(flags: &Flags) -> Result<Listener, String> {
    let cannot =
        |error: &std::io::Error, hint: &str| format!("cannot listen on {}: {error}{hint}", flags.listen);
    let addresses = flags.listen.resolve().map_err(|error| {
        cannot(&error, "; is the name right? 0.0.0.0 and [::] stand for every address of this machine")
    })?;
    let mut last = std::io::ErrorKind::NotFound.into();
    for address in addresses {
        match Listener::bind(address, listener_token()) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    let hint = match last.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; is another server running there? choose another address with --listen, or any free port with port 0"
        }
        std::io::ErrorKind::PermissionDenied => "; only root may listen on ports below 1024",
        std::io::ErrorKind::AddrNotAvailable => "; no interface of this machine has that address",
        _ => "",
    };
    Err(cannot(&last, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_has_four_entries_for_each_slot_and_at_least_a_thousand() {
        assert_eq!([1, 250, 251, 10_000].map(remembered_clients), [1000, 1000, 1004, 40_000]);
    }
}
