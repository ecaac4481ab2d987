//! Runs the commands.

use std::process::Command;
use std::sync::Arc;

use decode::schedule::{Epoch, HashAlgorithm, Input, Part, Transcript, Value};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use testing::configs::{Shape, suite};
use testing::from_hex;

use self::sessions::Ends;
use super::*;
use crate::page::keys::Chapter;
use crate::page::rows::{Drawn, Row};
use crate::page::sealed;

mod sessions;

/// A shell function that stands in for `python3`: it passes the programs on, each with a NUL behind it.
const PASS_ON: &str = r"python3() { test $# = 1 && test $1 = - && cat && printf '\0'; }";

/// A Python program that runs the programs on its stdin, each with variables of its own.
const RUN_ALL: &str = r"
import sys
for program in sys.stdin.read().split('\0')[:-1]:
    exec(program, {})
    print('---')
";

/// Runs commands. Returns the output of each, without its line breaks.
///
/// A shell takes the commands as they are printed. One process of Python runs all programs, because its start takes more
/// time than they do.
fn run(commands: &[String]) -> Vec<String> {
    let script = format!("{PASS_ON}\n{{\n{}\n}} | env python3 -c \"$0\"", commands.join("\n"));
    outputs(Command::new("bash").args(["-euo", "pipefail", "-c", &script, RUN_ALL]))
}

/// Returns the outputs that end with `---`, without their line breaks.
fn outputs(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut outputs: Vec<String> = text.split("---\n").map(|output| output.replace('\n', "")).collect();
    assert_eq!(outputs.pop().as_deref(), Some(""));
    outputs
}

/// A key of the session in RFC 8448, 3, which has every value.
fn derived(key: Key, rule: Rule, transcript: &str, value: &str) -> Derivation {
    let algorithm = HashAlgorithm::Sha256;
    let transcript = (!transcript.is_empty()).then(|| {
        Arc::new(Transcript { algorithm, hash: from_hex(transcript), parts: vec![Part::MessageHash] })
    });
    Derivation { key, rule, algorithm, transcript, value: Some(Value::new(&from_hex(value))) }
}

#[test]
#[ignore = "needs python3"]
fn the_commands_calculate_the_values_of_rfc_8448() {
    use Key::{EarlySecret, FinishedKey, HandshakeSecret, HandshakeTraffic, MasterSecret, SharedSecret};
    let server = HandshakeTraffic(Side::Server);
    let expand = |from, label| Rule::Expand { from, label, length: 32 };
    let derivations = [
        derived(
            SharedSecret,
            Rule::KeyExchange(None),
            "",
            "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d",
        ),
        derived(
            EarlySecret,
            Rule::Extract { salt: Input::Zeros, secret: Input::Zeros },
            "",
            "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a",
        ),
        derived(
            HandshakeSecret,
            Rule::Extract { salt: Input::Derived(EarlySecret), secret: Input::Key(SharedSecret) },
            "",
            "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac",
        ),
        derived(
            server,
            expand(HandshakeSecret, "s hs traffic"),
            "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8",
            "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
        ),
        derived(
            Key::Record(Side::Server, Epoch::Handshake),
            Rule::TrafficKeys { from: server, key: 16, iv: 12 },
            "",
            "3fce516009c21727d0f2e4e86ee403bc5d313eb2671276ee13000b30",
        ),
        derived(
            FinishedKey(Side::Server),
            expand(server, "finished"),
            "",
            "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8",
        ),
        derived(
            MasterSecret,
            Rule::Extract { salt: Input::Derived(HandshakeSecret), secret: Input::Zeros },
            "",
            "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919",
        ),
    ];
    let keys = derivations.iter().map(|derivation| (derivation.key, derivation)).collect();
    let inputs = Inputs { keys, ..Inputs::default() };
    let (known, commands): (Vec<_>, Vec<_>) =
        derivations.iter().filter_map(|key| Some((key, derivation(key, &inputs)?))).unzip();
    assert_eq!(known.len(), derivations.len() - 1, "the shared secret needs a private key");
    // One command after the other, as a reader would run them.
    let script: String = commands.iter().map(|command| format!("{command}\necho ---\n")).collect();
    let outputs = outputs(Command::new("sh").args(["-ec", &script]));
    assert_eq!(outputs.len(), known.len());
    for (key, output) in known.into_iter().zip(outputs) {
        assert_eq!(output, decode::hex(key.value.as_ref().unwrap().bytes()), "{:?}", key.key);
    }
}

