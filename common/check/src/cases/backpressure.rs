//! Clients that do not read.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
