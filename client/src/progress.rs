//! The progress of a long transfer, on the status line.

use std::fs::File;
use std::io::Seek as _;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use program::amount::amount;
use program::observer::Observer;
use program::stderr;
use tls_session::observer::{SessionId, Step};

/// The age of a transfer at which the line first appears.
const DELAY: Duration = Duration::from_millis(500);
/// The interval between two updates of the line.
const REFRESH: Duration = Duration::from_millis(100);
/// From this time on the line does not show the remaining time.
const LONGEST: u64 = 100 * 3600;

/// An observer that counts plaintext and shows the sums on the status line. If stdin is a file, the line also has the share
/// that was sent, and the remaining time.
#[derive(Default)]
pub struct Progress {
    input: Option<Input>,
    since: Option<Instant>,
    next: Option<Instant>,
    sent: u64,
    received: u64,
}

/// The file that the client sends.
struct Input {
    file: File,
    /// The offset at which the client begins to read: `(read line; mio-client -i) < file` begins behind the line.
    begin: u64,
}

impl Progress {
    /// Makes an observer for a client that sends this input.
    pub fn of(input: BorrowedFd<'_>) -> Self {
        Self { input: Input::of(input), ..Self::default() }
    }

    /// Shows the line, if it is time.
    fn show(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        if now >= *self.next.get_or_insert(since + DELAY) {
            self.next = Some(now + REFRESH);
            let total = self.input.as_ref().and_then(Input::total);
            stderr::show_status(&self.line(now - since, total));
        }
    }

    /// Returns the line. A file may grow or shrink while it is sent. If it is shorter than the bytes that were sent, `total`
    /// means nothing.
    fn line(&self, elapsed: Duration, total: Option<u64>) -> String {
        let total = total.filter(|total| *total >= self.sent && *total > 0);
        let (sent, received) = (amount(self.sent as f64), amount(self.received as f64));
        let rate = amount(self.sent.max(self.received) as f64 / elapsed.as_secs_f64());
        match total {
            None => format!("{sent} sent, {received} received, {rate}/s"),
            Some(total) => {
                let share = u128::from(self.sent) * 100 / u128::from(total);
                let left = self.left(elapsed, total).map(|left| format!(", {left} left")).unwrap_or_default();
                format!("{share} % of {} sent, {received} received, {rate}/s{left}", amount(total as f64))
            }
        }
    }

    /// Returns the time until everything is sent, if the rate stays: `1:05` or `2:00:09`. `None`: everything is sent, or
    /// nothing yet.
    fn left(&self, elapsed: Duration, total: u64) -> Option<String> {
        let missing = total.checked_sub(self.sent).filter(|missing| *missing > 0 && self.sent > 0)?;
        let seconds = (elapsed.as_secs_f64() * missing as f64 / self.sent as f64).ceil() as u64;
        let (hours, minutes, seconds_left) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match hours {
            0 => Some(format!("{minutes}:{seconds_left:02}")),
            _ if seconds >= LONGEST => None,
            _ => Some(format!("{hours}:{minutes:02}:{seconds_left:02}")),
        }
    }
}

impl Input {
    /// Returns the input, if it is a regular file.
    fn of(input: BorrowedFd<'_>) -> Option<Self> {
        let mut file = File::from(input.try_clone_to_owned().ok()?);
        file.metadata().ok().filter(|metadata| metadata.is_file())?;
        let begin = file.stream_position().ok()?;
        Some(Self { file, begin })
    }

    /// Returns the number of bytes from the beginning to the present end of the file.
    fn total(&self) -> Option<u64> {
        self.file.metadata().ok()?.len().checked_sub(self.begin)
    }
}

impl tls_session::observer::Observer for Progress {
    fn step(&mut self, now: Instant, _id: SessionId, step: &Step<'_>) {
        match step {
            Step::PlaintextIn(bytes) => {
                self.received += bytes.len() as u64;
                self.show(now);
            }
            Step::PlaintextOut(bytes) => {
                self.sent += bytes.len() as u64;
                self.show(now);
            }
            Step::Closed { .. } => stderr::show_status(""),
            _ => {}
        }
    }
}

impl Observer for Progress {}

/// Clears the line at the end of the program.
impl Drop for Progress {
    fn drop(&mut self) {
        stderr::show_status("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsFd as _;

    use testing::folder::TempDir;

    #[test]
    fn the_line_shows_both_directions_and_the_rate_of_the_larger_one() {
        let progress = Progress { input: None, sent: 2048, received: 1024, ..Progress::default() };
        let line = progress.line(Duration::from_secs(2), None);
        assert_eq!(line, "2.0 KiB sent, 1.0 KiB received, 1.0 KiB/s");
    }

    #[test]
    fn the_line_of_a_file_has_its_share_and_the_remaining_time() {
        const MIB: u64 = 1 << 20;
        for (sent, total, seconds, shown) in [
            (25 * MIB, 100 * MIB, 5, "25 % of 100.0 MiB sent, 0 B received, 5.0 MiB/s, 0:15 left"),
            (MIB, 100 * MIB, 60, "1 % of 100.0 MiB sent, 0 B received, 17.1 KiB/s, 1:39:00 left"),
            (1, 100 * MIB, 3600, "0 % of 100.0 MiB sent, 0 B received, 0 B/s"),
            (0, MIB, 1, "0 % of 1.0 MiB sent, 0 B received, 0 B/s"),
            (MIB, MIB, 1, "100 % of 1.0 MiB sent, 0 B received, 1.0 MiB/s"),
            // The file has become shorter, or is one of /proc, whose size is 0.
            (2 * MIB, MIB, 1, "2.0 MiB sent, 0 B received, 2.0 MiB/s"),
            (0, 0, 1, "0 B sent, 0 B received, 0 B/s"),
            (
                u64::MAX / 2,
                u64::MAX,
                1,
                "49 % of 16777216.0 TiB sent, 0 B received, 8388608.0 TiB/s, 0:01 left",
            ),
        ] {
            let progress = Progress { input: None, sent, ..Progress::default() };
            assert_eq!(progress.line(Duration::from_secs(seconds), Some(total)), shown);
        }
    }

    #[test]
    fn the_total_of_a_file_begins_at_its_offset_and_grows_with_it() {
        let folder = TempDir::new();
        let path = folder.write("content", "first line\nthe rest");
        let mut file = File::options().read(true).append(true).open(path).unwrap();
        file.read_exact(&mut [0; 11]).unwrap();
        let input = Input::of(file.as_fd()).unwrap();
        assert_eq!(input.total(), Some(8));
        file.write_all(b" of it").unwrap();
        assert_eq!(input.total(), Some(14));
        // The duplicate shares the offset of the file, and does not move it.
        file.set_len(5).unwrap();
        assert_eq!(input.total(), None);
    }

    #[test]
    fn a_pipe_and_a_device_have_no_total() {
        let (reader, _writer) = std::io::pipe().unwrap();
        assert!(Input::of(reader.as_fd()).is_none());
        assert!(Input::of(File::open("/dev/null").unwrap().as_fd()).is_none());
    }
}
