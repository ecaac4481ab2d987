//! A TLS client that shows the server's first message and then closes gracefully.
//!
//! | file | what it does |
//! |---|---|
//! | `event_loop.rs` | the loop: connect, one session, then the readers of its output |
//! | `conversation.rs` | one session with stdin and stdout |
//! | `first_message.rs` | the application: shows what the server sends, and closes some time after the first of it |
//! | `stdin.rs`, `output.rs` | stdin as an event source; stdout and stderr as readers that may be slow |
//! | `tokens.rs`, `connected.rs` | which token of the poll means what; a TCP connection |
//! | `cli.rs`, `setup.rs` | from the command line to what the sessions have in common |
//! | `failure.rs` | why there was no session, or an outcome of no use |
//! | `program.rs`, `waiting.rs`, `progress.rs` | the program around the loop, and its status line |

mod cli;
mod connected;
mod conversation;
mod event_loop;
mod failure;
mod first_message;
mod output;
mod program;
mod progress;
mod setup;
mod stdin;
mod tokens;
mod waiting;

pub use crate::program::run;
