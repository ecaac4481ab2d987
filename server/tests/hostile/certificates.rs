//! Client certificates that the server must refuse, and large ones that it must accept.

use std::sync::Arc;

use rustls::AlertDescription as Alert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, SupportedProtocolVersion};
use testing::certificates::{Authority, Identity, der};
use testing::echo_server::EchoServer;
use testing::peer::End;
use testing::peer::{TlsClient, client_config_presenting};

use crate::case::{Case, VERSIONS, alert, check_all};

/// The authority that the server trusts, and the identity of a trusted client.
struct Trusted {
    authority: Authority,
    welcome: Identity,
}

impl Trusted {
    fn new() -> Self {
        let authority = Authority::new("Clients of mine");
        let welcome = authority.issue_to(&["alice"]);
        Self { authority, welcome }
    }

    /// A client that presents these certificates and signs with this key.
    fn case(
        &self,
        name: String,
        version: &'static SupportedProtocolVersion,
        chain: Vec<CertificateDer<'static>>,
        key: &Identity,
        end: End,
        log: &'static str,
    ) -> Case {
        let key = key.private_key();
        let welcome = (vec![der(&self.welcome.certificate)], self.welcome.private_key());
        Case::new(name, move |server| session(server, version, &chain, &key), end, log)
            .file("clients.pem", &self.authority.certificate)
            .flags(&["--client-ca", "clients.pem"])
            .next(move |server| {
                assert_eq!(session(server, version, &welcome.0, &welcome.1), End::CloseNotify);
            })
    }
}

/// Runs a session of such a client, which sends only close_notify. Returns the end.
fn session(
    server: &EchoServer,
    version: &'static SupportedProtocolVersion,
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
) -> End {
    let config: Arc<ClientConfig> =
        client_config_presenting(&server.certificate(), chain.to_vec(), key, &[version]);
    let mut client = TlsClient::new(server.connect_raw(), config);
    if let Err(error) = client.handshake() {
        return End::of(&error);
    }
    let close_notify = client.seal_close_notify();
    client.write_raw(&close_notify);
    client.receive_to_end().1
}

#[test]
fn refuses_bad_certificates() {
    let trusted = Trusted::new();
    let alone = |identity: &Identity| vec![der(&identity.certificate)];
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let mut refused = |what: &str, chain, key: &Identity, end, log| {
            cases.push(trusted.case(format!("{what}, {name}"), version, chain, key, alert(end), log));
        };
        let stranger = Authority::new("Clients of others").issue();
        let namesake = Authority::new("Clients of mine").issue();
        let expired = trusted.authority.issue_expired();
        let early = trusted.authority.issue_not_yet_valid();
        let classic = Identity::classic("mallory");
        let welcome = &trusted.welcome;
        let garbage = vec![CertificateDer::from(vec![0x30; 500])];
        refused("another's", alone(&stranger), &stranger, Alert::UnknownCA, "unknown issuer");
        refused("a namesake's", alone(&namesake), &namesake, Alert::DecryptError, "not authorized");
        refused("expired", alone(&expired), &expired, Alert::CertificateExpired, "expired on 2002-01-01");
        refused(
            "not yet valid",
            alone(&early),
            &early,
            Alert::CertificateExpired,
            "not valid before 2901-01-01",
        );
        refused(
            "an authority as a leaf",
            alone(&classic),
            &classic,
            Alert::CertificateUnknown,
            "not authorized",
        );
        refused("garbage", garbage, welcome, Alert::BadCertificate, "session 2: ");
        refused("another's key", alone(welcome), &stranger, Alert::DecryptError, "session 2: ");
        refused("none", vec![], welcome, Alert::CertificateRequired, "no certificate presented");
    }
    check_all(&cases);
}

#[test]
fn large_certificates() {
    let trusted = Trusted::new();
    let names: Vec<String> = (0..200).map(|number| format!("name-{number}.example.org")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = trusted.authority.issue_to(&names);
    let welcome = &trusted.welcome;
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let mut presents = |what: &str, chain, key: &Identity, end, log| {
            cases.push(trusted.case(format!("{what}, {name}"), version, chain, key, end, log));
        };
        let clean = End::CloseNotify;
        let (chain, last) = trusted.authority.chain(4);
        let (longer, lost) = trusted.authority.chain(40);
        presents("two hundred names", vec![der(&many.certificate)], &many, clean.clone(), "connected: ");
        presents("a chain of four", chain, &last, clean.clone(), "connected: ");
        presents(
            "a chain of forty",
            longer,
            &lost,
            alert(Alert::CertificateUnknown),
            "MaximumPathDepthExceeded",
        );
        // Not much more than that: the server drains only a part, and then a reset would follow.
        let strangers = vec![der(&many.certificate); 70_000 / der(&many.certificate).len() + 1];
        let padded = [vec![der(&welcome.certificate)], strangers].concat();
        presents("more than a message holds", padded, welcome, End::Fin, "at most 65535 bytes");
    }
    check_all(&cases);
}
