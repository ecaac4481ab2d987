//! Counts TLS records without opening them, so that a session can bound the work of a turn.

/// The length of a record's header: a type, two bytes of version, two bytes of length (RFC 8446, 5.1).
const HEADER: usize = 5;

/// The type of an alert's record (RFC 8446, 5.1), which TLS 1.2 shows.
const ALERT: u8 = 21;
/// The length of an encrypted alert in TLS 1.3, which hides its type: level, description, type, and the tag of the AEAD
/// (RFC 8446, 5.2).
const ALERT_LENGTH: usize = 2 + 1 + 16;

/// Where a stream of records stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Framing {
    /// How many bytes of a header have come; 0 between two records and in a body.
    header: usize,
    /// How many bytes of the body are still to come.
    body: usize,
    /// The type of the last record that began.
    kind: u8,
    /// The length of that record's body, as far as its header has come.
    length: usize,
}

impl Framing {
    /// Returns how many of `bytes` come before the record that would be one more than `most`. Records count from the
    /// bytes in which they begin: the rest of a record that began earlier is free.
    pub(super) fn fit(self, bytes: &[u8], most: usize) -> usize {
        self.walk(bytes, most).1
    }

    /// Moves behind `bytes`, and returns how many records begin in them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
        let (framing, _, records) = self.walk(bytes, usize::MAX);
        *self = framing;
        records
    }

    /// Returns whether the stream stands behind a record that can be an alert. A padded one is not recognised.
    pub(super) fn ends_with_alert(self) -> bool {
        self.header == 0 && self.body == 0 && (self.kind == ALERT || self.length == ALERT_LENGTH)
    }

    /// Walks over `bytes` until `most` records have begun and another one would: where the stream stands then, how
    /// many bytes that is, and how many records began in them.
    fn walk(mut self, bytes: &[u8], most: usize) -> (Self, usize, usize) {
        let (mut at, mut records) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            if self.body > 0 {
                let part = self.body.min(bytes.len() - at);
                self.body -= part;
                at += part;
                continue;
            }
            if self.header == 0 {
                if records == most {
                    break;
                }
                records += 1;
            }
            self.read_header(byte);
            at += 1;
        }
        (self, at, records)
    }

    fn read_header(&mut self, byte: u8) {
        match self.header {
            0 => (self.kind, self.length) = (byte, 0),
            3.. => self.length = self.length << 8 | usize::from(byte),
            _ => {} // the version
        }
        self.header += 1;
        if self.header == HEADER {
            (self.header, self.body) = (0, self.length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(lengths: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &length in lengths {
            bytes.extend([23, 3, 3]);
            bytes.extend(length.to_be_bytes());
            bytes.resize(bytes.len() + usize::from(length), 0xff);
        }
        bytes
    }

    #[test]
    fn records_are_counted_where_they_begin() {
        let bytes = records(&[300, 0, 7, 0x0103]);
        assert_eq!(Framing::default().fit(&bytes, 0), 0);
        assert_eq!(Framing::default().fit(&bytes, 1), 305);
        assert_eq!(Framing::default().fit(&bytes, 2), 310);
        assert_eq!(Framing::default().fit(&bytes, 3), 322);
        assert_eq!(Framing::default().fit(&bytes, 4), bytes.len());
        assert_eq!(Framing::default().fit(&bytes[..100], 1), 100);
        let mut framing = Framing::default();
        assert_eq!(framing.advance(&bytes), 4);
        assert_eq!((framing.header, framing.body), (0, 0));
    }

    #[test]
    fn the_count_does_not_depend_on_where_the_stream_is_cut() {
        let bytes = records(&[300, 0, 7, 0x0103, 1]);
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut framing = Framing::default();
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let begun: usize = pieces.into_iter().map(|piece| framing.advance(piece)).sum();
                assert_eq!((begun, framing.header, framing.body), (5, 0, 0), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn an_alert_is_known_by_its_type_or_its_length() {
        let ends_with_alert = |bytes: &[u8]| {
            let mut framing = Framing::default();
            framing.advance(bytes);
            framing.ends_with_alert()
        };
        assert!(ends_with_alert(&records(&[300, 19])));
        assert!(ends_with_alert(&[21, 3, 3, 0, 2, 1, 0]));
        assert!(!ends_with_alert(&records(&[19, 300])));
        assert!(!ends_with_alert(&records(&[300, 19])[..320]), "a part of one");
        assert!(!ends_with_alert(&[&records(&[19])[..], b"more"].concat()));
    }

    #[test]
    fn the_rest_of_a_record_is_free() {
        let bytes = records(&[300, 7]);
        let mut framing = Framing::default();
        framing.advance(&bytes[..100]);
        assert_eq!(framing.fit(&bytes[100..], 0), 205);
        assert_eq!(framing.fit(&bytes[100..], 1), bytes.len() - 100);
    }
}
