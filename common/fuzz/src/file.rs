//! A file for code that reads files.

use std::fs;
use std::path::Path;

/// Calls `read` with a file that holds these bytes. The file belongs to this process.
pub fn with<T>(content: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let path = std::env::temp_dir().join(format!("fuzz-{}.pem", std::process::id()));
    fs::write(&path, content).expect("a file among the system's temporary files");
    let result = read(&path);
    fs::remove_file(&path).expect("the file that was just read");
    result
}