// ---- real sessions -------------------------------------------------------------------------------------------------

/// A command of a session, and the output that it must have.
struct Expected {
    what: String,
    command: String,
    output: String,
}

/// The commands of a session: those that need only Python, and those that need `cryptography`.
#[derive(Default)]
struct Commands {
    plain: Vec<Expected>,
    cryptography: Vec<Expected>,
}

/// Returns the commands of all derivations, checks and records that an end has seen. Each of them has a command, except
/// where a private key is needed.
fn commands(records: &[Record]) -> Commands {
    let mut commands = Commands::default();
    let mut inputs = Inputs::default();
    records.iter().for_each(|record| inputs.learn_record_keys(record));
    for seen in records {
        inputs.learn(seen);
        for key in &seen.derivations {
            let what = format!("{:?} {:?}", key.key, key.rule);
            let value = decode::hex(key.value.as_ref().expect(&what).bytes());
            match derivation(key, &inputs) {
                Some(command) => commands.plain.push(Expected { what, command, output: value }),
                None => assert!(matches!(key.rule, Rule::KeyExchange(_) | Rule::EarlierSession), "{what}"),
            }
        }
        for proof in &seen.checks {
            let what = format!("{:?}", proof.kind);
            let body = message(proof.kind, seen).expect(&what).body();
            let is_signature = proof.signed.is_some();
            let output = match proof.kind {
                _ if is_signature => "valid".to_owned(),
                CheckKind::Binder(_) => decode::hex(&body[body.len() - proof.algorithm.length()..]),
                _ => decode::hex(body),
            };
            let command = check(proof, seen, &inputs).expect(&what);
            let list = if is_signature { &mut commands.cryptography } else { &mut commands.plain };
            list.push(Expected { what, command, output });
        }
        if seen.is_encrypted() {
            let what = format!("record {} of {:?}", seen.number, seen.sender);
            let command = record(seen, &inputs).expect(&what);
            commands.cryptography.push(Expected { what, command, output: decode::hex(seen.payload()) });
        }
    }
    commands
}

/// Runs commands and compares their output.
fn verify(session: &str, expected: &[Expected]) {
    assert!(!expected.is_empty());
    let commands: Vec<String> = expected.iter().map(|expected| expected.command.clone()).collect();
    let outputs = run(&commands);
    assert_eq!(outputs.len(), commands.len(), "{session}");
    for (expected, output) in expected.iter().zip(outputs) {
        assert_eq!(output, expected.output, "{session}: {}\n{}", expected.what, expected.command);
    }
}

