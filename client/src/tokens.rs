//! The tokens of the poll.

use mio::Token;

/// The signals.
pub const SIGNALS: Token = Token(0);
/// The connection.
pub const SOCKET: Token = Token(1);
/// stdin.
pub const STDIN: Token = Token(2);
/// A connection whose session is over, while it is drained.
pub const DRAINING: Token = Token(3);
/// stdout, while text waits to be written.
pub const STDOUT: Token = Token(4);
/// stderr, while a trace waits to be written.
pub const STDERR: Token = Token(5);
