//! The names of numbers in IANA's tables: `TLS_AES_128_GCM_SHA256 (0x1301)`.

pub(super) mod alerts;
mod codes;
pub(super) mod extensions;
mod groups;
mod schemes;
mod suites;

pub(super) use self::codes::*;
pub(super) use self::groups::group;
pub(super) use self::schemes::scheme;
pub use self::schemes::scheme_name;
pub(super) use self::suites::suite;
use super::field_reader::Meaning;
use crate::is_grease;

const GREASE: &str = "A reserved number without a meaning. Clients send some of these, to find servers that fail on \
                      unknown numbers, before real new numbers exist.";

/// Numbers and their names.
type Table<N> = &'static [(N, &'static str)];

fn find<N: PartialEq>(table: Table<N>, number: N) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Formats a one-byte number in decimal, as IANA does.
fn byte(name: Option<&str>, number: u8) -> Meaning {
    format!("{} ({number})", name.unwrap_or("unknown")).into()
}

/// Formats a two-byte number in hexadecimal.
fn pair(name: Option<&str>, number: u16) -> Meaning {
    if is_grease(number) {
        return grease(format!("GREASE (0x{number:04x})"));
    }
    format!("{} (0x{number:04x})", name.unwrap_or("unknown")).into()
}

pub(super) fn grease(value: String) -> Meaning {
    Meaning { value, says: GREASE.into(), rfc: "RFC 8701, 2" }
}

#[cfg(test)]
pub(in crate::explain) mod tests {
    use std::collections::HashSet;
    use std::fmt::Debug;
    use std::hash::Hash;

    use super::*;

    pub(super) fn has_no_duplicates<N: Copy + Eq + Hash + Debug>(table: Table<N>) {
        unique(table.iter().map(|(number, _)| *number));
        unique(table.iter().map(|(_, name)| *name));
    }

    pub(super) fn unique<T: Eq + Hash + Debug>(all: impl Iterator<Item = T>) {
        let mut seen = HashSet::new();
        for one in all {
            assert!(!seen.contains(&one), "twice: {one:?}");
            seen.insert(one);
        }
    }

    /// Returns whether two names have the same letters. rustls writes `CloseNotify` and `FFDHE2048` for IANA's
    /// `close_notify` and `ffdhe2048`.
    pub(super) fn same_words(ours: &str, rustls: &str) -> bool {
        let letters = |name: &str| name.to_lowercase().replace('_', "");
        letters(ours) == letters(rustls)
    }

    pub(super) fn is_called_like(ours: &Meaning, rustls: Option<&str>) {
        let Some(rustls) = rustls else { return };
        let ours = ours.value.split(" (").next().unwrap();
        assert!(same_words(ours, rustls), "{rustls}: {ours}");
    }

    #[test]
    fn exactly_sixteen_numbers_are_grease() {
        let all: Vec<u16> = (0..=u16::MAX).filter(|number| is_grease(*number)).collect();
        assert_eq!(all.len(), 16);
        assert_eq!((all.first(), all.last()), (Some(&0x0a0a), Some(&0xfafa)));
        assert_eq!(suite(0x2a2a).value, "GREASE (0x2a2a)");
        assert_eq!(suite(0x2a2b).value, "unknown (0x2a2b)");
    }
}
