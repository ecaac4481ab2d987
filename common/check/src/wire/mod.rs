//! Connections below TLS, and peers that can misbehave.
//!
//! Every function returns a `Result`, and no function waits longer than the limit of its [`Connection`].

pub mod connection;
pub mod disguise;
pub mod end;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod fixture;
pub mod forge;
pub mod hello;
pub mod peer;
pub mod pump;
mod suites;

pub use connection::Connection;
pub use disguise::Disguise;
pub use end::End;
pub use forge::Forge;
pub use peer::{Client, Peer, Server};
pub use pump::{Flow, Pace, Pump};
