//! The flags for TLS versions, cipher suites and key exchange groups.

use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, ALL_KX_GROUPS, default_provider};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{DEFAULT_VERSIONS, SupportedCipherSuite, SupportedProtocolVersion};
use tls_session::handshake;

use crate::offer::Offer;

/// The allowed versions, cipher suites and key exchange groups. If a flag is missing, rustls' defaults are allowed.
///
/// Names are IANA's, in upper or lower case. The log shows the same names.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS (repeatable; --list suites or --list groups prints each NAME)")]
pub struct TlsParameters {
    /// Allow this version only: 1.2 or 1.3 [default: both]
    #[arg(long, value_name = "VERSION", value_delimiter = ',', value_parser = parse_version)]
    tls: Vec<&'static SupportedProtocolVersion>,

    /// Allow this cipher suite only; if both ends allow several, the client's order decides
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_possible_values = true)]
    #[arg(ignore_case = true, value_parser = parser(ALL_CIPHER_SUITES, suite_name))]
    suite: Vec<SupportedCipherSuite>,

    /// Allow this key exchange group only; if both ends allow several, the client's order decides
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_possible_values = true)]
    #[arg(ignore_case = true, value_parser = parser(ALL_KX_GROUPS, group_name))]
    group: Vec<&'static dyn SupportedKxGroup>,
}

fn parse_version(text: &str) -> Result<&'static SupportedProtocolVersion, String> {
    match text {
        "1.2" => Ok(&TLS12),
        "1.3" => Ok(&TLS13),
        "1.0" | "1.1" => Err(format!(
            "TLS {text} is obsolete (RFC 8996), and this program does not speak it; write 1.2 or 1.3"
        )),
        _ => Err("write 1.2 or 1.3".to_owned()),
    }
}

impl TlsParameters {
    /// Returns a provider with the allowed suites and groups, in the order of the flags, each once.
    ///
    /// The client's order is its preference. The server follows the client's order.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        let mut provider = default_provider();
        if !self.suite.is_empty() {
            provider.cipher_suites = unique(&self.suite, suite_name);
        }
        if !self.group.is_empty() {
            provider.kx_groups = unique(&self.group, group_name);
        }
        Arc::new(provider)
    }

    /// Returns the allowed versions, for `with_protocol_versions`.
    pub fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let mut versions = DEFAULT_VERSIONS.to_vec();
        if !self.tls.is_empty() {
            versions.retain(|version| self.tls.contains(version));
        }
        versions
    }

    /// Returns whether a flag names TLS 1.2.
    pub fn names_tls12(&self) -> bool {
        self.tls.contains(&&TLS12)
    }

    /// Returns the same parameters for TLS 1.3 alone.
    pub fn with_tls13_only(self) -> Self {
        Self { tls: vec![&TLS13], ..self }
    }

    /// Returns the allowed parameters and these application protocols, for the sentence about a peer that has none of them.
    pub fn offer(&self, protocols: Vec<Vec<u8>>) -> Offer {
        Offer::ours(&self.provider(), &self.versions(), protocols)
    }

    /// Checks that a session with these parameters is possible. Then rustls' `with_protocol_versions` accepts them too.
    ///
    /// # Errors
    ///
    /// A sentence that names the flags that exclude each other, and a value to add.
    pub fn check(&self) -> Result<(), String> {
        let provider = self.provider();
        let suites = &provider.cipher_suites;
        let (possible, impossible): (Vec<_>, Vec<_>) = self
            .versions()
            .into_iter()
            .partition(|version| suites.iter().any(|suite| suite.version() == *version));

        let usable = |group: &&dyn SupportedKxGroup| {
            let mut versions = possible.iter();
            versions.any(|version| group.usable_for_version(version.version))
        };
        if provider.kx_groups.iter().any(usable) {
            return Ok(());
        }
        Err(match (possible.first(), impossible.first()) {
            (Some(version), _) => format!(
                "--group names no group of TLS {}, the only version that {} allows; \
                 add one, such as --group X25519",
                name_of(version),
                if self.tls.is_empty() { "--suite" } else { "--tls" },
            ),
            (None, Some(version)) => format!(
                "--suite names no suite of TLS {}, the only version that --tls allows; \
                 add one, such as --suite {}",
                name_of(version),
                example_suite(version),
            ),
            (None, None) => "--tls names no version".to_owned(),
        })
    }
}

fn example_suite(version: &SupportedProtocolVersion) -> &'static str {
    let mut suites = ALL_CIPHER_SUITES.iter();
    let found = suites.find(|suite| suite.version() == version);
    found.map(suite_name).unwrap_or_default()
}

pub(crate) fn name_of(version: &SupportedProtocolVersion) -> &'static str {
    if *version == TLS12 { "1.2" } else { "1.3" }
}

pub(crate) fn suite_name(suite: &SupportedCipherSuite) -> &'static str {
    handshake::suite_name(suite.suite())
}

