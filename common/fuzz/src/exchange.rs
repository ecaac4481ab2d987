//! X25519 with keys that are the same in every run: rustls' own draws its keys from the operating system.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

use crate::random::{self, Seeded};

/// The client's.
pub static CLIENT: &dyn SupportedKxGroup = &Group(&random::CLIENT);
/// The server's.
pub static SERVER: &dyn SupportedKxGroup = &Group(&random::SERVER);

#[derive(Debug)]
struct Group(&'static Seeded);

struct Exchange {
    private: PrivateKey,
    public: Vec<u8>,
}

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let private =
            PrivateKey::from_private_key(&X25519, &self.0.draw::<32>()).map_err(|_| GetRandomFailed)?;
        let public = private.compute_public_key().map_err(|_| GetRandomFailed)?.as_ref().to_vec();
        Ok(Box::new(Exchange { private, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let refused = Error::from(PeerMisbehaved::InvalidKeyShare);
        agree(&self.private, UnparsedPublicKey::new(&X25519, peer), refused, |secret| Ok(secret.into()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
