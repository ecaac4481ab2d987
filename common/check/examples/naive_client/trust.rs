//! The certificates that the client accepts.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::fault::Fault;

/// The configuration of a client that trusts this authority.
pub fn config(ca: &Path, fault: Fault) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("the file of the authority")).unwrap();
    let roots = Arc::new(roots);
    let verifier = WebPkiServerVerifier::builder(Arc::clone(&roots)).build().unwrap();
    ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { fault, inner: verifier }))
        .with_no_client_auth()
}

#[derive(Debug)]
struct Verifier {
    fault: Fault,
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        let is_ignored = match (self.fault, &verdict) {
            (Fault::AnyCertificate, _) => true,
            (Fault::AnyName, Err(Error::InvalidCertificate(error))) => {
                matches!(error, NotValidForName | NotValidForNameContext { .. })
            }
            (Fault::AnyTime, Err(Error::InvalidCertificate(error))) => {
                matches!(error, Expired | ExpiredContext { .. })
            }
            _ => false,
        };
        if is_ignored { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
