//! The program `mio-check` as a process: exit statuses, reports, COMMAND, signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "the modules of the example, of which a test uses a part")]

#[path = "../examples/faulty/config.rs"]
mod config;
#[path = "../examples/faulty/fault.rs"]
mod fault;
#[path = "../examples/faulty/first_read.rs"]
mod first_read;
#[path = "../examples/faulty/records.rs"]
mod records;
#[path = "../examples/faulty/server.rs"]
mod server;
#[path = "../examples/faulty/session.rs"]
mod session;

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use check::wire::{Connection, Server};
use clap::ValueEnum as _;
use fault::Fault;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The longest wait for something that must happen.
const LIMIT: Duration = Duration::from_secs(60);
/// The variables that make `serves` a server.
const FAULT: &str = "CHECK_PROGRAM_FAULT";
const ADDRESS: &str = "CHECK_PROGRAM_ADDRESS";

/// The COMMAND of the other tests is this program with this test alone. So it is always made of the current sources.
#[test]
#[ignore = "a server for the other tests, which start it"]
fn serves() {
    let (Ok(fault), Ok(address)) = (env::var(FAULT), env::var(ADDRESS)) else { return };
    let fault = Fault::from_str(&fault, false).unwrap();
    let config = config::server_config(config::new_identity(None).unwrap(), fault).unwrap();
    let timeouts = match fault {
        Fault::DeadlineUnwrapped => session::Timeouts::all(Duration::from_secs(1)), // shorter than the patience
        _ => session::Timeouts::default(),
    };
    server::Server::bind(address.parse().unwrap(), config, fault, timeouts).unwrap().run().unwrap();
}

/// Another COMMAND: its process ends when a client has sent something.
#[test]
#[ignore = "a server for another test, which starts it"]
fn dies() {
    let Ok(address) = env::var(ADDRESS) else { return };
    for mut socket in TcpListener::bind(address).unwrap().incoming().map(Result::unwrap) {
        if socket.read(&mut [0]).is_ok_and(|length| length > 0) {
            eprintln!("a client!");
            std::process::exit(7);
        }
    }
}

/// COMMAND: an echo server with this fault.
fn command(fault: &str) -> Vec<String> {
    command_of("serves", fault)
}

fn command_of(test: &str, fault: &str) -> Vec<String> {
    let exe = env::current_exe().unwrap().to_str().unwrap().to_owned();
    let variables = [format!("{FAULT}={fault}"), format!("{ADDRESS}={{host}}:{{port}}")];
    let words = [test, "--exact", "--ignored", "--nocapture"].map(str::to_owned);
    let all = ["--", "env"].map(str::to_owned).into_iter().chain(variables).chain([exe]).chain(words);
    all.collect()
}

fn check(flags: &str, command: &[String]) -> Command {
    let mut check = Command::new(env!("CARGO_BIN_EXE_mio-check"));
    check.args(flags.split_whitespace()).args(command).stdin(Stdio::null());
    check
}

/// Runs `mio-check` and returns its exit status, stdout and stderr.
fn run(flags: &str, command: &[String]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = check(flags, command).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().expect("an exit status"), text(stdout), text(stderr))
}

