//! The pages of sessions between two ends in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use decode::secrets::Secret;
use program::observer::{LoopEvent, Observer as _};
use rustls::Side;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use show::page::Folder;
use support::drawn::{Easel, Page, draw};
use support::memory::{Setup, Talk};
use testing::folder::TempDir;
use tls_session::close_reason::{CloseReason, Operation};
use tls_session::observer::Step;
use tls_session::phase::Phase;

const ROOM: usize = 256 * 1024;

fn hello() -> Talk {
    Talk::new(b"hello, who is there?", 1)
}

/// Returns the pages of both ends, in TLS 1.3 and in TLS 1.2.
fn pages() -> Vec<Page> {
    [Setup::new(), Setup::tls12()].into_iter().flat_map(|setup| draw(setup, ROOM, hello())).collect()
}

/// Returns all bytes that a page shows in hexadecimal.
fn digits(page: &Page) -> String {
    page.texts(".hex code").concat().split_whitespace().collect()
}

#[test]
fn each_record_is_an_arrow_with_its_bytes_inside_and_a_link() {
    for page in pages() {
        assert!(page.tally.records >= 9, "{}", page.tally.records);
        assert_eq!(page.count(".arrow"), page.tally.records);
        assert_eq!(page.count(".arrow > details .hex"), page.count(".block"));
        assert!(
            page.count(".block") > page.tally.records,
            "encrypted records are shown twice: encrypted and decrypted"
        );
        assert_eq!(page.count(".omitted"), 0);
        assert!(page.texts(".readable pre").iter().any(|text| text == "hello, who is there?"));
        assert!(page.texts(".outcome.clean .why")[0].starts_with("Closed cleanly, "));
        let places: Vec<String> = (1..=page.tally.records).map(|place| format!("#{place}")).collect();
        assert_eq!(page.texts(".arrow > a.anchor"), places);
        for place in 1..=page.tally.records {
            assert_eq!(page.count(&format!("details#record-{place}")), 1);
            assert_eq!(page.count(&format!("a.anchor[href='#record-{place}']")), 1);
        }
    }
}

#[test]
fn the_records_of_one_read_or_write_are_grouped() {
    let [client, server] = draw(Setup::new(), ROOM, hello());
    for (page, way) in [(client, "one read: "), (server, "one write: ")] {
        let carried = page.texts(".carry:has(.from-server) .carried");
        assert!(carried[0].starts_with(&format!("{way}3 records, 5 messages")), "{carried:?}");
        let titles = page.texts(".titles");
        let flight = "EncryptedExtensions Certificate CertificateVerify Finished ";
        assert!(titles.iter().any(|titles| titles == flight), "{titles:?}");
    }
}

#[test]
fn the_summary_has_the_parameters_and_the_certificates() {
    let [client, server] = draw(Setup::new(), ROOM, hello());
    for (page, verdict) in
        [(client, "server localhost authorized"), (server, "client not asked for a certificate")]
    {
        let facts = page.texts(".facts").concat();
        for part in
            ["TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519", "full, ", "1970-01-01 00:00:00 UTC", verdict]
        {
            assert!(facts.contains(part), "'{part}' is not in {facts}");
        }
        assert!(facts.contains("CN=rcgen self signed cert") && facts.contains("for localhost"), "{facts}");
        assert!(page.texts(".secret")[0].starts_with("This page has decrypted data."));
    }
}

#[test]
fn sleeps_of_the_loop_are_gaps() {
    let [client, _] = draw(Setup::new(), ROOM, hello());
    let gaps = client.texts(".gap");
    assert!(gaps.len() >= 3 && gaps.iter().all(|gap| gap == "asleep, 1.000\u{a0}ms"), "{gaps:?}");
}

#[test]
fn equal_records_of_one_call_are_folded() {
    let [client, server] = draw(Setup::new(), 256 * 1024, Talk::new(&[b'x'; 65_536], 1));
    let written = client.texts(".run.from-client .titles");
    assert_eq!(written, ["Application data, 4\u{a0}×\u{a0}16\u{202f}384\u{a0}B"]);
    assert_eq!(client.count(".fold .arrow.from-client.data > details .hex"), 8);
    for page in [client, server] {
        assert_eq!(page.count(".fold > .anchor"), page.count(".fold"));
        assert_eq!(page.count(".fold .arrow:not(.data)"), 0);
        assert_eq!(page.count(".arrow"), page.tally.records);
    }
}

