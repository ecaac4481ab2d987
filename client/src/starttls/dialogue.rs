//! The client's side of the plaintext before TLS, as a state machine without a socket.

use std::io;
use std::net::IpAddr;

use tls_session::escaped::Escaped;

use super::Protocol;
use super::error::{Answer, StartTlsError};

/// The longest line of a server, with its end. RFC 5321, 4.5.3.1.5 allows 512 bytes, and some servers send more.
pub(super) const MAX_LINE: usize = 1024;
/// The largest number of lines in one answer.
pub(super) const MAX_LINES: usize = 100;

/// A command of the client, and the server's answer to it.
struct Exchange {
    /// The command, without the tag of IMAP.
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
pub(super) const NOTHING: &str = "";
const EHLO: &str = "EHLO";
const STARTTLS: &str = "STARTTLS";
/// The beginning of a line that IMAP does not count as the answer to a command.
const UNTAGGED: &str = "* ";
/// The line with which an IMAP server ends the connection (RFC 9051, 7.1.5).
const BYE: &str = "* BYE";

impl Protocol {
    fn exchanges(self) -> &'static [Exchange] {
        const SMTP: [Exchange; 3] = [
            Exchange::new(NOTHING, "220", "220-"),
            Exchange { extension: STARTTLS, ..Exchange::new(EHLO, "250", "250-") },
            Exchange::new(STARTTLS, "220", "220-"),
        ];
        const IMAP: [Exchange; 2] =
            [Exchange::new(NOTHING, "* OK", ""), Exchange::new(STARTTLS, "a OK", UNTAGGED)];
        const POP3: [Exchange; 2] = [Exchange::new(NOTHING, "+OK", ""), Exchange::new("STLS", "+OK", "")];
        match self {
            Self::Smtp => &SMTP,
            Self::Imap => &IMAP,
            Self::Pop3 => &POP3,
        }
    }
}

/// The state of the client.
pub(super) struct Dialogue {
    protocol: Protocol,
    local: IpAddr,
    /// The exchange that is not complete yet, and those behind it. Empty: TLS can begin.
    left: &'static [Exchange],
    /// The last complete answer.
    answered: Answer,
    /// The bytes that the socket has not taken yet.
    pub(super) output: Vec<u8>,
    /// The beginning of a line.
    line: Vec<u8>,
    lines: usize,
    is_offered: bool,
}

impl Dialogue {
    /// Waits for the greeting. `local` is the address of the client.
    pub(super) fn new(protocol: Protocol, local: IpAddr) -> Self {
        Self {
            protocol,
            local,
            left: protocol.exchanges(),
            answered: Answer(NOTHING),
            output: Vec::new(),
            line: Vec::new(),
            lines: 0,
            is_offered: false,
        }
    }

