//! A long run of the real server. Its memory and its descriptors must not grow.

use std::io::Write as _;
use std::thread;

use crate::echo_server::EchoServer;
use crate::peer::TlsClient;
use crate::usage::Usage;

const MEGABYTE: usize = 1 << 20;
/// How often the server is measured.
const SAMPLES: usize = 30;
/// How much larger the heap may be in the last third than in the first, on average: an allocator keeps some memory.
const GROWTH: usize = 512 * 1024;

/// The length of the run.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// The number of sessions, one after the other.
    pub sessions: usize,
    /// The number of megabytes that one session has echoed.
    pub megabytes: usize,
}

impl Length {
    /// Reads two optional arguments.
    pub fn parse(mut self, mut arguments: impl Iterator<Item = String>) -> Self {
        let mut number = || arguments.next().map(|argument| argument.parse().expect("a number"));
        self.sessions = number().unwrap_or(self.sessions);
        self.megabytes = number().unwrap_or(self.megabytes);
        self
    }
}

/// The memory and descriptors of the server, from the beginning to the end.
#[derive(Debug)]
pub struct Samples(Vec<Usage>);

impl Samples {
    /// The average heap in the first and in the last third, in bytes.
    pub fn heaps(&self) -> [usize; 2] {
        let third = self.0.len() / 3;
        [&self.0[..third], &self.0[self.0.len() - third..]]
            .map(|samples| samples.iter().map(|sample| sample.heap).sum::<usize>() / third)
    }

    /// Panics if memory or descriptors have grown.
    pub fn assert_flat(&self) {
        let [first, last] = self.heaps();
        assert!(last < first + GROWTH, "the heap grew from {first} to {last}: {self:?}");
        let descriptors = |sample: &Usage| sample.descriptors;
        let [least, most] = [self.0.iter().map(descriptors).min(), self.0.iter().map(descriptors).max()];
        // The last session may still be open when its descriptors are counted.
        assert!(most <= least.map(|least| least + 1), "descriptors: {self:?}");
    }
}

/// Runs many sessions, one after the other.
pub fn sessions(server: &EchoServer, count: usize) -> Samples {
    (0..count.min(100)).for_each(|_| session(server)); // first sessions: the store of tickets grows
    sample(server, |_| (0..count / SAMPLES).for_each(|_| session(server)))
}

fn session(server: &EchoServer) {
    let mut client = server.connect();
    client.close_notify();
    assert_eq!(client.receive_to_end().0, b"welcome!\n");
}

/// Runs one session that echoes this many megabytes.
pub fn echo(server: &EchoServer, megabytes: usize) -> Samples {
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
    let samples = sample(server, |_| (0..megabytes / SAMPLES).for_each(|_| piece(&mut client)));
    assert_eq!(client.close(), b"");
    samples
}

fn sample(server: &EchoServer, mut work: impl FnMut(usize)) -> Samples {
    Samples(
        (0..SAMPLES)
            .map(|number| {
                work(number);
                server.program.usage().expect("/proc")
            })
            .collect(),
    )
}
