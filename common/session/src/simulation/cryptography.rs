//! The cryptography of rustls, without everything that would make two runs of one seed differ.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
    aws_lc_rs,
};
use rustls::{
    CipherSuiteCommon, Error, NamedGroup, PeerMisbehaved, SupportedCipherSuite, Tls12CipherSuite,
    Tls13CipherSuite,
};

use super::Side;
use super::random::Random;

thread_local! {
    /// The random numbers of the client and of the server on this thread. rustls wants a `'static` source.
    static RANDOM: [RefCell<Random>; 2] = const { [RefCell::new(Random::new(0)), RefCell::new(Random::new(!0))] };
}

/// Sets the seed of all random numbers that rustls draws on this thread.
pub fn seed(seed: u64) {
    RANDOM.with(|[client, server]| (client.replace(Random::new(seed)), server.replace(Random::new(!seed))));
}

/// The cryptography of one end. Each end has random numbers of its own. So the bytes that a client once sent are valid
/// again in a later run with the same seed, even if the server does something else.
pub fn provider(side: Side) -> Arc<CryptoProvider> {
    let (group, random): (&'static dyn SupportedKxGroup, &'static dyn SecureRandom) = match side {
        Side::Client => (&CLIENT, &CLIENT.0),
        Side::Server => (&SERVER, &SERVER.0),
    };
    Arc::new(CryptoProvider {
        kx_groups: vec![group],
        secure_random: random,
        ..aws_lc_rs::default_provider()
    })
}

/// The same cryptography, with keys that can seal so many records. Those of AES-GCM can seal 2^24.
pub fn with_record_limit(side: Side, limit: u64) -> Arc<CryptoProvider> {
    let usual = provider(side);
    let common = |common: &CipherSuiteCommon| CipherSuiteCommon { confidentiality_limit: limit, ..*common };
    let limited = |suite: &SupportedCipherSuite| match suite {
        SupportedCipherSuite::Tls13(suite) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common: common(&suite.common),
                quic: None,
                ..**suite
            })))
        }
        SupportedCipherSuite::Tls12(suite) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: common(&suite.common),
                ..**suite
            })))
        }
    };
    let cipher_suites = usual.cipher_suites.iter().map(limited).collect();
    Arc::new(CryptoProvider { cipher_suites, ..(*usual).clone() })
}

static CLIENT: Toy = Toy(Seeded(Side::Client));
static SERVER: Toy = Toy(Seeded(Side::Server));

#[derive(Debug)]
struct Seeded(Side);

impl SecureRandom for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        RANDOM.with(|random| buffer.fill_with(|| random[self.0 as usize].borrow_mut().number() as u8));
        Ok(())
    }
}

/// A key exchange with the sizes of X25519 and without its secrecy. aws-lc would draw its keys from the operating
/// system. This one also makes a hundred thousand handshakes affordable.
#[derive(Debug)]
struct Toy(Seeded);

struct Share([u8; 32]);

impl SupportedKxGroup for Toy {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut share = [0; 32];
        self.0.fill(&mut share)?;
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
