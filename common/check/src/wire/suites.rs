//! The default algorithms of rustls, with other parts in each cipher suite.

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{CipherSuiteCommon, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

/// Changes each cipher suite like this. rustls needs `'static` suites, so they leak.
pub(super) fn provider(
    change_tls13: impl Fn(&mut Tls13CipherSuite),
    change_tls12: impl Fn(&mut Tls12CipherSuite),
) -> CryptoProvider {
    let changed = |suite: &SupportedCipherSuite| match suite {
        SupportedCipherSuite::Tls13(suite) => {
            let common = CipherSuiteCommon { ..suite.common };
            let mut suite = Tls13CipherSuite { common, quic: None, ..**suite };
            change_tls13(&mut suite);
            SupportedCipherSuite::Tls13(leak(suite))
        }
        SupportedCipherSuite::Tls12(suite) => {
            let common = CipherSuiteCommon { ..suite.common };
            let mut suite = Tls12CipherSuite { common, ..**suite };
            change_tls12(&mut suite);
            SupportedCipherSuite::Tls12(leak(suite))
        }
    };
    let usual = default_provider();
    let cipher_suites = usual.cipher_suites.iter().map(changed).collect();
    CryptoProvider { cipher_suites, ..usual }
}

/// A reference that lives as long as the program.
pub(super) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
