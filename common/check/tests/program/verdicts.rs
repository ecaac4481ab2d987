//! The verdicts on a server, and the exit status.

use super::*;

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

/// The way in which a server treats a connection.
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
fn deadlines_run_side_by_side_where_the_server_serves_several_sessions() {
    let (status, report) = judge_in_json("none", "--case deadlines --patience 1s");
    assert_eq!(status, 0, "{report}");
    let outcomes = report["outcomes"].as_array().unwrap();
    let one_after_the_other: f64 = outcomes.iter().map(|outcome| outcome["seconds"].as_f64().unwrap()).sum();
    let took = report["seconds"].as_f64().unwrap();
    assert!(outcomes.len() > 5 && took < one_after_the_other / 2.0, "{took} s, {one_after_the_other} s");
}

#[test]
fn cases_that_ran_side_by_side_run_alone_if_the_server_did_not_survive_them() {
    let (status, report) =
        judge_in_json("deadline-unwrapped", "--case silent-client --case unanswered-close --patience 3s");
    let outcomes = report["outcomes"].as_array().unwrap().iter();
    let texts: Vec<_> = outcomes.map(|outcome| outcome["text"].as_str().unwrap()).collect();
    assert!(status == 1 && texts.len() == 2, "{texts:?}");
    assert!(texts[0].starts_with("after this case the server's process ended"), "{texts:?}");
    assert!(!texts[1].contains("side by side"), "{texts:?}");
}
