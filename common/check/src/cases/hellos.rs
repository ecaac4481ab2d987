//! Unusual and invalid hellos.

use std::io;
use std::time::Instant;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{AlertDescription as Alert, Error, HandshakeKind, NamedGroup, PeerMisbehaved};

use crate::case::{About, Case, Group, Needs, Version, Versions};
use crate::trial::{END_LIMIT, Trial};
use crate::verdict::{Judgement, OrFailed as _, Stop, Verdict, failed, noted};
use crate::wire::End;
use crate::wire::hello::{
    ClientHello, KEY_SHARE, SERVER_NAME, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS, SUPPORTED_VERSIONS,
    ServerHello,
};

/// The guide's page about alerts that are sent, and about alerts that are lost.
pub(super) const ALERTS: &str = "contract.md#which-errors-queue-an-alert";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide(ALERTS)
}

/// The cases of this group.
pub static CASES: &[Case] = &[
    about("tls-1.0-only")
        .tries("The client offers TLS 1.0 only, with cipher suites of that time.")
        .good(
            "The server refuses it with protocol_version. RFC 8996 forbids both old versions, but a server \
             that serves old clients is noted only.",
        )
        .source("RFC 8996, 4; RFC 8446, 4.2.1")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, |trial| old_version(trial, 0x0301, |_| ())),
    about("tls-1.1-only")
        .tries("The client offers TLS 1.1 only, without the extensions of TLS 1.2.")
        .good(
            "The server refuses it with protocol_version. RFC 8996 forbids both old versions, but a server \
             that serves old clients is noted only.",
        )
        .source("RFC 8996, 5; RFC 8446, 4.2.1")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, |trial| {
            old_version(trial, 0x0302, |hello| hello.set(SIGNATURE_ALGORITHMS, None))
        }),
    about("only-tls-1.0-in-supported-versions")
        .tries(
            "The extension supported_versions lists TLS 1.0 only. The old field of the version says TLS 1.2.",
        )
        .good("The server refuses it with protocol_version. It must not use the old field.")
        .source("RFC 8446, 4.2.1")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, only_an_old_version_in_the_extension),
    about("no-common-suite")
        .tries("The client offers one cipher suite, with an unassigned number.")
        .good("The server refuses it with handshake_failure.")
        .source("RFC 8446, 4.1.1; RFC 5246, 7.4.1.3")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, |trial| {
            impossible(trial, |hello| hello.suites = vec![UNASSIGNED], &NOTHING_IN_COMMON)
        }),
    about("no-common-group")
        .tries("The client offers one group for the key exchange, with an unassigned number.")
        .good("The server refuses it with handshake_failure.")
        .source("RFC 8446, 4.1.1; RFC 8422, 5.1")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, |trial| {
            let change = |hello: &mut ClientHello| {
                let [high, low] = UNASSIGNED.to_be_bytes();
                hello.set(SUPPORTED_GROUPS, Some(&[0, 2, high, low]));
                hello.set(KEY_SHARE, Some(&[0, 5, high, low, 0, 1, 0]));
            };
            impossible(trial, change, &NOTHING_IN_COMMON)
        }),
    about("invalid-key-share")
        .tries(
            "The key share of the client is zero (X25519). The shared secret is zero then, so an attacker \
             knows it.",
        )
        .good("The server refuses it with illegal_parameter.")
        .source("RFC 8446, 7.4.2; RFC 7748, 6.1")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, |trial| {
            let change = |hello: &mut ClientHello| {
                hello.set(SUPPORTED_GROUPS, Some(&[0, 2, 0, 0x1d]));
                hello.set(KEY_SHARE, Some(&[&[0, 36, 0, 0x1d, 0, 32][..], &[0; 32]].concat()));
            };
            // A server without X25519 sends handshake_failure.
            impossible(trial, change, &[Alert::IllegalParameter, Alert::HandshakeFailure])
        }),
    about("incomplete-extension")
        .tries("The list of groups in the ClientHello claims 99 bytes, and its extension has only two.")
        .good("The server refuses it with decode_error.")
        .source("RFC 8446, 6.2")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, |trial| {
            let change = |hello: &mut ClientHello| hello.set(SUPPORTED_GROUPS, Some(&[0, 99, 0, 29]));
            impossible(trial, change, &[Alert::DecodeError])
        }),
    about("hello-retry-request")
        .tries("The client's only key share is of a group that no server knows. It also offers usual groups.")
        .good("The server asks for another key share with a HelloRetryRequest, and the session works.")
        .source("RFC 8446, 4.1.1 and 4.1.4")
        .guide("01-what-rustls-is.md#what-happens-before-your-data-flows")
        .case(Group::Hellos, Versions::Only13, Needs::Nothing, hello_retry_request),
    about("odd-server-names")
        .tries("The clients name no server, an unknown one, one with a dot at its end, and one of 255 bytes.")
        .good("The server serves them, or refuses them with an alert. The verdict says which.")
        .source("RFC 6066, 3")
        .guide("symptoms.md#how-do-i-choose-a-certificate-or-a-client-ca-by-the-server-name-acceptor-sni")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, odd_server_names),
    about("no-common-alpn")
        .tries("The client offers one application protocol, which no server knows (ALPN).")
        .good("A server with ALPN refuses it with no_application_protocol. A server without ALPN ignores it.")
        .source("RFC 7301, 3.2")
        .case(Group::Hellos, Versions::Highest, Needs::Nothing, no_common_alpn),
];