/// In TLS 1.3 the field of a certificate is `cert_data`, in TLS 1.2 `ASN.1Cert`.
#[test]
fn a_certificate_is_shown_as_pem() {
    for page in pages() {
        let pem = page.texts(".pem pre");
        assert_eq!(pem.len(), 1);
        let certificate = CertificateDer::from_pem_slice(pem[0].as_bytes()).unwrap();
        let hex: String = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = digits(&page);
        assert!(shown.contains(&hex), "it has the bytes of the certificate");
        assert!(pem[0].lines().all(|line| line.len() <= 64));
    }
}

#[test]
fn tcp_begins_and_ends_with_thin_arrows() {
    for page in pages() {
        let segments = page.texts(".segment");
        assert!(segments[0].starts_with("TCP connected SYN"), "{segments:?}");
        let half = [("client", "server"), ("server", "client")].map(|(sender, other)| {
            let says = "has sent close_notify, so only its FIN may follow";
            format!("from the {sender}: FIN half-closed: the {other} {says}")
        });
        assert!(half.contains(&segments[1]), "{segments:?}");
        // An end that is done does not see the FIN of its peer.
        let last = segments.get(2).is_none_or(|fin| fin.ends_with(": FIN both directions are closed"));
        assert!(last && segments.len() <= 3, "{segments:?}");
    }
}

#[test]
fn the_page_of_a_client_has_the_time_to_connect() {
    let mut easel = Easel::without_session(Side::Client);
    let server = "127.0.0.1:4433".parse().unwrap();
    easel.show.event_loop(easel.start, &LoopEvent::Connecting(server));
    easel.show.event_loop(easel.start + Duration::from_millis(7), &LoopEvent::Connected(server));
    easel.begin();
    let page = easel.page();
    assert!(page.texts(".segment")[0].starts_with("TCP connected in 7.000\u{a0}ms"));
    assert_eq!(page.texts(".strip li"), ["1 TCP 7.000\u{a0}ms"]);
}

#[test]
fn a_reset_is_one_arrow_of_the_peer() {
    let reason = CloseReason::Transport {
        operation: Operation::Read,
        kind: ErrorKind::ConnectionReset,
        error: "Connection reset by peer".to_owned(),
    };
    let mut easel = Easel::new(Side::Client);
    let failing = Phase::Failing { reason: reason.clone() };
    easel.step(&Step::PhaseChanged { from: &Phase::Established, to: &failing });
    easel.step(&Step::PhaseChanged { from: &failing, to: &Phase::Closed(reason.clone()) });
    easel.close(&reason);
    let segments = easel.page().texts(".segment.from-server");
    assert!(segments.len() == 1 && segments[0].contains("RST"), "{segments:?}");
}

#[test]
fn the_strip_has_the_phases_of_the_session_in_order() {
    for page in pages() {
        let phases = page.texts(".strip li");
        let names = ["waiting for the ClientHello", "until the server answers", "handshake", "data", "close"];
        let mut at = names.iter();
        let is_named = |phase: &&String| phase.contains(names[0]) || !phase.contains("waiting");
        for phase in phases.iter().filter(is_named) {
            assert!(at.any(|name| phase.contains(name)), "{phases:?}");
        }
        assert!(phases[0].contains("waiting for the ClientHello") && phases.len() >= 3, "{phases:?}");
        assert_eq!(page.count(".strip rect"), phases.len());
    }
}

#[test]
fn the_content_security_policy_allows_only_the_own_style_and_script() {
    for page in pages() {
        let hash = |selector: &str| {
            let [asset] = &page.texts(selector)[..] else { panic!("one {selector}") };
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, asset.as_bytes());
            format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
        };
        let policy = format!(
            r#"content="default-src 'none'; style-src {}; script-src {}; img-src data:;"#,
            hash("style"),
            hash("script")
        );
        assert!(page.text.replace("&#39;", "'").contains(&policy), "{policy}");
        assert!(!page.text.contains("unsafe"));
    }
}

