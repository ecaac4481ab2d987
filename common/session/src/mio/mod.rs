//! The parts of a loop on mio around a session.
//!
//! | type | what it does |
//! |---|---|
//! | [`Registered`] | a session and its registration with the poll: one call for each turn |
//! | [`Registration`] | the registration of a source, changed only if the wanted interest changes |
//! | [`Listener`] | accepts until the kernel has no more connections, and pauses if descriptors run out |
//! | [`Connecting`] | connects, in the steps that mio documents |
//! | [`Draining`] | reads from the sockets of sessions that are over, and then closes them |

// The types of mio in the signatures of this crate.
pub use ::mio::net::TcpStream;
pub use ::mio::{Interest, Registry, Token, event::Event, event::Source};

mod connecting;
mod draining;
mod listener;
mod registered;
mod registration;

pub use connecting::{Attempt, Connecting};
pub use draining::Draining;
pub use listener::Listener;
pub use registered::Registered;
pub use registration::Registration;
