//! What both programs share: flags, log lines, exit statuses, signals, and the sentence about the end of a session.
//!
//! | module | its job |
//! |---|---|
//! | [`command_line`], [`parameters`], [`alpn`], [`time_limit`], [`count`], [`host_port`] | parse the flags |
//! | [`printed`] | `--list` and `--completions` |
//! | [`exit`] | the exit statuses |
//! | [`ending`] | the sentence about the end of a session |
//! | `alert_context`, `certificate_request` | its part about an alert, and about a certificate that a server wants |
//! | `in_common`, [`offer`], `peer_bytes` | its part about a handshake that failed |
//! | [`observer`] | the events of the loops, and the observers that hear them |
//! | [`reporter`], `rate_limit`, [`short_time`], [`amount`] | log lines about sessions, and a limit for repeated ones |
//! | [`logging`], `log_line` | the logger, and the form of its lines |
//! | [`outlet`], [`stderr`] | write to stdout and stderr without waiting for a reader; the last line of a terminal |
//! | [`signals`] | turn Ctrl-C and SIGHUP into events |

mod alert_context;
pub mod alpn;
pub mod amount;
mod certificate_request;
pub mod command_line;
pub mod count;
pub mod ending;
pub mod exit;
pub mod host_port;
mod in_common;
mod log_line;
pub mod logging;
pub mod observer;
pub mod offer;
pub mod outlet;
pub mod parameters;
mod peer_bytes;
pub mod printed;
mod rate_limit;
pub mod reporter;
pub mod short_time;
pub mod signals;
pub mod stderr;
pub mod time_limit;
