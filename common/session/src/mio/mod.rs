//! What a loop on mio needs around a session.

pub mod connecting;
pub mod draining;
pub mod registration;