/// Looks for them as text, in hexadecimal, in base64, and among the bytes that the page shows.
#[test]
fn no_secret_of_the_session_is_in_the_page() {
    for page in pages() {
        let secrets = &page.tally.secrets;
        assert!(!secrets.is_empty());
        let shown = digits(&page);
        for Secret { label, secret, .. } in secrets {
            let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            let lower = page.text.to_lowercase();
            assert!(!lower.contains(&hex) && !shown.contains(&hex), "{label}");
            assert!(!page.text.contains(&BASE64_STANDARD.encode(secret)), "{label}");
            assert!(
                !page.text.as_bytes().windows(secret.len()).any(|window| window == secret.as_slice()),
                "{label}"
            );
            assert!(!page.text.contains(label), "{label}");
        }
    }
}

#[test]
fn a_long_session_makes_a_page_that_says_what_it_leaves_out() {
    let chunk: Vec<u8> = (0..104_858).map(|n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for page in draw(Setup::new(), 64 * 1024, Talk::new(&chunk, 100)) {
        assert!(page.text.len() < 1_200_000, "{}", page.text.len());
        let [omitted] = &page.texts(".omitted")[..] else { panic!("one note") };
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let records: usize = digits(omitted.split(" record").next().unwrap()).parse().unwrap();
        assert_eq!(page.count(".arrow") + records, page.tally.records);
        assert_eq!(page.texts(".arrow > a.anchor").last(), Some(&format!("#{}", page.tally.records)));
        assert!(page.tally.records > 1280, "{}", page.tally.records);
        assert!(page.texts(".facts table").concat().contains("10\u{202f}485\u{202f}800"));
    }
}

/// The omitted rows end in the middle of a turn and of a read. The page repeats their headings.
#[test]
fn a_shortened_page_repeats_the_turn_and_the_call_of_its_next_arrow() {
    let chunk = vec![b'x'; 150_000];
    for page in draw(Setup::new(), 256 * 1024, Talk::new(&chunk, 60)) {
        assert_eq!(page.count(".omitted"), 1);
        let times = page.texts(".wake time");
        assert!(times.iter().all(|time| time.starts_with('+')), "{times:?}");
        assert_eq!(page.count(".turn > .wake > time"), page.count(".turn"));
        assert_eq!(page.count(".carry > .call"), page.count(".carry"));
    }
}

/// Sessions that have more rows than the first part of a page, but none left out.
#[test]
fn a_page_without_omitted_rows_repeats_no_turn() {
    let mut long = 0;
    for chunks in (16..28).step_by(4) {
        for page in draw(Setup::new(), 256 * 1024, Talk::new(&[b'x'; 20_000], chunks)) {
            let times = page.texts(".wake time");
            assert!(times.iter().all(|time| time.starts_with('+')), "{times:?}");
            let rows = page.count(".call") + page.count(".arrow") + page.count(".turn");
            long += usize::from(page.count(".omitted") == 0 && rows > 400);
        }
    }
    assert!(long > 0);
}

/// A TLS 1.2 client does not send its half of the key exchange with its hello.
#[test]
fn the_explanations_of_flights_fit_the_version() {
    let parts12 = ["offers its versions and algorithms.", "clear text", "sends its half", "Finished"];
    let parts13 =
        ["key exchange at once", "proves that the server has the private key", "Finished", "tickets"];
    for (setup, parts) in [(Setup::tls12(), parts12), (Setup::new(), parts13)] {
        let mut flights = draw(setup, ROOM, hello())[0].texts(".flight");
        flights.retain(|caption| caption.starts_with("Flight "));
        assert_eq!(flights.len(), parts.len());
        assert_eq!(flights[0].contains("at once"), parts[0].contains("at once"));
        assert!(flights.iter().zip(parts).all(|(flight, part)| flight.contains(part)), "{flights:?}");
    }
}

#[test]
fn nonce_and_tag_of_an_encrypted_record_are_shown() {
    for page in pages() {
        let opened = page.count(".arrow.encrypted");
        assert!(opened > 3, "{opened} records");
        let named = |name: &str| page.texts(".field > .name").iter().filter(|shown| *shown == name).count();
        assert_eq!(named("tag"), opened);
        assert_eq!(named("nonce") + named("nonce_explicit"), opened);
        assert_eq!(named("ciphertext"), opened);
    }
}

/// Sessions that end inside a record: after its header, and inside its header.
#[test]
fn the_bytes_of_an_incomplete_record_are_shown() {
    for (bytes, shown) in [(&[22, 3, 1, 2, 0, 1, 0, 1][..], "16 03 01 02 00 01 00 01"), (&[22, 3], "16 03")] {
        let mut easel = Easel::new(Side::Server);
        easel.read(bytes, "a test");
        easel.close(&CloseReason::Truncated { established: false });
        let page = easel.page();
        assert_eq!(page.texts(".titles"), ["Incomplete record "]);
        assert_eq!(page.texts(".hex code"), [shown]);
        assert_eq!(page.count(".field"), if bytes.len() > 5 { 5 } else { 1 });
        assert!(!page.text.contains("malformed"));
        assert!(
            page.texts(".about")[0]
                .starts_with("The beginning of record 1 of the client, number 1 of the session: ")
        );
    }
}

#[test]
fn an_unfinished_session_is_drawn_when_the_program_ends() {
    let page = Easel::new(Side::Server).page();
    assert_eq!(page.texts(".outcome.doubtful strong"), ["Left open."]);
    assert_eq!(page.count(".secret"), 0, "there is no warning of decrypted data");
}

#[test]
fn only_their_owner_may_read_pages_and_their_folder() {
    let parent = TempDir::new();
    let path = parent.path().join("new/pages");
    let mut folder = Folder::open(&path, Side::Server).unwrap();
    let page = folder.write(|name| name.to_string()).map(|(name, _)| folder.page(name)).unwrap();
    assert_eq!(page, path.join("server-1.html"));
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.clone()), 0o700);
    assert_eq!(mode(page.clone()), 0o600);
    assert_eq!(fs::read_to_string(page).unwrap(), "server-1", "the page knows its name");
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "no other file remains");
    // A folder that was removed is made again.
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(folder.write(|_| String::new()).unwrap().0.to_string(), "server-2");
    assert!(path.join("server-2.html").exists());
}

