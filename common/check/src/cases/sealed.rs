//! Encrypted records that must not come.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
