//! A TLS client that shows the server's first message and then closes gracefully.
//!
//! | file | content |
//! |---|---|
//! | `event_loop.rs`, `event_loop/` | the loop: connect, run one session, write the rest of its output |
//! | `conversation.rs` | one session with stdin and stdout |
//! | `first_message.rs` | the application: shows the server's data, and closes some time after the first of it |
//! | `stdin.rs`, `output.rs` | stdin as an event source; stdout and stderr, whose readers may be slow |
//! | `starttls.rs`, `starttls/` | the plaintext that begins TLS in SMTP, IMAP and POP3 |
//! | `tokens.rs`, `connected.rs` | the tokens of the poll; a TCP connection |
//! | `cli.rs`, `setup.rs` | the command line, and the plan that is made from it |
//! | `ech.rs` | the random bytes in place of an encrypted ClientHello |
//! | `failure.rs` | the errors of the client beside those of a session |
//! | `program.rs`, `waiting.rs`, `progress.rs` | the program around the loop, and its status line |
//! | `handshakes.rs`, `histogram.rs` | the summary of `--reconnect` |

mod cli;
mod connected;
mod conversation;
mod ech;
mod event_loop;
mod failure;
mod first_message;
mod handshakes;
mod histogram;
mod output;
mod program;
mod progress;
mod setup;
mod starttls;
mod stdin;
mod tokens;
mod waiting;

pub use crate::program::run;
