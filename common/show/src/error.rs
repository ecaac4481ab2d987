//! The error of a sink that cannot be opened, or of a page that cannot be written.

/// A sink cannot be opened, or a page cannot be written. The sentence says which one, why, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ShowError(pub(crate) String);