#[test]
fn each_page_gets_the_next_free_name() {
    let folder = TempDir::new();
    for name in [
        "server-9.html",
        "client-2.html",
        "server-x.html",
        "server-99999999999999999999.html",
        "session-50.html",
    ] {
        folder.write(name, "not ours");
    }
    let mut server = Folder::open(folder.path(), Side::Server).unwrap();
    let mut client = Folder::open(folder.path(), Side::Client).unwrap();
    let mut other_server = Folder::open(folder.path(), Side::Server).unwrap();
    let name = |folder: &mut Folder| format!("{}.html", folder.write(|_| String::new()).unwrap().0);
    assert_eq!(name(&mut server), "server-10.html");
    assert_eq!(name(&mut client), "client-3.html");
    assert_eq!(name(&mut other_server), "server-11.html");
    assert_eq!(name(&mut server), "server-12.html");
    assert_eq!(name(&mut client), "client-4.html");
    assert_eq!(folder.names().len(), 10);
    assert_eq!(folder.read("server-9.html"), "not ours");
}

#[test]
fn a_folder_that_cannot_be_used_is_reported_at_once() {
    let folder = TempDir::new();
    let file = folder.write("file", "");
    let error = Folder::open(&file, Side::Client).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot make the folder ") && error.ends_with("; give it another folder"),
        "{error}"
    );

    // Not even root can make a file there.
    let error = Folder::open("/proc".as_ref(), Side::Client).unwrap_err().to_string();
    let (beginning, end) =
        ("cannot write to /proc, the folder of --illustrate: ", "; give it another folder");
    assert!(error.starts_with(beginning) && error.ends_with(end), "{error}");
    assert!(!error.contains(".illustrate-"), "the user does not know the temporary file: {error}");
}

#[test]
fn the_error_about_a_page_names_the_page_and_the_next_step() {
    let folder = TempDir::new();
    let (pages, link) = (folder.path().join("pages"), folder.path().join("link"));
    fs::create_dir(&pages).unwrap();
    symlink(&pages, &link).unwrap();
    let mut pages = Folder::open(&link, Side::Client).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("/proc", &link).unwrap();
    let error = pages.write(|_| String::new()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}/client-1.html: ", link.display())), "{error}");
    assert!(error.contains("; give --illustrate another folder"), "{error}");
    assert!(!error.contains(".illustrate-"), "the user does not know the temporary file: {error}");
}
