//! Paths of files: the folder of a file, and a path as a shell takes it.

use std::path::Path;

/// Returns the folder of a file, which is `.` if the path of the file names no folder.
pub(super) fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns whether this is PEM text and not the name of a file.
pub(super) fn is_pem(file: &Path) -> bool {
    file.as_os_str().as_encoded_bytes().windows(11).any(|window| window == b"-----BEGIN ")
}

/// Returns a path for a shell: in single quotes, unless it has no character that is special to a shell.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,".contains(c);
    if path.chars().all(plain) { path.into_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_path_survives_a_shell() {
        assert_eq!(quoted(Path::new("certificates/key.pem")), "certificates/key.pem");
        assert_eq!(quoted(Path::new("it's my $HOME")), r"'it'\''s my $HOME'");
    }

    #[test]
    fn a_file_name_without_a_folder_is_in_the_current_folder() {
        assert_eq!(folder(Path::new("key.pem")), Path::new("."));
        assert_eq!(folder(Path::new("a/key.pem")), Path::new("a"));
    }
}
