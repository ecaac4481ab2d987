//! The reports of the program.

use super::*;

#[test]
fn json_is_one_object_and_junit_is_a_file() {
    let (status, report) = judge_in_json("no-close-notify", "--case close-notify-answered --seed 7");
    assert_eq!((status, &report["exit_status"], &report["seed"]), (1, &1.into(), &7.into()));
    assert_eq!(report["target"]["speaks"], "echo");
    assert!(report["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["verdict"] == "failed"));

    let file = temporary_file();
    fs::write(&file, "an older and longer report ".repeat(1000)).unwrap();
    let (status, stdout, _) =
        judge("none", &format!("--junit {} --case close-notify-answered", file.path().display()));
    let xml = fs::read_to_string(&file).unwrap();
    assert_eq!(status, 0, "{stdout}");
    contains(&stdout, &["held"]);
    contains(&xml, &["<testsuites", "failures=\"0\"", "close-notify-answered (TLS 1.2)"]);
    assert!(!xml.contains("an older"), "{xml}");
}

#[test]
fn a_run_that_does_not_take_place_leaves_no_older_report() {
    let file = temporary_file();
    for (flags, expected, why) in [
        ("127.0.0.1:1 --insecure", 3, "Connection refused"),
        ("127.0.0.1:1 --insecure --case certificates", 2, "is against clients"),
    ] {
        fs::write(&file, "an older report with failures=\"0\"").unwrap();
        let (status, _, stderr) = run(&format!("{flags} --junit {}", file.path().display()), &[]);
        let xml = fs::read_to_string(&file).unwrap();
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

/// The writing end of a pipe without a reader.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}
