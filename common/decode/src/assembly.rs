//! Joins handshake messages that span records.

use std::ops::Range;

use crate::{MESSAGE_HEADER, message_length};

/// The longest message that is kept, as in rustls. A message can have up to 16 MiB.
const LONGEST: usize = 1 << 16;

/// Joins the handshake messages of one direction. A record may have several messages, and a message may span several
/// records (RFC 8446, 5.1).
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The beginning of an incomplete message.
    begun: Vec<u8>,
    /// The number of further bytes of a message that is too long to be kept.
    skipping: usize,
}

/// A part of a message, and the whole message if this is its last part.
pub(super) struct Part {
    pub(super) range: Range<usize>,
    pub(super) message: Option<Vec<u8>>,
}

impl Assembly {
    /// Adds the content of the next record. Returns its parts.
    pub(super) fn feed(&mut self, content: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
            let (length, message) = self.take(rest);
            parts.push(Part { range: at..at + length, message });
            at += length;
        }
        parts
    }

    /// Returns how many bytes are kept.
    pub(super) fn kept(&self) -> usize {
        self.begun.capacity()
    }

    /// Returns whether a message is too long to be kept, and goes on.
    pub(super) fn is_skipping(&self) -> bool {
        self.skipping > 0
    }

    /// Takes a part from the front of `rest`, which is not empty. The part is not empty, either.
    fn take(&mut self, rest: &[u8]) -> (usize, Option<Vec<u8>>) {
        if self.skipping > 0 {
            let length = self.skipping.min(rest.len());
            self.skipping -= length;
            return (length, None);
        }
        let had = self.begun.len();
        self.extend_to(MESSAGE_HEADER, rest, had);
        let Some(whole) = message_length(&self.begun) else {
            return (rest.len(), None);
        };
        if whole > LONGEST {
            let length = (whole - had).min(rest.len());
            self.skipping = whole - had - length;
            self.begun = Vec::new();
            return (length, None);
        }
        self.extend_to(whole, rest, had);
        let length = self.begun.len() - had;
        let message = (self.begun.len() == whole).then(|| std::mem::take(&mut self.begun));
        (length, message)
    }

    /// Extends the incomplete message to the length `target`, as far as `rest` allows. Before `rest` its length was
    /// `had`.
    fn extend_to(&mut self, target: usize, rest: &[u8], had: usize) {
        let (from, to) = (self.begun.len() - had, target.saturating_sub(had).min(rest.len()));
        self.begun.extend_from_slice(rest.get(from..to).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut message = vec![11];
        message.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes()[1..]);
        message.extend((0..length).map(|index| index as u8));
        message
    }

    /// Returns the messages, and the number of parts.
    fn assemble(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, usize) {
        let mut assembly = Assembly::default();
        let (mut messages, mut pieces) = (Vec::new(), 0);
        for record in stream.chunks(size) {
            let parts = assembly.feed(record);
            let ends: Vec<usize> = parts.iter().map(|part| part.range.end).collect();
            let starts: Vec<usize> = parts.iter().map(|part| part.range.start).collect();
            assert_eq!((starts[0], &starts[1..]), (0, &ends[..ends.len() - 1]), "no gap, no overlap");
            assert_eq!(ends.last(), Some(&record.len()));
            pieces += parts.len();
            messages.extend(parts.into_iter().filter_map(|part| part.message));
            assert!(assembly.begun.len() < LONGEST);
        }
        (messages, pieces)
    }

    #[test]
    fn messages_are_joined_however_they_are_cut() {
        let messages = [message(0), message(5), message(300), message(LONGEST - MESSAGE_HEADER), message(1)];
        let stream = messages.concat();
        for size in [1, 2, 3, 4, 5, 7, 100, 16384, stream.len()] {
            assert_eq!(assemble(&stream, size).0, messages, "records of {size}");
        }
        assert_eq!(assemble(&stream, stream.len()).1, messages.len());
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped() {
        let stream = [message(3), message(LONGEST - MESSAGE_HEADER + 1), message(4)].concat();
        for size in [1, 3, 5, 16384, stream.len()] {
            assert_eq!(assemble(&stream, size).0, [message(3), message(4)], "records of {size}");
        }
    }
}
