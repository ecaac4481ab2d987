//! Every check of a peer, and its sentence.

use crate::support::*;
use identity::{Authorized, Distrust, Peer, Unauthorized, authorize};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, Side};

#[track_caller]
fn distrust(refused: &Unauthorized) -> Distrust {
    match refused {
        Unauthorized::Untrusted { reason, .. } => *reason,
        other => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn a_pin_is_refused_outside_its_dates() {
    let server = self_signed(params("localhost", &["localhost"], |params| {
        params.not_before = date_time_ymd(2026, 11, 1);
        params.not_after = date_time_ymd(2026, 12, 1);
    }));
    let trust = trusting(&[&server.pem]);
    let chain = [server.der.clone()];
    let outcome = |seconds| authorize(&chain, &trust, Peer::Client, at(seconds));
    let (first, last) = (1_793_491_200, 1_796_083_200);
    outcome(first).unwrap();
    outcome(last).unwrap();
    let (early, late) = ("is not valid before 2026-11-01 00:00:00 UTC", "expired on 2026-12-01 00:00:00 UTC");
    for (seconds, words, error) in [
        (first - 1, early, CertificateError::NotValidYet),
        (last + 1, late, CertificateError::Expired),
        (u64::MAX, late, CertificateError::Expired),
    ] {
        let refused = outcome(seconds).unwrap_err();
        assert_eq!(refused.to_string(), format!("its certificate {words}"));
        assert_eq!(refused.certificate_error(), error);
    }
}

#[test]
fn a_certificate_of_an_authority_is_accepted() {
    let ca = classic("My CA");
    let leaf = issued_by(&ca, params("x", &["localhost"], plain));
    let trust = trusting(&[&ca.pem]);
    let sentence = format!("issued by CN=My CA, an authority in {}", trust.source());
    assert_eq!(as_server("localhost", &[&leaf], &trust).unwrap().to_string(), sentence);
    assert_eq!(as_client(&[&leaf], &trust).unwrap().to_string(), sentence);
    as_server("example.com", &[&leaf], &trust).unwrap_err();
}

#[test]
fn a_chain_may_have_intermediates() {
    let root = classic("Root");
    let between = |params: CertificateParams| issued_by(&root, params);
    let middle = between(params("Middle", &[], authority));
    let leaf = issued_by(&middle, params("x", &["localhost"], plain));
    let trust = trusting(&[&root.pem]);
    let authorized = as_server("localhost", &[&leaf, &middle], &trust).unwrap();
    assert!(authorized.to_string().starts_with("issued by CN=Root, "), "{authorized}");
    let without = as_server("localhost", &[&leaf], &trust).unwrap_err();
    assert!(without.to_string().starts_with("unknown issuer CN=Middle: "), "{without}");
    assert!(
        without.to_string().ends_with("; it sent its own certificate alone, without an intermediate"),
        "{without}"
    );

    let middle = between(params("Middle", &[], |params| {
        authority(params);
        params.not_after = date_time_ymd(2026, 1, 1);
    }));
    let leaf = issued_by(&middle, params("x", &["localhost"], plain));
    let refused = as_server("localhost", &[&leaf, &middle], &trust).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the intermediate certificate CN=Middle that it sent expired on 2026-01-01 00:00:00 UTC"
    );
    assert_eq!(refused.certificate_error(), CertificateError::Expired);
}

#[test]
fn a_certificate_without_ca_true_is_not_an_authority() {
    let forged = |owner: &Made| issued_by(owner, params("x", &["bank.example"], plain));
    for owner in [
        self_signed(params("server", &["localhost"], plain)),
        self_signed(params("server", &["localhost"], |params| params.is_ca = rcgen::IsCa::NoCa)),
    ] {
        let trust = trusting(&[&owner.pem]);
        assert!(trust.anchors().is_empty());
        as_server("localhost", &[&owner], &trust).unwrap();
        let forged = forged(&owner);
        let alone = as_server("bank.example", &[&forged], &trust).unwrap_err();
        assert_eq!(distrust(&alone), Distrust::UnknownIssuer);
        assert_says(&alone.to_string(), &["there is no authority in it"]);
        let with_issuer = as_server("bank.example", &[&forged, &owner], &trust).unwrap_err();
        assert_eq!(
            with_issuer.to_string(),
            "the intermediate certificate CN=server that it sent issued another certificate, but is not an authority \
             (no CA:TRUE)"
        );
    }
    // The same certificate with CA:TRUE is accepted, so the flag decides.
    let owner = self_signed(params("server", &["localhost"], authority));
    as_server("bank.example", &[&forged(&owner)], &trusting(&[&owner.pem])).unwrap();
}

#[test]
fn a_trust_file_may_hold_pins_and_authorities() {
    let (ca, pinned) = (classic("My CA"), self_signed(params("x", &["localhost"], plain)));
    let leaf = issued_by(&ca, params("y", &["localhost"], plain));
    let trust = trusting(&[&pinned.pem, &ca.pem]);
    let by_pin = as_server("localhost", &[&pinned], &trust).unwrap();
    assert!(matches!(by_pin, Authorized::Pinned { .. }));
    let by_authority = as_server("localhost", &[&leaf], &trust).unwrap();
    assert!(matches!(by_authority, Authorized::Issued { .. }));
    assert_eq!(trust.anchors().len(), 1);
}

#[test]
fn an_unknown_issuer_is_refused() {
    let unknown = self_signed(params("localhost", &["localhost"], plain));
    let trust = trusting(&[&self_signed(params("localhost", &["localhost"], plain)).pem]);
    let refused = as_server("localhost", &[&unknown], &trust).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "unknown issuer CN=localhost: not a certificate in {}, and there is no authority in it",
            trust.source()
        )
    );
    assert_eq!(refused.certificate_error(), CertificateError::UnknownIssuer);
    let refused = as_server("localhost", &[&unknown], &trusting(&[&classic("My CA").pem])).unwrap_err();
    assert!(refused.to_string().ends_with("and no authority there issued it"), "{refused}");
}

