//! The calculations behind a record in one line each, as the RFCs write them.

use decode::hex;
use decode::schedule::{Check, CheckKind, Derivation, Input, Key, Rule, Seed};
use rustls::{NamedGroup, ProtocolVersion, Side};

use super::exchange::exchange;

/// Returns the calculation as the RFC writes it.
pub(super) fn formula(derivation: &Derivation) -> String {
    let Derivation { rule, algorithm, transcript, .. } = derivation;
    let input = |input: &Input| match input {
        Input::Zeros => format!("{} zero bytes", algorithm.length()),
        Input::Key(key) => key.name().into_owned(),
        Input::Derived(key) => format!("Derive-Secret({}, \"derived\", \"\")", key.name()),
    };
    match rule {
        Rule::KeyExchange(group) => exchange(*group).formula(&group_name(*group)),
        Rule::EarlierSession => "none: both ends have kept it".to_owned(),
        Rule::Extract { salt, secret } => format!("HKDF-Extract(salt = {}, {})", input(salt), input(secret)),
        Rule::Expand { from, label, length } => {
            let context = if transcript.is_none() { "\"\"" } else { "transcript hash" };
            format!("HKDF-Expand-Label({}, \"{label}\", {context}, {length})", from.name())
        }
        Rule::TrafficKeys { from, key, iv } => {
            let from = from.name();
            format!(
                "HKDF-Expand-Label({from}, \"key\", \"\", {key}), HKDF-Expand-Label({from}, \"iv\", \"\", {iv})"
            )
        }
        Rule::Ticket { from, nonce, length } => {
            format!("HKDF-Expand-Label({}, \"resumption\", {}, {length})", from.name(), short(nonce))
        }
        Rule::Prf { from, label, seed, length } => {
            let seed = match seed {
                Seed::Transcript => "transcript hash",
                Seed::Randoms { first: Side::Client, .. } => "client random + server random",
                Seed::Randoms { first: Side::Server, .. } => "server random + client random",
            };
            format!("PRF({}, \"{label}\", {seed}), {length} bytes", from.name())
        }
        Rule::Cut { from, key, iv } => {
            format!(
                "key = {0}[{1}..{2}], IV = {0}[{3}..{4}]",
                from.name(),
                key.start,
                key.end,
                iv.start,
                iv.end
            )
        }
    }
}

/// Formats a nonce, which the peer chooses, in at most 64 digits.
fn short(nonce: &[u8]) -> String {
    match nonce.get(..32) {
        Some(beginning) if nonce.len() > 32 => format!("{}…", hex(beginning)),
        _ => hex(nonce),
    }
}

/// Returns the calculation of a check in a session of this version.
pub(super) fn check_formula(check: &Check, version: Option<ProtocolVersion>) -> String {
    let key = check.key.map_or_else(|| "finished_key".into(), Key::name);
    match check.kind {
        CheckKind::Finished(side) if check.key == Some(Key::Master) => {
            let label = if side == Side::Client { "client finished" } else { "server finished" };
            format!("verify_data = PRF(master_secret, \"{label}\", transcript hash), 12 bytes")
        }
        CheckKind::Finished(_) => format!("verify_data = HMAC({key}, transcript hash)"),
        CheckKind::Binder(_) => format!("binder = HMAC({key}, transcript hash)"),
        // RFC 8446, 4.4.3.
        CheckKind::CertificateVerify(side) if version == Some(ProtocolVersion::TLSv1_3) => format!(
            "signature over 64 spaces, \"TLS 1.3, {} CertificateVerify\", a zero byte and the transcript hash",
            decode::side_name(side)
        ),
        // RFC 5246, 7.4.8.
        CheckKind::CertificateVerify(_) => "signature over all handshake messages so far".to_owned(),
        CheckKind::ServerKeyExchange => {
            "signature over client random + server random + the server's group and public key".to_owned()
        }
    }
}

/// Returns the name of the group of a key exchange.
pub(super) fn group_name(group: Option<NamedGroup>) -> String {
    match group.map(|group| (group.as_str(), u16::from(group))) {
        None => "key exchange".to_owned(),
        Some((Some(name), _)) => name.to_owned(),
        Some((None, number)) => format!("group 0x{number:04x}"),
    }
}
