//! How records and messages are cut and joined.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
