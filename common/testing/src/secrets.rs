//! Secrets that no output may contain, in every form in which they could be printed.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use rustls::KeyLog;

/// An output that contains this many consecutive bytes of a secret reveals it.
const WINDOW: usize = 16;

/// A secret and its name.
type Named = (&'static str, Vec<u8>);

/// Secrets.
#[derive(Default)]
pub struct Secrets(Vec<Named>);

impl Secrets {
    /// Adds a secret.
    pub fn add(&mut self, name: &'static str, bytes: &[u8]) {
        assert!(bytes.len() >= WINDOW, "{name} is too short to be recognised");
        self.0.push((name, bytes.to_vec()));
    }

    /// Adds a private key in PEM: its bytes, and the lines of the PEM text.
    pub fn add_key(&mut self, pem: &str) {
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        for line in &lines {
            self.add("a line of the private key's PEM", line.as_bytes());
        }
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes());
        let der: rustls::pki_types::PrivateKeyDer<'_> = der.unwrap();
        self.add("the private key", scalar(der.secret_der()));
    }

    /// Adds the secrets of a session.
    pub fn add_session(&mut self, log: &SessionSecrets) {
        for (label, secret) in log.0.lock().unwrap().iter() {
            self.add(label, secret);
        }
    }

    /// The number of secrets.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Panics if an output contains a secret: its bytes, or its bytes in hexadecimal (in both cases), as Rust's `Debug`
    /// prints them, or in base64 (in both alphabets and every alignment).
    pub fn assert_unsaid(&self, output: &[u8]) {
        let text = String::from_utf8_lossy(output);
        let squeezed: String =
            text.chars().filter(|letter| !letter.is_whitespace() && *letter != ':').collect();
        let folded = squeezed.to_ascii_lowercase();
        let raw = parts(output, WINDOW);
        let hexadecimals = parts(folded.as_bytes(), 2 * WINDOW);
        let encodings = parts(squeezed.as_bytes(), ENCODED);
        for (name, secret) in &self.0 {
            for window in secret.windows(WINDOW) {
                let is_printed = raw.contains(window)
                    || hexadecimals.contains(hexadecimal(window).as_bytes())
                    || squeezed.contains(&listed(window))
                    || encoded(window).any(|letters| encodings.contains(letters.as_bytes()));
                assert!(!is_printed, "the output contains {name}:\n{text}");
            }
        }
    }
}

/// All substrings of this length.
fn parts(bytes: &[u8], length: usize) -> HashSet<&[u8]> {
    bytes.windows(length).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// As `{:?}` prints it, without spaces.
fn listed(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// The base64 length of four groups of three bytes. Every window contains four complete groups, at every alignment.
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

/// The private number of a P-256 key in PKCS #8 (RFC 5915): an OCTET STRING of 32 bytes after the version 1.
fn scalar(der: &[u8]) -> &[u8] {
    let head = [2, 1, 1, 4, 32];
    let at = der.windows(head.len()).position(|window| window == head).expect("a P-256 key");
    &der[at + head.len()..][..32]
}

/// Collects the secrets of sessions from rustls.
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
    fn a_secret_is_recognised_in_every_form() {
        let secret: Vec<u8> = (0..48).map(|number: u8| number.wrapping_mul(37) ^ 0xa5).collect();
        let mut secrets = Secrets::default();
        secrets.add("the secret", &secret);
        let part = &secret[7..40];
        let hex = hexadecimal(part);
        for printed in [
            part.to_vec(),
            hex.to_uppercase().into_bytes(),
            hex.into_bytes(),
            format!("{part:?}").into_bytes(),
            base64(part, STANDARD).into_bytes(),
            base64(part, URL_SAFE).into_bytes(),
        ] {
            let output = [b"key: ", &printed[..], b"\n"].concat();
            assert!(std::panic::catch_unwind(|| secrets.assert_unsaid(&output)).is_err(), "{output:?}");
        }
        secrets.assert_unsaid(b"nothing of the kind");
    }
}
