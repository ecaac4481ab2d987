//! What protects the records of one direction, and when that changes.

use rustls::ContentType;

use super::keys::TrafficKey;
use super::opener::{Opened, Opener};
use super::record::{Sealed, Sealing};

/// What protects the records of one direction now. `None` where the secret is not known.
#[derive(Debug, Default)]
pub(super) enum Cipher {
    /// Nothing yet.
    #[default]
    Clear,
    /// The keys of TLS 1.2, after ChangeCipherSpec.
    Tls12(Option<Opener>),
    /// The handshake keys of TLS 1.3, after ServerHello.
    Handshake(Option<TrafficKey>),
    /// The application keys of TLS 1.3, after Finished.
    Application(Option<TrafficKey>),
}

impl Cipher {
    /// Whether a record whose header claims this type is encrypted. In TLS 1.3 encrypted records all claim to be
    /// application data: an alert that says so comes from an end that had no keys yet, and ChangeCipherSpec is there
    /// for middleboxes.
    pub(super) fn encrypts(&self, outer: ContentType) -> bool {
        match self {
            Self::Clear => false,
            Self::Tls12(_) => true,
            Self::Handshake(_) | Self::Application(_) => outer == ContentType::ApplicationData,
        }
    }

    /// Opens the next record.
    ///
    /// One that does not open is counted, since whoever sent it has counted it: what follows can be shown even if the
    /// receiver gives up here, as it must. `early_data` says that there may be records under a key that is not known
    /// before the first one under the handshake keys; they are told apart by trying (RFC 8446, 4.2.10), and are not
    /// counted.
    pub(super) fn open(&mut self, wire: &[u8], early_data: bool) -> Result<Opened, Sealed> {
        let may_be_early = early_data && matches!(self, Self::Handshake(_));
        let opener = self.opener().ok_or(Sealed::NoSecret)?;
        let opened = opener.open(wire);
        if opened.is_none() && may_be_early && opener.counted() == 0 {
            return Err(Sealed::NoSecret);
        }
        opener.count();
        opened.ok_or(Sealed::DoesNotOpen)
    }

    /// How the next record is laid out; `None` if its key is not known.
    pub(super) fn sealing(&mut self) -> Option<Sealing> {
        self.opener().map(|opener| opener.sealing())
    }

    fn opener(&mut self) -> Option<&mut Opener> {
        match self {
            Self::Clear => None,
            Self::Tls12(opener) => opener.as_mut(),
            Self::Handshake(key) | Self::Application(key) => key.as_mut().map(|key| &mut key.opener),
        }
    }

    /// A KeyUpdate was sent. During the handshake that means nothing.
    pub(super) fn update(&mut self) {
        if let Self::Application(key) = self {
            *key = key.as_ref().and_then(TrafficKey::next);
        }
    }
}
