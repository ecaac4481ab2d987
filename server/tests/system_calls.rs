//! What a session and a message cost in system calls, counted in the log of strace.
//!
//! The table in `server/benches/README.md` says what each of them is for.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::difference::assert_same_list;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

/// Where strace writes, in the folder of the server.
const LOG: &str = "system_calls.txt";

/// A session that says nothing but the greeting, whose ClientHello is there when it is accepted.
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

/// The echo of one message, of whatever size up to a record.
const MESSAGE: [&str; 3] = ["epoll_wait", "recvfrom", "writev"];

/// What an allocator asks of the kernel. When it asks depends on its own clock and on the heap so far.
const ALLOCATOR: [&str; 5] = ["brk", "madvise", "mmap", "mremap", "munmap"];

/// The system calls of one session.
struct Calls {
    /// What the server's own code asks of the kernel, in order.
    ours: Vec<String>,
    /// How often the allocator asked for something.
    allocator: usize,
}

/// The system calls of one session with `count` messages. The client sends a message when the echo of the one before is
/// back.
fn calls_of_a_session(count: usize, message: &[u8]) -> Calls {
    let folder = TempDir::new();
    let mut server = EchoServer::launch(Launch::server_under_strace(LOG, folder.path()), folder);
    server.serves_a_client(); // the first session of a process sets up the cryptography and the heap
    let mut client = client_that_is_expected(&server);
    for _ in 0..count {
        assert!(client.try_round_trip(message));
    }
    assert_eq!(client.close(), b"");
    server.serves_a_client(); // it has its turn when everything before is over
    server.program.interrupt();
    server.program.expect_exit(0);
    second_session(&server.folder.read(LOG))
}

/// A client whose connection and ClientHello the server finds together: it is asleep until both are there.
fn client_that_is_expected(server: &EchoServer) -> TlsClient {
    server.program.signal("STOP");
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_client_hello();
    server.program.signal("CONT");
    client.handshake().unwrap();
    assert_eq!(client.receive(9), b"welcome!\n");
    client
}

/// From the wait that the second connection ended to its close. The log lines on stderr do not count, and neither does
/// the check of a descriptor that std makes in debug builds before it closes the descriptor.
fn second_session(log: &str) -> Calls {
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with("---")).collect(); // which are signals
    let accepted = |line: &str| line.starts_with("accept4(") && !line.contains(" = -1 ");
    let accept = (0..lines.len()).filter(|&at| accepted(lines[at])).nth(1).unwrap();
    let wait = lines[..accept].iter().rposition(|line| line.starts_with("epoll_wait(")).unwrap();
    let descriptor = lines[accept].rsplit(" = ").next().unwrap();
    let close = format!("close({descriptor})");
    let end = lines[accept..].iter().position(|line| line.starts_with(&close)).unwrap() + accept;
    // A log line begins with the year. Which descriptor it goes to depends on what stderr is.
    let is_log_line = |line: &str| line.starts_with("write(") && line.contains(", \"20");
    assert_eq!(lines[wait..=end].iter().filter(|line| is_log_line(line)).count(), 2);
    let ours = |line: &&&str| !is_log_line(line) && !line.contains("F_GETFD");
    let calls = lines[wait..=end].iter().filter(ours).map(|line| shortened(line));
    let (allocator, ours): (Vec<_>, Vec<_>) = calls.partition(|call| ALLOCATOR.contains(&call.as_str()));
    Calls { ours, allocator: allocator.len() }
}

/// The name of a call, and of its arguments and its result only what makes it another call.
fn shortened(line: &str) -> String {
    let mut short = line.split('(').next().unwrap().to_owned();
    for part in ["MSG_PEEK", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EAGAIN", "EINTR"] {
        if line.contains(part) {
            short.extend([" ", part]);
        }
    }
    short
}

/// A session with messages makes the calls of one without, and in the middle of them three for each message: no
/// `epoll_ctl`, and no read that only finds that there is nothing more. The allocator asks the kernel for less than one
/// thing a message: a buffer that is mapped and unmapped for each message would ask for two.
fn assert_three_calls_each(count: usize, size: usize) {
    let calls = calls_of_a_session(count, &vec![b'~'; size]);
    let (opening, closing) = SESSION.split_at(11); // up to the greeting, from the wait for close_notify on
    let expected = [opening, &MESSAGE.repeat(count), closing].concat();
    assert_same_list(&calls.ours, &expected);
    assert!(calls.allocator < count, "{} calls of the allocator for {count} messages", calls.allocator);
}

#[test]
#[ignore = "needs strace"]
fn a_session_takes_sixteen_system_calls_and_each_of_them_has_its_place() {
    assert_same_list(&calls_of_a_session(0, b"").ours, &SESSION);
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
