//! STARTTLS: before the session, the client asks the server in plaintext to begin TLS on this connection.
//!
//! The session knows nothing of it. It gets the socket afterwards, in the state of a new connection.
//!
//! Nobody has encrypted the preamble, so an attacker on the path can append text to it. A program that keeps such text in
//! its line buffer takes it for text that came through TLS (CVE-2011-0411). This client ends the connection if the server
//! sends anything behind an answer. It also forgets what the server said: RFC 3207, 4.2: "The client MUST discard any
//! knowledge obtained from the server, such as the list of SMTP service extensions".

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;

use mio::Registry;
use program::observer::LoopEvent;
use tls_session::bytes::Bytes;
use tls_session::escaped::Escaped;
use tls_session::readiness::Interest;

use crate::connected::Connected;

/// The longest line of a server, with its end. RFC 5321, 4.5.3.1.5 allows 512 bytes, and some servers send more.
const MAX_LINE: usize = 1024;
/// The largest number of lines in one answer.
const MAX_LINES: usize = 100;

/// A protocol that begins in plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// RFC 3207.
    Smtp,
    /// RFC 9051, 6.2.1.
    Imap,
    /// RFC 2595, 4.
    Pop3,
}

/// A command of the client, and the server's answer to it.
struct Exchange {
    command: &'static str,
    /// The beginning of the answer's last line.
    last: &'static str,
    /// The beginning of the other lines. Empty: the answer is one line.
    other: &'static str,
    /// A line of the answer must name this extension. Empty: the next command finds out.
    extension: &'static str,
}

impl Exchange {
    const fn new(command: &'static str, last: &'static str, other: &'static str) -> Self {
        Self { command, last, other, extension: "" }
    }
}

/// The command of the first exchange: the server greets first.
const NOTHING: &str = "";
const EHLO: &str = "EHLO";
const STARTTLS: &str = "STARTTLS";

impl Protocol {
    fn exchanges(self) -> &'static [Exchange] {
        const SMTP: [Exchange; 3] = [
            Exchange::new(NOTHING, "220", "220-"),
            Exchange { extension: STARTTLS, ..Exchange::new(EHLO, "250", "250-") },
            Exchange::new(STARTTLS, "220", "220-"),
        ];
        const IMAP: [Exchange; 2] =
            [Exchange::new(NOTHING, "* OK", ""), Exchange::new("a STARTTLS", "a OK", "* ")];
        const POP3: [Exchange; 2] = [Exchange::new(NOTHING, "+OK", ""), Exchange::new("STLS", "+OK", "")];
        match self {
            Self::Smtp => &SMTP,
            Self::Imap => &IMAP,
            Self::Pop3 => &POP3,
        }
    }
}

/// Why the server does not begin TLS. Each text is the predicate of a sentence about the server.
#[derive(Debug)]
pub enum StartTlsError {
    /// It answered the command with this line, which is escaped.
    Refused(String, String),
    /// It does not offer STARTTLS.
    NotOffered,
    /// It sent this many bytes behind the answer to the command.
    Behind(String, usize),
    /// Its line is too long.
    LongLine,
    /// Its answer has too many lines.
    ManyLines,
    /// It closed the connection before the answer to the command.
    Closed(String),
    /// It did not answer the command in time.
    TimedOut(String),
    /// The socket failed.
    Socket(io::Error),
}

impl fmt::Display for StartTlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(command, line) => write!(f, "answered {command} with \"{line}\""),
            Self::NotOffered => f.write_str("does not offer STARTTLS"),
            Self::Behind(command, bytes) => write!(
                f,
                "sent {} behind its answer to {command}: somebody on the path may have injected them (CVE-2011-0411)",
                Bytes(*bytes)
            ),
            Self::LongLine => write!(f, "sent a line of more than {MAX_LINE} bytes before TLS"),
            Self::ManyLines => write!(f, "sent more than {MAX_LINES} lines in one answer before TLS"),
            Self::Closed(command) => write!(f, "closed the connection before its answer to {command}"),
            Self::TimedOut(command) => write!(f, "did not answer {command} within --connect-timeout"),
            Self::Socket(error) => write!(f, "is unreachable: {error}"),
        }
    }
}

/// The client's side of the preamble, as a state machine without a socket.
struct Dialogue {
    /// The exchange that is not complete yet, and those behind it. Empty: TLS can begin.
    left: &'static [Exchange],
    local: IpAddr,
    /// The bytes that the socket has not taken yet.
    output: Vec<u8>,
    /// The beginning of a line.
    line: Vec<u8>,
    lines: usize,
    is_offered: bool,
}

impl Dialogue {
    fn new(protocol: Protocol, local: IpAddr) -> Self {
        let (output, line) = (Vec::new(), Vec::new());
        Self { left: protocol.exchanges(), local, output, line, lines: 0, is_offered: false }
    }

    fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Returns the last command, for errors.
    fn command(&self) -> String {
        match self.left.first().map(|exchange| exchange.command) {
            Some(NOTHING) => "the connection".to_owned(),
            Some(command) => command.to_owned(),
            None => STARTTLS.to_owned(),
        }
    }