pub(crate) fn group_name(group: &&'static dyn SupportedKxGroup) -> &'static str {
    group.name().as_str().unwrap_or_default()
}

/// Parses the name of an item in `all`, which is the provider's complete list.
fn parser<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(&T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(name)).try_map(move |typed| {
        let found = all.iter().find(|item| name(item).eq_ignore_ascii_case(&typed));
        found.copied().ok_or("unknown name")
    })
}

/// Keeps the first item with each name. A list of preferences must not have an item twice.
fn unique<T: Copy>(items: &[T], name: fn(&T) -> &'static str) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| name(other) == name(item)) {
            kept.push(*item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use rustls::ClientConfig;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        parameters: TlsParameters,
    }

    fn parse(arguments: &str) -> Result<TlsParameters, String> {
        Cli::try_parse_from(["program"].into_iter().chain(arguments.split_whitespace()))
            .map(|cli| cli.parameters)
            .map_err(|error| error.to_string())
    }

    /// The names of the suites and the groups.
    fn names(arguments: &str) -> (Vec<&'static str>, Vec<&'static str>) {
        let provider = parse(arguments).unwrap().provider();
        let suites = provider.cipher_suites.iter().map(suite_name).collect();
        (suites, provider.kx_groups.iter().map(group_name).collect())
    }

    #[test]
    fn names_are_the_names_of_iana() {
        for suite in ALL_CIPHER_SUITES {
            let name = format!("{suite:?}").replace("TLS13_", "TLS_");
            assert_eq!(names(&format!("--suite {name}")).0, [name]);
        }
        for group in ALL_KX_GROUPS {
            let name = format!("{:?}", group.name());
            assert_eq!(names(&format!("--group {name}")).1, [name]);
        }
    }

    #[test]
    fn the_default_is_rustls_default_with_the_hybrid_group_first() {
        let (suites, groups) = names("");
        assert_eq!(suites.len(), default_provider().cipher_suites.len());
        assert_eq!(groups[0], "X25519MLKEM768");
        assert_eq!(parse("").unwrap().versions(), DEFAULT_VERSIONS);
    }

    #[test]
    fn names_keep_their_order_and_ignore_case_and_repetition() {
        let (suites, _) = names("--suite tls_aes_128_gcm_sha256 --suite TLS_AES_256_GCM_SHA384");
        assert_eq!(suites, ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]);
        let (_, groups) = names("--group SECP384R1,x25519 --group secp384r1");
        assert_eq!(groups, ["secp384r1", "X25519"]);
        assert_eq!(parse("--tls 1.2").unwrap().versions(), [&TLS12]);
        assert_eq!(parse("--tls 1.3 --tls 1.3").unwrap().versions(), [&TLS13]);
        assert_eq!(parse("--tls 1.2,1.3").unwrap().versions().len(), 2);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        for (arguments, known) in [
            ("--suite AES", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
            ("--group P-256", "secp256r1"),
            (
                "--tls 1.1",
                "TLS 1.1 is obsolete (RFC 8996), and this program does not speak it; write 1.2 or 1.3",
            ),
            ("--tls TLSv1.2", "write 1.2 or 1.3"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(known), "{error}");
        }
    }

    #[test]
    fn an_error_names_the_flags_that_exclude_each_other() {
        for (arguments, parts) in [
            ("--tls 1.3 --suite TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ["--suite", "--tls", "TLS 1.3"]),
            ("--tls 1.2 --suite TLS_AES_128_GCM_SHA256", ["--suite", "--tls", "TLS 1.2"]),
            ("--tls 1.2 --group X25519MLKEM768", ["--group", "--tls", "TLS 1.2"]),
            (
                "--suite TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 --group MLKEM768",
                ["--group", "--suite", "TLS 1.2"],
            ),
        ] {
            let error = parse(arguments).unwrap().check().unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{arguments}: {error}");
        }
    }

    /// Tries many pairs of suites, with many pairs of groups, in every set of versions.
    #[test]
    fn rustls_accepts_parameters_that_pass_the_check() {
        let mut accepted = 0;
        for tls in [vec![], vec![&TLS12], vec![&TLS13]] {
            for (i, suite) in ALL_CIPHER_SUITES.iter().enumerate() {
                for (j, group) in ALL_KX_GROUPS.iter().enumerate() {
                    let parameters = TlsParameters {
                        tls: tls.clone(),
                        suite: vec![*suite, ALL_CIPHER_SUITES[i / 2]],
                        group: vec![*group, ALL_KX_GROUPS[j / 2]],
                    };
                    if parameters.check().is_ok() {
                        accepted += 1;
                        ClientConfig::builder_with_provider(parameters.provider())
                            .with_protocol_versions(&parameters.versions())
                            .unwrap();
                    }
                }
            }
        }
        assert!(accepted > 50);
    }
}
