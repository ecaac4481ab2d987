//! Writes without waiting to file descriptors that other programs share.
//!
//! We share stdout and stderr with the shell, with other programs of the terminal, and with the parent process. The
//! parent may have set O_NONBLOCK, or may rely on its absence. The flag belongs to the open file description, so
//! setting it would change it for all of them. An [`Outlet`] writes without waiting, and does not change the flag. A
//! [`Queue`] keeps the bytes that an outlet does not accept yet.

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
use tls_session::mio::Registration;
use tls_session::readiness::Interest;

/// Our own descriptor of an open file that other programs may share.
#[derive(Debug)]
pub struct Outlet {
    descriptor: OwnedFd,
    method: Method,
}

/// The method that avoids waiting in a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// A pipe or a terminal that we have opened again. Only we have this open file description, and it has O_NONBLOCK.
    Reopened,
    /// A socket. Each send has MSG_DONTWAIT.
    Socket,
    /// A regular file or a block device. A write to it waits for no other program.
    Direct,
    /// Any other file. We poll before each write, and write no more than fits.
    Polled,
}

impl Outlet {
    /// Returns an outlet to the file of `shared`. `shared` does not change.
    ///
    /// # Errors
    /// No file descriptors are left.
    pub fn new(shared: BorrowedFd<'_>) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(shared)?.st_mode);
        let method = match kind {
            FileType::RegularFile | FileType::BlockDevice => Method::Direct,
            FileType::Socket => Method::Socket,
            FileType::Fifo | FileType::CharacterDevice => {
                if let Some(descriptor) = reopen(shared) {
                    return Ok(Self { descriptor, method: Method::Reopened });
                }
                Method::Polled
            }
            _ => Method::Polled,
        };
        Ok(Self { descriptor: shared.try_clone_to_owned()?, method })
    }

    /// Writes the bytes that the file accepts without waiting, and returns their number.
    ///
    /// # Errors
    /// `WouldBlock` if the file accepts nothing now, and the errors of `write(2)`.
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
        let written = match self.method {
            Method::Socket => {
                rustix::net::send(&self.descriptor, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            }
            Method::Direct | Method::Reopened => rustix::io::write(&self.descriptor, bytes),
            // poll(2) reports a pipe as writable when PIPE_BUF bytes fit.
            Method::Polled if !self.has_room(Duration::ZERO)? => return Err(io::ErrorKind::WouldBlock.into()),
            Method::Polled => rustix::io::write(&self.descriptor, &bytes[..bytes.len().min(PIPE_BUF)]),
        };
        Ok(written?)
    }

    /// Waits until the file accepts bytes or fails, at most for `limit`. Returns whether one of them happened.
    fn has_room(&self, limit: Duration) -> io::Result<bool> {
        // A limit that does not fit into the kernel's type is no limit.
        let limit = Timespec::try_from(limit).ok();
        let mut polled = [PollFd::new(&self.descriptor, PollFlags::OUT)];
        Ok(poll(&mut polled, limit.as_ref())? > 0)
    }
}

