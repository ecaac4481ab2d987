//! The names in a certificate: which count, how they are compared, how they are shown.

use crate::support::*;
use identity::{Authorized, Identity, Peer, Trust, Unauthorized, authorize};
use rcgen::{CustomExtension, DnType};
use rustls::CertificateError;
use rustls::pki_types::ServerName;

#[test]
fn the_classic_openssl_certificate_is_authorized() {
    let file = fixture("classic-certificate.pem");
    let identity = Identity::load(&file, &fixture("classic-key.pem")).unwrap();
    let trust = Trust::load(&file).unwrap();
    let outcome = |name: &str| {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        authorize(&identity.chain, &trust, Peer::Server(&name), now())
    };
    let authorized = outcome("localhost").unwrap();
    assert_eq!(authorized.to_string(), format!("its certificate is in {}", file.display()));
    assert_eq!(outcome("localhost."), Ok(authorized));
    assert_eq!(
        outcome("example.com").unwrap_err().to_string(),
        "its certificate is for CN=localhost., not for example.com"
    );
}

#[test]
fn a_pin_without_alternative_names_is_for_its_common_name() {
    for cn in ["localhost", "localhost.", "LocalHost"] {
        let server = classic(cn);
        let trust = trusting(&[&server.pem]);
        for name in ["localhost", "localhost.", "LOCALHOST"] {
            let authorized = as_server(name, &[&server], &trust).unwrap();
            assert!(matches!(authorized, Authorized::Pinned { .. }));
        }
        for name in ["example.com", "localhost.example.com", "local", "127.0.0.1"] {
            let refused = as_server(name, &[&server], &trust).unwrap_err();
            assert!(matches!(refused, Unauthorized::WrongName { .. }), "{refused}");
            assert_eq!(refused.certificate_error(), CertificateError::NotValidForName);
        }
    }
}

#[test]
fn the_common_name_counts_only_without_alternative_names() {
    let server = self_signed(params("localhost", &["example.com"], plain));
    let trust = trusting(&[&server.pem]);
    as_server("example.com", &[&server], &trust).unwrap();
    as_server("localhost", &[&server], &trust).unwrap_err();

    // Alternative names that cannot be read are still alternative names.
    let damaged = CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 2, 0x05, 0x00]);
    let server = self_signed(params("localhost", &[], |params| params.custom_extensions = vec![damaged]));
    let trust = trusting(&[&server.pem]);
    let refused = as_server("localhost", &[&server], &trust).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its certificate is not for localhost: it has that name in its Common Name, which does not count if there \
         are alternative names (add subjectAltName=DNS:localhost)"
    );
}

#[test]
fn the_common_name_of_an_issued_certificate_does_not_count() {
    let ca = classic("My CA");
    let leaf = issued_by(&ca, params("localhost", &[], plain));
    let refused = as_server("localhost", &[&leaf], &trusting(&[&ca.pem])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its certificate is for no name that counts (CN=localhost is no subject alternative name), not for localhost"
    );
}

#[test]
fn a_trailing_dot_makes_no_difference_in_either_name() {
    for san in ["localhost", "localhost.", "LOCALHOST."] {
        let server = self_signed(params("x", &[san], plain));
        let trust = trusting(&[&server.pem]);
        as_server("localhost", &[&server], &trust).unwrap();
        as_server("localhost.", &[&server], &trust).unwrap();
        as_server("localhost.x", &[&server], &trust).unwrap_err();
    }
}

#[test]
fn a_certificate_may_be_for_addresses() {
    let server = self_signed(params("x", &["127.0.0.1", "::1"], plain));
    let trust = trusting(&[&server.pem]);
    as_server("127.0.0.1", &[&server], &trust).unwrap();
    as_server("::1", &[&server], &trust).unwrap();
    let refused = as_server("127.0.0.2", &[&server], &trust).unwrap_err();
    assert_eq!(refused.to_string(), "its certificate is for 127.0.0.1, ::1, not for 127.0.0.2");
}

#[test]
fn names_of_a_peer_are_escaped_and_limited() {
    let trust = trusting(&[&classic("My CA").pem]);
    let hostile = "\u{1b}[2J\nerror: \u{202e}all is well";
    let long = "x".repeat(5000);
    let ca = classic("My CA");
    let unknown = self_signed(params(hostile, &[], |params| {
        params.distinguished_name.push(DnType::OrganizationName, &*long);
    }));
    let refused = as_server("localhost", &[&unknown], &trust).unwrap_err().to_string();
    assert!(refused.contains(r"\x1b[2J\nerror: "), "{refused}");
    assert!(refused.len() < 1000, "{refused}");
    assert!(!refused.contains(['\n', '\u{1b}', '\u{202e}']), "{refused:?}");

    let sans: Vec<String> = (0..200).map(|number| format!("host{number}.example")).collect();
    let mut many = params("x", &[], plain);
    many.subject_alt_names =
        sans.iter().map(|san| rcgen::SanType::DnsName(san.as_str().try_into().unwrap())).collect();
    many.subject_alt_names[1] = rcgen::SanType::DnsName("a\n\u{1b}[0m".try_into().unwrap());
    let leaf = issued_by(&ca, many);
    let refused = as_server("localhost", &[&leaf], &trusting(&[&ca.pem])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        r"its certificate is for host0.example, a\n\x1b[0m, host2.example, host3.example and 196 more, not for localhost"
    );
}

