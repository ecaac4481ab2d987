//! `--trace=fields`: the fields of records as text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    #[path = "../../../decode/tests/support/conversation.rs"]
    pub mod conversation;
    pub mod memory;
}

use std::sync::Arc;
use std::time::Instant;

use decode::secrets::Secrets;
use decode::{Decoder, Record, hex};
use program::ending::Endings;
use rustls::Side;
use show::show::Show;
use show::sink::{Carried, Sink as _};
use show::trace::Trace;
use show::trace::fields::Fields;
use support::conversation::{Conversation, decode};
use support::memory::{Setup, Talk, id};
use testing::configs::{Configs, Shape};
use tls_session::close_reason::{CloseReason, Until};
use tls_session::observer::Step;

const README: &str = include_str!("../README.md");

/// Decodes bytes in clear text that the client sends.
fn clear(bytes: &[u8]) -> Vec<Record> {
    Decoder::default().feed(Side::Client, bytes)
}

/// Makes a record of this type.
fn record(content_type: u8, content: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3], &(content.len() as u16).to_be_bytes()[..], content].concat()
}

/// Returns the text of records for a pipe, at the client.
fn text(records: &[Record]) -> String {
    Fields::new(Side::Client, false, || None).lines(records).join("\n")
}

/// Returns all records of a session.
fn session() -> Vec<Record> {
    let mut conversation = Conversation::new(&Configs::new(&Shape::default()));
    conversation.exchange();
    conversation.send(Side::Client, b"hello");
    decode(Side::Client, &conversation.flights)
}

#[test]
fn the_readme_shows_the_lines_of_an_alert() {
    let alert = text(&clear(&record(21, &[2, 48])));
    assert!(
        README.contains(&format!("```text\n{alert}\n```")),
        "README.md has other lines than these:\n{alert}"
    );
}

#[test]
fn all_fields_of_a_session_are_shown() {
    let text = text(&session());
    for line in [
        "▶ client record 0: ClientHello, ",
        "◀ server record 0: ServerHello, ",
        "▶ client record 2: {Finished}, ",
        "     at  size  On the wire, encrypted, ",
        "      5     0  nonce: computed from the number 0 · RFC 8446, 5.3",
        "      0     5  application_data: 5 bytes: hello · RFC 8446, 5.1",
    ] {
        assert!(text.lines().any(|shown| shown.starts_with(line)), "{line}\n{text}");
    }
    // The fields of an extension are inside ClientHello, extensions, and the extension.
    assert!(text.contains("            host_name: localhost\n"), "{text}");
    assert!(text.contains(" · RFC 8446, 4.2.8\n"), "the section of key_share is not broken\n{text}");
}

#[test]
fn a_sentence_is_printed_once_for_each_session() {
    let sentence = "The number of bytes that follow. A record has at most 16 KiB of content.";
    let records = session();
    assert!(records.len() > 4);
    let mut fields = Fields::new(Side::Client, false, || None);
    let times = |lines: Vec<String>| lines.iter().filter(|line| line.contains(sentence)).count();
    assert_eq!(times(fields.lines(&records)), 1);
    assert_eq!(times(fields.lines(&records)), 0);
    fields.begin_session();
    assert_eq!(times(fields.lines(&records)), 1);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let records = session();
    for (width, columns) in [(|| None) as fn() -> Option<usize>, || Some(160), || Some(60), || Some(40)]
        .into_iter()
        .zip([100, 160, 60, 40])
    {
        let lines = Fields::new(Side::Server, false, width).lines(&records);
        // The deepest fields have 20 columns, however narrow the terminal is.
        let most = columns.max(16 + 20 + 2 * 9);
        let widest = lines.iter().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= most, "{columns}: {widest}");
        assert!(widest.chars().count() > columns / 2, "{columns}: {widest}");
    }
    let extreme = Fields::new(Side::Server, false, || Some(usize::MAX)).lines(&records);
    assert!(extreme.iter().all(|line| line.chars().count() <= 160));
}

#[test]
fn colours_change_no_text() {
    let records = session();
    let coloured = Fields::new(Side::Client, true, || None).lines(&records).join("\n");
    assert!(coloured.contains("\x1b[1m\x1b[33m▶ \x1b[0m"), "the client's records are warm: {coloured}");
    assert!(coloured.contains("\x1b[1m\x1b[36m◀ \x1b[0m"), "the server's records are cool: {coloured}");
    let mut parts = coloured.split('\x1b');
    let first = parts.next().unwrap().to_owned();
    let stripped = parts.fold(first, |text, part| text + part.split_once('m').unwrap().1);
    assert_eq!(stripped, text(&records));
}

