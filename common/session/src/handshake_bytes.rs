//! The bytes that the peer has sent during the handshake.

/// The number of first bytes that are kept. A ClientHello with a post-quantum key share has some 1,700 bytes.
const KEPT: usize = 4096;

/// The first bytes that the peer has sent, and the number of all. A session keeps them until the handshake is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeBytes {
    beginning: Vec<u8>,
    length: usize,
}

impl HandshakeBytes {
    /// Adds received bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.beginning.len());
        self.beginning.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.length += bytes.len();
    }

    /// Returns the first 4,096 bytes.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// Returns the number of all received bytes.
    pub fn length(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_is_kept() {
        let mut bytes = HandshakeBytes::default();
        bytes.add(&[1; 3000]);
        bytes.add(&[2; 3000]);
        assert_eq!(bytes.length(), 6000);
        assert_eq!(bytes.beginning(), [[1; 3000].as_slice(), &[2; 1096]].concat());
    }
}