    /// Takes bytes from the server. The next command is in `output` afterwards, if the answer is complete.
    fn received(&mut self, bytes: &[u8]) -> Result<(), StartTlsError> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.is_done() {
                return Err(StartTlsError::Behind(self.command(), bytes.len() - index));
            }
            self.line.push(byte);
            if self.line.len() > MAX_LINE {
                return Err(StartTlsError::LongLine);
            }
            if byte != b'\n' {
                continue;
            }
            let command = self.command();
            let line = std::mem::take(&mut self.line);
            if self.ends_answer(line.trim_ascii_end())? {
                let behind = bytes.len() - index - 1;
                if behind > 0 {
                    return Err(StartTlsError::Behind(command, behind));
                }
            }
        }
        Ok(())
    }

    /// Takes a line. Returns whether the answer ends with it.
    fn ends_answer(&mut self, line: &[u8]) -> Result<bool, StartTlsError> {
        let Some((exchange, behind)) = self.left.split_first() else { return Ok(false) };
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(StartTlsError::ManyLines);
        }
        let is_last = after(line, exchange.last).is_some_and(|rest| matches!(rest, [] | [b' ', ..]));
        let is_other = !exchange.other.is_empty() && after(line, exchange.other).is_some();
        if !is_last && !is_other {
            return Err(StartTlsError::Refused(self.command(), Escaped::new(line).to_string()));
        }
        let text = after(line, exchange.last).and_then(|rest| rest.get(1..)).unwrap_or_default();
        let word = text.split(|&byte| byte == b' ').next().unwrap_or_default();
        self.is_offered |= word.eq_ignore_ascii_case(exchange.extension.as_bytes());
        if !is_last {
            return Ok(false);
        }
        if !exchange.extension.is_empty() && !self.is_offered {
            return Err(StartTlsError::NotOffered);
        }
        (self.left, self.lines, self.is_offered) = (behind, 0, false);
        self.output = behind.first().map(|next| self.bytes_of(next.command)).unwrap_or_default();
        Ok(true)
    }

    /// Returns a command as bytes. EHLO has our address, because this machine may have no name that others know
    /// (RFC 5321, 4.1.4).
    fn bytes_of(&self, command: &str) -> Vec<u8> {
        let line = match (command, self.local) {
            (EHLO, IpAddr::V4(address)) => format!("{EHLO} [{address}]\r\n"),
            (EHLO, IpAddr::V6(address)) => format!("{EHLO} [IPv6:{address}]\r\n"),
            (command, _) => format!("{command}\r\n"),
        };
        line.into_bytes()
    }
}

/// Returns the rest of a line that begins with `prefix`. Letters of either case are the same.
fn after<'a>(line: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (beginning, rest) = line.split_at_checked(prefix.len())?;
    beginning.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

/// A connection on which TLS has not begun yet.
pub struct Preamble {
    connected: Connected,
    dialogue: Dialogue,
}

impl Preamble {
    /// Begins on a new connection.
    ///
    /// # Errors
    /// The connection has no local address.
    pub fn new(protocol: Protocol, connected: Connected) -> io::Result<Self> {
        let local = connected.stream.local_addr()?.ip();
        Ok(Self { connected, dialogue: Dialogue::new(protocol, local) })
    }

    /// Sends and reads what is possible now, without waiting. Returns whether TLS can begin. Otherwise, call this again
    /// after the next event.
    ///
    /// # Errors
    /// The server does not begin TLS. Close the connection.
    pub fn turn(
        &mut self,
        registry: &Registry,
        report: &mut dyn FnMut(&LoopEvent<'_>),
    ) -> Result<bool, StartTlsError> {
        let mut buffer = [0; MAX_LINE];
        loop {
            let can_read = self.send(report).map_err(StartTlsError::Socket)?;
            let read = if can_read {
                self.connected.stream.read(&mut buffer)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            };
            match read {
                Ok(0) => return Err(StartTlsError::Closed(self.dialogue.command())),
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    report(&LoopEvent::PreambleIn(self.connected.peer, bytes));
                    self.dialogue.received(bytes)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The socket is empty, so nothing is behind the last answer.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let is_done = self.dialogue.is_done();
                    self.watch(registry, is_done).map_err(StartTlsError::Socket)?;
                    return Ok(is_done);
                }
                Err(error) => return Err(StartTlsError::Socket(error)),
            }
        }
    }

