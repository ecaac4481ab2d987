//! Canaries: what must never be said aloud, in every form in which somebody might say it.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use rustls::KeyLog;

/// So many bytes of a secret in a row are the secret.
const WINDOW: usize = 16;

/// A secret, and what it is.
type Named = (&'static str, Vec<u8>);

/// Secrets, and all the words by which they would be known.
#[derive(Default)]
pub struct Secrets(Vec<Named>);

impl Secrets {
    /// Adds one.
    pub fn add(&mut self, name: &'static str, bytes: &[u8]) {
        assert!(bytes.len() >= WINDOW, "{name} is too short to be known again");
        self.0.push((name, bytes.to_vec()));
    }

    /// Adds a private key in PEM: its raw bytes, and the lines themselves.
    pub fn add_key(&mut self, pem: &str) {
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        for line in &lines {
            self.add("a line of the private key's PEM", line.as_bytes());
        }
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes());
        let der: rustls::pki_types::PrivateKeyDer<'_> = der.unwrap();
        self.add("the private key", scalar(der.secret_der()));
    }

    /// Adds what a session has logged.
    pub fn add_session(&mut self, log: &SessionSecrets) {
        for (label, secret) in log.0.lock().unwrap().iter() {
            self.add(label, secret);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Panics if any of them is in what was said: as it is, in hexadecimal of either case, as Rust shows bytes, or in
    /// base64 of either alphabet and any alignment.
    pub fn assert_unsaid(&self, said: &[u8]) {
        let text = String::from_utf8_lossy(said);
        let squeezed: String =
            text.chars().filter(|letter| !letter.is_whitespace() && *letter != ':').collect();
        let folded = squeezed.to_ascii_lowercase();
        let raw = parts(said, WINDOW);
        let hexadecimals = parts(folded.as_bytes(), 2 * WINDOW);
        let encodings = parts(squeezed.as_bytes(), ENCODED);
        for (name, secret) in &self.0 {
            for window in secret.windows(WINDOW) {
                let is_said = raw.contains(window)
                    || hexadecimals.contains(hexadecimal(window).as_bytes())
                    || squeezed.contains(&listed(window))
                    || encoded(window).any(|letters| encodings.contains(letters.as_bytes()));
                assert!(!is_said, "{name} was said:\n{text}");
            }
        }
    }
}

/// All parts of this length.
fn parts(bytes: &[u8], length: usize) -> HashSet<&[u8]> {
    bytes.windows(length).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// As `{:?}` has it, without the spaces.
fn listed(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// The four groups of three bytes that are in every window, whatever comes before and behind, as four letters each.
const ENCODED: usize = 16;

fn encoded(window: &[u8]) -> impl Iterator<Item = String> {
    let alignments = (0..3).map(|skip| &window[skip..][..ENCODED / 4 * 3]);
    alignments.flat_map(|bytes| [STANDARD, URL_SAFE].map(|alphabet| base64(bytes, alphabet)))
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let letters = bytes.chunks_exact(3).flat_map(|group| {
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        [18, 12, 6, 0].map(|shift| char::from(alphabet[(number >> shift & 63) as usize]))
    });
    letters.collect()
}

/// The secret number of a P-256 key in PKCS #8 (RFC 5915): an OCTET STRING of 32 bytes behind the version 1.
fn scalar(der: &[u8]) -> &[u8] {
    let head = [2, 1, 1, 4, 32];
    let at = der.windows(head.len()).position(|window| window == head).expect("a P-256 key");
    &der[at + head.len()..][..32]
}

/// The secrets of a session, as rustls gives them to whoever asks.
#[derive(Clone, Debug, Default)]
pub struct SessionSecrets(Arc<Mutex<BTreeSet<Named>>>);

impl KeyLog for SessionSecrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        let name = match label {
            "CLIENT_RANDOM" => "the master secret",
            _ => "a traffic secret",
        };
        self.0.lock().unwrap().insert((name, secret.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_in_every_form() {
        let secret: Vec<u8> = (0..48).map(|number: u8| number.wrapping_mul(37) ^ 0xa5).collect();
        let mut secrets = Secrets::default();
        secrets.add("it", &secret);
        let part = &secret[7..40];
        let hex = hexadecimal(part);
        for said in [
            part.to_vec(),
            hex.to_uppercase().into_bytes(),
            hex.into_bytes(),
            format!("{part:?}").into_bytes(),
            base64(part, STANDARD).into_bytes(),
            base64(part, URL_SAFE).into_bytes(),
        ] {
            let said = [b"key: ", &said[..], b"\n"].concat();
            assert!(std::panic::catch_unwind(|| secrets.assert_unsaid(&said)).is_err(), "{said:?}");
        }
        secrets.assert_unsaid(b"nothing of the kind");
    }
}
