//! What a loop on mio needs around a session.
//!
//! | type | what it does |
//! |---|---|
//! | [`Registered`] | a session and its registration with the poll: one call for each turn |
//! | [`Registration`] | the difference between what is wanted and what the poll was told |
//! | [`Listener`] | accepts until the kernel has no more connections, and pauses without descriptors |
//! | [`Connecting`] | a TCP connection, by the steps that mio documents |
//! | [`Draining`] | sockets of sessions that are over, read from before they are closed |

// The types of mio that this API mentions.
pub use ::mio::net::{TcpListener, TcpStream};
pub use ::mio::{Registry, Token, event::Event, event::Source};

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
