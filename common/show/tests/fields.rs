//! `--trace=fields`: the fields of records as text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    #[path = "../../../decode/tests/support/conversation.rs"]
    pub mod conversation;
    pub mod memory;
}

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decode::secrets::Secrets;
use decode::{Decoder, Record, hex};
use program::ending::Endings;
use rustls::Side;
use show::show::Show;
use show::sink::{Carried, Sink as _};
use show::trace::Trace;
use show::trace::fields::Fields;
use support::conversation::{begin, decode};
use support::memory::{Setup, Talk, id};
use testing::configs::{Configs, Shape};
use tls_session::close_reason::{CloseReason, Until};
use tls_session::observer::{SessionId, Step};

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
    Fields::new(Side::Client, false).lines(records, None).join("\n")
}

/// Returns all records of a session.
fn session() -> Vec<Record> {
    let mut conversation = begin(&Configs::new(&Shape::default()));
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

/// What a trace has written.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sentence_is_printed_once_for_each_session() {
    let sentence = "The number of bytes that follow. A record has at most 16 KiB of content.";
    let records = session();
    assert!(records.len() > 4);
    let (start, written) = (Instant::now(), Written::default());
    let mut trace = Trace::fields(Endings::of(Side::Client), start, written.clone(), false);
    let mut times = |number: u64, step: &Step<'_>, records: &[Record]| {
        let carried = Carried { records: records.to_vec(), ..Carried::default() };
        trace.step(start, SessionId { number, ..id(1) }, step, &carried);
        String::from_utf8(written.0.take()).unwrap().matches(sentence).count()
    };
    let (began, read) = (Step::Began { local: id(1).peer }, Step::ReadTls(&[]));
    let closed = Step::Closed {
        reason: &CloseReason::Abandoned,
        until: Until::Established,
        received: 0,
        sent: 0,
        duration: Duration::ZERO,
    };
    assert_eq!((times(1, &began, &[]), times(1, &read, &records), times(1, &read, &records)), (0, 1, 0));
    // Another session overlaps with the first.
    assert_eq!((times(2, &began, &[]), times(1, &read, &records)), (0, 0));
    assert_eq!((times(2, &read, &records), times(1, &read, &records)), (1, 0));
    // The end of a session frees only its own sentences.
    assert_eq!((times(1, &closed, &[]), times(2, &read, &records)), (0, 0));
    assert_eq!(times(1, &read, &records), 1);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let records = session();
    for (width, columns) in [(None, 100), (Some(160), 160), (Some(60), 60), (Some(40), 40)] {
        let lines = Fields::new(Side::Server, false).lines(&records, width);
        // The deepest fields have 20 columns, however narrow the terminal is.
        let most = columns.max(16 + 20 + 2 * 9);
        let widest = lines.iter().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= most, "{columns}: {widest}");
        assert!(widest.chars().count() > columns / 2, "{columns}: {widest}");
    }
    let extreme = Fields::new(Side::Server, false).lines(&records, Some(usize::MAX));
    assert!(extreme.iter().all(|line| line.chars().count() <= 160));
}

#[test]
fn colours_change_no_text() {
    let records = session();
    let coloured = Fields::new(Side::Client, true).lines(&records, None).join("\n");
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

/// Makes the client's trace with fields.
fn fields_trace(width: fn() -> Option<usize>) -> Trace<Vec<u8>> {
    Trace::fields(Endings::of(Side::Client), Instant::now(), Vec::new(), false).wrapped(width)
}

/// Returns the lines of fields that the trace has for one read.
fn fields_of_read(width: fn() -> Option<usize>, records: &[Record], incomplete: &[Record]) -> Vec<String> {
    let mut trace = fields_trace(width);
    let carried =
        Carried { records: records.to_vec(), incomplete: incomplete.to_vec(), ..Carried::default() };
    trace.step(Instant::now(), id(1), &Step::ReadTls(&[]), &carried);
    let text = String::from_utf8(trace.into_writer().unwrap()).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with(['◀', '▶']));
    lines.map(str::to_owned).collect()
}

