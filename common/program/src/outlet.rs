//! Writes that never wait, on descriptors that other programs share.
//!
//! stdout and stderr are shared with the shell, with the other programs of the terminal, and with a parent that may
//! have set O_NONBLOCK or may rely on its absence. The flag belongs to the open file description, so setting it would
//! change it for all of them. An [`Outlet`] writes without waiting and leaves the flag alone. A [`Queue`] keeps what
//! an outlet does not take yet.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use mio::Registry;
use mio::unix::SourceFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::SendFlags;
use rustix::pipe::PIPE_BUF;
use tls_session::readiness::Interest;

use tls_session::mio::Registration;

/// A descriptor of our own to an open file that others may share.
#[derive(Debug)]
pub struct Outlet {
    descriptor: OwnedFd,
    way: Way,
}

/// How a write avoids waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A pipe or a terminal that we have opened again: this open file description is ours alone and has O_NONBLOCK.
    Reopened,
    /// A socket: each send has MSG_DONTWAIT.
    Socket,
    /// A regular file or a block device: a write to it waits for nobody.
    Direct,
    /// Anything else: a write follows a poll that found room, and is short enough for that room.
    Polled,
}

impl Outlet {
    /// An outlet to the file behind `shared`, which stays as it is.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn new(shared: BorrowedFd<'_>) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(shared)?.st_mode);
        let way = match kind {
            FileType::RegularFile | FileType::BlockDevice => Way::Direct,
            FileType::Socket => Way::Socket,
            FileType::Fifo | FileType::CharacterDevice => {
                if let Some(descriptor) = reopen(shared) {
                    return Ok(Self { descriptor, way: Way::Reopened });
                }
                Way::Polled
            }
            _ => Way::Polled,
        };
        Ok(Self { descriptor: shared.try_clone_to_owned()?, way })
    }

    /// Writes what the file takes without waiting, and returns how much that is. It may be less than all.
    ///
    /// # Errors
    /// `WouldBlock` if the file takes nothing now, and the errors of `write(2)`.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.write_once(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) if !bytes.is_empty() => return Err(io::ErrorKind::WriteZero.into()),
                other => return other,
            }
        }
    }

    fn write_once(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self.way {
            Way::Socket => {
                rustix::net::send(&self.descriptor, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            }
            Way::Direct | Way::Reopened => rustix::io::write(&self.descriptor, bytes),
            Way::Polled if !self.has_room(Duration::ZERO)? => return Err(io::ErrorKind::WouldBlock.into()),
            Way::Polled => rustix::io::write(&self.descriptor, &bytes[..bytes.len().min(PIPE_BUF)]),
        };
        Ok(written?)
    }

    /// Waits up to `limit` until the file takes something, or fails. Returns whether it does.
    fn has_room(&self, limit: Duration) -> io::Result<bool> {
        // A limit that does not fit into the kernel's type is as good as none.
        let limit = Timespec::try_from(limit).ok();
        let mut polled = [PollFd::new(&self.descriptor, PollFlags::OUT)];
        Ok(poll(&mut polled, limit.as_ref())? > 0)
    }
}

