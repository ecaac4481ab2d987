//! The names in a certificate, and whether the wanted one is among them.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::ServerName;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;

use super::certificate::distinguished_name;
use super::near_miss::can_name_a_server;
use tls_session::escaped::Escaped;

/// How many names a report shows. A certificate may hold thousands.
const LISTED: usize = 4;

/// How a certificate came to be believed, as far as its names are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Pin,
    Authority,
}

/// Whether a certificate is for this name.
///
/// webpki compares it with the subject alternative names. Two things are added. A trailing dot, which only says that a
/// DNS name is complete, makes no difference on either side; webpki ignores it in the wanted name alone. And a *pin*
/// without a subject alternative name extension is taken by its common name, which is all that a plain
/// `openssl req -x509` asks for. Never a certificate that an authority issued: an authority's name constraints do not
/// reach the common name, so it could put any name there.
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

/// Compares names in DNS's own way: without regard to case, nor to a trailing dot.
pub(super) fn same_dns_name(one: &str, other: &str) -> bool {
    let relative = |name| str::strip_suffix(name, ".").unwrap_or(name);
    relative(one).eq_ignore_ascii_case(relative(other))
}

/// Asks for the extension itself, not for what could be read of it: a certificate whose alternative names are damaged
/// does not fall back to its common name.
pub(super) fn has_alternative_names(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME)
}

fn alternative_names<'a>(certificate: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a GeneralName<'a>> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension.into_iter().flat_map(|extension| &extension.value.general_names)
}

/// The alternative names of the type for DNS names.
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

/// The names a certificate is for, as far as a report shows them: the first few, escaped, and how many more there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    listed: Vec<String>,
    more: usize,
    counts: bool,
}

impl Names {
    /// Whether a server could have one of them.
    pub fn counts(&self) -> bool {
        self.counts
    }

    pub(super) fn of(certificate: &X509Certificate<'_>, basis: Basis) -> Self {
        if !has_alternative_names(certificate) {
            let subject = distinguished_name(certificate.subject());
            let counts = basis == Basis::Pin && common_names(certificate).any(can_name_a_server);
            let only = match counts {
                true => subject,
                false => format!("no name that counts ({subject} is no subject alternative name)"),
            };
            return Self { listed: vec![only], more: 0, counts };
        }
        Self {
            listed: alternative_names(certificate).take(LISTED).map(shown).collect(),
            more: alternative_names(certificate).skip(LISTED).count(),
            counts: dns_names(certificate).any(can_name_a_server) || has_address(certificate),
        }
    }
}

fn has_address(certificate: &X509Certificate<'_>) -> bool {
    alternative_names(certificate).any(|name| matches!(name, GeneralName::IPAddress(_)))
}

fn shown(name: &GeneralName<'_>) -> String {
    match name {
        // Blanks at its ends would not be seen.
        GeneralName::DNSName(name) if name.trim() != *name => format!("'{}'", Escaped::new(name)),
        GeneralName::DNSName(name) => Escaped::new(name).to_string(),
        GeneralName::IPAddress(bytes) => match ip_address(bytes) {
            Some(address) => address.to_string(),
            None => "a malformed IP address".to_owned(),
        },
        other => Escaped::new(&other.to_string()).to_string(),
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.listed.as_slice() {
            [] => f.write_str("no name at all"),
            listed => f.write_str(&listed.join(", ")),
        }?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_are_compared_as_dns_does() {
        assert!(same_dns_name("localhost.", "LOCALHOST"));
        assert!(same_dns_name("localhost", "localhost."));
        assert!(!same_dns_name("localhost..", "localhost"));
        assert!(!same_dns_name("localhost", "localhost.example.com"));
        assert!(!same_dns_name("", "localhost"));
    }
}
