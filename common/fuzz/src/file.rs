//! A file for what is read from files.

use std::fs;
use std::path::Path;

/// Lets something be read from a file that holds these bytes, and is this process' own.
pub fn with<T>(content: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let path = std::env::temp_dir().join(format!("fuzz-{}.pem", std::process::id()));
    fs::write(&path, content).expect("a file among the system's temporary files");
    let result = read(&path);
    fs::remove_file(&path).expect("the file that was just read");
    result
}
