//! Explains that a certificate is not for the wanted name, although it may have a name that looks like it.

use std::net::IpAddr;

use rustls::pki_types::{DnsName, ServerName};
use tls_session::escaped::Escaped;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::distinguished_name::distinguished_name;
use crate::names::{
    Basis, alternative_names, common_names, dns_names, has_alternative_names, listed, same_dns_name, to_ascii,
};

/// Returns the sentence about a certificate that is not for the wanted name, and whether the certificate is for another
/// server, whose name the user may have meant. The sentence shows the first names and how many more there are.
pub(super) fn describe(
    certificate: &X509Certificate<'_>,
    wanted: &ServerName<'_>,
    basis: Basis,
) -> (String, bool) {
    let shown = Escaped::new(&*wanted.to_str()).to_string();
    if let Some(near) = near_miss(certificate, wanted, &shown) {
        return (format!("its certificate is not for {shown}: {near}"), false);
    }
    let (names, fits_a_server) = if has_alternative_names(certificate) {
        let names = match listed(alternative_names(certificate), name_text) {
            none if none.is_empty() => "no name at all".to_owned(),
            names => names,
        };
        (names, dns_names(certificate).any(can_name_a_server) || has_address(certificate))
    } else {
        let subject = distinguished_name(certificate.subject());
        match basis == Basis::Pin && common_names(certificate).any(can_name_a_server) {
            true => (subject, true),
            false => (format!("no name that counts ({subject} is no subject alternative name)"), false),
        }
    };
    (format!("its certificate is for {names}, not for {shown}"), fits_a_server)
}

fn has_address(certificate: &X509Certificate<'_>) -> bool {
    alternative_names(certificate).any(|name| matches!(name, GeneralName::IPAddress(_)))
}

/// Returns whether a name can be the DNS name of a server.
fn can_name_a_server(name: &str) -> bool {
    DnsName::try_from(name).is_ok()
}

/// Returns an alternative name as text, without its type.
pub(super) fn name_text(name: &GeneralName<'_>) -> String {
    match name {
        // The quotes make blanks at its ends visible.
        GeneralName::DNSName(name) if name.trim() != *name => format!("'{}'", Escaped::new(name)),
        GeneralName::DNSName(name) => Escaped::new(name).to_string(),
        GeneralName::IPAddress(bytes) => match ip_address(bytes) {
            Some(address) => address.to_string(),
            None => "a malformed IP address".to_owned(),
        },
        other => Escaped::new(&other.to_string()).to_string(),
    }
}

pub(super) fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Looks for a near miss in a certificate that is not for the wanted name. Returns its explanation, which completes the
/// sentence "its certificate is not for WANTED: …". `shown` is the wanted name as text.
fn near_miss(certificate: &X509Certificate<'_>, wanted: &ServerName<'_>, shown: &str) -> Option<String> {
    match wanted {
        ServerName::IpAddress(address) => of_address(certificate, IpAddr::from(*address), shown),
        ServerName::DnsName(name) => of_name(certificate, name.as_ref(), shown),
        _ => None,
    }
}

fn of_address(certificate: &X509Certificate<'_>, wanted: IpAddr, shown: &str) -> Option<String> {
    let is_wanted = |name: &str| name.trim_matches(['[', ']']).parse() == Ok(wanted);
    if dns_names(certificate).any(is_wanted) {
        Some(format!(
            "it has that address as a DNS name, and an address counts only as an IP address \
             (subjectAltName=IP:{shown})"
        ))
    } else if common_names(certificate).any(is_wanted) {
        Some(format!(
            "it has that address in its Common Name, and an address counts only as an alternative name \
             (subjectAltName=IP:{shown})"
        ))
    } else {
        None
    }
}

