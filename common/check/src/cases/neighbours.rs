//! Other clients beside a hostile one, and many clients.

use crate::case::Case;

/// The cases of this group.
pub static CASES: &[Case] = &[];