/// Runs `mio-check` against a server with this fault, which it starts.
fn judge(fault: &str, flags: &str) -> (i32, String, String) {
    run(&format!("127.0.0.1:0 --insecure {flags}"), &command(fault))
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn a_correct_server_is_status_0() {
    let (status, stdout, stderr) = judge("none", "--case close-notify-answered --case http-first");
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    contains(&stdout, &["127.0.0.1:0 (127.0.0.1:", "it echoes", "held  ", " 0 failed"]);
    assert!(!stdout.contains("again"), "{stdout}");
}

#[test]
fn a_failed_case_is_status_1_and_is_explained() {
    let (status, stdout, _) = judge("no-close-notify", "--case close-notify-answered --tls 1.3");
    assert_eq!(status, 1, "{stdout}");
    contains(
        &stdout,
        &["\nclose-notify-answered\n", "  TLS 1.3 failed: ", "RFC 8446, 6.1", "05-the-end.md", "<--- FIN"],
    );
}

#[test]
fn a_case_that_is_expected_to_fail_is_not_counted() {
    let flags = "--case close-notify-answered --expect-fail close-notify-answered";
    let (status, stdout, _) = judge("no-close-notify", flags);
    assert_eq!(status, 0, "{stdout}");
    contains(&stdout, &["as expected: "]);
    let (status, stdout, _) = judge("none", flags);
    assert_eq!(status, 1, "{stdout}");
    contains(&stdout, &["close-notify-answered did not fail, although --expect-fail names it"]);
}

#[test]
fn an_expected_failure_of_a_case_that_is_not_chosen_is_a_warning() {
    let (status, _, stderr) =
        run("127.0.0.1:1 --insecure --case http-first --expect-fail close-notify-answered", &[]);
    assert_eq!(status, 3, "{stderr}");
    contains(&stderr, &["--expect-fail close-notify-answered has no effect"]);
}

#[test]
fn a_server_that_dies_has_failed_and_is_started_again() {
    let (status, stdout, _) = judge("http-unwrapped", "--case http-first --case ssh-first");
    assert_eq!(status, 1, "{stdout}");
    contains(
        &stdout,
        &[
            "TLS 1.3 failed: ",
            "the server's process ended with exit status 101",
            "the server wrote: ",
            "a client of this port speaks TLS",
            "COMMAND was started again",
            "1 held, 1 failed",
        ],
    );
}

#[test]
fn without_a_command_the_run_stops_at_a_dead_server() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut server = Ended(
        Command::new(env::current_exe().unwrap())
            .args(["serves", "--exact", "--ignored", "--nocapture"])
            .envs([(FAULT, "http-unwrapped".to_owned()), (ADDRESS, address.to_string())])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_until(|| TcpStream::connect(address).is_ok() || server.0.try_wait().unwrap().is_some());
    let (status, stdout, _) = run(&format!("{address} --insecure --json --case first-words"), &[]);
    assert_eq!(status, 1, "{stdout}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let verdict_of = |name: &str| {
        let outcomes = report["outcomes"].as_array().unwrap().iter();
        outcomes.filter(|one| one["case"] == name).map(|one| one["verdict"].as_str().unwrap()).next().unwrap()
    };
    assert_eq!((verdict_of("http-first"), verdict_of("ssh-first")), ("failed", "not run"));
    assert!(report["stopped"].as_str().unwrap().contains("refused"), "{}", report["stopped"]);
}

#[test]
fn wrong_usage_is_status_2() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let listener = TcpListener::bind(taken).unwrap();
    let taken_port = format!("{taken} --insecure");
    for (flags, command, part) in [
        ("", &[][..], "HOST:PORT"),
        ("localhost:1 --case nothing", &[], "--list"),
        ("localhost:1 --insecure --case certificates", &[], "--case certificates is against clients"),
        ("localhost:1 --insecure --case end --case ends", &[], "--listen"),
        (
            "localhost:1 --insecure --expect-fail other-name",
            &[],
            "--expect-fail other-name is against clients",
        ),
        ("--list --case certificates", &[], "--listen"),
        ("--listen 127.0.0.1:0 --case hellos", &command("none"), "--case hellos is against servers"),
        (
            "--listen 127.0.0.1:0 --expect-fail http-first",
            &command("none"),
            "--expect-fail http-first is against",
        ),
        ("localhost:1 --ca /nowhere/file.pem", &[], "cannot read /nowhere/file.pem"),
        ("localhost:1 --ca Cargo.toml", &[], "holds no certificate"),
        ("localhost:1 --insecure --cert Cargo.toml --key Cargo.toml", &[], "holds no certificate"),
        ("localhost:1 --insecure --junit /nowhere/file.xml", &[], "cannot write /nowhere/file.xml"),
        ("localhost:1 --insecure --pid 2147483647", &[], "there is no process 2147483647"),
        ("localhost:0 --insecure", &[], "port 0 needs a COMMAND"),
        ("192.0.2.1:1 --insecure", &[], "--yes-it-is-mine"),
        ("0.0.0.0:1 --insecure", &[], "write 127.0.0.1"),
        ("--listen 0.0.0.0:0", &command("none"), "--yes-it-is-mine"),
        (
            "localhost:0 --insecure",
            &["--".to_owned(), "/nowhere/server".to_owned()],
            "cannot start /nowhere/server",
        ),
        (&taken_port, &command("none"), "something already listens"),
    ] {
        let (status, stdout, stderr) = run(flags, command);
        assert_eq!((status, stdout.as_str()), (2, ""), "{flags}: {stderr}");
        assert!(stderr.starts_with("mio-check: "), "{stderr}");
        contains(&stderr, &[part]);
    }
    drop(listener);
}

