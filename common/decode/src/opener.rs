//! Decrypts records with a key.

use std::fmt;

use aws_lc_rs::aead;
use rustls::ContentType;

use crate::HEADER;
use crate::reader::Reader;
use crate::record::Sealing;

/// The length of the part of a nonce that is sent with AES-GCM in TLS 1.2 (RFC 5288, 3).
const EXPLICIT_NONCE: usize = 8;

/// Decrypts the records that one end encrypts with one key.
pub(super) struct Opener {
    key: aead::LessSafeKey,
    form: Form,
    /// The number of the next record under this key.
    sequence: u64,
}

/// The form of the nonce, and of the additional authenticated data.
pub(super) enum Form {
    /// TLS 1.3. The nonce combines the sequence number with this. The header is authenticated, with the version that it
    /// should have (RFC 8446, 5.2 and 5.3).
    Tls13([u8; aead::NONCE_LEN]),
    /// TLS 1.2 with ChaCha20-Poly1305. The nonce is as in TLS 1.3. The header of the plaintext is authenticated (RFC
    /// 7905).
    Tls12Counted([u8; aead::NONCE_LEN]),
    /// TLS 1.2 with AES-GCM. The nonce is this and eight bytes in front of the ciphertext (RFC 5288).
    Tls12Explicit([u8; 4]),
}

/// A decrypted record.
pub(super) struct Opened {
    pub(super) kind: ContentType,
    pub(super) plaintext: Vec<u8>,
    /// The number of zeros that padded it.
    pub(super) padding: usize,
}

impl Opener {
    /// Makes an opener; `None` if the key does not have the length that the algorithm needs.
    pub(super) fn new(algorithm: &'static aead::Algorithm, key: &[u8], form: Form) -> Option<Self> {
        let key = aead::UnboundKey::new(algorithm, key).ok()?;
        Some(Self { key: aead::LessSafeKey::new(key), form, sequence: 0 })
    }

    /// Decrypts the next record under this key, without counting it; `None` if it does not open.
    pub(super) fn open(&self, wire: &[u8]) -> Option<Opened> {
        let plaintext = self.decrypt(wire)?;
        let kind = ContentType::from(*wire.first()?);
        match self.form {
            Form::Tls13(_) => Some(without_padding(plaintext)),
            _ => Some(Opened { kind, plaintext, padding: 0 }),
        }
    }

    /// Counts a record that was sent under this key.
    pub(super) fn count(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
    }

    /// Returns the layout of the next record.
    pub(super) fn sealing(&self) -> Sealing {
        let explicit_nonce = match self.form {
            Form::Tls12Explicit(_) => EXPLICIT_NONCE,
            Form::Tls13(_) | Form::Tls12Counted(_) => 0,
        };
        Sealing { explicit_nonce, tag: self.key.algorithm().tag_len(), sequence: self.sequence }
    }

    /// Returns the number of counted records.
    pub(super) fn counted(&self) -> u64 {
        self.sequence
    }

    fn decrypt(&self, wire: &[u8]) -> Option<Vec<u8>> {
        let mut reader = Reader::new(wire);
        let header: [u8; HEADER] = reader.array()?;
        let explicit = match self.form {
            Form::Tls12Explicit(_) => reader.array::<EXPLICIT_NONCE>()?,
            _ => [0; EXPLICIT_NONCE],
        };
        let sealed = reader.rest();
        let length = sealed.len().checked_sub(self.key.algorithm().tag_len())?;
        let additional = self.additional(header, length)?;
        let mut buffer = sealed.to_vec();
        let opened = self.key.open_in_place(self.nonce(explicit), aead::Aad::from(additional), &mut buffer);
        let length = opened.ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    fn nonce(&self, explicit: [u8; EXPLICIT_NONCE]) -> aead::Nonce {
        let (mut nonce, last) = match self.form {
            Form::Tls13(iv) | Form::Tls12Counted(iv) => (iv, self.sequence.to_be_bytes()),
            Form::Tls12Explicit([a, b, c, d]) => ([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0], explicit),
        };
        nonce.iter_mut().rev().zip(last.iter().rev()).for_each(|(byte, last)| *byte ^= last);
        aead::Nonce::assume_unique_for_key(nonce)
    }

    /// Returns the additional authenticated data. In TLS 1.2 these are the number of the record, and its header with the
    /// length before encryption (RFC 5246, 6.2.3.3).
    fn additional(&self, header: [u8; HEADER], length: usize) -> Option<Vec<u8>> {
        let [kind, major, minor, high, low] = header;
        if let Form::Tls13(_) = self.form {
            return Some(vec![23, 3, 3, high, low]); // the required version: receivers ignore the real one (5.1)
        }
        let mut additional = self.sequence.to_be_bytes().to_vec();
        additional.extend_from_slice(&[kind, major, minor]);
        additional.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
        Some(additional)
    }
}

/// Removes the padding. In TLS 1.3 the content is followed by its type, which is not zero, and by zeros. A record
/// with only zeros has no type. It gets type 0, which does not exist.
fn without_padding(mut plaintext: Vec<u8>) -> Opened {
    let length = plaintext.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let padding = plaintext.len() - length;
    plaintext.truncate(length);
    let kind = ContentType::from(plaintext.pop().unwrap_or_default());
    Opened { kind, plaintext, padding }
}

/// Does not show the key.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({} records)", self.sequence)
    }
}

/// The sender, for tests.
#[cfg(test)]
impl Opener {
    /// Encrypts and counts a record. In TLS 1.3 `padding` zeros are added.
    pub(super) fn seal(&mut self, kind: ContentType, content: &[u8], padding: usize) -> Vec<u8> {
        let (mut inner, outer, front) =
            (content.to_vec(), [u8::from(kind), 3, 3], self.sequence.to_be_bytes());
        let (outer, front) = match self.form {
            Form::Tls13(_) => {
                inner.push(u8::from(kind));
                inner.resize(inner.len() + padding, 0);
                ([23, 3, 3], &[][..])
            }
            Form::Tls12Counted(_) => (outer, &[][..]),
            Form::Tls12Explicit(_) => (outer, &front[..]),
        };
        let header = |length: usize| {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            [outer[0], outer[1], outer[2], high, low]
        };
        let length = front.len() + inner.len() + self.key.algorithm().tag_len();
        let additional = aead::Aad::from(self.additional(header(length), inner.len()).unwrap());
        let nonce = self.nonce(self.sequence.to_be_bytes());
        self.key.seal_in_place_append_tag(nonce, additional, &mut inner).unwrap();
        self.count();
        [&header(length), front, &inner].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> [Opener; 2] {
        [(); 2].map(|()| Opener::new(&aead::AES_128_GCM, &[1; 16], Form::Tls13([2; 12])).unwrap())
    }

    #[test]
    fn padding_is_removed_and_counted() {
        let [mut sender, mut receiver] = pair();
        for padding in [0, 1, 1000] {
            for content in [&b""[..], b"\0\0", b"hello\0"] {
                let opened =
                    receiver.open(&sender.seal(ContentType::ApplicationData, content, padding)).unwrap();
                assert_eq!(opened.kind, ContentType::ApplicationData);
                assert_eq!((opened.plaintext.as_slice(), opened.padding), (content, padding));
                receiver.count();
            }
        }
        let nothing = receiver.open(&sender.seal(ContentType::Unknown(0), b"", 7)).unwrap();
        assert_eq!((nothing.kind, nothing.plaintext.len()), (ContentType::Unknown(0), 0));
        assert_eq!(nothing.padding, 8);
    }
}