    /// Returns whether TLS can begin.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes bytes from the server. If an answer is complete, the next command is in `output` afterwards.
    ///
    /// Call this only while `output` is empty: the server's bytes belong to the last command.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Result<(), StartTlsError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.check_turn(rest)?;
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |newline| newline + 1);
            let (piece, behind) = rest.split_at(end);
            rest = behind;
            self.line.extend(piece);
            if self.line.len() > MAX_LINE {
                return Err(StartTlsError::LongLine);
            }
            if self.line.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.take_line(line.trim_ascii_end())?;
            }
        }
        Ok(())
    }

    /// Checks that the server may send these bytes. It has to wait for the next command behind each answer.
    ///
    /// IMAP allows untagged lines also then. RFC 9051, 2.2.2: "A client MUST be prepared to accept any server response at
    /// all times." They count as lines of the next answer.
    fn check_turn(&self, bytes: &[u8]) -> Result<(), StartTlsError> {
        let Some(exchange) = self.left.first() else {
            return Err(StartTlsError::Injected(self.answered, bytes.to_vec()));
        };
        // The command is not sent yet, and a line begins.
        let is_early = !self.output.is_empty() && self.line.is_empty();
        if is_early && !(exchange.other == UNTAGGED && bytes.starts_with(b"*")) {
            return Err(StartTlsError::OutOfTurn(self.answered, bytes.to_vec()));
        }
        Ok(())
    }

    /// Takes a line, and ends the exchange if it is the last line of the answer.
    fn take_line(&mut self, line: &[u8]) -> Result<(), StartTlsError> {
        let Some((exchange, behind)) = self.left.split_first() else { return Ok(()) };
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(StartTlsError::ManyLines);
        }
        let is_last = after(line, exchange.last).is_some_and(|rest| matches!(rest, [] | [b' ', ..]));
        let is_other =
            !exchange.other.is_empty() && after(line, exchange.other).is_some() && after(line, BYE).is_none();
        if !is_last && !is_other {
            return Err(StartTlsError::Refused(self.pending(), Escaped::new(line).to_string()));
        }
        let text = after(line, exchange.last).and_then(|rest| rest.get(1..)).unwrap_or_default();
        let word = text.split(|&byte| byte == b' ').next().unwrap_or_default();
        self.is_offered |= word.eq_ignore_ascii_case(exchange.extension.as_bytes());
        if !is_last {
            return Ok(());
        }
        if !exchange.extension.is_empty() && !self.is_offered {
            return Err(StartTlsError::NotOffered);
        }
        (self.answered, self.left) = (self.pending(), behind);
        (self.lines, self.is_offered) = (0, false);
        self.output = behind.first().map(|next| self.bytes_of(next.command)).unwrap_or_default();
        Ok(())
    }

    /// Returns the answer that is not complete yet, or else the last one.
    fn pending(&self) -> Answer {
        self.left.first().map_or(self.answered, |exchange| Answer(exchange.command))
    }

    /// Returns a command as bytes. EHLO has our address, because this machine may have no name that others know
    /// (RFC 5321, 4.1.4). A command of IMAP begins with a tag (RFC 9051, 2.2.1).
    fn bytes_of(&self, command: &str) -> Vec<u8> {
        let line = match (self.protocol, command, self.local) {
            (_, EHLO, IpAddr::V4(address)) => format!("{EHLO} [{address}]\r\n"),
            (_, EHLO, IpAddr::V6(address)) => format!("{EHLO} [IPv6:{address}]\r\n"),
            (Protocol::Imap, command, _) => format!("a {command}\r\n"),
            (_, command, _) => format!("{command}\r\n"),
        };
        line.into_bytes()
    }

    /// Returns the error of a server that has closed the connection.
    pub(super) fn closed(&self) -> StartTlsError {
        match self.is_done() {
            true => StartTlsError::ClosedBeforeTls(self.answered),
            false => StartTlsError::Closed(self.pending()),
        }
    }

    /// Returns the error of a connection that has failed.
    pub(super) fn failed(&self, error: io::Error) -> StartTlsError {
        match self.is_done() {
            true => StartTlsError::FailedBeforeTls(self.answered, error),
            false => StartTlsError::Failed(self.pending(), error),
        }
    }

    /// Returns the error of a server that has not answered in time.
    pub(super) fn timed_out(&self) -> StartTlsError {
        StartTlsError::TimedOut(self.pending())
    }
}

