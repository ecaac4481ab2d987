//! Counts the system calls of a session and of a message in the log of strace.
//!
//! The table in `server/benches/README.md` explains each call.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

/// The log of strace, in the server's folder.
const LOG: &str = "system_calls.txt";

/// A session that sends only the greeting, and whose ClientHello has arrived when it is accepted.
const SESSION: [&str; 16] = [
    "epoll_wait",
    "accept4",
    "recvfrom MSG_PEEK",
    "setsockopt",
    "accept4 EAGAIN",
    "recvfrom",
    "writev",
    "epoll_ctl EPOLL_CTL_ADD",
    "epoll_wait",
    "recvfrom",
    "writev",
    "epoll_wait",
    "recvfrom",
    "writev",
    "shutdown",
    "close",
];

/// The echo of one message, of any size up to a record.
const MESSAGE: [&str; 3] = ["epoll_wait", "recvfrom", "writev"];

/// The calls of an allocator. Their times depend on its clock and on the heap.
const ALLOCATOR: [&str; 5] = ["brk", "madvise", "mmap", "mremap", "munmap"];

/// The system calls of one session.
struct Calls {
    /// The calls of the server's own code, in order.
    ours: Vec<String>,
    /// The number of calls of the allocator.
    allocator: usize,
}

/// How often a session runs. On a busy machine its client may send one flight in two parts, and the server reads both.
const RUNS: usize = 3;

/// Asserts that a session with `count` messages makes these calls, and returns them.
fn assert_calls(count: usize, message: &[u8], expected: &[&str]) -> Calls {
    let mut calls = calls_of_a_session(count, message);
    for _ in 1..RUNS {
        if calls.ours != expected {
            calls = calls_of_a_session(count, message);
        }
    }
    assert_eq!(calls.ours, expected);
    calls
}

/// Counts the system calls of one session with `count` messages. The client sends each message after the echo of the
/// last one.
fn calls_of_a_session(count: usize, message: &[u8]) -> Calls {
    let folder = TempDir::new();
    let mut server = EchoServer::launch(Launch::server_under_strace(LOG, folder.path()), folder);
    server.serves_a_client(); // the first session of a process sets up the cryptography and the heap
    let mut client = client_with_early_hello(&server);
    for _ in 0..count {
        assert!(client.try_round_trip(message));
    }
    assert_eq!(client.close(), b"");
    server.serves_a_client(); // is served when the session before has ended
    server.program.interrupt();
    server.program.expect_exit(0);
    second_session(&server.folder.read(LOG))
}

/// Connects a client whose connection and ClientHello arrive together: the server is stopped until both have arrived.
fn client_with_early_hello(server: &EchoServer) -> TlsClient {
    server.program.signal("STOP");
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_client_hello();
    server.program.signal("CONT");
    client.handshake().unwrap();
    assert_eq!(client.receive(9), b"welcome!\n");
    client
}

/// The calls from the wait that the second connection ended to its `close`. Log lines on stderr do not count. Nor
/// does the check of a descriptor that std makes in debug builds before it closes the descriptor.
fn second_session(log: &str) -> Calls {
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with("---")).collect(); // these lines are signals
    let accepted = |line: &str| line.starts_with("accept4(") && !line.contains(" = -1 ");
    let accept = (0..lines.len()).filter(|&at| accepted(lines[at])).nth(1).unwrap();
    let wait = lines[..accept].iter().rposition(|line| line.starts_with("epoll_wait(")).unwrap();
    let descriptor = lines[accept].rsplit(" = ").next().unwrap();
    let close = format!("close({descriptor})");
    let end = lines[accept..].iter().position(|line| line.starts_with(&close)).unwrap() + accept;
    // A log line begins with the year. Its descriptor depends on what stderr is.
    let is_log_line = |line: &str| line.starts_with("write(") && line.contains(", \"20");
    assert_eq!(lines[wait..=end].iter().filter(|line| is_log_line(line)).count(), 2);
    let ours = |line: &&&str| !is_log_line(line) && !line.contains("F_GETFD");
    let calls = lines[wait..=end].iter().filter(ours).map(|line| shortened(line));
    let (allocator, ours): (Vec<_>, Vec<_>) = calls.partition(|call| ALLOCATOR.contains(&call.as_str()));
    Calls { ours, allocator: allocator.len() }
}

/// The name of a call, with those arguments and results that distinguish calls.
fn shortened(line: &str) -> String {
    let mut short = line.split('(').next().unwrap().to_owned();
    for part in ["MSG_PEEK", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EAGAIN", "EINTR"] {
        if line.contains(part) {
            short.extend([" ", part]);
        }
    }
    short
}

/// Asserts that each message adds three calls to the calls of a session: no `epoll_ctl`, and no read that finds
/// nothing. The allocator makes less than one call a message: a buffer that is mapped and unmapped for each message
/// would cause two.
fn assert_three_calls_each(count: usize, size: usize) {
    let (opening, closing) = SESSION.split_at(11); // before the wait for close_notify
    let expected = [opening, &MESSAGE.repeat(count), closing].concat();
    let calls = assert_calls(count, &vec![b'~'; size], &expected);
    assert!(calls.allocator < count, "{} calls of the allocator for {count} messages", calls.allocator);
}

#[test]
#[ignore = "needs strace"]
fn a_session_takes_sixteen_system_calls_in_this_order() {
    assert_calls(0, b"", &SESSION);
}

#[test]
#[ignore = "needs strace"]
fn a_message_of_one_byte_takes_three_system_calls() {
    assert_three_calls_each(500, 1);
}

#[test]
#[ignore = "needs strace"]
fn a_message_of_a_full_record_takes_three_system_calls() {
    assert_three_calls_each(500, 16 * 1024);
}