/// Opens a pipe or a terminal again. `None` where that is not possible: without /proc, for a terminal of another user,
/// for a pipe that nobody reads any more.
fn reopen(shared: BorrowedFd<'_>) -> Option<OwnedFd> {
    let path = format!("/proc/self/fd/{}", shared.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

/// Bytes that wait for an outlet, in order.
///
/// A queue has no limit of its own. Its owner asks for [`len`](Self::len) and stops, or drops what comes.
pub struct Queue {
    outlet: Outlet,
    waiting: VecDeque<u8>,
    /// Whether a write ends with a line where it can.
    lines: bool,
    /// Whether the last byte that the outlet took ended a line. True before the first.
    at_line_start: bool,
}

impl Queue {
    /// An empty queue.
    pub fn new(outlet: Outlet) -> Self {
        Self { outlet, waiting: VecDeque::new(), lines: false, at_line_start: true }
    }

    /// An empty queue of lines. A pipe takes a line of up to PIPE_BUF bytes whole or not at all, so the lines of
    /// several programs do not mix.
    pub fn of_lines(outlet: Outlet) -> Self {
        Self { lines: true, ..Self::new(outlet) }
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many ends of lines are among the bytes that wait.
    pub fn lines(&self) -> u64 {
        self.waiting.iter().filter(|&&byte| byte == b'\n').count() as u64
    }

    /// Whether what the outlet has taken so far ends with a whole line, or is nothing.
    pub fn is_at_line_start(&self) -> bool {
        self.at_line_start
    }

    /// What the poll has to report about this queue.
    pub fn wants(&self) -> Wants {
        Wants {
            descriptor: self.outlet.descriptor.as_raw_fd(),
            interest: if self.is_empty() { Interest::NONE } else { Interest::WRITABLE },
        }
    }

    /// Writes `bytes` behind those that wait, as far as the outlet takes them, and keeps the rest.
    ///
    /// # Errors
    /// Those of `write(2)`. What waits then still waits.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        let mut rest = bytes;
        while self.is_empty() && !rest.is_empty() {
            match self.outlet.write(rest) {
                Ok(written) => {
                    self.at_line_start = rest[..written].ends_with(b"\n");
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.waiting.extend(rest);
                    return Err(error);
                }
            }
        }
        self.waiting.extend(rest);
        Ok(())
    }

    /// Writes what waits, as far as the outlet takes it.
    ///
    /// # Errors
    /// Those of `write(2)`. What waits then still waits.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.is_empty() {
            let waiting = &*self.waiting.make_contiguous();
            let chunk = if self.lines { &waiting[..end_of_lines(waiting)] } else { waiting };
            match self.outlet.write(chunk) {
                Ok(written) => {
                    self.at_line_start = chunk[..written].ends_with(b"\n");
                    self.waiting.drain(..written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.waiting.shrink_to(KEPT);
        Ok(())
    }

    /// Waits for the outlet until everything is written, or `until`.
    ///
    /// # Errors
    /// Those of `write(2)` and `poll(2)`.
    pub fn finish(&mut self, until: Instant) -> io::Result<()> {
        self.flush()?;
        while !self.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.outlet.has_room(left) {
                Ok(true) => self.flush()?,
                Ok(false) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.waiting = VecDeque::new();
    }
}

/// What the poll has to report about a queue: when its outlet takes more, as long as something waits.
pub struct Wants {
    descriptor: RawFd,
    interest: Interest,
}

impl Wants {
    /// Tells the poll. A file that the poll refuses always takes more.
    ///
    /// # Errors
    /// Those of [`Registration::apply`].
    pub fn tell(&self, registration: &mut Registration, registry: &Registry) -> io::Result<()> {
        match registration.apply(registry, &mut SourceFd(&self.descriptor), self.interest) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(()),
        }
    }
}

/// The memory that an empty queue keeps.
const KEPT: usize = 16 * 1024;

/// How much of `waiting` to write at once: the whole lines in its first PIPE_BUF bytes, or else all of these.
fn end_of_lines(waiting: &[u8]) -> usize {
    let chunk = &waiting[..waiting.len().min(PIPE_BUF)];
    chunk.iter().rposition(|&byte| byte == b'\n').map_or(chunk.len(), |end| end + 1)
}

impl fmt::Debug for Queue {
    /// Without the bytes, which may be a peer's text or its secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("outlet", &self.outlet)
            .field("waiting", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::thread;

    const MIB: usize = 1 << 20;

    fn is_non_blocking(descriptor: impl AsFd) -> bool {
        rustix::fs::fcntl_getfl(descriptor).unwrap().contains(OFlags::NONBLOCK)
    }

    /// Fills the outlet, then reads all that was pushed.
    fn takes_all_without_waiting(outlet: Outlet, mut reader: impl Read + Send + 'static) {
        let sent: Vec<u8> = (0..MIB).map(|at| (at % 251) as u8).collect();
        let mut queue = Queue::new(outlet);
        for piece in sent.chunks(10_000) {
            queue.push(piece).unwrap();
        }
        assert!(queue.len() > MIB / 4 && queue.len() < MIB);
        queue.finish(Instant::now() + Duration::from_millis(1)).unwrap(); // nobody reads
        assert!(!queue.is_empty());

        let reading = thread::spawn(move || {
            let mut received = vec![0; MIB];
            reader.read_exact(&mut received).unwrap();
            received
        });
        queue.finish(Instant::now() + Duration::from_secs(60)).unwrap();
        assert!(queue.is_empty());
        assert!(reading.join().unwrap() == sent);
    }

    #[test]
    fn a_pipe_that_is_full_is_not_waited_for_and_keeps_its_flags() {
        for inherited in [OFlags::empty(), OFlags::NONBLOCK] {
            let (reader, writer) = io::pipe().unwrap();
            rustix::fs::fcntl_setfl(&writer, inherited).unwrap();
            let outlet = Outlet::new(writer.as_fd()).unwrap();
            #[cfg(target_os = "linux")]
            assert_eq!(outlet.way, Way::Reopened);
            takes_all_without_waiting(outlet, reader);
            assert_eq!(is_non_blocking(&writer), inherited == OFlags::NONBLOCK);
        }
    }

    #[test]
    fn a_pipe_that_cannot_be_opened_again_is_polled() {
        for inherited in [OFlags::empty(), OFlags::NONBLOCK] {
            let (reader, writer) = io::pipe().unwrap();
            rustix::fs::fcntl_setfl(&writer, inherited).unwrap();
            takes_all_without_waiting(Outlet { descriptor: writer.into(), way: Way::Polled }, reader);
        }
    }

    #[test]
    fn a_socket_that_is_full_is_not_waited_for_and_keeps_its_flags() {
        let (reader, writer) = UnixStream::pair().unwrap();
        takes_all_without_waiting(Outlet::new(writer.as_fd()).unwrap(), reader);
        assert!(!is_non_blocking(&writer));
    }

    #[test]
    fn a_pipe_without_a_reader_is_an_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut queue = Queue::new(Outlet::new(writer.as_fd()).unwrap());
        assert_eq!(queue.push(b"for nobody").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    /// What a pipe takes ends with a whole line, so another program's line may follow.
    #[test]
    fn a_pipe_that_is_full_holds_whole_lines() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut queue = Queue::of_lines(Outlet::new(writer.as_fd()).unwrap());
        for length in (1..1000).cycle().take(3000) {
            queue.push(format!("{}\n", "~".repeat(length)).as_bytes()).unwrap();
        }
        while !queue.is_empty() {
            assert!(queue.is_at_line_start());
            let mut taken = vec![0; MIB];
            let length = reader.read(&mut taken).unwrap();
            assert!(taken[..length].ends_with(b"\n"));
            queue.flush().unwrap();
        }
    }
}
