//! The program: the captures of our own programs, its outputs, its errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod frames;
}

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pcap_file::Endianness;
use rustls::Side;
use serde_json::Value;
use support::frames::{PcapNg, Tcp, client_hello};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program, assert_says};

fn mio_show(folder: &Path, arguments: &[&str]) -> Program {
    Launch::new(env!("CARGO_BIN_EXE_mio-show"), folder).args(arguments).start()
}

/// Runs it to its end, with this exit status. Returns what it wrote to stdout and to stderr.
fn run(folder: &Path, arguments: &[&str], status: i32) -> (String, String) {
    let mut program = mio_show(folder, arguments);
    program.expect_exit(status);
    (program.stdout.text(), program.stderr.text())
}

/// Returns a folder with the captures of a server and of its client.
fn captured() -> TempDir {
    let mut server = EchoServer::start(&["--capture", "server.pcapng", "--sessions", "1"]);
    let arguments = ["--message", "hello", "--linger", "0s", "--capture", "client.pcapng"];
    server.client(&arguments).start().expect_exit(0);
    server.program.expect_exit(0);
    server.folder
}

#[test]
fn the_captures_of_both_programs_are_shown_alike() {
    let folder = captured();
    for file in ["server.pcapng", "client.pcapng"] {
        let (line, log) = run(folder.path(), &[file], 0);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_says(&line, &["session 1: 2", "TLS 1.3 TLS_AES", "server name localhost"]);
        assert_says(&line, &["decrypted; client: close_notify", "; server: close_notify"]);
        assert_says(&log, &["--illustrate DIR draws each session"]);
    }
}