fn of_name(certificate: &X509Certificate<'_>, wanted: &str, shown: &str) -> Option<String> {
    let is_unicode =
        |name: &str| !name.is_ascii() && to_ascii(name).is_ok_and(|ascii| same_dns_name(&ascii, wanted));
    let has_alternative_names = has_alternative_names(certificate);
    let explain = |name: &str| {
        let broken = match has_alternative_names {
            true => broken_rule(name, wanted),
            false => seems_to_cover(name, wanted).then_some(IN_COMMON_NAME),
        };
        match broken {
            Some(rule) => Some(format!("{} does not cover it, because {rule}", Escaped::new(name))),
            None => is_unicode(name)
                .then(|| "it has that name in Unicode, and only the form with xn-- counts".to_owned()),
        }
    };
    if !has_alternative_names {
        return common_names(certificate).find_map(explain);
    }
    dns_names(certificate).find_map(explain).or_else(|| {
        let is_common_name = common_names(certificate).any(|name| same_dns_name(name, wanted));
        is_common_name.then(|| {
            format!(
                "it has that name in its Common Name, which does not count if there are alternative names \
                 (add subjectAltName=DNS:{shown})"
            )
        })
    })
}

const IN_COMMON_NAME: &str = "a wildcard counts only in an alternative name, not in a Common Name";
const WHOLE_FIRST_LABEL: &str = "a wildcard has to be the whole first label";
const TWO_LABELS_AFTER: &str = "at least two labels have to follow a wildcard";
const ONE_LABEL: &str = "a wildcard stands for exactly one label";
const NO_FINAL_DOT: &str = "a name with a wildcard must not end with a dot";

/// Returns the rule of webpki that this wildcard breaks. `None` if it does not seem to cover the wanted name, or breaks
/// no rule.
fn broken_rule(name: &str, wanted: &str) -> Option<&'static str> {
    let (pattern, wanted) = (relative(name), relative(wanted));
    let (before, after) = pattern.split_once('*')?;
    let Some(parent) = after.strip_prefix('.').filter(|_| before.is_empty()) else {
        let rule = if pattern == "*" { TWO_LABELS_AFTER } else { WHOLE_FIRST_LABEL };
        return seems_to_cover(name, &wanted).then_some(rule);
    };
    let below = wanted.strip_suffix(parent).filter(|below| below.is_empty() || below.ends_with('.'))?;
    Some(if !parent.contains('.') {
        TWO_LABELS_AFTER
    } else if below.matches('.').count() != 1 {
        ONE_LABEL
    } else if name.ends_with('.') {
        NO_FINAL_DOT
    } else {
        return None; // webpki accepts it
    })
}

/// Returns whether a name would cover another one, if its asterisk could stand for any text.
fn seems_to_cover(name: &str, wanted: &str) -> bool {
    let (pattern, wanted) = (relative(name), relative(wanted));
    pattern.split_once('*').is_some_and(|(before, after)| {
        wanted.len() >= before.len() + after.len() && wanted.starts_with(before) && wanted.ends_with(after)
    })
}

/// Returns a name in lower case, without a final dot.
fn relative(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_rule_of_a_wildcard_is_found() {
        for (name, wanted, rule) in [
            ("*.example.com", "example.com", Some(ONE_LABEL)),
            ("*.example.com", "a.b.example.com", Some(ONE_LABEL)),
            ("*.EXAMPLE.com", "a.b.example.com.", Some(ONE_LABEL)),
            ("*.example.com", "a.badexample.com", None),
            ("*.example.com", "elsewhere.com", None),
            ("*.localhost", "a.localhost", Some(TWO_LABELS_AFTER)),
            ("*.com", "example.com", Some(TWO_LABELS_AFTER)),
            ("*", "localhost", Some(TWO_LABELS_AFTER)),
            ("w*.example.com", "www.example.com", Some(WHOLE_FIRST_LABEL)),
            ("www.*.com", "www.example.com", Some(WHOLE_FIRST_LABEL)),
            ("*.example.com.", "www.example.com", Some(NO_FINAL_DOT)),
            ("www.example.com", "www.example.com", None),
        ] {
            assert_eq!(broken_rule(name, wanted), rule, "{name} {wanted}");
        }
    }
}
