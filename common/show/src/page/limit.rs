//! `--illustrate-limit`: removes the oldest pages of a folder.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::file_name::Name;
use super::list::{Line, List};

/// The most pages in a folder, however small they are.
pub(super) const MAX_PAGES: usize = 10_000;

/// A number of bytes, with or without a unit: `300000`, `64KiB`, `256MiB`, `2GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// The limit of a folder without the flag.
impl Default for Size {
    fn default() -> Self {
        Self(256 * 1024 * 1024)
    }
}

/// The units. A unit with an `i` is a power of 1024, the others are powers of 1000 (IEC 80000-13).
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// The text is not a number of bytes.
#[derive(Debug, thiserror::Error)]
#[error("not a size; write a whole number and a unit, for example 256MiB")]
pub struct NotASize;

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| NotASize)?;
        let unit = unit.trim_start();
        let (_, bytes) =
            UNITS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or(NotASize)?;
        number.checked_mul(bytes).map(Self).ok_or(NotASize)
    }
}

/// Removes the oldest pages until the rest fits into `limit`, and counts them in `removed`. Only pages in the list are removed,
/// and never the newest one. Needs the [lock](super::lock) of the folder.
///
/// # Errors
/// A file cannot be removed, or the list cannot be written.
pub(super) fn remove_oldest(
    folder: &Path,
    list: &mut List,
    limit: Size,
    removed: &mut u64,
) -> io::Result<()> {
    while list.len() > 1 && (list.size() > limit.0 || list.len() > MAX_PAGES) {
        let Some(name) = list.entries().next().map(|entry| entry.name) else { return Ok(()) };
        if let Some(pair) = list.pair_of(name) {
            remove(&folder.join(format!("pair-{}.html", pair.number)))?;
        }
        remove_files(folder, name)?;
        list.append(Line::Removed(name))?;
        *removed += 1;
    }
    list.compact()
}

/// Removes a page and its data.
fn remove_files(folder: &Path, name: Name) -> io::Result<()> {
    for extension in ["html", "json"] {
        remove(&folder.join(format!("{name}.{extension}")))?;
    }
    Ok(())
}

/// Removes a regular file. Anything else under this name does not belong to us and stays.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::remove_file(path),
        Ok(_) => return Ok(()),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_number_and_perhaps_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("300000", 300_000),
            ("12B", 12),
            ("64KiB", 65_536),
            ("256 MiB", 268_435_456),
            ("256mib", 268_435_456),
            ("2GB", 2_000_000_000),
            ("1kB", 1000),
        ] {
            assert_eq!(text.parse::<Size>().unwrap(), Size(bytes), "{text}");
        }
        for text in
            ["", "MiB", "-1", "+1", "1.5GiB", "1 2", "1Mi", "1TB", "99999999999GiB", "18446744073709551616"]
        {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