/// An unassigned number, for a suite and for a group.
const UNASSIGNED: u16 = 0x7f7f;
/// The alerts of a server that has no parameter in common with its client.
const NOTHING_IN_COMMON: [Alert; 2] = [Alert::HandshakeFailure, Alert::InsufficientSecurity];
/// The suites of TLS 1.0 and 1.1: ECDHE and RSA with AES-CBC.
const OLD_SUITES: [u16; 6] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035];

/// Sends a changed ClientHello that offers all versions of the server. Reads up to the ServerHello, or to the end.
fn say(
    trial: &mut Trial<'_>,
    change: impl FnOnce(&mut ClientHello),
) -> Result<(Option<ServerHello>, End), Stop> {
    let versions: Vec<_> = trial.facts.versions.iter().map(|version| version.rustls()).collect();
    let mut hello = ClientHello::parse(&trial.hello_of(&versions)?)?;
    change(&mut hello);
    let mut connection = trial.connection()?;
    connection.send(&hello.record()?)?;
    let start = Instant::now();
    connection.set_limit(END_LIMIT);
    let mut bytes = Vec::new();
    let end = loop {
        match connection.read_record() {
            Ok(record) => bytes.extend(record),
            Err(error) if End::of(&error) == End::Fin => break End::of_unencrypted(&bytes),
            Err(error) => break End::of(&error),
        }
        if let Some(answer) = ServerHello::find(&bytes) {
            return Ok((Some(answer), End::Open));
        }
    };
    trial.keep_end_of(&connection, start, &end);
    Ok((None, end))
}

/// The name of a version by its number.
fn version_name(number: u16) -> String {
    match number {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", number - 0x0301),
        _ => format!("the version {number:#06x}"),
    }
}

/// A hello that offers an old version at most.
fn old_version(trial: &mut Trial<'_>, offered: u16, change: fn(&mut ClientHello)) -> Judgement {
    let (answer, end) = say(trial, |hello| {
        hello.version = offered;
        hello.set(SUPPORTED_VERSIONS, None);
        hello.suites.extend(OLD_SUITES);
        change(hello);
    })?;
    match answer {
        Some(answer) if answer.version <= offered => {
            Ok(noted(format!("the server speaks {}, which RFC 8996 forbids", version_name(answer.version))))
        }
        Some(answer) => Ok(failed(format!(
            "the server chose {}, and the client offers {} at most (RFC 5246, E.1)",
            version_name(answer.version),
            version_name(offered)
        ))),
        None => trial.must_end(&end, &[Alert::ProtocolVersion]),
    }
}

fn only_an_old_version_in_the_extension(trial: &mut Trial<'_>) -> Judgement {
    let (answer, end) = say(trial, |hello| {
        hello.set(SUPPORTED_VERSIONS, Some(&[2, 3, 1]));
        hello.suites.extend(OLD_SUITES);
    })?;
    match answer {
        Some(ServerHello { version: 0x0301, .. }) => {
            Ok(noted("the server speaks TLS 1.0, which RFC 8996 forbids"))
        }
        Some(answer) => Ok(failed(format!(
            "the server chose {}, which the client did not offer (RFC 8446, 4.2.1: MUST)",
            version_name(answer.version)
        ))),
        None => trial.must_end(&end, &[Alert::ProtocolVersion]),
    }
}

