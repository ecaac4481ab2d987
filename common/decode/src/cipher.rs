//! The current protection of the records of one direction.

use rustls::ContentType;

use crate::keys::TrafficKey;
use crate::opener::{Opened, Opener};
use crate::record::{Sealed, Sealing};

/// The current protection of the records of one direction. `None` if the secret is not known.
#[derive(Debug, Default)]
pub(super) enum Cipher {
    /// No encryption yet.
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
    /// Returns whether a record with this type in its header is encrypted. In TLS 1.3 all encrypted records have the type
    /// application_data. Other types are in clear text: an alert of an end that has no keys yet, or ChangeCipherSpec for
    /// middleboxes.
    pub(super) fn encrypts(&self, outer: ContentType) -> bool {
        match self {
            Self::Clear => false,
            Self::Tls12(_) => true,
            Self::Handshake(_) | Self::Application(_) => outer == ContentType::ApplicationData,
        }
    }

    /// Decrypts the next record.
    ///
    /// A record that does not open is counted, because its sender has counted it. So later records can be decrypted, although
    /// the receiver has to end the session here. `early_data` says that records under an unknown key may come before the
    /// first record under the handshake keys. Only a failed decryption tells them apart (RFC 8446, 4.2.10). They are not
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

    /// Returns the layout of the next record; `None` if its key is not known.
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

    /// Applies a KeyUpdate. During the handshake it has no effect.
    pub(super) fn update(&mut self) {
        if let Self::Application(key) = self {
            *key = key.as_ref().and_then(TrafficKey::next);
        }
    }
}
