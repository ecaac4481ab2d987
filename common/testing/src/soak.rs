//! A long run of the real server: what it holds must not grow.

use std::io::Write as _;
use std::thread;

use crate::echo_server::EchoServer;
use crate::peer::TlsClient;
use crate::usage::Usage;

const MEGABYTE: usize = 1 << 20;
/// So often is the server looked at.
const SAMPLES: usize = 30;
/// How much more heap it may hold in the last third than in the first, on average: an allocator is not a ledger.
const GROWTH: usize = 512 * 1024;

/// How long it is.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// Sessions, one after the other.
    pub sessions: usize,
    /// The megabytes of one echo.
    pub megabytes: usize,
}

impl Length {
    /// From two arguments, if they are there.
    pub fn parse(mut self, mut arguments: impl Iterator<Item = String>) -> Self {
        let mut number = || arguments.next().map(|argument| argument.parse().expect("a number"));
        self.sessions = number().unwrap_or(self.sessions);
        self.megabytes = number().unwrap_or(self.megabytes);
        self
    }
}

/// What the server held, from the beginning to the end.
#[derive(Debug)]
pub struct Held(Vec<Usage>);

impl Held {
    /// The average heap of the first and of the last third, in bytes.
    pub fn heaps(&self) -> [usize; 2] {
        let third = self.0.len() / 3;
        [&self.0[..third], &self.0[self.0.len() - third..]]
            .map(|samples| samples.iter().map(|sample| sample.heap).sum::<usize>() / third)
    }

    /// Panics if it came to hold more.
    pub fn assert_flat(&self) {
        let [first, last] = self.heaps();
        assert!(last < first + GROWTH, "heap: {first} became {last}: {self:?}");
        let descriptors = |sample: &Usage| sample.descriptors;
        let [least, most] = [self.0.iter().map(descriptors).min(), self.0.iter().map(descriptors).max()];
        // The session that has just ended may or may not be closed by then.
        assert!(most <= least.map(|least| least + 1), "descriptors: {self:?}");
    }
}

/// Many sessions in a row.
pub fn sessions(server: &EchoServer, count: usize) -> Held {
    (0..count.min(100)).for_each(|_| session(server)); // its memory of tickets begins to fill
    sample(server, |_| (0..count / SAMPLES).for_each(|_| session(server)))
}

fn session(server: &EchoServer) {
    let mut client = server.connect();
    client.close_notify();
    assert_eq!(client.receive_to_end().0, b"welcome!\n");
}

/// One session with much to echo.
pub fn echo(server: &EchoServer, megabytes: usize) -> Held {
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    let piece = |client: &mut TlsClient| {
        let sealed = client.seal(&vec![b'~'; MEGABYTE]);
        let mut socket = client.socket().try_clone().unwrap();
        let sender = thread::spawn(move || socket.write_all(&sealed));
        assert!(client.receive(MEGABYTE).iter().all(|byte| *byte == b'~'));
        sender.join().unwrap().unwrap();
    };
    piece(&mut client);
    let held = sample(server, |_| (0..megabytes / SAMPLES).for_each(|_| piece(&mut client)));
    assert_eq!(client.close(), b"");
    held
}

fn sample(server: &EchoServer, mut work: impl FnMut(usize)) -> Held {
    Held(
        (0..SAMPLES)
            .map(|number| {
                work(number);
                server.program.usage().expect("/proc")
            })
            .collect(),
    )
}