#[test]
fn the_json_has_the_records_of_the_programs_trace() {
    let folder = captured();
    let (text, _) = run(folder.path(), &["client.pcapng", "--trace=json"], 0);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert!(events.starts_with(&["began", "syn", "syn", "bytes"]), "{events:?}");
    assert!(events.contains(&"fin"), "{events:?}");
    assert_eq!(events.last(), Some(&"closed"));
    let records: Vec<&Value> = lines.iter().filter_map(|line| line["records"].as_array()).flatten().collect();
    let messages: Vec<&str> = records
        .iter()
        .flat_map(|record| record["messages"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    let expected = ["ClientHello", "ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify"];
    assert!(messages.starts_with(&expected), "{messages:?}");
    let closed = lines.last().unwrap();
    assert_eq!(
        (&closed["decrypted"], &closed["client"]["close_notify"]),
        (&"decrypted".into(), &true.into())
    );
    for line in &lines {
        let time = line["time"].as_str().unwrap();
        assert!(time.ends_with('Z') && time.contains('T') && line["session"] == 1, "{line}");
    }
}

#[test]
fn the_fields_are_those_of_the_page() {
    let folder = captured();
    let (text, _) = run(folder.path(), &["client.pcapng", "--trace=fields"], 0);
    let hello = ["client sent SYN", "▶ client record 0: ClientHello", "legacy_version: TLS 1.2 (0x0303)"];
    assert_says(&text, &hello);
    assert_says(&text, &["{Finished}", " sent FIN", "session 1: 2"]);
}

#[test]
fn a_page_has_two_life_lines_and_only_its_owner_may_read_it() {
    let folder = captured();
    let (line, _) = run(folder.path(), &["client.pcapng", "--illustrate", "drawn"], 0);
    assert_says(&line, &["; drawn/capture-1.html\n"]);
    let path = folder.path().join("drawn/capture-1.html");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let page = folder.read("drawn/capture-1.html");
    assert_says(
        &page,
        &["ClientHello", "EncryptedExtensions", "TCP connected", "<strong>FIN</strong>", "hello"],
    );
    assert_says(&page, &["<title>Session 1, TLS 1.3: ended well</title>", "class=\"ladder capture\""]);
    for absent in ["event loop", "read_tls", "this end", "of the loop", "asleep"] {
        assert!(!page.contains(absent), "{absent}");
    }
    let arguments = ["client.pcapng", "--illustrate", "drawn", "--illustrate-limit", "0"];
    let (_, log) = run(folder.path(), &arguments, 0);
    assert!(folder.path().join("drawn/capture-2.html").exists(), "no page overwrites another");
    assert_says(
        &log,
        &["removed 1 page from the folder, the oldest first; --illustrate-limit SIZE keeps more"],
    );
}

#[test]
fn a_failed_session_leads_to_its_trouble() {
    let server = EchoServer::start(&["--capture", "server.pcapng"]);
    let other = TempDir::new();
    let certificate = testing::certificates::Identity::localhost();
    other.write("other.pem", &certificate.certificate);
    let ca = other.path().join("other.pem");
    server.client(&["--ca", ca.to_str().unwrap(), "--capture", "client.pcapng"]).start().expect_exit(3);
    let (line, _) = run(server.folder.path(), &["client.pcapng", "--illustrate", "drawn"], 0);
    assert_says(&line, &["client: alert "]);
    let page = server.folder.read("drawn/capture-1.html");
    assert_says(&page, &["The handshake failed", "id=\"trouble\"", "the client ends the session: "]);
}

#[test]
fn errors_say_which_file_and_what_to_do() {
    let folder = TempDir::new();
    folder.write("text", "CLIENT_RANDOM 00 00\n");
    folder.write("empty", "# no secrets yet\n");
    folder.write("mixed", format!("CLIENT_RANDOM {} 00\nCLIENT_RANDOM 00 00\n", "01".repeat(32)));
    let mut secrets = PcapNg::new(Endianness::Little);
    folder.write("secrets.pcapng", secrets.key_log("CLIENT_RANDOM 00 00\n").bytes());
    folder.write("empty.pcap", [&b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], &[0; 12], &[1, 0, 0, 0]].concat());
    folder.write("cut.pcap", [&b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], &[0; 12], &[1, 0, 0, 0, 9]].concat());
    for (arguments, status, says) in [
        (&["missing.pcap"][..], 1, &["mio-show: cannot read the capture missing.pcap: No such file"][..]),
        (
            &["text"],
            1,
            &[
                "cannot read the capture text: it is not a pcap or pcapng file; a key log belongs to --key-log",
            ],
        ),
        (&["."], 1, &["cannot read the capture .: "]),
        (&["empty.pcap"], 3, &["empty.pcap has no TLS session with its beginning: 0 packets"]),
        (
            &["cut.pcap"],
            1,
            &["shown up to the place where it is damaged: it ends inside the block at byte 24"],
        ),
        (&["empty.pcap", "--key-log", "missing"], 1, &["cannot read the key log missing: No such file"]),
        (
            &["empty.pcap", "--key-log", "mixed"],
            3,
            &["mixed has 1 malformed line among its 2; the first one is line 2"],
        ),
        (
            &["secrets.pcapng", "--key-log", "mixed"],
            3,
            &["the key log in the capture has 1 malformed line among its 1; the first one is line 1"],
        ),
        (&["empty.pcap", "--key-log", "empty"], 1, &["cannot use empty: it has no line of a key log"]),
        (&[], 2, &["mio-show: the following required arguments were not provided", "<FILE>"]),
        (&["empty.pcap", "--trace", "json"], 2, &["write --trace=json"]),
        (&["empty.pcap", "--trace=json", "--illustrate", "d"], 2, &["cannot be used with"]),
        (&["empty.pcap", "--illustrate-limit", "1MiB"], 2, &["--illustrate <DIR>"]),
    ] {
        let (text, log) = run(folder.path(), arguments, status);
        assert_eq!(text, "", "{arguments:?}");
        assert_says(&log, says);
        assert!(!log.contains("panicked") && !log.contains("CLIENT_RANDOM"), "{log}");
    }
    let (help, _) = run(folder.path(), &["--help"], 0);
    assert_says(
        &help,
        &["--key-log <FILE>", "--trace=<FORM>", "--illustrate <DIR>", "3  the capture has no TLS session"],
    );
    assert_says(&help, &["tcpdump -i any -s 0 -w web.pcap", "SSLKEYLOGFILE=keys.log curl"]);
}

