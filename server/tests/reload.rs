//! SIGHUP reloads certificates, keys and trust, without an effect on open sessions.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::process::Command;
use std::sync::Arc;

use rustls::{ALL_VERSIONS, AlertDescription, ClientConfig};
use testing::binaries::binary;
use testing::certificates::{Authority, Identity, der};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{End, TlsClient, client_config, client_config_presenting};
use testing::program::Launch;

const RELOADED: &str = "new sessions use the new contents of the files";
const NOT_RELOADED: &str =
    "reload failed, the old certificate stays in use: fix this, then send SIGHUP again";

fn reload(server: &EchoServer, expected: &str) -> String {
    let before = server.log().lines(expected).len();
    server.program.signal("HUP");
    server.log().wait_for_lines(before + 1, expected).pop().unwrap()
}

#[test]
fn a_queued_client_gets_the_new_certificate_and_an_open_session_continues() {
    let (old, new) = (Identity::localhost(), Identity::localhost());
    let server = EchoServer::with_identity(&old, &[]);
    let mut first = TlsClient::connect(server.address, client_config(&old.certificate));
    assert_eq!(first.receive(9), b"welcome!\n");
    let mut queued = TlsClient::new(server.connect_raw(), client_config(&new.certificate));
    queued.send_client_hello();
    server.log().wait_for_line("in the accept queue");

    new.write(&server.folder);
    reload(&server, RELOADED);
    assert!(first.try_round_trip(b"still here"));
    first.close();
    queued.handshake().unwrap();
    assert_eq!(queued.receive(9), b"welcome!\n");
    queued.close();
}

#[test]
fn bad_files_change_nothing_and_the_log_names_the_fault() {
    let identity = Identity::localhost();
    let server = EchoServer::with_identity(&identity, &[]);
    let (certificate, key) = ("certificates/certificate.pem", "certificates/key.pem");
    server.folder.write(key, &Identity::localhost().key);
    let line = reload(&server, NOT_RELOADED);
    assert!(line.contains(key) || line.contains(certificate), "{line}");
    server.folder.write(certificate, "no certificate");
    let line = reload(&server, NOT_RELOADED);
    assert!(line.contains(certificate), "{line}");
    fs::remove_file(server.folder.path().join(certificate)).unwrap();
    let line = reload(&server, NOT_RELOADED);
    assert!(line.contains(certificate), "{line}");

    fs::remove_file(server.folder.path().join(key)).unwrap();
    let line = reload(&server, NOT_RELOADED);
    assert!(line.contains(certificate) && !server.folder.path().join(certificate).exists(), "{line}");
    let made = Command::new("mkfifo").arg(server.folder.path().join(key)).status().unwrap();
    assert!(made.success());
    let line = reload(&server, NOT_RELOADED);
    assert!(line.contains("key.pem is not a regular file"), "{line}");
    fs::remove_file(server.folder.path().join(key)).unwrap();

    let mut client = TlsClient::connect(server.address, client_config(&identity.certificate));
    assert_eq!(client.receive(9), b"welcome!\n");
    client.close();
    identity.write(&server.folder);
    reload(&server, RELOADED);
    server.serves_a_client();
}

#[test]
fn a_reload_without_free_descriptors_is_tried_again() {
    let identity = Identity::localhost();
    let folder = TempDir::new();
    identity.write(&folder);
    let server = EchoServer::launch(Launch::server(folder.path()).in_shell("ulimit -n 32"), folder);
    let clients: Vec<_> = (0..64).map(|_| server.connect_raw()).collect();
    server.log().wait_for_line("accepting a connection failed");
    server.program.signal("HUP");
    server.log().wait_for_line("SIGHUP: reload postponed, no file descriptors left");
    assert_eq!(server.log().lines(RELOADED), Vec::<String>::new());
    drop(clients);
    server.log().wait_for_line(RELOADED);
    assert_eq!(server.log().lines("SIGHUP: reload postponed, no file descriptors left").len(), 1);
}