/// The reason for refusing a server with the wrong name. If it is `pinned`, its certificate is in the trust file.
fn refused(params: rcgen::CertificateParams, wanted: &str, pinned: bool) -> Unauthorized {
    let ca = classic("My CA");
    let server = if pinned { self_signed(params) } else { issued_by(&ca, params) };
    let trust = trusting(&[if pinned { &server.pem } else { &ca.pem }]);
    let refused = as_server(wanted, &[&server], &trust).unwrap_err();
    assert!(matches!(refused, Unauthorized::WrongName { .. }), "{refused}");
    assert_eq!(refused.certificate_error(), CertificateError::NotValidForName);
    refused
}

/// A certificate with this alternative name, which has the type for DNS names even if it is not one.
fn as_dns_name(name: &str) -> rcgen::CertificateParams {
    params("x", &[], |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
    })
}

#[test]
fn error_explains_a_name_that_looks_like_the_wanted_one() {
    let cn = |cn: &str, sans: &[&str]| params(cn, sans, plain);
    let an_address_in_a_cn = "it has that address in its Common Name, and an address counts only as an alternative \
                              name (subjectAltName=IP:";
    let as_dns =
        "it has that address as a DNS name, and an address counts only as an IP address (subjectAltName=IP:";
    let uncovered = |name: &str, rule: &str| format!("{name} does not cover it, because {rule}");
    let one_label = "a wildcard stands for exactly one label";
    let two_labels = "at least two labels have to follow a wildcard";
    for (params, wanted, explanation) in [
        (cn("127.0.0.1", &[]), "127.0.0.1", format!("{an_address_in_a_cn}127.0.0.1)")),
        (cn("::1", &[]), "::1", format!("{an_address_in_a_cn}::1)")),
        (as_dns_name("127.0.0.1"), "127.0.0.1", format!("{as_dns}127.0.0.1)")),
        (as_dns_name("::1"), "::1", format!("{as_dns}::1)")),
        (as_dns_name("*.example.com"), "example.com", uncovered("*.example.com", one_label)),
        (as_dns_name("*.example.com"), "a.b.example.com", uncovered("*.example.com", one_label)),
        (as_dns_name("*.localhost"), "a.localhost", uncovered("*.localhost", two_labels)),
        (as_dns_name("*.com"), "example.com", uncovered("*.com", two_labels)),
        (as_dns_name("*"), "localhost", uncovered("*", two_labels)),
        (
            as_dns_name("w*.example.com"),
            "www.example.com",
            uncovered("w*.example.com", "a wildcard has to be the whole first label"),
        ),
        (
            as_dns_name("*.example.com."),
            "www.example.com",
            uncovered("*.example.com.", "a name with a wildcard must not end with a dot"),
        ),
        (
            cn("*.example.com", &[]),
            "www.example.com",
            uncovered("*.example.com", "a wildcard counts only in an alternative name, not in a Common Name"),
        ),
        (
            cn("localhost", &["example.com"]),
            "localhost",
            "it has that name in its Common Name, which does not count if there are alternative names \
             (add subjectAltName=DNS:localhost)"
                .to_owned(),
        ),
        (
            cn("bücher.example", &[]),
            "xn--bcher-kva.example",
            "it has that name in Unicode, and only the form with xn-- counts".to_owned(),
        ),
    ] {
        for pinned in [true, false] {
            let sentence = refused(params.clone(), wanted, pinned).to_string();
            assert_eq!(sentence, format!("its certificate is not for {wanted}: {explanation}"));
        }
    }
}

#[test]
fn a_certificate_is_for_another_server_if_it_has_the_name_of_one() {
    for (params, pinned, expected) in [
        (params("x", &["example.com"], plain), false, true),
        (params("example.com", &[], plain), true, true),
        (params("example.com", &[], plain), false, false),
        (params("127.0.0.1", &[], plain), true, false),
        (params("*.example.com", &[], plain), true, false),
        (as_dns_name("127.0.0.2"), true, false),
        (params("localhost", &["example.com"], plain), true, false), // a near miss
    ] {
        let refused = refused(params, "localhost", pinned);
        let is_for_another_server =
            matches!(refused, Unauthorized::WrongName { is_for_another_server: true, .. });
        assert_eq!(is_for_another_server, expected, "{refused}");
    }
}

#[test]
fn blanks_in_a_name_are_visible() {
    let sentence = refused(as_dns_name("localhost "), "localhost", true).to_string();
    assert_eq!(sentence, "its certificate is for 'localhost ', not for localhost");
}
