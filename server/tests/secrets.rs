//! No secret leaves unasked (invariant I9): whatever happens, and however much is logged, neither a private key nor a
//! session's secrets are in what either program says.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ContentType, ServerConfig, SupportedProtocolVersion};
use testing::certificates::Identity;
use testing::damage::damaged;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::forge::Forge;
use testing::peer::{TlsClient, client_config_with};
use testing::program::{Launch, Program};
use testing::secrets::{Secrets, SessionSecrets};
use testing::test_server::TestServer;

/// Every way to make a program say more.
const LOUD: [&[&str]; 4] = [&["-vvv"], &["--trace"], &["--trace=json"], &["-vvv", "--trace=json"]];

/// A session that ends well, or is damaged in the middle of the handshake, or after it, or fails at once.
#[derive(Clone, Copy, Debug)]
enum Course {
    Well,
    DamagedFinished,
    Damaged,
    Alert,
    Reset,
}

const COURSES: [Course; 5] =
    [Course::Well, Course::DamagedFinished, Course::Damaged, Course::Alert, Course::Reset];

/// A client that tells its secrets, and whose records can be forged.
fn confiding(
    server: &EchoServer,
    version: &'static SupportedProtocolVersion,
) -> (Arc<ClientConfig>, Forge, SessionSecrets) {
    let (forge, secrets) = (Forge::default(), SessionSecrets::default());
    let config = client_config_with(&server.certificate(), forge.provider(), &[version]);
    let mut config = ClientConfig::clone(&config);
    config.key_log = Arc::new(secrets.clone());
    (Arc::new(config), forge, secrets)
}

fn visit(server: &EchoServer, version: &'static SupportedProtocolVersion, course: Course) -> SessionSecrets {
    let (config, forge, secrets) = confiding(server, version);
    let mut client = TlsClient::new(server.connect_raw(), config);
    if let Course::DamagedFinished = course {
        forge.next(ContentType::Handshake, &[20, 0, 0, 1, 0]);
        let _ = client.handshake(); // in TLS 1.3 it hears of it later
    } else {
        client.handshake().unwrap();
        client.send(b"hello");
    }
    match course {
        Course::Damaged => {
            client.write_raw(&[23, 3, 3, 0, 40].iter().chain(&[7; 40]).copied().collect::<Vec<_>>())
        }
        Course::Alert => {
            forge.next(ContentType::Alert, &[2, 80]);
            client.send(b"instead of this");
        }
        Course::Reset => {
            testing::raw::reset(client.into_socket());
            return secrets;
        }
        Course::Well => client.close_notify(),
        Course::DamagedFinished => {}
    }
    client.receive_to_end();
    secrets
}

fn assert_keeps(program: &Program, secrets: &Secrets) {
    secrets.assert_unsaid(&program.stdout.bytes());
    secrets.assert_unsaid(&program.stderr.bytes());
    assert!(program.stderr.length() > 1000, "it was not very talkative: {}", program.stderr.text());
}

#[test]
fn the_server_keeps_its_key_and_the_secrets_of_its_sessions() {
    for flags in LOUD {
        let mut server = EchoServer::start(flags);
        let mut secrets = Secrets::default();
        secrets.add_key(&server.folder.read("certificates/key.pem"));
        for version in [&TLS12, &TLS13] {
            for course in COURSES {
                secrets.add_session(&visit(&server, version, course));
            }
        }
        assert!(secrets.count() > 20, "the sessions were to tell their secrets");
        server.program.interrupt();
        server.program.expect_exit(0);
        assert_keeps(&server.program, &secrets);
    }
}

/// Runs a program that may refuse its files, until it ends or listens, and checks that it quotes none of them.
fn assert_refuses_silently(launch: Launch, secrets: &Secrets) {
    let program = launch.start();
    program.stderr.wait_for_line_or_end("listening on ");
    secrets.assert_unsaid(&program.stdout.bytes());
    secrets.assert_unsaid(&program.stderr.bytes());
}

/// Whether a damaged form is only a part of the file.
fn is_cut(name: &str) -> bool {
    name.starts_with("cut to ") || name.starts_with("from byte ")
}

/// A file that cannot be used is a failure that names the file, and does not quote it.
#[test]
fn a_damaged_key_is_not_quoted_wherever_it_is_named() {
    let identity = Identity::localhost();
    let mut secrets = Secrets::default();
    secrets.add_key(&identity.key);
    let folder = TempDir::new();
    folder.write("c.pem", &identity.certificate);
    let forms = damaged(&identity.key);
    // The cuts are many, and `cargo test -p identity --test identity` has all of them.
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
            assert_refuses_silently(launch, &secrets);
        }
    }
}

/// The key of another certificate is whole, and is not quoted either. Nor is one that is given in place of its file.
#[test]
fn a_key_that_cannot_be_used_is_not_quoted() {
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
        assert_refuses_silently(Launch::server(folder.path()).args(["-vvv"]).args(arguments), &secrets);
        let client = Launch::client(folder.path()).args(["-vvv", "--ca", "c.pem"]);
        assert_refuses_silently(client.args(arguments), &secrets);
    }
    assert_refuses_silently(Launch::client(folder.path()).args(["--ca", &identity.key]), &secrets);
    let system = Launch::client(folder.path()).args(["--ca", "system"]);
    assert_refuses_silently(system.env("SSL_CERT_FILE", &identity.key), &secrets);
}

/// A server that runs says in its log what is wrong with the new files.
#[test]
fn a_damaged_key_is_not_quoted_when_the_files_are_loaded_again() {
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
fn the_client_keeps_its_key_and_the_secrets_of_its_sessions() {
    for flags in LOUD {
        for version in ["1.2", "1.3"] {
            for damaged in [false, true] {
                client_keeps(flags, version, damaged);
            }
        }
    }
}

fn client_keeps(flags: &[&str], version: &str, damaged: bool) {
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
    assert_keeps(&client, &secrets);
}
