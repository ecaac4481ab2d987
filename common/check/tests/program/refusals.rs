//! Runs that do not take place.

use super::*;

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
    // TEST-NET-1 (RFC 5737): no computer answers there.
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
    let ca = temporary_file();
    config::new_identity(Some(ca.path())).unwrap();
    let (status, _, stderr) = run(&format!("127.0.0.1:0 --ca {}", ca.path().display()), &command("none"));
    assert_eq!(status, 3, "{stderr}");
    contains(
        &stderr,
        &["invalid peer certificate", "not signed by an authority in", "check-program-", "--insecure"],
    );
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
