//! Sinks that show what a session did. They watch through [`tls_session::observer`] and change nothing.
//!
//! | module | output |
//! |---|---|
//! | [`trace`] | a line for each step, for people or for programs |
//! | [`key_log`] | the secrets of each session, for programs that decrypt |
//! | [`capture`] | the sessions and their secrets as a pcapng file, for Wireshark |
//! | [`page`] | an HTML page for each session that explains it, down to the bytes |
//!
//! [`args`] opens the sinks that the command line asks for. [`show`] is the observer that decodes the bytes of each session
//! once, for all sinks, which implement [`sink::Sink`]. `vocabulary` has the words that the trace and the pages share.
//!
//! A sink may fail: the disk is full, or the reader of a pipe has gone. That never changes a session. A sink whose
//! reader has gone ends. When the last sink has ended, nothing is decoded any more. Every other sink tries again
//! later; a capture does so with the next session. The log says once that a sink fails, and once that it works again.
//! A thread of its own draws the pages. No sink waits for a reader. If no program reads stderr, a trace there loses lines
//! at the server, and stops the session at the client.
//!
//! # Cost
//!
//! A sink that is not asked for costs nothing: it is not among the observers. Calls of an observer that does not
//! watch cost 0.03 % of the instructions of a handshake, and 0.07 % of those that echo 16 KiB. callgrind counted them
//! for both ends together. Each of these calls is one test that fails. The log, which both programs keep, is an
//! observer too. With it the costs are 0.09 % and 0.27 %.

pub mod args;
pub mod capture;
mod clock;
pub mod error;
pub mod key_log;
mod lines;
mod links;
mod new_file;
pub mod page;
mod preview;
pub mod show;
pub mod sink;
pub mod trace;
mod vocabulary;
