//! Counts TLS records without decrypting them, so that a session can limit the work of a turn.

/// The length of a record's header: one byte of type, two of version, two of length (RFC 8446, 5.1).
const HEADER: usize = 5;

/// The type of a record that holds an alert (RFC 8446, 5.1). In TLS 1.2 the header shows it.
const ALERT: u8 = 21;
/// The length of an encrypted alert in TLS 1.3: level, description, type, and the tag of the AEAD (RFC 8446, 5.2).
/// There the header does not show the type.
const ALERT_LENGTH: usize = 2 + 1 + 16;

/// A position in a stream of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Framing {
    /// The number of header bytes so far. It is 0 between two records, and inside a body.
    header: usize,
    /// The number of body bytes that are still missing.
    body: usize,
    /// The type of the current or last record.
    kind: u8,
    /// The length of that record's body, as far as its header is complete.
    length: usize,
}

impl Framing {
    /// Returns how many of `bytes` hold no more than `limit` records. A record counts where it begins, so the rest of
    /// a record that began earlier does not count.
    pub(crate) fn fit(self, bytes: &[u8], limit: usize) -> usize {
        self.walk(bytes, limit).1
    }

    /// Advances the position over `bytes`, and returns how many records begin in them.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> usize {
        let (framing, _, records) = self.walk(bytes, usize::MAX);
        *self = framing;
        records
    }

    /// Returns whether the position is at the end of a record that can be an alert. A padded alert is not recognised.
    pub(crate) fn ends_with_alert(self) -> bool {
        self.header == 0 && self.body == 0 && (self.kind == ALERT || self.length == ALERT_LENGTH)
    }

    /// Walks over `bytes`, and stops before the record number `limit + 1`. Returns the position there, the number of
    /// bytes before it, and the number of records that begin in these bytes.
    fn walk(mut self, bytes: &[u8], limit: usize) -> (Self, usize, usize) {
        let (mut at, mut records) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            if self.body > 0 {
                let part = self.body.min(bytes.len() - at);
                self.body -= part;
                at += part;
                continue;
            }
            if self.header == 0 {
                if records == limit {
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
    fn a_record_counts_where_it_begins() {
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
    fn an_alert_is_recognised_by_its_type_or_its_length() {
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
    fn the_rest_of_a_record_does_not_count() {
        let bytes = records(&[300, 7]);
        let mut framing = Framing::default();
        framing.advance(&bytes[..100]);
        assert_eq!(framing.fit(&bytes[100..], 0), 205);
        assert_eq!(framing.fit(&bytes[100..], 1), bytes.len() - 100);
    }
}