#[test]
fn another_computer_is_judged_only_with_consent_and_what_is_sent_is_printed() {
    // TEST-NET-1 (RFC 5737): nobody answers there.
    let (status, _, refused) = run("192.0.2.1:1 --insecure", &[]);
    assert_eq!(status, 2);
    let mut child =
        Ended(check("192.0.2.1:1 --insecure --yes-it-is-mine", &[]).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("192.0.2.1:1 is not on this computer"));
    let kinds: Vec<_> = lines.take(2).collect();
    assert!(kinds.iter().all(|line| refused.contains(line.as_str())), "{kinds:?} is not in {refused}");
}

#[test]
fn a_server_that_cannot_be_reached_is_status_3() {
    let web = thread_with(|mut socket, _| {
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let sh = |script: &str| ["--", "sh", "-c", script].map(str::to_owned).to_vec();
    for (flags, command, parts) in [
        ("127.0.0.1:1 --insecure".to_owned(), vec![], &["Connection refused", "Does the server run?"][..]),
        (format!("{web} --insecure"), vec![], &["TLS 1.3", "TLS 1.2", "speak TLS on this port"]),
        (
            "127.0.0.1:0 --insecure".to_owned(),
            sh("echo no certificate >&2; exit 3"),
            &["exit status 3", "no certificate", "foreground"],
        ),
        (
            "127.0.0.1:0 --insecure".to_owned(),
            command_of("dies", "none"),
            &["exit status 7 when a client connected", "Correct this first", "COMMAND wrote: a client!"],
        ),
    ] {
        let (status, stdout, stderr) = run(&flags, &command);
        assert_eq!((status, stdout.as_str()), (3, ""), "{flags}: {stderr}");
        contains(&stderr, parts);
        assert!(!stderr.lines().any(|line| line.starts_with('.')), "{stderr}");
    }
}

#[test]
fn a_server_without_the_right_certificate_is_status_3() {
    let ca = std::env::temp_dir().join(format!("check-program-{}.pem", std::process::id()));
    config::new_identity(Some(&ca)).unwrap();
    let (status, _, stderr) = run(&format!("127.0.0.1:0 --ca {}", ca.display()), &command("none"));
    fs::remove_file(&ca).unwrap();
    assert_eq!(status, 3, "{stderr}");
    contains(
        &stderr,
        &["invalid peer certificate", "not signed by an authority in", "check-program-", "--insecure"],
    );
}

/// What a server does with a connection.
#[derive(Clone, Copy)]
enum Deed {
    Serve,
    Drop,
    Ignore,
}

/// Judges a server that chooses by the number of the connection. The good session behind the case is the last connection,
/// and the case is the one before. Returns the exit status, stdout, and the number of connections.
fn judge_by_number(choose: impl Fn(usize) -> Deed + Clone + Send + 'static) -> (i32, String, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let config = config::server_config(config::new_identity(None).unwrap(), Fault::None).unwrap();
    let address = thread_with(move |socket, number| {
        seen.fetch_max(number, Ordering::SeqCst);
        match choose(number) {
            Deed::Drop => return,
            Deed::Ignore => return std::mem::forget(socket),
            Deed::Serve => {}
        }
        let connection = Connection::new(socket, LIMIT).unwrap();
        let mut server = Server::new(connection, Arc::clone(&config)).unwrap();
        if server.handshake().is_ok() {
            server.receive_to_end();
            let _ = server.close_notify();
        }
    });
    let flags = "--insecure --speaks any --tls 1.3 --patience 2s --case close-notify-answered";
    let (status, stdout, _) = run(&format!("{address} {flags}"), &[]);
    (status, stdout, count.load(Ordering::SeqCst))
}

#[test]
fn one_failed_connection_decides_by_its_place() {
    let (status, stdout, all) = judge_by_number(|_| Deed::Serve);
    assert_eq!(status, 0, "{stdout}");
    contains(&stdout, &["1 held"]);

    // The handshake is only a preparation of this case.
    let (status, stdout, _) =
        judge_by_number(move |number| if number == all - 1 { Deed::Drop } else { Deed::Serve });
    assert_eq!(status, 4, "{stdout}");
    contains(&stdout, &["TLS 1.3 inconclusive: ", "1 inconclusive"]);

    // The second attempt at a good session succeeds.
    let (status, stdout, _) =
        judge_by_number(move |number| if number == all { Deed::Drop } else { Deed::Serve });
    assert_eq!(status, 0, "{stdout}");
    contains(&stdout, &["1 noted", "a later one succeeded"]);

    // The server is deaf after the case.
    let (status, stdout, _) =
        judge_by_number(move |number| if number >= all { Deed::Ignore } else { Deed::Serve });
    assert_eq!(status, 1, "{stdout}");
    contains(&stdout, &["1 failed", "no good session was possible within 2 s"]);
}

#[test]
fn json_is_one_object_and_junit_is_a_file() {
    let (status, stdout, _) = judge("no-close-notify", "--json --case close-notify-answered --seed 7");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((status, &report["exit_status"], &report["seed"]), (1, &1.into(), &7.into()));
    assert_eq!(report["target"]["speaks"], "echo");
    assert!(report["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["verdict"] == "failed"));

    let file = std::env::temp_dir().join(format!("check-program-{}.xml", std::process::id()));
    fs::write(&file, "an older and longer report ".repeat(1000)).unwrap();
    let (status, stdout, _) =
        judge("none", &format!("--junit {} --case close-notify-answered", file.display()));
    let xml = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(status, 0, "{stdout}");
    contains(&stdout, &["held"]);
    contains(&xml, &["<testsuites", "failures=\"0\"", "close-notify-answered (TLS 1.2)"]);
    assert!(!xml.contains("an older"), "{xml}");
}

#[test]
fn a_run_that_does_not_take_place_leaves_no_older_report() {
    let file = std::env::temp_dir().join(format!("check-program-no-run-{}.xml", std::process::id()));
    for (flags, expected, why) in [
        ("127.0.0.1:1 --insecure", 3, "Connection refused"),
        ("127.0.0.1:1 --insecure --case certificates", 2, "is against clients"),
    ] {
        fs::write(&file, "an older report with failures=\"0\"").unwrap();
        let (status, _, stderr) = run(&format!("{flags} --junit {}", file.display()), &[]);
        let xml = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(status, expected, "{stderr}");
        contains(&xml, &["<testsuites", "tests=\"1\"", "errors=\"1\"", "<error message", why]);
        assert!(!xml.contains("an older"), "{xml}");

        let (status, stdout, stderr) = run(&format!("{flags} --json"), &[]);
        let report: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((status, &report["exit_status"]), (expected, &expected.into()), "{stderr}");
        contains(report["error"].as_str().unwrap(), &[why]);
    }
}

#[test]
fn a_client_that_fails_in_a_clean_session_is_status_4() {
    let command = ["--", "sh", "-c", "echo to {host}:{port}; exit 3"].map(str::to_owned);
    for flags in ["--listen 127.0.0.1:0 --json", "--listen 0.0.0.0:0 --json --yes-it-is-mine"] {
        let (status, stdout, stderr) = run(flags, &command);
        let report: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((status, &report["exit_status"]), (4, &4.into()), "{stderr}");
        contains(report["error"].as_str().unwrap(), &["a clean session", "to 127.0.0.1:"]);
    }
}

#[test]
fn deadlines_run_side_by_side_where_the_server_serves_several_sessions() {
    let (status, stdout, _) = judge("none", "--json --case deadlines --patience 1s");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status, 0, "{stdout}");
    let outcomes = report["outcomes"].as_array().unwrap();
    let one_after_the_other: f64 = outcomes.iter().map(|outcome| outcome["seconds"].as_f64().unwrap()).sum();
    let took = report["seconds"].as_f64().unwrap();
    assert!(outcomes.len() > 5 && took < one_after_the_other / 2.0, "{took} s, {one_after_the_other} s");
}

#[test]
fn cases_that_ran_side_by_side_run_alone_if_the_server_did_not_survive_them() {
    let (status, stdout, _) =
        judge("deadline-unwrapped", "--json --case silent-client --case unanswered-close --patience 3s");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let outcomes = report["outcomes"].as_array().unwrap().iter();
    let texts: Vec<_> = outcomes.map(|outcome| outcome["text"].as_str().unwrap()).collect();
    assert!(status == 1 && texts.len() == 2, "{texts:?}");
    assert!(texts[0].starts_with("after this case the server's process ended"), "{texts:?}");
    assert!(!texts[1].contains("side by side"), "{texts:?}");
}

#[test]
fn list_and_explain_need_no_server() {
    let (status, list, _) = run("--list", &[]);
    assert_eq!(status, 0);
    contains(&list, &["framing\n", "  close-notify-answered  "]);
    let (status, explanation, _) = run("--explain close-notify-answered", &[]);
    assert_eq!(status, 0);
    contains(&explanation, &["tries:", "good:", "RFC 8446, 6.1", "guide:"]);
    let (status, group, _) = run("--explain framing", &[]);
    assert_eq!(status, 0);
    contains(&group, &["Against servers:", "  split-records  ", "Against clients (--listen):"]);
    let (status, _, error) = run("localhost:1 ./my-server", &[]);
    assert_eq!(status, 2);
    contains(&error, &["COMMAND stands behind `--`: mio-check HOST:PORT -- ./my-server"]);
    let (status, help, _) = run("--help", &[]);
    assert_eq!(status, 0);
    contains(&help, &["Exit status:", "Examples:"]);
}

#[test]
fn a_closed_stdout_is_no_panic() {
    for flags in ["--list", "--help", "--explain close-notify-answered"] {
        let child = check(flags, &[]).stdout(closed()).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{flags}");
    }
    let flags = "127.0.0.1:0 --insecure --case close-notify-answered";
    let child = check(flags, &command("none")).stdout(closed()).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{:?}", output.stderr);
}

#[test]
fn a_signal_ends_the_command_and_reports_what_was_found() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut child =
            Ended(check("127.0.0.1:0 --insecure", &command("none")).stdout(Stdio::piped()).spawn().unwrap());
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let mut header = String::new();
        stdout.read_line(&mut header).unwrap();
        let address = header.trim().split_once('(').unwrap().1.trim_end_matches(')');
        let address: SocketAddr = address.parse().unwrap();
        let mut line = String::new();
        while !line.starts_with("held") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "no case held");
        }
        kill_process(Pid::from_raw(i32::try_from(child.0.id()).unwrap()).unwrap(), signal).unwrap();
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(child.0.wait().unwrap().code(), Some(130), "{rest}");
        contains(&rest, &["Interrupted: ", " held", " not run", "Not run: "]);
        assert!(TcpStream::connect(address).is_err(), "COMMAND lives");
    }
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// The writing end of a pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn wait_until(mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < LIMIT, "it did not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Serves each connection on a thread, with its number. Returns the address.
fn thread_with(serve: impl Fn(TcpStream, usize) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, socket) in (1..).zip(listener.incoming()) {
            let serve = serve.clone();
            thread::spawn(move || serve(socket.unwrap(), number));
        }
    });
    address
}
