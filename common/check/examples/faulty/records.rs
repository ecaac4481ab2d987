//! Follows the borders of the records in the bytes of a connection.

/// The length of a record's header (RFC 8446, 5.1).
const HEADER: usize = 5;

/// The position in a stream of records.
#[derive(Default)]
pub struct Records {
    header: [u8; HEADER],
    /// How many bytes of the current record have come, its header included.
    received: usize,
}

impl Records {
    /// Returns how many of these bytes belong to the current record, and counts them. A header that has only begun is a
    /// piece of its own. At least one, if there are bytes.
    pub fn advance(&mut self, bytes: &[u8]) -> usize {
        let piece = self.wanted().min(bytes.len());
        if self.is_complete() {
            self.received = 0;
        }
        for (place, byte) in self.header.iter_mut().skip(self.received).zip(&bytes[..piece]) {
            *place = *byte;
        }
        self.received += piece;
        piece
    }

    /// Returns how many bytes are missing from the header of the current record, or else from its content.
    pub fn wanted(&self) -> usize {
        match self.received {
            _ if self.is_complete() => HEADER,
            received if received < HEADER => HEADER - received,
            received => HEADER + self.length() - received,
        }
    }

    /// Returns whether the current record is complete, or none has begun.
    pub fn is_complete(&self) -> bool {
        self.received == 0 || (self.received >= HEADER && self.received == HEADER + self.length())
    }

    /// The type of the current record, once its first byte has come.
    pub fn kind(&self) -> u8 {
        self.header[0]
    }

    /// The length of the current record without its header, once that is complete.
    pub fn length(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[3], self.header[4]]))
    }
}
