//! The first bytes are not a ClientHello.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