/// Returns the rest of a line that begins with `prefix`. Letters of either case are the same.
fn after<'a>(line: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (beginning, rest) = line.split_at_checked(prefix.len())?;
    beginning.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn dialogue(protocol: Protocol) -> Dialogue {
        Dialogue::new(protocol, Ipv4Addr::LOCALHOST.into())
    }

    /// Gives the dialogue these answers, in pieces of `size` bytes, and returns the commands.
    fn commands(dialogue: &mut Dialogue, answers: &[&str], size: usize) -> Result<Vec<String>, String> {
        let mut commands = Vec::new();
        for answer in answers {
            for piece in answer.as_bytes().chunks(size) {
                dialogue.received(piece).map_err(|error| error.to_string())?;
            }
            commands.push(String::from_utf8(std::mem::take(&mut dialogue.output)).unwrap());
        }
        Ok(commands)
    }

    /// The commands of a client whose server answers all of them.
    fn all_commands(mut dialogue: Dialogue, answers: &[&str], size: usize) -> Vec<String> {
        let said = commands(&mut dialogue, answers, size).unwrap();
        assert!(dialogue.is_done());
        said
    }

    const OFFER: &str = "250-mail.example\r\n250-SIZE 1000\r\n250 starttls\r\n";

    #[test]
    fn each_protocol_has_its_commands_whatever_the_pieces_are() {
        for size in [1, 7, 1024] {
            let answers = ["220-a\r\n220 b\r\n", OFFER, "220\r\n"];
            let said = all_commands(dialogue(Protocol::Smtp), &answers, size);
            assert_eq!(said, ["EHLO [127.0.0.1]\r\n", "STARTTLS\r\n", ""]);
            let on_ipv6 = Dialogue::new(Protocol::Smtp, Ipv6Addr::LOCALHOST.into());
            assert_eq!(all_commands(on_ipv6, &answers, size)[0], "EHLO [IPv6:::1]\r\n");
            let answers = ["* OK [CAPABILITY STARTTLS] hello\r\n", "* CAPABILITY X\r\na ok begin\r\n"];
            assert_eq!(all_commands(dialogue(Protocol::Imap), &answers, size), ["a STARTTLS\r\n", ""]);
            let answers = ["+OK hello\r\n", "+OK\r\n"];
            assert_eq!(all_commands(dialogue(Protocol::Pop3), &answers, size), ["STLS\r\n", ""]);
        }
    }

    #[test]
    fn an_answer_of_another_kind_is_an_error() {
        let long = "2".repeat(MAX_LINE + 1);
        let many = "220-x\r\n".repeat(MAX_LINES + 1);
        for (answers, error) in [
            (&["554 no\x1b[2J\r\n"][..], r#"the server's greeting is "554 no\x1b[2J""#),
            (&["2200 x\r\n"], r#"the server's greeting is "2200 x""#),
            (&["\r\n"], r#"the server's greeting is """#),
            (&["220 x\r\n", "502 what?\r\n"], r#"the server's answer to EHLO is "502 what?""#),
            (&["220 x\r\n", "250-a\r\n251 b\r\n"], r#"answer to EHLO is "251 b""#),
            (&["220\r\n", "250 x\r\n"], "does not offer STARTTLS"),
            (&["220 x\r\n", "250-STARTTLSX\r\n250 x STARTTLS\r\n"], "does not offer STARTTLS"),
            (&["220 x\r\n", OFFER, "454 later\r\n"], r#"answer to STARTTLS is "454 later""#),
            (&[&long], "a line of more than 1024 bytes"),
            (&[&many], "more than 100 lines in one answer"),
        ] {
            for size in [1, 1024, 1 << 20] {
                let said = commands(&mut dialogue(Protocol::Smtp), answers, size).unwrap_err();
                assert!(said.contains(error), "{said}");
            }
        }
    }

    #[test]
    fn bytes_behind_an_answer_are_quoted_and_only_those_behind_the_last_one_are_an_injection() {
        use Protocol::{Imap, Pop3, Smtp};
        for (protocol, answers, error, is_injection) in [
            (Smtp, &["220 x\r\n421 too many\x1b\r\n"][..], r#"its greeting: "421 too many\x1b\r\n""#, false),
            (Smtp, &["220 x\r\n250"], r#"sent more behind its greeting: "250""#, false),
            (Smtp, &["220 x\r\n", "250 STARTTLS\r\n220 x\r\n"], r#"answer to EHLO: "220 x\r\n""#, false),
            (Smtp, &["220 x\r\n", OFFER, "220 x\r\n250 OK\r\n"], r#"to STARTTLS: "250 OK\r\n""#, true),
            (Smtp, &["220 x\r\n", OFFER, "220 x\r\n", "\x17"], r#"answer to STARTTLS: "\x17""#, true),
            (Imap, &["* OK x\r\na OK\r\n"], r#"more behind its greeting: "a OK\r\n""#, false),
            (Imap, &["* OK x\r\n", "a OK\r\n* x\r\n"], r#"its answer to STARTTLS: "* x\r\n""#, true),
            (Pop3, &["+OK x\r\n+OK\r\n"], r#"more behind its greeting: "+OK\r\n""#, false),
            (Pop3, &["+OK x\r\n", "+OK\r\n+OK\r\n"], r#"behind its answer to STLS: "+OK\r\n""#, true),
        ] {
            let said = commands(&mut dialogue(protocol), answers, 1024).unwrap_err();
            assert!(said.contains(error), "{said}");
            assert_eq!(said.contains("CVE-2011-0411"), is_injection, "{said}");
        }
    }

    #[test]
    fn untagged_lines_of_imap_are_accepted_behind_the_greeting() {
        let split = ["* OK x\r\n* CAPABILITY IMAP4rev2\r\n* CAP", "ABILITY Y\r\na OK\r\n"];
        for answers in [["* OK x\r\n* CAPABILITY IMAP4rev2\r\n", "* OK y\r\na OK\r\n"], split] {
            for size in [1, 7, 1024] {
                let said = all_commands(dialogue(Protocol::Imap), &answers, size);
                assert_eq!(said, ["a STARTTLS\r\n", ""]);
            }
        }
        let bye = ["* OK x\r\n* BYE too many connections\r\n"];
        let said = commands(&mut dialogue(Protocol::Imap), &bye, 1024).unwrap_err();
        assert_eq!(said, r#"the server's answer to STARTTLS is "* BYE too many connections""#);
    }

    #[test]
    fn an_early_end_names_the_answer_before_it_or_behind_it() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        let mut pop3 = dialogue(Protocol::Pop3);
        assert_eq!(pop3.closed().to_string(), "the server closed the connection before its greeting");
        assert!(pop3.failed(reset()).to_string().contains(" failed before the server's greeting: "));
        commands(&mut pop3, &["+OK hello\r\n"], 1024).unwrap();
        assert_eq!(pop3.closed().to_string(), "the server closed the connection before its answer to STLS");
        let late = "the server's answer to STLS did not come within --connect-timeout";
        assert_eq!(pop3.timed_out().to_string(), late);
        commands(&mut pop3, &["+OK go\r\n"], 1024).unwrap();
        let closed = "the server closed the connection after its answer to STLS, before TLS began";
        assert_eq!(pop3.closed().to_string(), closed);
        let failed = "the connection failed after the server's answer to STLS, before TLS began: ";
        assert!(pop3.failed(reset()).to_string().starts_with(failed));
    }
}