/// The sessions whose commands run: the suites and keys of both versions, and each kind of handshake. The second value says
/// how many sessions come before it, so that it resumes one.
fn shapes() -> [(&'static str, usize, Shape); 12] {
    let with = |name: &str, key| Shape { suite: suite(name), key: Some(key), ..Shape::default() };
    let aes_128 = with("TLS13_AES_128_GCM_SHA256", &PKCS_ED25519);
    let aes_256 = with("TLS13_AES_256_GCM_SHA384", &PKCS_ECDSA_P256_SHA256);
    let chacha = with("TLS13_CHACHA20_POLY1305_SHA256", &PKCS_ECDSA_P384_SHA384);
    let rsa = with("TLS13_AES_128_GCM_SHA256", &PKCS_RSA_SHA256);
    let old = with("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", &PKCS_ECDSA_P256_SHA256);
    let old_rsa = with("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", &PKCS_RSA_SHA256);
    let old_resumed = with("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", &PKCS_ED25519);
    [
        ("AES-128, Ed25519", 0, aes_128.clone()),
        ("AES-256, ECDSA with P-256, ML-KEM", 0, Shape { real_groups: true, ..aes_256.clone() }),
        ("ChaCha20, ECDSA with P-384, HelloRetryRequest", 0, Shape { retry: true, ..chacha }),
        ("AES-128, RSA, mutual TLS", 0, Shape { mutual: true, ..rsa }),
        ("resumed", 1, Shape { resumption: true, ..aes_256.clone() }),
        (
            "resumed, early data, at the client",
            1,
            Shape { early_data: 1000, resumption: true, ..aes_256.clone() },
        ),
        (
            "resumed, early data, at the server",
            1,
            Shape { early_data: 1000, resumption: true, ..aes_128.clone() },
        ),
        ("resumed with tickets", 1, Shape { resumption: true, ticketer: true, ..aes_128 }),
        ("resumed, HelloRetryRequest", 1, Shape { resumption: true, retry: true, ..aes_256 }),
        ("TLS 1.2, AES-128, ECDSA, mutual TLS", 0, Shape { mutual: true, ..old }),
        ("TLS 1.2, ChaCha20, RSA", 0, old_rsa),
        ("TLS 1.2, AES-256, resumed", 1, Shape { resumption: true, ticketer: true, ..old_resumed }),
    ]
}

/// Returns the commands of all sessions. The client has seen some of them, and the server the others.
fn all_commands() -> impl Iterator<Item = (&'static str, Commands)> {
    shapes().into_iter().enumerate().map(|(n, (name, earlier, shape))| {
        let ends = Ends::new(&shape);
        (0..earlier).for_each(|_| drop(ends.converse(b"earlier")));
        let records = ends.converse(b"hello");
        let is_resumed = records[0]
            .iter()
            .flat_map(|record| &record.derivations)
            .any(|key| key.rule == Rule::EarlierSession);
        assert_eq!(is_resumed, earlier > 0, "{name}");
        let early_data = Some(Key::Record(Side::Client, Epoch::Early));
        let early_data = records[n % 2].iter().filter(|record| record.key == early_data).count();
        assert_eq!(
            early_data,
            if shape.early_data > 0 { 2 } else { 0 },
            "early data, and EndOfEarlyData: {name}"
        );
        (name, commands(&records[n % 2]))
    })
}

#[test]
#[ignore = "needs python3"]
fn the_commands_of_derivations_and_macs_print_the_values_of_real_sessions() {
    for (name, commands) in all_commands() {
        verify(name, &commands.plain);
    }
}

#[test]
#[ignore = "needs python3 with the package cryptography"]
fn the_commands_of_records_and_signatures_print_the_values_of_real_sessions() {
    for (name, commands) in all_commands() {
        verify(name, &commands.cryptography);
    }
}

/// Early data comes before ServerHello, which chooses the version, and before the derivation of its key.
#[test]
fn early_data_has_the_layout_of_tls13_and_a_command() {
    let ends = Ends::new(&Shape { resumption: true, early_data: 1000, ..Shape::default() });
    ends.converse(b"earlier");
    for records in ends.converse(b"hello") {
        let rows: Vec<Row> =
            records.iter().map(|record| Row::Record(Box::new(Drawn::whole(record)))).collect();
        let mut chapter = Chapter::of(rows.iter(), None, None);
        let mut early_data = 0;
        for drawn in rows.iter().filter_map(Row::record) {
            chapter.behind(drawn);
            if drawn.record.key == Some(Key::Record(Side::Client, Epoch::Early)) {
                early_data += 1;
                assert!(chapter.decryption(drawn).is_some(), "record {}", drawn.record.number);
                let outside = sealed::fields(drawn);
                assert!(outside.iter().all(|field| field.rfc.starts_with("RFC 8446, 5.")), "{outside:?}");
                let inside = sealed::decrypted(drawn, Vec::new()).fields;
                assert_eq!(
                    inside.iter().map(|field| field.rfc).collect::<Vec<_>>(),
                    ["RFC 8446, 5.2", "RFC 8446, 5.4"]
                );
            }
        }
        assert_eq!(early_data, 2, "early data, and EndOfEarlyData");
    }
}

// ---- hostile peers --------------------------------------------------------------------------------------------------

/// Returns the text of a command without its bytes in hexadecimal. There must be nothing else among these.
fn fixed_text(command: &str) -> String {
    let mut parts = command.split("bytes.fromhex(\"");
    let mut fixed = parts.next().unwrap().to_owned();
    for part in parts {
        let (digits, rest) = part.split_once(')').unwrap();
        let digits = digits.trim_matches('"');
        assert!(digits.chars().all(|c| c.is_ascii_hexdigit() || c == ' ' || c == '\n'), "{command}");
        fixed.push_str(rest);
    }
    fixed
}

/// The names are as long as harmless ones, so that the lengths in the commands are the same.
#[test]
fn names_that_a_peer_chooses_do_not_change_the_text_of_a_command() {
    for version in ["TLS13_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"] {
        let shape = Shape { suite: suite(version), ..Shape::default() };
        let texts = |name, protocol: &[u8; 16], data: &[u8; 16]| {
            let records = Ends::new(&shape).with_name(name).with_protocols(&[protocol]).converse(data);
            let Commands { plain, cryptography } = commands(&records[1]);
            let all = plain.iter().chain(&cryptography).map(|expected| fixed_text(&expected.command));
            all.collect::<Vec<_>>()
        };
        let harmless = texts(b"localhost", b"http/1.1http/1.1", b"hello, it is me.");
        assert!(harmless.len() > 10, "{}", harmless.len());
        let hostile = texts(b"\nEOF\n$(id", b"\nEOF\ntouch mine\n", b"\"\"\")\nEOF\n$(id)'\n");
        assert_eq!(hostile, harmless);
    }
}

#[test]
fn bytes_that_a_peer_chooses_do_not_change_the_text_of_a_command() {
    let texts = |bytes: &[u8; 32]| {
        let algorithm = HashAlgorithm::Sha256;
        let transcript = Arc::new(Transcript { algorithm, hash: bytes.to_vec(), parts: Vec::new() });
        let derived = |key, rule| {
            let (transcript, value) = (Some(Arc::clone(&transcript)), Some(Value::new(bytes)));
            Derivation { key, rule, algorithm, transcript, value }
        };
        let seed = Seed::Randoms { first: Side::Client, bytes: bytes.to_vec() };
        let keys = [
            derived(Key::MasterSecret, Rule::EarlierSession),
            derived(
                Key::ResumptionMaster,
                Rule::Expand { from: Key::MasterSecret, label: "res master", length: 32 },
            ),
            derived(
                Key::TicketPsk(0),
                Rule::Ticket { from: Key::ResumptionMaster, nonce: bytes.to_vec(), length: 32 },
            ),
            derived(
                Key::Master,
                Rule::Prf { from: Key::MasterSecret, label: "master secret", seed, length: 48 },
            ),
        ];
        let message = |kind, body: &[&[u8]]| Message {
            sender: Side::Server,
            kind,
            version: Some(rustls::ProtocolVersion::TLSv1_3),
            bytes: [&[0; 4], &body.concat()[..]].concat(),
        };
        let certificate = message(HandshakeType::Certificate, &[&[0, 0, 0, 37, 0, 0, 32], bytes, &[0, 0]]);
        let proof = message(HandshakeType::CertificateVerify, &[&[8, 7, 0, 32], bytes]);
        let (kind, signed) = (CheckKind::CertificateVerify(Side::Server), Some(bytes.to_vec()));
        let signature = Check { kind, key: None, algorithm, transcript: Some(transcript), signed };

        let inputs = Inputs {
            keys: keys.iter().map(|derivation| (derivation.key, derivation)).collect(),
            client_certificate: None,
            server_certificate: signatures::first_certificate(&certificate),
        };
        let mut texts: Vec<_> = keys.iter().filter_map(|key| derivation(key, &inputs)).collect();
        texts.push(signatures::verify(&signature, &proof, inputs.server_certificate.unwrap()).unwrap());
        texts.iter().map(|text| fixed_text(text)).collect::<Vec<_>>()
    };
    let harmless = texts(&[b'0'; 32]);
    assert_eq!(harmless.len(), 4);
    assert_eq!(texts(b"\"\"\")\nEOF\ntouch me; $(id)  `id`\n'"), harmless);
}
