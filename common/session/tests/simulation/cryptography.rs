//! rustls' own cryptography, except for whatever would make two runs of one seed differ.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
    aws_lc_rs,
};
use rustls::{Error, NamedGroup, PeerMisbehaved};

use crate::random::Random;

thread_local! {
    /// rustls wants its source of randomness to live for ever; a run has its thread to itself.
    static RANDOM: RefCell<Random> = RefCell::new(Random::new(0));
}

/// From here on rustls draws, on this thread, what this seed says.
pub fn seed(seed: u64) {
    RANDOM.with_borrow_mut(|random| *random = Random::new(seed));
}

/// The cryptography of all runs.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![&Toy],
        secure_random: &Seeded,
        ..aws_lc_rs::default_provider()
    })
}

#[derive(Debug)]
struct Seeded;

impl SecureRandom for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        RANDOM.with_borrow_mut(|random| buffer.fill_with(|| random.next() as u8));
        Ok(())
    }
}

/// A key exchange with the sizes of X25519 and none of its secrecy: it draws from [`Seeded`], where aws-lc would draw
/// from the operating system, and it is what makes a hundred thousand handshakes affordable.
#[derive(Debug)]
struct Toy;

struct Share([u8; 32]);

impl SupportedKxGroup for Toy {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut share = [0; 32];
        Seeded.fill(&mut share)?;
        Ok(Box::new(Share(share)))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for Share {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        if peer.len() != self.0.len() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let secret: Vec<u8> = self.0.iter().zip(peer).map(|(ours, theirs)| ours ^ theirs).collect();
        Ok(secret.into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
