//! Finds out whether other users can read or replace the file of a private key.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use crate::paths::{folder, quoted};

/// The permission bits of the group and of all other users.
const OTHERS: u32 = 0o077;
const GROUP_WRITES: u32 = 0o020;
const ALL_WRITE: u32 = 0o002;
/// In a folder with this bit, such as /tmp, only the owner of a file can replace the file.
const STICKY: u32 = 0o1000;

/// Returns a sentence for each way in which other users can read or replace a key file. `metadata` is the metadata of
/// the open file.
pub(super) fn exposures(file: &Path, metadata: &Metadata) -> Vec<String> {
    let (key, me) = (Access::from(metadata), geteuid().as_raw());
    let (shown, shell, mode, owner) = (file.display(), quoted(file), key.mode, key.user);
    let exposed = (mode & OTHERS != 0).then(|| {
        format!(
            "other users have access to the private key in {shown} (mode {mode:04o}); \
             forbid that with `chmod 600 {shell}`"
        )
    });
    let foreign = key.belongs_to_another(me).then(|| {
        format!(
            "the private key in {shown} belongs to another user (number {owner}), who can read and replace it; \
             make your own copy with `install -m 600 {shell} key-own.pem`"
        )
    });
    // The folder of the path, and the folder of the real file if the path is a symbolic link. The open file may have
    // been removed since. Then it has no folder to warn about.
    let real = fs::canonicalize(file).ok();
    let folders = [Some(file), real.as_deref()].into_iter().flatten().map(folder);
    let folder = folders.into_iter().find_map(|folder| folder_warning(file, folder, &key, me));
    exposed.into_iter().chain(foreign).chain(folder).collect()
}

fn folder_warning(file: &Path, folder: &Path, key: &Access, me: u32) -> Option<String> {
    let access = Access::from(&fs::metadata(folder).ok()?); // it may have been removed since
    let (shown, mode, owner) = (file.display(), access.mode, access.user);
    if access.lets_others_write() {
        let folder = quoted(folder);
        Some(format!(
            "other users can replace the private key in {shown}, because they can write to its folder \
             (mode {mode:04o}); forbid that with `chmod go-w {folder}`"
        ))
    } else if access.belongs_to_another(me) && owner != key.user {
        Some(format!(
            "the folder of the private key in {shown} belongs to another user (number {owner}), who can replace the \
             key; put a copy into your own folder with `install -m 600 {} FOLDER`",
            quoted(file)
        ))
    } else {
        None
    }
}

/// The owner, the group and the permission bits of a file or a folder.
struct Access {
    user: u32,
    group: u32,
    mode: u32,
}

impl From<&Metadata> for Access {
    fn from(metadata: &Metadata) -> Self {
        Self { user: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}

impl Access {
    /// Returns whether it belongs neither to us nor to root. Root can read everything anyway.
    fn belongs_to_another(&self, me: u32) -> bool {
        self.user != me && self.user != 0
    }

    /// Returns whether other users can replace the files in this folder.
    ///
    /// If the group has the number of the folder's owner, we assume that it has no other member: many systems make such
    /// a group for each user.
    fn lets_others_write(&self) -> bool {
        let group_is_private = self.group == self.user;
        let write = self.mode & ALL_WRITE != 0 || (self.mode & GROUP_WRITES != 0 && !group_is_private);
        write && self.mode & STICKY == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u32 = 1000;

    #[test]
    fn a_key_of_another_user_than_us_and_root_is_foreign() {
        for (user, is_foreign) in [(ME, false), (0, false), (1001, true)] {
            let key = Access { user, group: 100, mode: 0o600 };
            assert_eq!(key.belongs_to_another(ME), is_foreign, "user {user}");
        }
    }

    #[test]
    fn a_folder_is_open_if_other_users_can_write_to_it() {
        for (user, group, mode, is_open) in [
            (ME, 100, 0o755, false),
            (ME, 100, 0o700, false),
            (ME, 100, 0o775, true),
            (ME, ME, 0o775, false),
            (ME, ME, 0o777, true),
            (0, 0, 0o1777, false),
            (0, 0, 0o777, true),
            (1001, 1001, 0o755, false),
        ] {
            let folder = Access { user, group, mode };
            assert_eq!(folder.lets_others_write(), is_open, "{user} {group} {mode:o}");
        }
    }
}
