//! Resolves symbolic links, so that no other user can redirect secrets.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::process::geteuid;

/// The most links that Linux follows.
const MAX_LINKS: usize = 40;

/// Follows the links of a path, if each of them belongs to us or to root. The result contains no link. Its last component
/// need not exist.
///
/// # Errors
/// A link belongs to another user, cannot be read, or leads in a circle. The sentence does not name the path.
pub(crate) fn follow(path: &Path) -> Result<PathBuf, String> {
    let mut walked = PathBuf::new();
    let mut left: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(part) = left.pop_front() {
        if part == ".." && !walked.as_os_str().is_empty() && !walked.ends_with("..") {
            walked.pop();
            continue;
        }
        let next = walked.join(part);
        let Some(target) = target(&next)? else {
            walked = next;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(unreadable("too many symbolic links"));
        }
        for part in parts(&target).rev() {
            left.push_front(part);
        }
    }
    Ok(walked)
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_owned())
}

/// Returns the target of a link; `None` if the path is not a link.
fn target(path: &Path) -> Result<Option<PathBuf>, String> {
    // If this fails, opening the file fails as well, and reports the error.
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(None) };
    if !metadata.is_symlink() {
        return Ok(None);
    }
    let owner = metadata.uid();
    if owner != geteuid().as_raw() && owner != 0 {
        return Err(format!(
            "leads through {}, a symbolic link of another user ({owner}); that user could redirect the secrets; \
             name another file",
            path.display()
        ));
    }
    fs::read_link(path).map(Some).map_err(unreadable)
}

fn unreadable(why: impl Display) -> String {
    format!("cannot be looked up: {why}; name another file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use testing::folder::TempDir;

    #[test]
    fn our_own_links_are_followed() {
        let folder = TempDir::new();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        symlink("a/b", at("relative")).unwrap();
        symlink(at("relative"), at("absolute")).unwrap();
        symlink("../new.log", at("a/b/dangling")).unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        for (path, leads_to) in [
            ("plain", "plain"),
            ("relative/x", "a/b/x"),
            ("absolute/../x", "a/x"),
            ("absolute/dangling", "a/new.log"),
            ("no/such/x", "no/such/x"),
        ] {
            assert_eq!(follow(&real.join(path)).unwrap(), real.join(leads_to), "{path}");
        }
        assert_eq!(follow(Path::new("../x/./y")).unwrap(), Path::new("../x/y"));
    }

    #[test]
    fn a_circle_of_links_is_refused() {
        let folder = TempDir::new();
        symlink("loop", folder.path().join("loop")).unwrap();
        let refusal = follow(&folder.path().join("loop")).unwrap_err();
        assert!(refusal.contains("too many symbolic links"), "{refusal}");
    }

    #[test]
    #[ignore = "needs root, to make links that belong to another user"]
    fn a_link_of_another_user_is_refused_at_any_place_in_the_path() {
        let folder = TempDir::new();
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(65534), None).unwrap();
        for path in [link.clone(), link.join("keys.log")] {
            let refusal = follow(&path).unwrap_err();
            assert!(refusal.contains("a symbolic link of another user (65534)"), "{refusal}");
        }
    }
}