/// The configuration of a client that trusts the server and presents a certificate.
fn client_with(identity: &Identity, server: &EchoServer) -> Arc<ClientConfig> {
    let chain = vec![der(&identity.certificate)];
    client_config_presenting(&server.certificate(), chain, &identity.private_key(), ALL_VERSIONS)
}

#[test]
fn a_ticket_of_a_removed_authority_is_refused() {
    let (old, new) = (Authority::new("Old clients"), Authority::new("New clients"));
    let folder = TempDir::new();
    folder.write("clients.pem", &old.certificate);
    let server = EchoServer::start_in(folder, &["--client-ca", "clients.pem"]);
    let config = client_with(&old.issue_to(&["alice"]), &server);
    let mut first = TlsClient::connect(server.address, Arc::clone(&config));
    first.receive(9);
    first.close();
    server.log().wait_for_line("client CN=alice authorized");

    server.folder.write("clients.pem", &new.certificate);
    reload(&server, RELOADED);
    let mut second = TlsClient::connect(server.address, config);
    let (greeting, end) = second.receive_to_end();
    assert_eq!(greeting, b"");
    assert_eq!(end, End::Alert(AlertDescription::UnknownCA));
    assert_eq!(server.log().lines("resumed"), Vec::<String>::new());
}

#[test]
fn an_expired_authority_causes_a_warning_at_the_start_and_at_a_reload() {
    const WARNING: &str = "the authority CN=Old clients in clients.pem expired on 2002-01-01";
    let old = Authority::expired("Old clients");
    let folder = TempDir::new();
    folder.write("clients.pem", &old.certificate);
    let server = EchoServer::start_in(folder, &["--client-ca", "clients.pem"]);
    server.log().wait_for_lines(1, WARNING);
    // RFC 5280, 6.1.1 (d): the dates of a trust anchor do not count.
    let mut client = TlsClient::connect(server.address, client_with(&old.issue_to(&["alice"]), &server));
    assert_eq!(client.receive(9), b"welcome!\n");
    client.close();
    reload(&server, RELOADED);
    assert_eq!(server.log().lines(WARNING).len(), 2);
}

#[test]
fn an_old_ticket_leads_to_a_full_handshake() {
    let identity = Identity::localhost();
    let server = EchoServer::with_identity(&identity, &[]);
    let config = client_config(&identity.certificate);
    let mut first = TlsClient::connect(server.address, config.clone());
    first.receive(9);
    first.close();
    reload(&server, RELOADED);
    let mut second = TlsClient::connect(server.address, config);
    second.receive(9);
    second.close_notify();
    assert_eq!(second.receive_to_end(), (vec![], End::CloseNotify));
    server.log().wait_for_line("session 2: ");
    assert_eq!(server.log().lines("resumed"), [""; 0]); // `resumption.rs`: without a reload tickets work
}

#[test]
fn sighup_ends_a_client() {
    let server = EchoServer::with_identity(&Identity::localhost(), &[]);
    let client = server.client(&["--linger", "1h"]).start();
    client.stdout.wait_for_text("welcome!");
    client.signal("HUP");
    server.log().wait_for_line("session 1: ");
    server.serves_a_client();
}

#[test]
#[ignore = "needs script(1)"]
fn a_terminal_that_hangs_up_ends_the_server() {
    let folder = TempDir::new();
    let server = format!("exec '{}' -v --listen 127.0.0.1:0", binary("mio-server").display());
    let terminal = Launch::new("script", folder.path())
        .args(["--quiet", "--command", &server, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .start();
    let line = terminal.stdout.wait_for_line("listening on ");
    let address = line.rsplit(' ').next().unwrap().trim().parse().unwrap();
    let mut client = testing::peer::connect(address);
    let served = format!("{} has a slot", client.socket().local_addr().unwrap());
    terminal.stdout.wait_for_line(&served); // a client that is still in the backlog when the listener closes gets a reset
    drop(terminal); // kills script, whose end of the terminal closes with it
    assert_eq!(client.read_to_fin().unwrap(), b"");
}
