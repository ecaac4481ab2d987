//! The lock of a folder of pages. Two programs may write to one folder at the same time.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::folder;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Holds the lock until it is dropped. The kernel releases it if the program ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder. Waits at most `patience` for another program.
    ///
    /// # Errors
    /// Another program holds the lock for longer, or the file `.lock` cannot be opened, or is not a regular file.
    pub(super) fn take(folder: &Path, patience: Duration) -> io::Result<Self> {
        let file = folder::open(&folder.join(".lock"))?;
        let until = Instant::now() + patience;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => thread::sleep(PAUSE),
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let text = "is locked by another program";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use testing::folder::TempDir;

    #[test]
    fn a_lock_excludes_others_until_it_is_dropped_and_the_wait_is_bounded() {
        let folder = TempDir::new();
        let lock = Lock::take(folder.path(), Duration::ZERO).unwrap();
        let error = Lock::take(folder.path(), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(lock);
        Lock::take(folder.path(), Duration::ZERO).unwrap();
    }

    #[test]
    fn a_lock_file_of_another_kind_is_an_error_and_not_a_wait() {
        for make in [
            |path: &Path| fs::create_dir(path).unwrap(),
            |path: &Path| symlink("elsewhere", path).unwrap(),
            |path: &Path| {
                let mode = rustix::fs::Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            },
        ] {
            let folder = TempDir::new();
            make(&folder.path().join(".lock"));
            Lock::take(folder.path(), Duration::from_secs(60)).unwrap_err();
            assert!(!folder.path().join("elsewhere").exists());
        }
    }
}