/// Opens a pipe or a terminal again. `None` if that is not possible: without /proc, for a terminal of another user, or
/// for a pipe without a reader.
fn reopen(shared: BorrowedFd<'_>) -> Option<OwnedFd> {
    let path = format!("/proc/self/fd/{}", shared.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

/// Pending bytes of an outlet, in order.
///
/// A queue has no limit. Its owner checks [`len`](Self::len), and stops writing or drops further bytes.
pub struct Queue {
    outlet: Outlet,
    pending: VecDeque<u8>,
    /// Whether a flush writes complete lines where possible.
    lines: bool,
    /// Whether the last written byte was a line end. True before the first byte.
    at_line_start: bool,
}

impl Queue {
    /// Returns an empty queue.
    pub fn new(outlet: Outlet) -> Self {
        Self { outlet, pending: VecDeque::new(), lines: false, at_line_start: true }
    }

    /// Returns an empty queue of lines. Push one line at a time. A pipe accepts a line of up to PIPE_BUF bytes
    /// completely or not at all, so lines of several programs do not mix.
    pub fn of_lines(outlet: Outlet) -> Self {
        Self { lines: true, ..Self::new(outlet) }
    }

    /// Returns how many bytes are pending.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns whether no byte is pending.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Returns how many line ends are in the pending bytes.
    pub fn lines(&self) -> u64 {
        self.pending.iter().filter(|&&byte| byte == b'\n').count() as u64
    }

    /// Returns whether the written bytes end at the end of a line, or no byte was written.
    pub fn is_at_line_start(&self) -> bool {
        self.at_line_start
    }

    /// Returns the interest of this queue for the poll.
    pub fn wants(&self) -> Wants {
        Wants {
            descriptor: self.outlet.descriptor.as_raw_fd(),
            interest: if self.is_empty() { Interest::NONE } else { Interest::WRITABLE },
        }
    }

    /// Writes the pending bytes and then `bytes`, until the outlet accepts no more. Keeps the rest.
    ///
    /// # Errors
    /// The errors of `write(2)`. Pending bytes stay pending then.
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
                    self.pending.extend(rest);
                    return Err(error);
                }
            }
        }
        self.pending.extend(rest);
        Ok(())
    }

    /// Writes the pending bytes, until the outlet accepts no more.
    ///
    /// # Errors
    /// The errors of `write(2)`. Pending bytes stay pending then.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.is_empty() {
            let pending = &*self.pending.make_contiguous();
            let chunk = if self.lines { &pending[..end_of_lines(pending)] } else { pending };
            match self.outlet.write(chunk) {
                Ok(written) => {
                    self.at_line_start = chunk[..written].ends_with(b"\n");
                    self.pending.drain(..written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.pending.shrink_to(KEPT);
        Ok(())
    }

    /// Writes all pending bytes, and waits for the outlet until `until` at most.
    ///
    /// # Errors
    /// The errors of `write(2)` and `poll(2)`.
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

    /// Drops the pending bytes.
    pub fn clear(&mut self) {
        self.pending = VecDeque::new();
    }
}

/// The interest of a queue: while bytes are pending, the poll should report that the outlet accepts more.
pub struct Wants {
    descriptor: RawFd,
    interest: Interest,
}

impl Wants {
    /// Applies the interest to the poll. epoll refuses regular files (EPERM), which always accept
    /// more.
    ///
    /// # Errors
    /// The errors of [`Registration::apply`].
    pub fn apply(&self, registration: &mut Registration, registry: &Registry) -> io::Result<()> {
        match registration.apply(registry, &mut SourceFd(&self.descriptor), self.interest) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(()),
        }
    }
}

/// How much memory an empty queue keeps.
const KEPT: usize = 16 * 1024;

/// Returns how many of the pending bytes to write at once: all complete lines in the first PIPE_BUF bytes, or all of
/// these bytes if there is no line end.
fn end_of_lines(pending: &[u8]) -> usize {
    let chunk = &pending[..pending.len().min(PIPE_BUF)];
    chunk.iter().rposition(|&byte| byte == b'\n').map_or(chunk.len(), |end| end + 1)
}

impl fmt::Debug for Queue {
    /// Shows no bytes, because they may be a peer's text or secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("outlet", &self.outlet)
            .field("pending", &self.len())
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

    /// Fills the outlet, then reads all bytes that were pushed.
    fn accepts_all_without_waiting(outlet: Outlet, mut reader: impl Read + Send + 'static) {
        let sent: Vec<u8> = (0..MIB).map(|at| (at % 251) as u8).collect();
        let mut queue = Queue::new(outlet);
        for piece in sent.chunks(10_000) {
            queue.push(piece).unwrap();
        }
        assert!(queue.len() > MIB / 4 && queue.len() < MIB);
        queue.finish(Instant::now() + Duration::from_millis(1)).unwrap(); // no program reads
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
    fn a_write_to_a_full_pipe_does_not_wait_and_keeps_the_flags() {
        for inherited in [OFlags::empty(), OFlags::NONBLOCK] {
            for can_be_opened_again in [true, false] {
                let (reader, writer) = io::pipe().unwrap();
                rustix::fs::fcntl_setfl(&writer, inherited).unwrap();
                let mut outlet = Outlet::new(writer.as_fd()).unwrap();
                #[cfg(target_os = "linux")]
                assert_eq!(outlet.method, Method::Reopened);
                if !can_be_opened_again {
                    outlet =
                        Outlet { descriptor: writer.try_clone().unwrap().into(), method: Method::Polled };
                }
                accepts_all_without_waiting(outlet, reader);
                assert_eq!(is_non_blocking(&writer), inherited == OFlags::NONBLOCK);
            }
        }
    }

    #[test]
    fn a_write_to_a_full_socket_does_not_wait_and_keeps_the_flags() {
        let (reader, writer) = UnixStream::pair().unwrap();
        accepts_all_without_waiting(Outlet::new(writer.as_fd()).unwrap(), reader);
        assert!(!is_non_blocking(&writer));
    }

    #[test]
    fn a_pipe_without_a_reader_is_an_error() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut queue = Queue::new(Outlet::new(writer.as_fd()).unwrap());
        assert_eq!(queue.push(b"no reader").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    /// The bytes in a pipe end with a complete line, so the line of another program can follow.
    #[test]
    fn a_full_pipe_holds_complete_lines() {
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
