//! Which token of the poll means what.

use mio::Token;

/// Events for the signals.
pub const SIGNALS: Token = Token(0);
/// Events for the connection.
pub const SOCKET: Token = Token(1);
/// Events for stdin.
pub const STDIN: Token = Token(2);
/// Events for a connection whose session is over.
pub const DRAINING: Token = Token(3);

/// Events for stdout, while text waits for its reader.
pub const STDOUT: Token = Token(4);
/// Events for stderr, while a trace waits for its reader.
pub const STDERR: Token = Token(5);
