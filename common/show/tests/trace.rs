//! The trace of the programs: JSON, the log next to it, files, and narrow terminals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use program::ending::Endings;
use program::observer::LoopEvent;
use rustls::Side;
use serde_json::Value;
use show::sink::Sink;
use show::trace::Trace;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

const README: &str = include_str!("../README.md");

fn client(server: &EchoServer, arguments: &[&str]) -> Program {
    server.client(&["--linger", "0s"]).args(arguments).start()
}

/// Parses the lines. Asserts that each is an object with the five common fields.
fn objects(text: &str) -> Vec<Value> {
    let object = |line: &str| -> Value {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(keys[..5], ["time", "t_ns", "session", "peer", "event"]);
        object
    };
    text.lines().map(object).collect()
}

fn of_event<'a>(objects: &'a [Value], event: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["event"] == event).collect()
}

#[test]
fn stderr_has_only_json_if_a_program_cannot_start() {
    let folder = TempDir::new();
    let mut client =
        Launch::client(folder.path()).args(["--trace=json", "-vv", "--ca", "missing.pem"]).start();
    client.expect_exit(1);
    let all = objects(&client.stderr.text());
    let last = all.last().unwrap();
    assert_eq!((&last["event"], &last["program"]), (&"failed".into(), &"mio-client".into()));
    assert!(last["message"].as_str().unwrap().contains("missing.pem"), "{last}");

    let mut server = Launch::server(folder.path())
        .args(["--trace=json", "--cert", "a.pem", "--key", "b.pem"])
        .env("RUST_LOG", "rustls=debug")
        .start();
    server.expect_exit(1);
    let all = objects(&server.stderr.text());
    let warning = of_event(&all, "log")[0];
    assert_eq!((&warning["level"], &warning["target"]), (&"warn".into(), &Value::Null));
    assert!(
        warning["message"].as_str().unwrap().starts_with("RUST_LOG=rustls=debug is ignored"),
        "{warning}"
    );
    assert_eq!(all.last().unwrap()["program"], "mio-server");

    let (_, section) = README.split_once("What the program says").unwrap();
    for event in ["log", "failed"] {
        let row = section.lines().find(|line| line.starts_with(&format!("| `{event}` |"))).unwrap();
        let documented: Vec<&str> = row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2).collect();
        let shown: Vec<&String> = of_event(&all, event)[0].as_object().unwrap().keys().skip(5).collect();
        assert_eq!(shown, documented, "{event}");
    }
}

#[test]
fn stderr_has_only_json_in_good_and_failed_sessions() {
    let mut server = EchoServer::start(&["--trace=json", "-v", "--sessions", "3"]);
    client(&server, &[]).expect_exit(0);
    let mut stranger = server.connect_raw();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(stranger);
    let other = testing::certificates::Identity::localhost();
    server.folder.write("other.pem", &other.certificate);
    let mut client = client(&server, &["--ca", "other.pem", "--trace=json", "-v"]);
    client.expect_exit(3);
    server.program.expect_exit(0);

    let of_client = objects(&client.stderr.text());
    let last = of_client.last().unwrap();
    assert!(
        last["event"] == "failed" && last["message"].as_str().unwrap().contains("not authorized"),
        "{last}"
    );
    let of_server = objects(&server.log().text());
    let log: Vec<&str> =
        of_event(&of_server, "log").iter().filter_map(|line| line["message"].as_str()).collect();
    assert!(log.iter().any(|message| message.contains("does not speak TLS")), "warnings remain: {log:?}");
    assert!(log.iter().any(|message| message.starts_with("listening on ")), "scripts wait for it: {log:?}");
    assert!(!log.iter().any(|message| message.contains("closed cleanly")), "this repeats a step: {log:?}");
    let library = |line: &&Value| line["target"].as_str().is_some_and(|target| target.starts_with("rustls"));
    assert!(of_event(&of_server, "log").iter().any(library), "-v shows lines of libraries");
}

#[test]
fn the_log_does_not_repeat_steps_of_the_trace() {
    let server = EchoServer::start(&["--trace", "-v"]);
    let mut client = client(&server, &["--trace", "-v"]);
    client.expect_exit(0);
    server.log().wait_for_line("freed");
    let rows = |text: &str, part: &str| text.lines().filter(|line| line.contains(part)).count();
    for text in [client.stderr.text(), server.log().text()] {
        assert_eq!(rows(&text, "closed cleanly"), 1, "{text}");
        assert_eq!(rows(&text, " connected: "), 0, "{text}");
        assert_eq!(rows(&text, " INFO  session ") + rows(&text, " DEBUG session "), 0, "{text}");
    }
}

