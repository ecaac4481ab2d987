//! The secrets of key logs, by the client random of their session.

use std::collections::HashMap;
use std::io::{self, BufRead, Read as _};

use decode::secrets::Secret;

/// The longest line. The longest label and the secrets of the largest hash have less than half of it.
const MAX_LINE: usize = 1024;

/// About how many bytes of memory all secrets may need: those of 100,000 sessions of TLS 1.3.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// About how many bytes a session needs for its secrets, besides them.
const SESSION: usize = 128;

/// About how many bytes a secret needs, besides its label and itself.
const SECRET: usize = 160;

/// The longest secret: the output of the largest hash function.
const MAX_SECRET: usize = 64;

/// The most secrets of one session.
const MAX_OF_SESSION: usize = 16;

/// The secrets of key logs in the [NSS
/// format](https://nss-crypto.org/reference/security/nss/legacy/key_log_format/index.html).
#[derive(Debug)]
pub struct KeyLog {
    secrets: HashMap<[u8; 32], Vec<Secret>>,
    /// How many bytes are still free.
    free: usize,
    /// Statistics for the user, which may take them in between.
    pub read: Lines,
}

/// The lines of key logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Lines that are neither empty nor comments.
    pub all: u64,
    /// Lines that do not have the form of the format.
    pub malformed: u64,
    /// The number of the first of them in its key log, from 1.
    pub first_malformed: Option<u64>,
    /// Secrets beyond the limit of memory.
    pub too_many: u64,
}

impl Default for KeyLog {
    fn default() -> Self {
        Self { secrets: HashMap::new(), free: MAX_BYTES, read: Lines::default() }
    }
}

impl KeyLog {
    /// Adds the secrets of a key log.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn add(&mut self, mut text: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let limit = MAX_LINE as u64;
            if (&mut text).take(limit).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let is_whole = line.last() == Some(&b'\n') || line.len() < MAX_LINE;
            if !is_whole {
                text.skip_until(b'\n')?;
            }
            self.line(number, &line, is_whole);
        }
        Ok(())
    }

    /// Returns the secrets of the session with this client random.
    pub fn of(&self, client_random: &[u8; 32]) -> &[Secret] {
        self.secrets.get(client_random).map(Vec::as_slice).unwrap_or_default()
    }

    fn line(&mut self, number: u64, line: &[u8], is_whole: bool) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return;
        }
        self.read.all += 1;
        let Some((random, secret)) = parse(line).filter(|_| is_whole) else {
            self.read.malformed += 1;
            self.read.first_malformed.get_or_insert(number);
            return;
        };
        let known = self.of(&random);
        if known.contains(&secret) {
            return;
        }
        let session = if known.is_empty() { SESSION } else { 0 };
        let needed = session + SECRET + secret.label.len() + secret.secret.len();
        if self.free < needed || known.len() >= MAX_OF_SESSION {
            self.read.too_many += 1;
            return;
        }
        self.free -= needed;
        let known = self.secrets.entry(random).or_default();
        known.reserve_exact(1);
        known.push(secret);
    }
}

/// Parses `LABEL CLIENT_RANDOM SECRET`.
fn parse(line: &[u8]) -> Option<([u8; 32], Secret)> {
    let mut words = line.split(|byte| *byte == b' ');
    let (label, random, secret) = (words.next()?, words.next()?, words.next()?);
    let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    if words.next().is_some() || label.is_empty() || !label.iter().all(is_label) {
        return None;
    }
    let label = str::from_utf8(label).ok()?.to_owned();
    let random: [u8; 32] = bytes(random)?.try_into().ok()?;
    let secret = bytes(secret).filter(|secret| !secret.is_empty())?.into();
    Some((random, Secret { label, client_random: random.to_vec(), secret }))
}

/// Reads hexadecimal digits, of at most [`MAX_SECRET`] bytes. The vector does not move while it grows. A move would leave a
/// copy of a secret.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    if pairs.len() > MAX_SECRET {
        return None;
    }
    let mut bytes = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        bytes.push(u8::try_from(high? << 4 | low?).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> KeyLog {
        let mut log = KeyLog::default();
        log.add(text).unwrap();
        log
    }

    fn line(label: &str, random: u8, secret: usize) -> String {
        Secret::new(label, &[random; 32], &vec![7; secret]).line() + "\n"
    }

    #[test]
    fn secrets_belong_to_their_client_random() {
        let text =
            ["# a comment\n\n", &line("CLIENT_RANDOM", 1, 48), &line("A_0", 2, 32), &line("A_0", 2, 32)];
        let log = read(text.concat().replace('\n', "\r\n").as_bytes());
        assert_eq!(log.of(&[1; 32]), [Secret::new("CLIENT_RANDOM", &[1; 32], &[7; 48])]);
        assert_eq!(log.of(&[2; 32]), [Secret::new("A_0", &[2; 32], &[7; 32])]);
        assert_eq!(log.of(&[3; 32]), []);
        assert_eq!(log.read, Lines { all: 3, ..Lines::default() });
        assert_eq!(read(line("A", 1, 1).trim_end().as_bytes()).of(&[1; 32]).len(), 1, "without a newline");
    }

    #[test]
    fn malformed_lines_are_counted_and_later_ones_still_read() {
        let random = "01".repeat(32);
        let malformed = [
            "A".to_owned(),
            format!("A {random}"),
            format!("A {random} "),
            format!("A {random} 0"),
            format!("A {random} 0g"),
            format!("A {random} +1"),
            format!("A {random} 00 00"),
            format!("A  {random} 00"),
            format!("a {random} 00"),
            format!(" {random} 00"),
            format!("A {} 00", "01".repeat(31)),
            format!("A {random} {}", "00".repeat(65)),
            format!("A {random} {}", "00".repeat(10_000)),
            "\u{1b}[2J \u{0} \u{ff}".to_owned(),
        ];
        let mut text = line("A", 1, 1);
        malformed.iter().for_each(|line| text = format!("{text}{line}\n"));
        text += &line("B", 1, 1);
        let log = read(text.as_bytes());
        assert_eq!(log.of(&[1; 32]).len(), 2);
        let (all, malformed) = (malformed.len() as u64 + 2, malformed.len() as u64);
        assert_eq!(log.read, Lines { all, malformed, first_malformed: Some(2), too_many: 0 });
    }

    #[test]
    fn a_line_beyond_the_limit_needs_no_memory() {
        let mut log = KeyLog { free: 2500, ..KeyLog::default() };
        let text: String = (0..100).map(|random| line("CLIENT_RANDOM", random, 48)).collect();
        log.add(text.as_bytes()).unwrap();
        assert_eq!((log.secrets.len(), log.read.all, log.read.too_many), (7, 100, 93));
        log.add(line("CLIENT_RANDOM", 1, 48).as_bytes()).unwrap();
        assert_eq!(log.read.too_many, 93, "a known line is not beyond the limit");
    }

    #[test]
    fn the_secrets_of_one_session_are_bounded() {
        let text: String = (0..100).map(|number| line(&format!("LABEL_{number}"), 1, 32)).collect();
        let log = read(text.as_bytes());
        assert_eq!(
            (log.of(&[1; 32]).len(), log.read.too_many),
            (MAX_OF_SESSION, 100 - MAX_OF_SESSION as u64)
        );
    }
}
