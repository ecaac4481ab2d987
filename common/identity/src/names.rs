//! The names in a certificate, whether the wanted name is one of them, host names in Unicode, and lists of names.

use rustls::pki_types::ServerName;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;

/// How many items of a list a sentence shows. A peer can choose thousands.
const SHOWN: usize = 4;

/// Returns the form of a Unicode name that DNS and certificates have: `xn--bcher-kva.example` for `bücher.example`
/// (UTS #46, without the transitional mapping).
///
/// # Errors
///
/// A sentence that says that the name has no such form.
pub fn to_ascii(name: &str) -> Result<String, String> {
    match idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL) {
        Ok(ascii) => Ok(ascii.into_owned()),
        Err(_) => Err("is no name that IDNA allows; write its xn-- form".to_owned()),
    }
}

/// Returns a list for a sentence: the first items, and how many more there are. Empty for an empty list.
///
/// ```
/// assert_eq!(identity::listed(1..=7, |number| number.to_string()), "1, 2, 3, 4 and 3 more");
/// ```
pub fn listed<T>(mut items: impl Iterator<Item = T>, text: impl Fn(T) -> String) -> String {
    let shown: Vec<String> = items.by_ref().take(SHOWN).map(text).collect();
    match items.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// How a certificate identifies its owner. It decides which names count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Pin,
    Authority,
}

/// Returns whether a certificate is for this name.
///
/// webpki compares the name with the subject alternative names. We add two rules:
/// - A trailing dot only says that a DNS name is complete. We ignore it in both names. webpki ignores it only in the
///   wanted name.
/// - A *pin* without a subject alternative name extension is for its common name, because a plain `openssl req -x509`
///   asks for nothing else. This rule does not apply to a certificate that an authority issued. An authority's name
///   constraints do not cover the common name, so the authority could put any name there.
pub(super) fn is_for(
    certificate: &X509Certificate<'_>,
    end_entity: &webpki::EndEntityCert<'_>,
    wanted: &ServerName<'_>,
    basis: Basis,
) -> bool {
    if end_entity.verify_is_valid_for_subject_name(wanted).is_ok() {
        return true;
    }
    let ServerName::DnsName(wanted) = wanted else {
        return false;
    };
    let wanted = wanted.as_ref();
    if has_alternative_names(certificate) {
        alternative_names(certificate)
            .any(|name| matches!(name, GeneralName::DNSName(name) if same_dns_name(name, wanted)))
    } else {
        basis == Basis::Pin && common_names(certificate).any(|name| same_dns_name(name, wanted))
    }
}

/// Compares two names as DNS does: it ignores case and a trailing dot.
pub(super) fn same_dns_name(one: &str, other: &str) -> bool {
    let relative = |name| str::strip_suffix(name, ".").unwrap_or(name);
    relative(one).eq_ignore_ascii_case(relative(other))
}

/// Returns whether a certificate has alternative names, even if they do not parse: a certificate with damaged
/// alternative names must not fall back to its common name.
pub(super) fn has_alternative_names(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME)
}

pub(super) fn alternative_names<'a>(
    certificate: &'a X509Certificate<'_>,
) -> impl Iterator<Item = &'a GeneralName<'a>> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension.into_iter().flat_map(|extension| &extension.value.general_names)
}

/// Returns the alternative names that have the type for DNS names.
pub(super) fn dns_names<'a>(certificate: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a str> {
    alternative_names(certificate).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    })
}

pub(super) fn common_names<'a>(certificate: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a str> {
    let names = certificate.subject().iter_common_name();
    names.filter_map(|name| name.as_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_are_equal_without_case_and_final_dot() {
        assert!(same_dns_name("localhost.", "LOCALHOST"));
        assert!(same_dns_name("localhost", "localhost."));
        assert!(!same_dns_name("localhost..", "localhost"));
        assert!(!same_dns_name("localhost", "localhost.example.com"));
        assert!(!same_dns_name("", "localhost"));
    }
}
