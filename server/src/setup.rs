//! From the command line to a server that is ready to run.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use identity::{
    AnyClient, AuthorizeClients, ClientVerifier, FirstRun, Identity, Trust, development_certificate,
};
use log::{info, warn};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::UnixTime;
use rustls::server::ServerSessionMemoryCache;
use rustls::{KeyLog, ServerConfig};
use tls_session::authorize::Authorize;
use tls_session::mio::Listener;
use tls_session::session::SessionConfig;

use crate::descriptors;
use crate::event_loop::EventLoop;
use crate::flags::Flags;
use crate::room::Room;
use crate::service::Service;
use crate::terms::Terms;
use crate::tokens::listener_token;

/// Where the development certificate is made and found.
const CERTIFICATE: &str = "certificates/certificate.pem";
const KEY: &str = "certificates/key.pem";

/// A sentence that says what failed, on what, and what to do next.
#[derive(Debug)]
pub struct SetupError(String);

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn because(error: impl fmt::Display) -> SetupError {
    SetupError(error.to_string())
}

/// Loads, or makes, the certificate and starts to listen.
///
/// # Errors
/// Whatever is wrong with a file, with what rustls is asked for, or with the address to listen on.
pub fn event_loop<S: Service>(
    flags: &Flags,
    key_log: Arc<dyn KeyLog>,
    service: S,
) -> Result<(EventLoop<S>, SocketAddr), SetupError> {
    if flags.identity().is_none() {
        make_first_certificate()?;
    }
    let terms = terms(flags, key_log)?;
    let listener = listen(flags)?;
    let address = listener.address().map_err(because)?;
    let room = Room { slots: flags.slots(), waiting: flags.waiting(), sessions: flags.sessions };
    descriptors::provide_for(&room);
    let event_loop = EventLoop::new(listener, &room, terms, service)
        .map_err(|error| SetupError(format!("cannot start the event loop: {error}")))?;
    Ok((event_loop, address))
}

/// The same files again, for a server that runs: it makes none, and does not wait for anybody to write into a pipe.
///
/// # Errors
/// Whatever is wrong with a file.
pub fn terms_again(flags: &Flags, key_log: Arc<dyn KeyLog>) -> Result<Terms, SetupError> {
    let (certificate, key) = identity_files(flags);
    for file in [Some(certificate), Some(key), flags.client_ca.as_deref()].into_iter().flatten() {
        if fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(SetupError(format!(
                "{} is not a regular file, which can be read at the start only",
                file.display()
            )));
        }
    }
    terms(flags, key_log)
}

/// Loads the files that say who the server is and whom it lets in; `key_log` is told of the secrets.
///
/// # Errors
/// Whatever is wrong with a file, or with what rustls is asked for.
fn terms(flags: &Flags, key_log: Arc<dyn KeyLog>) -> Result<Terms, SetupError> {
    let identity = identity(flags)?;
    let provider = flags.tls.provider();
    let verifier = client_verifier(flags, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&flags.tls.versions())
        .map_err(because)?;
    let builder = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier) as _),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(identity.chain, identity.key).map_err(because)?;
    config.alpn_protocols = flags.alpn();
    config.key_log = key_log;
    remember_sessions(&mut config, flags.slots())?;
    let authorize: Arc<dyn Authorize> = match verifier {
        Some(verifier) => Arc::new(AuthorizeClients { verifier, clock: Arc::clone(&config.time_provider) }),
        None => Arc::new(AnyClient),
    };
    let session = SessionConfig { authorize, timeouts: flags.timeouts.timeouts() };
    Ok(Terms { tls: Arc::new(config), session: Arc::new(session) })
}

/// The number of clients that can come back and resume their sessions, where the server has to remember each of them.
fn remembered_clients(slots: usize) -> usize {
    slots.saturating_mul(4).max(1000)
}

/// Lets clients resume their sessions, by tickets that hold the session itself, encrypted with a key that only this
/// process knows. For a client that supports tickets, the server stores nothing. A ticket is good for 6 to 12 hours.
///
/// The alternative is a `ServerSessionMemoryCache`, rustls' default, with 256 entries. TLS 1.3 uses two for each session,
/// so 128 clients can come back. A larger one does not scale: to take an entry out, rustls 0.23 searches all of them in
/// order. With 8,000 entries that costs 25 to 45 µs of a handshake of 180 µs, with 80,000 more than 1 ms; and these
/// 80,000 hold 26 MB, or 114 MB with a client certificate of 1,500 bytes in each. A ticket costs 1 µs to make and 0.6 µs
/// to open, and 125 bytes more on the wire; the client's certificate is in it too, if there is one.
///
/// rustls refuses early data together with a ticketer, since a ticket can be used twice. This server takes none.
///
/// Clients of TLS 1.2 that know session IDs and no tickets still need the store. There each session has one entry, and
/// reading it is no search.
///
/// Each call creates a new ticket key and an empty store. After a reload an old ticket cannot resume a session that the
/// new files would reject.
fn remember_sessions(config: &mut ServerConfig, slots: usize) -> Result<(), SetupError> {
    config.ticketer = Ticketer::new()
        .map_err(|error| SetupError(format!("cannot make the key for session tickets: {error}")))?;
    config.session_storage = ServerSessionMemoryCache::new(remembered_clients(slots));
    Ok(())
}

/// What `--client-ca` asks of clients, if it is there.
fn client_verifier(
    flags: &Flags,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<ClientVerifier>>, SetupError> {
    let Some(file) = &flags.client_ca else { return Ok(None) };
    let trust = Arc::new(Trust::load(file).map_err(because)?);
    for warning in trust.warnings(UnixTime::now()) {
        warn!("{warning}");
    }
    let verifier = ClientVerifier::new(Arc::clone(&trust), Arc::clone(provider), flags.client_auth());
    if !verifier.hints() {
        warn!(
            "{} has too many names to send them to clients as hints which certificate to show",
            trust.source()
        );
    }
    Ok(Some(Arc::new(verifier)))
}

/// The first start makes a certificate, no other.
fn make_first_certificate() -> Result<(), SetupError> {
    let made = development_certificate(Path::new(CERTIFICATE), Path::new(KEY), UnixTime::now());
    if made.map_err(because)? == FirstRun::Created {
        info!("first run: made a development certificate for localhost: {CERTIFICATE}, {KEY}");
    }
    Ok(())
}

fn identity_files(flags: &Flags) -> (&Path, &Path) {
    flags.identity().unwrap_or((Path::new(CERTIFICATE), Path::new(KEY)))
}

fn identity(flags: &Flags) -> Result<Identity, SetupError> {
    let now = UnixTime::now();
    let (certificate, key) = identity_files(flags);
    let identity = Identity::load(certificate, key).map_err(because)?;
    for warning in identity.warnings(now) {
        warn!("{warning}");
    }
    Ok(identity)
}

fn listen(flags: &Flags) -> Result<Listener, SetupError> {
    let cannot = |error: &std::io::Error, hint: &str| {
        SetupError(format!("cannot listen on {}: {error}{hint}", flags.listen))
    };
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
            "; is another server running there? --listen names another address, and port 0 any free port"
        }
        std::io::ErrorKind::PermissionDenied => "; ports below 1024 are for root",
        std::io::ErrorKind::AddrNotAvailable => "; no interface of this machine has that address",
        _ => "",
    };
    Err(cannot(&last, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_clients_are_remembered_for_each_slot_and_a_thousand_at_least() {
        assert_eq!([1, 250, 251, 10_000].map(remembered_clients), [1000, 1000, 1004, 40_000]);
    }
}