/// Makes the capture of both hellos of TLS 1.3, and of an encrypted record.
fn sealed() -> Vec<u8> {
    let hello =
        [&[22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3][..], &[2; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]];
    let answer = [&hello.concat()[..], &[23, 3, 3, 0, 24], &[7; 24]].concat();
    let mut file = PcapNg::ethernet();
    for (flags, sequence, payloads) in
        [("S", 0, [vec![], vec![]]), ("A", 1, [client_hello(b"host.lan"), answer])]
    {
        for (sender, payload) in [Side::Client, Side::Server].into_iter().zip(payloads) {
            let flags = if (flags, sender) == ("S", Side::Server) { "SA" } else { flags };
            file.tcp(&Tcp { sender, sequence, flags, payload });
        }
    }
    file.bytes()
}

#[test]
fn a_session_without_secrets_says_once_how_to_get_them() {
    let folder = TempDir::new();
    folder.write("sealed.pcapng", sealed());
    folder.write("keys.log", format!("CLIENT_RANDOM {} 00\n", "01".repeat(32)));
    let (line, log) = run(folder.path(), &["sealed.pcapng"], 0);
    assert_says(&line, &["not decrypted: no secrets; client: left open; server: left open"]);
    let hint =
        "1 session not decrypted: give --key-log FILE; curl and browsers write it if SSLKEYLOGFILE is set";
    assert_eq!(log.matches(hint).count(), 1, "{log}");
    let (_, log) = run(folder.path(), &["sealed.pcapng", "--key-log", "keys.log"], 0);
    assert_says(&log, &["1 session not decrypted: keys.log has secrets of other sessions"]);
}

#[test]
fn a_file_that_is_no_key_log_is_an_error_even_if_the_capture_has_the_secrets() {
    let folder = captured();
    let (text, log) = run(folder.path(), &["client.pcapng", "--key-log", "certificates/key.pem"], 1);
    assert_says(&log, &["mio-show: cannot use certificates/key.pem: it has no line of a key log"]);
    assert!(text.is_empty() && !log.contains("PRIVATE KEY"), "{log}");
}

#[test]
fn the_page_in_the_repository_shows_the_flags_and_the_fields() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let folder = captured();
    let (text, _) = run(folder.path(), &["client.pcapng", "--trace=json"], 0);
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let names = object
            .as_object()
            .unwrap()
            .keys()
            .chain(object["client"].as_object().into_iter().flat_map(|end| end.keys()));
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "the README does not explain {name}");
        }
        let event = object["event"].as_str().unwrap();
        assert!(page.contains(&format!("`{event}`")), "the README does not explain {event}");
    }
    assert_says(&page, &["--key-log", "--trace=fields", "--trace=json", "--illustrate"]);
}

/// As in `mio-show FILE | head -1`.
#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = captured();
    let program = env!("CARGO_BIN_EXE_mio-show");
    let script = "(\"$0\" client.pcapng --trace=fields; echo \"status $?\" >&2) | head -1";
    let mut shell = Launch::new("sh", folder.path()).args(["-c", script, program]).start();
    shell.expect_exit(0);
    assert_says(&shell.stderr.text(), &["status 0"]);
}

/// Makes a capture of sessions that have only a ClientHello. All have the same ports.
fn hellos(sessions: u32) -> Vec<u8> {
    let mut file = PcapNg::ethernet();
    for number in 0..sessions {
        let syn = Tcp { sender: Side::Client, sequence: number << 20, flags: "S", payload: vec![] };
        let hello = vec![22, 3, 1, 0, 4, 1, 0, 0, 0];
        let answer = Tcp { sender: Side::Server, flags: "SA", ..syn.clone() };
        let hello = Tcp { sequence: syn.sequence + 1, flags: "A", payload: hello, ..syn.clone() };
        file.tcp(&syn).tcp(&answer).tcp(&hello);
    }
    file.bytes()
}

/// As in `mio-show FILE --illustrate DIR | head -1`.
#[test]
fn a_closed_stdout_stops_no_page() {
    let folder = TempDir::new();
    folder.write("many.pcapng", hellos(150));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = Command::new(env!("CARGO_BIN_EXE_mio-show"));
    let program = program.args(["many.pcapng", "--illustrate", "drawn"]).current_dir(folder.path());
    let status = program.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(folder.path().join("drawn/capture-150.html").exists(), "the last session has a page");
    assert!(folder.read("drawn/index.html").contains("capture-150.html"), "and a row in the index");
}
