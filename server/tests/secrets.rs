//! Invariant I9: no output of the programs contains a private key or a secret of a session, whatever happens and
//! however much is logged.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::sync::Arc;

use check::wire::Forge;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ContentType, ServerConfig, SupportedProtocolVersion};
use testing::certificates::Identity;
use testing::damage::damaged;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{TlsClient, client_config_with};
use testing::program::{Launch, Program};
use testing::secrets::{Secrets, SessionSecrets};
use testing::test_server::TestServer;

/// The flags that add output.
const VERBOSE: [&[&str]; 5] =
    [&["-vvv"], &["--trace"], &["--trace=fields"], &["--trace=json"], &["-vvv", "--trace=json"]];

/// How a session goes.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Clean,
    DamagedFinished,
    DamagedRecord,
    Alert,
    Reset,
}

const ENDINGS: [Ending; 5] =
    [Ending::Clean, Ending::DamagedFinished, Ending::DamagedRecord, Ending::Alert, Ending::Reset];

/// A client that logs its secrets, and whose records can be forged.
fn logging_client(
    server: &EchoServer,
    version: &'static SupportedProtocolVersion,
) -> (Arc<ClientConfig>, Forge, SessionSecrets) {
    let (forge, secrets) = (Forge::default(), SessionSecrets::default());
    let config = client_config_with(&server.certificate(), forge.provider(), &[version]);
    let mut config = ClientConfig::clone(&config);
    config.key_log = Arc::new(secrets.clone());
    (Arc::new(config), forge, secrets)
}

fn visit(server: &EchoServer, version: &'static SupportedProtocolVersion, ending: Ending) -> SessionSecrets {
    let (config, forge, secrets) = logging_client(server, version);
    let mut client = TlsClient::new(server.connect_raw(), config);
    if let Ending::DamagedFinished = ending {
        forge.next(ContentType::Handshake, &[20, 0, 0, 1, 0]);
        let _ = client.handshake(); // in TLS 1.3 the error arrives later
    } else {
        client.handshake().unwrap();
        client.send(b"hello");
    }
    match ending {
        Ending::DamagedRecord => {
            client.write_raw(&[23, 3, 3, 0, 40].iter().chain(&[7; 40]).copied().collect::<Vec<_>>())
        }
        Ending::Alert => {
            forge.next(ContentType::Alert, &[2, 80]);
            client.send(b"instead of this");
        }
        Ending::Reset => {
            client.reset();
            return secrets;
        }
        Ending::Clean => client.close_notify(),
        Ending::DamagedFinished => {}
    }
    client.receive_to_end();
    secrets
}

fn assert_reveals_none(program: &Program, secrets: &Secrets) {
    secrets.assert_unsaid(&program.stdout.bytes());
    secrets.assert_unsaid(&program.stderr.bytes());
    assert!(program.stderr.length() > 1000, "too little output to prove anything: {}", program.stderr.text());
}

#[test]
fn the_servers_output_contains_no_secret() {
    for flags in VERBOSE {
        let mut server = EchoServer::start(flags);
        let mut secrets = Secrets::default();
        secrets.add_key(&server.folder.read("certificates/key.pem"));
        for version in [&TLS12, &TLS13] {
            for ending in ENDINGS {
                secrets.add_session(&visit(&server, version, ending));
            }
        }
        assert!(secrets.count() > 20, "the clients logged too few secrets");
        server.program.interrupt();
        server.program.expect_exit(0);
        assert_reveals_none(&server.program, &secrets);
    }
}

/// Runs a program that may refuse its files, until it ends or listens. Asserts that it does not quote the files.
fn assert_quotes_no_secret(launch: Launch, secrets: &Secrets) {
    let program = launch.start();
    program.stderr.wait_for_line_or_end("listening on ");
    secrets.assert_unsaid(&program.stdout.bytes());
    secrets.assert_unsaid(&program.stderr.bytes());
}

/// Whether this damaged form is a part of the file.
fn is_cut(name: &str) -> bool {
    name.starts_with("cut to ") || name.starts_with("from byte ")
}