#[test]
fn an_authority_with_the_same_name_and_another_key_is_refused() {
    let leaf = issued_by(&classic("My CA"), params("x", &["localhost"], plain));
    let refused = as_server("localhost", &[&leaf], &trusting(&[&classic("My CA").pem])).unwrap_err();
    assert_eq!(distrust(&refused), Distrust::BadSignature);
    assert_eq!(refused.certificate_error(), CertificateError::BadSignature);
}

#[test]
fn an_authority_is_accepted_as_a_server_only_if_it_is_pinned() {
    let (server, other) = (classic("localhost"), classic("localhost"));
    let refused = as_server("localhost", &[&server], &trusting(&[&other.pem])).unwrap_err();
    assert_says(&refused.to_string(), &["the certificate of an authority (CA:TRUE)"]);
}

#[test]
fn key_usage_and_extended_key_usage_are_checked_if_present() {
    let ca = classic("My CA");
    let outcomes = |key_usage: &[KeyUsagePurpose], extended: &[ExtendedKeyUsagePurpose]| {
        let special = |params: &mut CertificateParams| {
            params.key_usages = key_usage.to_vec();
            params.extended_key_usages = extended.to_vec();
        };
        let pin = self_signed(params("x", &["localhost"], special));
        let leaf = issued_by(&ca, params("x", &["localhost"], special));
        let trust = trusting(&[&pin.pem, &ca.pem]);
        let server = as_server("localhost", &[&pin], &trust).err();
        let client = as_client(&[&pin], &trust).err();
        assert_eq!(as_client(&[&leaf], &trust).err(), client, "issued as pinned");
        assert_eq!(as_server("localhost", &[&leaf], &trust).err(), server, "issued as pinned");
        (server, client)
    };
    use ExtendedKeyUsagePurpose::{ClientAuth, CodeSigning, ServerAuth};
    let no = |wanted| Some(Unauthorized::WrongUse(wanted));
    assert_eq!(outcomes(&[], &[]), (None, None));
    assert_eq!(outcomes(&[KeyUsagePurpose::DigitalSignature], &[ServerAuth, ClientAuth]), (None, None));
    assert_eq!(outcomes(&[], &[ServerAuth]), (None, no(Side::Client)));
    assert_eq!(outcomes(&[], &[ClientAuth]), (no(Side::Server), None));
    assert_eq!(outcomes(&[], &[CodeSigning]), (no(Side::Server), no(Side::Client)));
    let may_not = Some(Unauthorized::MayNotSign);
    assert_eq!(outcomes(&[KeyUsagePurpose::KeyEncipherment], &[]), (may_not.clone(), may_not));
    assert_eq!(Unauthorized::WrongUse(Side::Server).certificate_error(), CertificateError::InvalidPurpose);
}

#[test]
fn extended_key_usage_any_allows_a_server() {
    let pin = self_signed(params("x", &["localhost"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    }));
    as_server("localhost", &[&pin], &trusting(&[&pin.pem])).unwrap();
}

#[test]
fn missing_and_truncated_certificates_are_refused() {
    let trust = trusting(&[&classic("x").pem]);
    assert_eq!(as_client(&[], &trust), Err(Unauthorized::NotPresented));
    assert_eq!(Unauthorized::NotAskedFor.to_string(), "no certificate asked for");
    let whole = classic("localhost").der;
    for length in 0..whole.len() {
        let cut = CertificateDer::from(&whole[..length]);
        let refused = authorize(&[cut], &trust, Peer::Client, now()).unwrap_err();
        assert!(matches!(refused, Unauthorized::Unusable(_)), "{refused}");
        assert_eq!(refused.certificate_error(), CertificateError::BadEncoding);
    }
}

