//! A name in a certificate that looks like the wanted name, and does not count.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::ServerName;
use x509_parser::certificate::X509Certificate;

use tls_session::escaped::Escaped;

use crate::names::{common_names, dns_names, has_alternative_names, same_dns_name, to_ascii};

/// A name in a certificate that looks like the wanted name, and does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearMiss {
    /// The wanted address is the Common Name.
    AddressInCommonName,
    /// The wanted address is an alternative name, but with the type for DNS names.
    AddressAsDnsName,
    /// The wanted name is the Common Name, but the certificate also has alternative names.
    CommonNameBesideOthers,
    /// This name has a wildcard that seems to cover the wanted name, but breaks a rule.
    Wildcard(String, WildcardRule),
    /// The certificate has the wanted name in Unicode.
    Unicode,
}

/// The rule that a wildcard breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WildcardRule {
    /// The wildcard is in the Common Name.
    InCommonName,
    /// The asterisk is not the whole first label.
    WholeFirstLabel,
    /// Fewer than two labels follow the asterisk.
    TwoLabelsAfter,
    /// The asterisk would stand for no label, or for several.
    OneLabel,
    /// The name ends with a dot.
    NoFinalDot,
}

impl NearMiss {
    /// Looks for a near miss in a certificate that is not for the wanted name.
    pub(super) fn find(certificate: &X509Certificate<'_>, wanted: &ServerName<'_>) -> Option<Self> {
        match wanted {
            ServerName::IpAddress(address) => Self::of_address(certificate, IpAddr::from(*address)),
            ServerName::DnsName(name) => Self::of_name(certificate, name.as_ref()),
            _ => None,
        }
    }

    fn of_address(certificate: &X509Certificate<'_>, wanted: IpAddr) -> Option<Self> {
        let is_wanted = |name: &str| name.trim_matches(['[', ']']).parse() == Ok(wanted);
        if dns_names(certificate).any(is_wanted) {
            Some(Self::AddressAsDnsName)
        } else if common_names(certificate).any(is_wanted) {
            Some(Self::AddressInCommonName)
        } else {
            None
        }
    }

    fn of_name(certificate: &X509Certificate<'_>, wanted: &str) -> Option<Self> {
        let wildcard = |name: &str| broken_rule(name, wanted).map(|rule| Self::Wildcard(shown(name), rule));
        let unicode = |name: &str| {
            let is_wanted =
                !name.is_ascii() && to_ascii(name).is_ok_and(|ascii| same_dns_name(&ascii, wanted));
            is_wanted.then_some(Self::Unicode)
        };
        if has_alternative_names(certificate) {
            let beside = || {
                let is_wanted = common_names(certificate).any(|name| same_dns_name(name, wanted));
                is_wanted.then_some(Self::CommonNameBesideOthers)
            };
            return dns_names(certificate)
                .find_map(|name| wildcard(name).or_else(|| unicode(name)))
                .or_else(beside);
        }
        common_names(certificate).find_map(|name| {
            if seems_to_cover(name, wanted) {
                return Some(Self::Wildcard(shown(name), WildcardRule::InCommonName));
            }
            unicode(name)
        })
    }

    /// Completes the sentence "its certificate is not for WANTED: …".
    pub(super) fn fmt_for(&self, wanted: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressInCommonName => write!(
                f,
                "it has that address in its Common Name, and an address counts only as an alternative name \
                 (subjectAltName=IP:{wanted})"
            ),
            Self::AddressAsDnsName => write!(
                f,
                "it has that address as a DNS name, and an address counts only as an IP address \
                 (subjectAltName=IP:{wanted})"
            ),
            Self::CommonNameBesideOthers => write!(
                f,
                "it has that name in its Common Name, which does not count if there are alternative names \
                 (add subjectAltName=DNS:{wanted})"
            ),
            Self::Wildcard(name, rule) => write!(f, "{name} does not cover it, because {rule}"),
            Self::Unicode => f.write_str("it has that name in Unicode, and only the form with xn-- counts"),
        }
    }
}

impl fmt::Display for WildcardRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InCommonName => "a wildcard counts only in an alternative name, not in a Common Name",
            Self::WholeFirstLabel => "a wildcard has to be the whole first label",
            Self::TwoLabelsAfter => "at least two labels have to follow a wildcard",
            Self::OneLabel => "a wildcard stands for exactly one label",
            Self::NoFinalDot => "a name with a wildcard must not end with a dot",
        })
    }
}

fn shown(name: &str) -> String {
    Escaped::new(name).to_string()
}

/// The rule of webpki that this wildcard breaks. `None` if it does not seem to cover the wanted name, or breaks no
/// rule.
fn broken_rule(name: &str, wanted: &str) -> Option<WildcardRule> {
    let (pattern, wanted) = (relative(name), relative(wanted));
    let (before, after) = pattern.split_once('*')?;
    let Some(parent) = after.strip_prefix('.').filter(|_| before.is_empty()) else {
        let rule = if pattern == "*" { WildcardRule::TwoLabelsAfter } else { WildcardRule::WholeFirstLabel };
        return seems_to_cover(name, &wanted).then_some(rule);
    };
    let below = wanted.strip_suffix(parent).filter(|below| below.is_empty() || below.ends_with('.'))?;
    Some(if !parent.contains('.') {
        WildcardRule::TwoLabelsAfter
    } else if below.matches('.').count() != 1 {
        WildcardRule::OneLabel
    } else if name.ends_with('.') {
        WildcardRule::NoFinalDot
    } else {
        return None; // webpki accepts it
    })
}

/// Whether a name would cover another one, if its asterisk could stand for any text.
fn seems_to_cover(name: &str, wanted: &str) -> bool {
    let (pattern, wanted) = (relative(name), relative(wanted));
    pattern.split_once('*').is_some_and(|(before, after)| {
        wanted.len() >= before.len() + after.len() && wanted.starts_with(before) && wanted.ends_with(after)
    })
}

/// A name in lower case, without a final dot.
fn relative(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_rule_of_a_wildcard_is_found() {
        use WildcardRule::{NoFinalDot, OneLabel, TwoLabelsAfter, WholeFirstLabel};
        for (name, wanted, rule) in [
            ("*.example.com", "example.com", Some(OneLabel)),
            ("*.example.com", "a.b.example.com", Some(OneLabel)),
            ("*.EXAMPLE.com", "a.b.example.com.", Some(OneLabel)),
            ("*.example.com", "a.badexample.com", None),
            ("*.example.com", "elsewhere.com", None),
            ("*.localhost", "a.localhost", Some(TwoLabelsAfter)),
            ("*.com", "example.com", Some(TwoLabelsAfter)),
            ("*", "localhost", Some(TwoLabelsAfter)),
            ("w*.example.com", "www.example.com", Some(WholeFirstLabel)),
            ("www.*.com", "www.example.com", Some(WholeFirstLabel)),
            ("*.example.com.", "www.example.com", Some(NoFinalDot)),
            ("www.example.com", "www.example.com", None),
        ] {
            assert_eq!(broken_rule(name, wanted), rule, "{name} {wanted}");
        }
    }
}