#[test]
fn hostile_records_are_escaped() {
    let hostile = b"\x1b]0;owned\x07\x1b[2J\n+    0.000 loop forged\r\xff\xfe\x00\xe2\x80\xae\"\\";
    let mut hello = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    let name = [&[0, 0, hostile.len() as u8][..], hostile].concat();
    let list = [&[0, name.len() as u8][..], &name].concat();
    let extension = [&[0, 0, 0, list.len() as u8][..], &list].concat();
    hello.extend([0, extension.len() as u8]);
    hello.extend(extension);
    let hello = [&[1, 0, 0, hello.len() as u8][..], &hello].concat();
    for bytes in [record(22, &hello), record(99, hostile), record(22, &hostile[1..]), hostile.to_vec()] {
        let text = text(&clear(&bytes));
        assert!(text.lines().all(|line| line.starts_with([' ', '▶'])), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text}");
    }
    assert!(text(&clear(hostile)).contains("not TLS: \\x1b]0;owned\\x07"));
}

#[test]
fn the_lines_of_one_call_are_bounded() {
    const MOST: usize = 2100;
    // Empty messages, and the same number of records.
    let messages = record(22, &[14, 0, 0, 0].repeat(4000));
    let text_of_messages = text(&clear(&messages));
    assert!(text_of_messages.lines().count() < MOST);
    let note = text_of_messages.lines().last().unwrap();
    assert!(
        note.trim_start().starts_with("… ") && note.ends_with(" more fields of this record are not shown"),
        "{note}"
    );
    let left_out: usize = note.split_whitespace().nth(1).unwrap().parse().unwrap();
    let shown = text_of_messages.lines().filter(|line| !line.starts_with("   ".repeat(5).as_str())).count();
    // Each message has three fields: itself, its type, its length. The header has four.
    assert!((12_004..12_010).contains(&(left_out + shown)), "{left_out} + {shown}");

    let alerts = clear(&record(21, &[1, 90]).repeat(1000));
    assert_eq!(alerts.len(), 1000);
    let text = text(&alerts);
    assert!(text.lines().count() < MOST);
    assert!(text.lines().last().unwrap().ends_with(" more records have no fields here"), "{text}");
}

/// Returns the client's trace of a session.
fn traced(trace: fn(Endings, Instant, Vec<u8>, bool) -> Trace<Vec<u8>>) -> (String, String) {
    let (start, secrets) = (Instant::now(), Arc::<Secrets>::default());
    let keys = Arc::<Secrets>::default();
    let trace = trace(Endings::of(Side::Client), start, Vec::new(), false);
    let mut client = Show::new(Side::Client, Arc::clone(&secrets), trace);
    let setup = Setup::new().logged(secrets).adjusted(|_, server| server.key_log = Arc::clone(&keys) as _);
    setup.converse(1 << 20, Talk::new(b"hello", 1), start, &mut client, &mut ());
    let keys: Vec<String> = keys.take().iter().map(|secret| hex(&secret.secret)).collect();
    (String::from_utf8(client.into_sink().into_writer().unwrap()).unwrap(), keys.join(" "))
}

#[test]
fn a_trace_with_fields_has_the_same_steps_and_no_keys() {
    let ((plain, _), (fields, keys)) = (traced(Trace::text), traced(Trace::fields));
    let verbs = |text: &str| -> Vec<String> {
        let steps = text.lines().filter(|line| line.starts_with('+'));
        steps.map(|line| line.chars().skip(18).take(22).collect()).collect()
    };
    assert_eq!(verbs(&plain), verbs(&fields));
    assert_eq!(plain.lines().count(), verbs(&plain).len(), "the text alone has only steps");
    // The fields follow the step that completed their record.
    let mut lines = fields.lines().skip_while(|line| !line.contains("write_tls"));
    assert!(lines.next().unwrap().ends_with(": ClientHello"), "{fields}");
    assert!(lines.next().unwrap().starts_with("▶ client record 0: ClientHello, "), "{fields}");
    assert!(keys.split(' ').count() >= 4, "{keys}");
    assert!(keys.split(' ').all(|key| key.len() >= 32 && !fields.contains(key)), "{fields}");
}

#[test]
fn an_incomplete_record_is_shown_when_its_session_ends() {
    let start = Instant::now();
    let mut trace = Trace::fields(Endings::of(Side::Server), start, Vec::new(), false);
    let mut decoder = Decoder::default();
    decoder.feed(Side::Client, &[22, 3, 1, 2, 0, 1, 2]);
    let incomplete: Vec<Record> = decoder.incomplete(Side::Client).into_iter().collect();
    let carried = Carried { incomplete, ..Carried::default() };
    let reason = CloseReason::Abandoned;
    let (until, duration) = (Until::Established, start.elapsed());
    let closed = Step::Closed { reason: &reason, until, received: 0, sent: 0, duration };
    trace.step(start, id(1), &closed, &carried);
    let text = String::from_utf8(trace.into_writer().unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines[0], "◀ client record 0: incomplete record 7 B, 7 B on the wire");
    assert!(text.contains("      5     2  incomplete: 0102\n"), "{text}");
}