#[test]
fn a_trace_in_a_file_is_not_on_stderr() {
    let mut server = EchoServer::start(&["--sessions", "1", "--trace=json", "--trace-to", "server.json"]);
    let mut client = client(&server, &["--trace-to", "client.txt"]);
    client.expect_exit(0);
    server.program.expect_exit(0);
    for log in [&client.stderr, server.log()] {
        assert!(log.lines("closed cleanly")[0].contains(" INFO  session 1: "), "{}", log.text());
        assert!(!log.text().contains("process_new_packets"), "{}", log.text());
    }
    let of_server = objects(&server.folder.read("server.json"));
    assert_eq!(of_event(&of_server, "closed").len(), 1);
    let of_client = server.folder.read("client.txt");
    assert!(
        of_client.contains("process_new_packets → to write") && !of_client.contains('\x1b'),
        "{of_client}"
    );
    for name in ["server.json", "client.txt"] {
        let mode = fs::metadata(server.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// A reader of the file sees the failure, too. stderr has the sentence for people.
#[test]
fn a_trace_in_a_file_ends_with_the_failure() {
    let folder = TempDir::new();
    for (form, name) in [("--trace=json", "trace.json"), ("--trace=text", "trace.txt")] {
        let mut client =
            Launch::client(folder.path()).args([form, "--trace-to", name, "--ca", "missing.pem"]).start();
        client.expect_exit(1);
        let text = client.stderr.text();
        let on_stderr = text.lines().last().unwrap();
        assert!(on_stderr.starts_with("mio-client: ") && on_stderr.contains("missing.pem"), "{text}");
        let trace = folder.read(name);
        let last = trace.lines().last().unwrap();
        if form == "--trace=json" {
            let failed = objects(last).remove(0);
            assert_eq!(failed["event"], "failed");
            assert_eq!(format!("mio-client: {}", failed["message"].as_str().unwrap()), on_stderr);
        } else {
            assert_eq!(last, on_stderr);
        }
    }
}

/// Runs a session, and returns the traces of the client and the server, with their flights in the order of their times.
fn both_traces() -> ([Vec<Value>; 2], Vec<String>) {
    let mut server = EchoServer::start(&["--sessions", "1", "--trace=json", "--trace-to", "server.json"]);
    client(&server, &["--trace=json", "--trace-to", "client.json"]).expect_exit(0);
    server.program.expect_exit(0);
    let ends = ["client.json", "server.json"].map(|name| objects(&server.folder.read(name)));
    let mut flights = Vec::new();
    for (end, objects) in ["client", "server"].into_iter().zip(&ends) {
        let flight = |object: &Value| {
            let names = object["records"].to_string();
            let time = object["time"].as_str().unwrap().to_owned();
            let side = if object["event"] == "write_tls" { "writes" } else { "reads" };
            let first = ["ClientHello", "ServerHello", "NewSessionTicket"];
            let name = first.into_iter().find(|name| names.contains(&format!("\"{name}\"")))?;
            Some((time, format!("{end} {side} {name}")))
        };
        flights.extend(objects.iter().filter(|object| !object["records"].is_null()).filter_map(flight));
    }
    flights.sort_by(|one, next| one.0.cmp(&next.0)); // stable: a turn reads before it writes
    let mut order: Vec<String> = flights.into_iter().map(|(_, flight)| flight).collect();
    order.dedup(); // a flight may come in two reads
    (ends, order)
}

/// The traces of both ends, joined by their times, have each flight behind the flight that it answers. All lines of a turn
/// have the time at which the turn began. On a busy machine a turn can begin before the peer writes, and read the result all
/// the same. Then another session is traced.
#[test]
fn the_times_of_two_ends_join_their_traces() {
    const SESSIONS: usize = 5;
    const ORDER: [&str; 6] = [
        "client writes ClientHello",
        "server reads ClientHello",
        "server writes ServerHello",
        "client reads ServerHello",
        "server writes NewSessionTicket",
        "client reads NewSessionTicket",
    ];
    let (mut ends, mut order) = both_traces();
    for _ in 1..SESSIONS {
        if order != ORDER {
            (ends, order) = both_traces();
        }
    }
    assert_eq!(order, ORDER);
    let closed = ends.each_ref().map(|objects| of_event(objects, "closed")[0]);
    let count = |end: usize, field: &str| closed[end][field].as_u64().unwrap();
    assert_eq!(count(0, "wire_sent"), count(1, "wire_received"));
    assert_eq!(count(0, "wire_received"), count(1, "wire_sent"));
    assert!(count(0, "wire_sent") > count(0, "sent") && count(0, "wire_received") > count(0, "received"));
}

#[test]
fn an_existing_file_is_refused_and_a_device_is_written_to() {
    let folder = TempDir::new();
    folder.write("trace.txt", "not ours");
    let mut refused = Launch::client(folder.path()).args(["--trace-to", "trace.txt"]).start();
    refused.expect_exit(1);
    refused
        .stderr
        .wait_for_line("mio-client: --trace-to: trace.txt exists already; name another file, or remove it");
    assert_eq!(folder.read("trace.txt"), "not ours");
    let mut server = EchoServer::start(&["--trace-to", "/dev/null", "--sessions", "1"]);
    client(&server, &["--trace-to", "/dev/null"]).expect_exit(0);
    server.program.expect_exit(0);
}

/// Returns the trace on a terminal of this width.
fn on_terminal(width: fn() -> Option<usize>) -> String {
    let start = Instant::now();
    let mut trace = Trace::text(Endings::of(Side::Client), start, Vec::new(), false).wrapped(width);
    let now = start + Duration::from_millis(12);
    trace.event_loop(now, &LoopEvent::Woke { events: 1, timeout: None });
    trace.event_loop(
        now,
        &LoopEvent::Stopping { why: "the last of all the sessions of --sessions has begun", waiting: 2 },
    );
    String::from_utf8(trace.into_writer().unwrap()).unwrap()
}

#[test]
fn long_lines_are_broken_at_the_width_of_the_terminal() {
    assert_eq!(
        on_terminal(|| Some(75)),
        "+   12.000 loop ┌ woke                  1 event\n\
         +   12.000 loop │   stopping            the last of all the sessions of\n\
         \x20               │                       --sessions has begun; disconnecting\n\
         \x20               │                       2 queued clients\n"
    );
    assert_eq!(
        on_terminal(|| Some(50)),
        "+   12.000 loop ┌ woke                  1 event\n\
         +   12.000 loop │   stopping            the last\n\
         \x20               │   of all the sessions of\n\
         \x20               │   --sessions has begun;\n\
         \x20               │   disconnecting 2 queued clients\n"
    );
    for width in [|| None, || Some(39), || Some(500)] as [fn() -> Option<usize>; 3] {
        assert_eq!(on_terminal(width).lines().count(), 2);
    }
}