#[test]
fn a_certificate_with_a_damaged_byte_is_refused() {
    let whole = self_signed(params("localhost", &["localhost", "::1"], plain));
    let trust = trusting(&[&whole.pem]);
    let name = ServerName::try_from("localhost").unwrap();
    for position in 0..whole.der.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut der = whole.der.to_vec();
            der[position] ^= change;
            let outcome = authorize(&[der.into()], &trust, Peer::Server(&name), now());
            let sentence = outcome.unwrap_err().to_string();
            assert!(sentence.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{sentence}");
        }
    }
}

/// The sentence and the error for a server that is refused. The path of the trust is replaced by `trust.pem`.
fn refusal(chain: &[&Made], trust: &[&Made]) -> (String, CertificateError) {
    let pems: Vec<&str> = trust.iter().map(|made| &*made.pem).collect();
    let trust = trusting(&pems);
    let refused = as_server("localhost", chain, &trust).unwrap_err();
    (refused.to_string().replace(&trust.source().to_string(), "trust.pem"), refused.certificate_error())
}

/// A root, two intermediates below it, and a leaf.
fn four() -> [Made; 4] {
    let root = classic("Root");
    let upper = issued_by(&root, params("Upper", &[], authority));
    let lower = issued_by(&upper, params("Lower", &[], authority));
    let leaf = issued_by(&lower, params("x", &["localhost"], plain));
    [root, upper, lower, leaf]
}

#[test]
fn error_names_the_certificate_below_a_replaced_root() {
    let [_, upper, lower, leaf] = four();
    for chain in [[&leaf, &lower, &upper], [&leaf, &upper, &lower]] {
        assert_eq!(
            refusal(&chain, &[&classic("Root")]),
            (
                "the intermediate certificate CN=Upper that it sent was not signed with the key of the authority CN=Root \
                 in trust.pem; perhaps an authority with the same name and a different key signed it"
                    .to_owned(),
                CertificateError::BadSignature
            )
        );
    }
}

#[test]
fn error_names_the_certificate_below_a_replaced_intermediate() {
    let [root, upper, lower, leaf] = four();
    let new_lower = issued_by(&upper, params("Lower", &[], authority));
    let new_upper = issued_by(&root, params("Upper", &[], authority));
    for (chain, link, issuer) in [
        ([&leaf, &new_lower, &upper], "its certificate", "CN=Lower"),
        ([&leaf, &lower, &new_upper], "the intermediate certificate CN=Lower that it sent", "CN=Upper"),
    ] {
        let (sentence, alert) = refusal(&chain, &[&root]);
        assert_eq!(
            sentence,
            format!(
                "{link} was not signed with the key of the certificate {issuer} that it sent; \
                 perhaps an authority with the same name and a different key signed it"
            )
        );
        assert_eq!(alert, CertificateError::BadSignature);
    }
}

#[test]
fn error_names_the_missing_intermediate() {
    let [root, upper, lower, leaf] = four();
    let other = classic("Other");
    for (chain, trust, sentence) in [
        (
            &[&leaf, &upper][..],
            &root,
            "unknown issuer CN=Lower: not a certificate in trust.pem, and no authority there issued it; \
             none of the other certificates that it sent has that name",
        ),
        (
            &[&leaf, &lower],
            &root,
            "unknown issuer CN=Upper of the intermediate certificate CN=Lower that it sent: \
             no authority in trust.pem, and no certificate that it sent, has that name",
        ),
        (
            &[&leaf, &lower, &upper],
            &other,
            "unknown issuer CN=Root of the intermediate certificate CN=Upper that it sent: \
             no authority in trust.pem, and no certificate that it sent, has that name",
        ),
        (
            &[&leaf, &root, &lower, &upper],
            &other,
            "the chain that it sent ends with CN=Root, which is no authority in trust.pem",
        ),
    ] {
        assert_eq!(refusal(chain, &[trust]), (sentence.to_owned(), CertificateError::UnknownIssuer));
    }
}

#[test]
fn unrelated_certificates_are_ignored() {
    let [_, upper, lower, leaf] = four();
    let unrelated: Vec<Made> = (0..40).map(|number| classic(&format!("Unrelated {number}"))).collect();
    let mut chain = vec![&leaf];
    chain.extend(&unrelated);
    chain.extend([&upper, &lower]);
    let (sentence, _) = refusal(&chain, &[&classic("Root")]);
    assert!(
        sentence.starts_with("the intermediate certificate CN=Upper that it sent was not signed"),
        "{sentence}"
    );
}

#[test]
fn a_chain_with_too_many_issuers_gets_a_general_error() {
    let [_, upper, _, leaf] = four();
    let namesakes: Vec<Made> = (0..7).map(|_| issued_by(&upper, params("Lower", &[], authority))).collect();
    let mut chain = vec![&leaf];
    chain.extend(&namesakes);
    let (sentence, alert) = refusal(&chain, &[&classic("Other")]);
    assert!(sentence.starts_with("no valid chain to an authority in trust.pem"), "{sentence}");
    assert_eq!(alert, CertificateError::UnknownIssuer);
}