/// The error names the file, and does not quote it.
#[test]
fn a_damaged_key_is_not_quoted() {
    let identity = Identity::localhost();
    let mut secrets = Secrets::default();
    secrets.add_key(&identity.key);
    let folder = TempDir::new();
    folder.write("c.pem", &identity.certificate);
    let forms = damaged(&identity.key);
    // `cargo test -p identity --test identity` tests the cuts, which are many.
    for (number, (_, bytes)) in forms.iter().filter(|(name, _)| !is_cut(name)).enumerate() {
        let key = format!("{number}.pem");
        folder.write(&key, bytes);
        let server = || Launch::server(folder.path()).args(["-vvv"]);
        let client =
            || Launch::client(folder.path()).args(["-vvv", "127.0.0.1:1", "--connect-timeout", "1s"]);
        for launch in [
            server().args(["--cert", "c.pem", "--key", &key]),
            server().args(["--cert", &key, "--key", &key]),
            server().args(["--cert", "c.pem", "--key", "c.pem", "--client-ca", &key]),
            client().args(["--ca", "c.pem", "--cert", "c.pem", "--key", &key]),
            client().args(["--ca", &key]),
            client().args(["--ca", "system"]).env("SSL_CERT_FILE", folder.path().join(&key)),
        ] {
            assert_quotes_no_secret(launch, &secrets);
        }
    }
}

/// A key of another certificate, and a key instead of the name of its file.
#[test]
fn an_unusable_key_is_not_quoted() {
    let identity = Identity::localhost();
    let mut secrets = Secrets::default();
    secrets.add_key(&identity.key);
    let folder = TempDir::new();
    folder.write("c.pem", &Identity::localhost().certificate);
    folder.write("k.pem", &identity.key);
    let inline = format!("--key={}", identity.key);
    for arguments in [
        &["--cert", "c.pem", "--key", "k.pem"][..],
        &["--cert", "k.pem", "--key", "k.pem"],
        &["--cert", "c.pem", &inline],
        &["--cert", "c.pem", "--key", &identity.key],
        &[&identity.key],
    ] {
        assert_quotes_no_secret(Launch::server(folder.path()).args(["-vvv"]).args(arguments), &secrets);
        let client = Launch::client(folder.path()).args(["-vvv", "--ca", "c.pem"]);
        assert_quotes_no_secret(client.args(arguments), &secrets);
    }
    assert_quotes_no_secret(Launch::client(folder.path()).args(["--ca", &identity.key]), &secrets);
    let system = Launch::client(folder.path()).args(["--ca", "system"]);
    assert_quotes_no_secret(system.env("SSL_CERT_FILE", &identity.key), &secrets);
}

/// A running server logs what is wrong with the new files.
#[test]
fn a_damaged_key_is_not_quoted_at_a_reload() {
    let server = EchoServer::start(&["-vvv"]);
    let key = server.folder.read("certificates/key.pem");
    let mut secrets = Secrets::default();
    secrets.add_key(&key);
    let forms = damaged(&key);
    for (number, (_, bytes)) in forms.iter().filter(|(name, _)| !is_cut(name)).enumerate() {
        server.folder.write("certificates/key.pem", bytes);
        server.program.signal("HUP");
        server.log().wait_for_lines(number + 1, "SIGHUP: ");
    }
    secrets.assert_unsaid(&server.log().bytes());
    server.serves_a_client();
}

#[test]
fn the_clients_output_contains_no_secret() {
    for flags in VERBOSE {
        for version in ["1.2", "1.3"] {
            for damaged in [false, true] {
                check_client(flags, version, damaged);
            }
        }
    }
}

fn check_client(flags: &[&str], version: &str, damaged: bool) {
    let (identity, me) = (Identity::localhost(), Identity::for_names(&["alice"]));
    let log = SessionSecrets::default();
    let mut config = ServerConfig::clone(&identity.server_config());
    config.key_log = Arc::new(log.clone());
    let server = TestServer::with_config(&identity, Arc::new(config));
    server.folder.write("me.pem", &me.certificate);
    server.folder.write("me.key", &me.key);
    let mut client = server
        .client()
        .args(["--cert", "me.pem", "--key", "me.key", "--linger", "0s", "--tls", version])
        .args(flags)
        .stdin(File::open("/dev/null").unwrap())
        .start();
    let mut session = server.accept();
    session.send(b"welcome!\n");
    if damaged {
        session.write_raw(&[23, 3, 3, 0, 1, 0]);
    }
    session.receive_to_end();
    session.close_notify();
    drop(session);
    client.expect_exit(if damaged { 3 } else { 0 });
    let mut secrets = Secrets::default();
    secrets.add_key(&me.key);
    secrets.add_session(&log);
    assert_reveals_none(&client, &secrets);
}
