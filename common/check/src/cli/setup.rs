//! From the flags to a target.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::flags::Flags;
use super::place::Place;
use crate::target::{ClientIdentity, Speaks, Target, Trust};

/// Returns the target that the flags describe.
///
/// # Errors
/// A file cannot be used, or the host is no name of a certificate. The text names the next step.
pub fn target(flags: &Flags, place: &Place, address: SocketAddr) -> Result<Target, String> {
    let mut target = Target::new(address, server_name(flags, place)?, trust(flags)?);
    target.identity = match (&flags.cert, &flags.key) {
        (Some(chain), Some(key)) => Some(identity(chain, key)?),
        _ => None,
    };
    target.alpn.clone_from(&flags.alpn);
    target.speaks = flags.speaks.unwrap_or(Speaks::Echo);
    target.patience = flags.patience;
    target.process = flags.pid.map(existing).transpose()?;
    target.config(rustls::ALL_VERSIONS).map_err(|error| format!("cannot use --cert and --key: {error}"))?;
    Ok(target)
}

fn existing(process: u32) -> Result<u32, String> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    match pid.map(test_kill_process) {
        // A process of another user exists too.
        Some(Ok(()) | Err(Errno::PERM)) => Ok(process),
        _ => Err(format!("there is no process {process}: --pid needs the id of the server's main process")),
    }
}

fn server_name(flags: &Flags, place: &Place) -> Result<ServerName<'static>, String> {
    match &flags.server_name {
        Some(name) => Ok(name.clone()),
        None => ServerName::try_from(place.host.clone())
            .map_err(|_| format!("{} can be in no certificate: add --server-name NAME", place.host)),
    }
}

fn trust(flags: &Flags) -> Result<Trust, String> {
    if flags.insecure {
        return Ok(Trust::Any);
    }
    let mut roots = RootCertStore::empty();
    match &flags.ca {
        Some(file) => {
            for certificate in certificates(file)? {
                roots
                    .add(certificate)
                    .map_err(|error| format!("cannot use a certificate in {}: {error}", file.display()))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
                return Err(format!(
                    "the system has no trusted certificates{why}: add --ca FILE or --insecure"
                ));
            }
        }
    }
    Ok(Trust::Roots(Arc::new(roots)))
}

fn identity(chain: &Path, key: &Path) -> Result<ClientIdentity, String> {
    let key_of = |file: &Path| match PrivateKeyDer::from_pem_file(file) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(format!(
            "{} holds no private key: a PEM key begins with -----BEGIN PRIVATE KEY-----",
            file.display()
        )),
        Err(error) => Err(unreadable(file, &error)),
    };
    Ok(ClientIdentity { chain: certificates(chain)?, key: key_of(key)? })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(file, &error))?;
    match certificates.is_empty() {
        true => Err(format!(
            "{} holds no certificate: a PEM certificate begins with -----BEGIN CERTIFICATE-----",
            file.display()
        )),
        false => Ok(certificates),
    }
}

fn unreadable(file: &Path, error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot read {}: {error}", file.display()),
        _ => format!("{} is not valid PEM: {error}", file.display()),
    }
}
