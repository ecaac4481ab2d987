//! Shows the TLS sessions of a packet capture that another program made.
//!
//! ```text
//!  file ─▶ packet ─▶ connections ─▶ session ─▶ Sink: a line, fields, objects, a page
//!  blocks  segments  reassembly     decode::Decoder
//!                                        ▲
//!  Decryption Secrets Blocks, --key-log ─▶ key_log
//! ```
//!
//! Another program made the file, so nothing in it can crash the program or make it grow:
//!
//! - All connections together need about 128 MiB: the bytes that wait for earlier ones, the bytes before it is known whether
//!   they are TLS, and the incomplete records, incomplete messages and transcripts of sessions. If they need more, the
//!   connections that were silent for the longest time are forgotten. At most 16,384 connections are followed.
//! - All secrets together need about 128 MiB.
//! - The outputs have limits of their own.
//!
//! | module | job |
//! |---|---|
//! | [`file`](mod@file) | reads pcap and pcapng files: packets and secrets |
//! | [`packet`] | finds the TCP segment in a packet |
//! | [`reassembly`] | joins the segments of one direction, and finds gaps |
//! | [`connections`] | finds the connections that are TLS sessions |
//! | [`session`] | decodes one session |
//! | [`key_log`] | the secrets, by the client random of their session |
//! | [`replay`](mod@replay) | all of this, from the file to a [`Sink`](connections::Sink) |
//! | [`output`] | the sinks |
//! | [`cli`] | the command line of `mio-show` |

pub mod cli;
pub mod connections;
mod exit;
pub mod file;
pub mod key_log;
pub mod output;
pub mod packet;
pub mod reassembly;
pub mod replay;
pub mod session;