#[test]
fn one_read_has_at_most_2000_lines_of_fields() {
    // Empty messages, and records of several lines.
    let messages = clear(&record(22, &[14, 0, 0, 0].repeat(4000)));
    let alerts = clear(&record(21, &[1, 90]).repeat(1000));
    assert_eq!((messages.len(), alerts.len()), (1, 1000));
    // The records before the messages move the end by a line each.
    let moved = |alerts_before: usize| [&alerts[..alerts_before], &messages].concat();
    for width in [|| None, || Some(60), || Some(40)] as [fn() -> Option<usize>; 3] {
        for records in [moved(0), moved(1), moved(2), moved(3), alerts.clone()] {
            for incomplete in [&[][..], &alerts] {
                let lines = fields_of_read(width, &records, incomplete);
                assert!((1900..=2000).contains(&lines.len()), "{:?}: {}", width(), lines.len());
            }
        }
    }
    // Each field of a message has one line.
    assert_eq!(fields_of_read(|| None, &messages, &[]).len(), 2000);
}

#[test]
fn a_note_counts_what_has_no_lines() {
    let messages = clear(&record(22, &[14, 0, 0, 0].repeat(4000)));
    let lines = fields_of_read(|| None, &messages, &[]);
    let note = lines.last().unwrap().trim_start();
    let (number, rest) = note.strip_prefix("… ").unwrap().split_once(' ').unwrap();
    assert_eq!(rest, "more fields of this record are not shown");
    // A field has its numbers in front. Each message has three fields: itself, its type, its length. The header has four.
    let is_field = |line: &&String| line.get(..13).unwrap().trim().starts_with(|c: char| c.is_ascii_digit());
    let shown = lines.iter().filter(is_field).count();
    assert_eq!(number.parse::<usize>().unwrap() + shown, 12_004);

    let alerts = clear(&record(21, &[1, 90]).repeat(1000));
    let lines = fields_of_read(|| None, &alerts, &messages);
    let shown = lines.iter().filter(|line| line.starts_with('▶')).count();
    let end = format!("{} more records are not shown", 1001 - shown);
    assert!(lines.last().unwrap().ends_with(&end), "{end}: {lines:#?}");

    // What just fits needs no note.
    let fitting: Vec<Record> = alerts[..shown - 1].to_vec();
    assert!(!fields_of_read(|| None, &fitting, &[]).last().unwrap().contains('…'));
}

/// A sentence is printed later if there was no room for it.
#[test]
fn a_sentence_without_room_is_printed_at_the_next_record() {
    let sentence = "The certificate does not come from an authority that the sender trusts.";
    let (messages, alert) = (clear(&record(22, &[14, 0, 0, 0].repeat(4000))), clear(&record(21, &[2, 48])));
    let mut fields = Fields::new(Side::Client, false);
    let first = fields.lines(messages.iter().chain(&alert), None).join("\n");
    assert!(!first.contains(sentence) && first.ends_with(" and 1 more record are not shown"), "{first}");
    let next = fields.lines(&alert, None).join("\n");
    assert!(next.contains(sentence), "{next}");
}

thread_local! {
    /// How often the width of the terminal was asked for.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

#[test]
fn the_width_of_the_terminal_is_asked_for_once_for_each_step() {
    let mut trace = fields_trace(|| {
        ASKED.set(ASKED.get() + 1);
        Some(100)
    });
    let mut asked = |step: &Step<'_>, records: &[Record], incomplete: &[Record]| {
        ASKED.set(0);
        let carried =
            Carried { records: records.to_vec(), incomplete: incomplete.to_vec(), ..Carried::default() };
        trace.step(Instant::now(), id(1), step, &carried);
        ASKED.get()
    };
    let alert = clear(&record(21, &[2, 48]));
    assert_eq!(asked(&Step::ReadTls(&[]), &[], &[]), 1);
    assert_eq!(asked(&Step::ReadTls(&[]), &alert, &[]), 1);
    assert_eq!(asked(&Step::ReadTls(&[]), &alert, &alert), 1);
    assert_eq!(asked(&Step::Sent(&[]), &[], &[]), 0); // this step has no line
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
