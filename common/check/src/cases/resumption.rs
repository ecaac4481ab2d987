//! Sessions that come back.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
