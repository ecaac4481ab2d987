//! One TLS session on a non-blocking socket, driven by hand.
#![warn(missing_docs)]

pub mod admission;
pub mod application;
pub mod close_reason;
pub mod command_line;
pub mod deadline;
pub mod escaped;
pub mod exit;
pub mod foreign;
pub mod handshake;
pub mod host_port;
pub mod identity;
pub mod logging;
pub mod observer;
pub mod parameters;
pub mod phase;
pub mod readiness;
pub mod registrar;
pub mod reporter;
pub mod session;
pub mod signals;
pub mod time_limit;
pub mod transport;
