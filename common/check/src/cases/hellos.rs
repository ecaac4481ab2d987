//! Unusual and invalid hellos, and records that must not follow them.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