/// A hello that no server can accept. One of these alerts holds.
fn impossible(trial: &mut Trial<'_>, change: impl FnOnce(&mut ClientHello), alerts: &[Alert]) -> Judgement {
    let (answer, end) = say(trial, change)?;
    match answer {
        Some(answer) => {
            let what = format!("the server accepted the hello, and chose {}", version_name(answer.version));
            // Only RFC 8446 demands that a server refuses each of these hellos.
            Ok(if trial.version == Version::Tls13 { failed(what) } else { noted(what) })
        }
        None => trial.must_end(&end, alerts),
    }
}

fn hello_retry_request(trial: &mut Trial<'_>) -> Judgement {
    let mut provider = default_provider();
    provider.kx_groups.insert(0, &UnassignedGroup);
    let client = trial.client_of(provider)?;
    let mut client = trial.greeted(client).or_failed("the handshake with a HelloRetryRequest")?;
    if client.tls().handshake_kind() != Some(HandshakeKind::FullWithHelloRetryRequest) {
        return Ok(failed("the server chose a group with an unassigned number"));
    }
    trial.exchange(&mut client)?;
    Ok(Verdict::Held)
}

/// A group that no server knows.
#[derive(Debug)]
struct UnassignedGroup;

impl SupportedKxGroup for UnassignedGroup {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Self))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::Unknown(UNASSIGNED)
    }
}

impl ActiveKeyExchange for UnassignedGroup {
    fn complete(self: Box<Self>, _: &[u8]) -> Result<SharedSecret, Error> {
        Err(Error::PeerMisbehaved(PeerMisbehaved::WrongGroupForKeyShare))
    }

    fn pub_key(&self) -> &[u8] {
        &[0x42; 32]
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::Unknown(UNASSIGNED)
    }
}

fn odd_server_names(trial: &mut Trial<'_>) -> Judgement {
    let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
    let names: [(&str, Option<&[u8]>); 4] = [
        ("no name", None),
        ("an unknown name", Some(b"unknown.invalid")),
        ("a dot at the end", Some(b"localhost.")),
        ("255 bytes", Some(long.as_bytes())),
    ];
    let mut served = Vec::new();
    let mut others = Vec::new();
    for (what, name) in names {
        let body = name.map(server_name).transpose()?;
        let (mut client, disguise) = trial.disguised(move |hello| hello.set(SERVER_NAME, body.as_deref()))?;
        client.connection().set_limit(END_LIMIT);
        match client.handshake_sent_by(|connection, flight| connection.send(&disguise.of(flight)?)) {
            Ok(()) => served.push(what),
            // The certificate for this name need not be the usual one.
            Err(error) if is_about_certificate(&error) => served.push(what),
            Err(error) => match End::of(&error) {
                End::Open => others.push(format!("{what}: no answer within {} s", END_LIMIT.as_secs())),
                end => others.push(format!("{what}: refused with {end}")),
            },
        }
    }
    if !served.is_empty() {
        others.insert(0, format!("served: {}", served.join(", ")));
    }
    Ok(noted(others.join("; ")))
}

/// The extension server_name with this name (RFC 6066, 3).
fn server_name(name: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(name.len()).map_err(io::Error::other)?;
    Ok([&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name].concat())
}

fn is_about_certificate(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(Error::InvalidCertificate(_)))
}

fn is_unoffered_protocol(error: &io::Error) -> bool {
    let unoffered = Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol);
    tls_error(error) == Some(&unoffered)
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref::<Error>()
}

fn no_common_alpn(trial: &mut Trial<'_>) -> Judgement {
    let mut config = trial.target.config(&[trial.version.rustls()])?;
    config.alpn_protocols = vec![b"mio-check/unknown".to_vec()];
    let mut client = trial.target.client_with(config, trial.connection()?)?;
    let start = Instant::now();
    client.connection().set_limit(END_LIMIT);
    match client.handshake() {
        Ok(()) => Ok(noted("the server ignores ALPN")),
        Err(error) => match End::of(&error) {
            End::Alert(Alert::NoApplicationProtocol) => Ok(Verdict::Held),
            _ if is_unoffered_protocol(&error) => {
                Ok(failed("the server chose a protocol that the client does not offer (RFC 7301, 3.2)"))
            }
            end => {
                trial.keep_end_of(client.connection(), start, &end);
                trial.must_end(&end, &[])
            }
        },
    }
}
