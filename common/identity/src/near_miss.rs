//! Why a certificate that seems to have the wanted name is not for it.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::{DnsName, ServerName};
use x509_parser::certificate::X509Certificate;

use super::names::{common_names, dns_names, has_alternative_names, same_dns_name};
use crate::to_ascii;
use tls_session::escaped::Escaped;

/// A name in a certificate that looks like the wanted one, and does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearMiss {
    /// The wanted address is the Common Name.
    AddressInCommonName,
    /// The wanted address is an alternative name of the type for DNS names.
    AddressAsDnsName,
    /// The wanted name is the Common Name, beside alternative names.
    CommonNameBesideOthers,
    /// A wildcard of this name seems to cover the wanted one.
    Wildcard(String, WildcardRule),
    /// The wanted name stands there in Unicode.
    Unicode,
}

/// Which rule a wildcard breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WildcardRule {
    /// The wildcard is in the Common Name.
    InCommonName,
    /// The asterisk is not the whole first label.
    WholeFirstLabel,
    /// Fewer than two labels follow the asterisk.
    TwoLabelsBehind,
    /// The asterisk would stand for no label, or for several.
    OneLabel,
    /// The name ends with a dot.
    NoFinalDot,
}

impl NearMiss {
    /// Looks for it in a certificate that is not for the wanted name.
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
                "it has that name in its Common Name, which does not count beside alternative names \
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
            Self::TwoLabelsBehind => "at least two labels have to follow a wildcard",
            Self::OneLabel => "a wildcard stands for exactly one label",
            Self::NoFinalDot => "a name with a wildcard must not end with a dot",
        })
    }
}

fn shown(name: &str) -> String {
    Escaped::new(name).to_string()
}

/// Which rule of webpki keeps this wildcard from covering the wanted name, which it seems to cover.
fn broken_rule(name: &str, wanted: &str) -> Option<WildcardRule> {
    let (pattern, wanted) = (relative(name), relative(wanted));
    let (before, behind) = pattern.split_once('*')?;
    let Some(parent) = behind.strip_prefix('.').filter(|_| before.is_empty()) else {
        return seems_to_cover(name, &wanted).then_some(WildcardRule::WholeFirstLabel);
    };
    let below = wanted.strip_suffix(parent).filter(|below| below.is_empty() || below.ends_with('.'))?;
    Some(if !parent.contains('.') {
        WildcardRule::TwoLabelsBehind
    } else if below.matches('.').count() != 1 {
        WildcardRule::OneLabel
    } else if name.ends_with('.') {
        WildcardRule::NoFinalDot
    } else {
        return None; // webpki takes it
    })
}

/// Whether a name covers another one, if its asterisk may stand for anything.
fn seems_to_cover(name: &str, wanted: &str) -> bool {
    let (pattern, wanted) = (relative(name), relative(wanted));
    pattern.split_once('*').is_some_and(|(before, behind)| {
        wanted.len() >= before.len() + behind.len() && wanted.starts_with(before) && wanted.ends_with(behind)
    })
}

/// A name in small letters, without the dot that ends a complete one.
fn relative(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether a Common Name can be the name of a server.
pub(super) fn can_name_a_server(common_name: &str) -> bool {
    DnsName::try_from(common_name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_that_a_wildcard_breaks_is_found() {
        use WildcardRule::{NoFinalDot, OneLabel, TwoLabelsBehind, WholeFirstLabel};
        for (name, wanted, rule) in [
            ("*.example.com", "example.com", Some(OneLabel)),
            ("*.example.com", "a.b.example.com", Some(OneLabel)),
            ("*.EXAMPLE.com", "a.b.example.com.", Some(OneLabel)),
            ("*.example.com", "a.badexample.com", None),
            ("*.example.com", "elsewhere.com", None),
            ("*.localhost", "a.localhost", Some(TwoLabelsBehind)),
            ("*.com", "example.com", Some(TwoLabelsBehind)),
            ("*", "localhost", Some(WholeFirstLabel)),
            ("w*.example.com", "www.example.com", Some(WholeFirstLabel)),
            ("www.*.com", "www.example.com", Some(WholeFirstLabel)),
            ("*.example.com.", "www.example.com", Some(NoFinalDot)),
            ("www.example.com", "www.example.com", None),
        ] {
            assert_eq!(broken_rule(name, wanted), rule, "{name} {wanted}");
        }
    }
}
