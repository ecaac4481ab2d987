//! Clients that do nothing.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