    /// Sends the pending command. Returns whether the socket has taken all of it.
    fn send(&mut self, report: &mut dyn FnMut(&LoopEvent<'_>)) -> io::Result<bool> {
        while !self.dialogue.output.is_empty() {
            match self.connected.stream.write(&self.dialogue.output) {
                Ok(length) => {
                    let sent: Vec<u8> = self.dialogue.output.drain(..length).collect();
                    report(&LoopEvent::PreambleOut(self.connected.peer, &sent));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Registers the socket for the next event. At the end it has the interest that a new connection has. The session
    /// wants another one, so the poll reports again what is ready.
    fn watch(&mut self, registry: &Registry, is_done: bool) -> io::Result<()> {
        let is_sending = !self.dialogue.output.is_empty();
        let wanted = Interest { readable: !is_done, writable: is_done || is_sending };
        self.connected.registration.apply(registry, &mut self.connected.stream, wanted).map(drop)
    }

    /// Returns the error of a server that has not answered in time.
    pub fn timed_out(&self) -> StartTlsError {
        StartTlsError::TimedOut(self.dialogue.command())
    }

    /// Returns the connection, on which TLS can begin.
    pub fn into_connected(self) -> Connected {
        self.connected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn smtp() -> Dialogue {
        Dialogue::new(Protocol::Smtp, Ipv4Addr::LOCALHOST.into())
    }

    /// Gives the dialogue these answers, in pieces of `size` bytes, and returns the commands.
    fn commands(mut dialogue: Dialogue, answers: &[&str], size: usize) -> Result<Vec<String>, String> {
        let mut commands = Vec::new();
        for answer in answers {
            for piece in answer.as_bytes().chunks(size) {
                dialogue.received(piece).map_err(|error| error.to_string())?;
            }
            commands.push(String::from_utf8(std::mem::take(&mut dialogue.output)).unwrap());
        }
        assert!(dialogue.is_done());
        Ok(commands)
    }

    const OFFER: &str = "250-mail.example\r\n250-SIZE 1000\r\n250 starttls\r\n";

    #[test]
    fn each_protocol_has_its_commands_whatever_the_pieces_are() {
        for size in [1, 7, 1024] {
            let answers = ["220-a\r\n220 b\r\n", OFFER, "220\r\n"];
            let said = commands(smtp(), &answers, size).unwrap();
            assert_eq!(said, ["EHLO [127.0.0.1]\r\n", "STARTTLS\r\n", ""]);
            let on_ipv6 = Dialogue::new(Protocol::Smtp, Ipv6Addr::LOCALHOST.into());
            assert_eq!(commands(on_ipv6, &answers, size).unwrap()[0], "EHLO [IPv6:::1]\r\n");
            let imap = Dialogue::new(Protocol::Imap, Ipv4Addr::LOCALHOST.into());
            let answers = ["* OK [CAPABILITY STARTTLS] hello\r\n", "* CAPABILITY X\r\na ok begin\r\n"];
            assert_eq!(commands(imap, &answers, size).unwrap(), ["a STARTTLS\r\n", ""]);
            let pop3 = Dialogue::new(Protocol::Pop3, Ipv4Addr::LOCALHOST.into());
            assert_eq!(commands(pop3, &["+OK hello\r\n", "+OK\r\n"], size).unwrap(), ["STLS\r\n", ""]);
        }
    }

    #[test]
    fn an_answer_of_another_kind_is_an_error() {
        let long = "2".repeat(MAX_LINE + 1);
        let many = "220-x\r\n".repeat(MAX_LINES + 1);
        for (answers, error) in [
            (&["554 no\x1b[2J\r\n"][..], r#"answered the connection with "554 no\x1b[2J""#),
            (&["2200 x\r\n"], r#"answered the connection with "2200 x""#),
            (&["\r\n"], r#"answered the connection with """#),
            (&["220 x\r\n", "502 what?\r\n"], r#"answered EHLO with "502 what?""#),
            (&["220 x\r\n", "250-a\r\n251 b\r\n"], r#"answered EHLO with "251 b""#),
            (&["220\r\n", "250 x\r\n"], "does not offer STARTTLS"),
            (&["220 x\r\n", "250-STARTTLSX\r\n250 x STARTTLS\r\n"], "does not offer STARTTLS"),
            (&["220 x\r\n", OFFER, "454 later\r\n"], r#"answered STARTTLS with "454 later""#),
            (&[&long], "a line of more than 1024 bytes"),
            (&[&many], "more than 100 lines in one answer"),
        ] {
            for size in [1, 1024, 1 << 20] {
                let said = commands(smtp(), answers, size).unwrap_err();
                assert!(said.contains(error), "{said}");
            }
        }
    }

    #[test]
    fn bytes_behind_an_answer_are_an_error() {
        for (answers, error) in [
            (&["220 x\r\n250"][..], "sent 3 bytes behind its answer to the connection"),
            (&["220 x\r\n", "250 STARTTLS\r\n220 x\r\n"], "sent 7 bytes behind its answer to EHLO"),
            (&["220 x\r\n", OFFER, "220 x\r\n250 OK\r\n"], "sent 8 bytes behind its answer to STARTTLS"),
            (&["220 x\r\n", OFFER, "220 x\r\n", "\x16"], "sent 1 byte behind its answer to STARTTLS"),
        ] {
            let said = commands(smtp(), answers, 1024).unwrap_err();
            assert!(said.contains(error), "{said}");
        }
    }
}
