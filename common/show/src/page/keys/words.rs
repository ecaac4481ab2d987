//! The words of the keys chapter: why each key exists, and where it is specified.

use std::borrow::Cow;

use decode::explain::Fault;
use decode::schedule::{CheckKind, Derivation, Epoch, Key, Part, Rule, Seed};
use rustls::Side;

use super::exchange::exchange;

/// Returns why the key of a derivation exists, in one or two sentences.
pub(super) fn why(derivation: &Derivation) -> &'static str {
    if let Rule::KeyExchange(group) = derivation.rule {
        return exchange(group).says();
    }
    match derivation.key {
        Key::SharedSecret | Key::Premaster => "The result of the key exchange.",
        Key::Psk => {
            "Both ends kept this key from an earlier session. The ticket in ClientHello names it. Only the server that \
             issued the ticket can have it, so the server needs no certificate now."
        }
        Key::EarlySecret => {
            "The first of three secrets, which follow each other. It mixes in the PSK of an earlier session. Without a PSK, \
             zeros stand for it, so that the calculation is the same in each session."
        }
        Key::BinderKey => {
            "The client proves with it that it knows the PSK. It is a key of its own, so that the proof tells nothing about \
             other keys."
        }
        Key::BinderFinishedKey => {
            "The key of the checksum in the binder. The binder is computed like a Finished message."
        }
        Key::EarlyTraffic => {
            "It protects data that a client sends before the server has answered (0-RTT). Only the PSK protects this data, so \
             an attacker can repeat it."
        }
        Key::HandshakeSecret => {
            "The second secret. It mixes the shared secret into the first one. From here on an attacker needs a private \
             key of the key exchange. Both ends delete these keys."
        }
        Key::HandshakeTraffic(Side::Client) => {
            "It protects the handshake messages of the client. The hash of both hellos is in it: if an attacker changes a \
             byte of a hello, the two ends compute different keys, and the session ends."
        }
        Key::HandshakeTraffic(Side::Server) => {
            "It protects the handshake messages of the server: its certificate and its proofs. Both ends know it as soon as \
             they have both hellos, so only the hellos themselves are in clear text."
        }
        Key::FinishedKey(Side::Client) => {
            "The key of the checksum in the client’s Finished message. Only the two ends have it, so no attacker can make \
             this checksum."
        }
        Key::FinishedKey(Side::Server) => {
            "The key of the checksum in the server’s Finished message. Only the two ends have it, so no attacker can make \
             this checksum."
        }
        Key::MasterSecret => {
            "The third secret. All keys after the handshake come from it. Nothing new is mixed in: zeros stand for a secret \
             that a later version of TLS might add."
        }
        Key::ApplicationTraffic(_, 0) => {
            "It protects the application data of one direction. The hash of the whole handshake is in it, so data can only \
             be decrypted if both ends saw the same handshake. Each direction has its own key."
        }
        Key::ApplicationTraffic(..) => {
            "The secret after a KeyUpdate. It is computed from the previous one, which is then deleted. An attacker that steals \
             this secret cannot decrypt earlier records."
        }
        Key::ExporterMaster => {
            "For other protocols: they can derive keys of their own from this session. TLS itself does not use it."
        }
        Key::ResumptionMaster => {
            "The PSKs of all tickets of this session come from it. With such a PSK the client can resume this session later."
        }
        Key::TicketPsk(_) => {
            "The PSK for a later session with this ticket. The nonce in the ticket makes it different from the PSKs of other \
             tickets. The PSK itself is not in the message."
        }
        Key::Master => {
            "The secret of the session. It mixes the premaster secret with the handshake so far, or with the two randoms, \
             so that each session has another one. A resumed session uses the same one again."
        }
        Key::KeyBlock => {
            "A block of bytes that is long enough for all keys. It mixes in both randoms, so a resumed session has other keys \
             than the first one."
        }
        Key::Record(_, Epoch::Early) => "This key and IV encrypt the early data of the client.",
        Key::Record(_, Epoch::Handshake) => {
            "This key and IV encrypt the records of one direction until its Finished message. The IV and the number of the \
             record give the nonce."
        }
        Key::Record(_, Epoch::Application(_)) => {
            "This key and IV encrypt the records of one direction: application data, tickets and alerts. The IV and the \
             number of the record give the nonce."
        }
        Key::Record(_, Epoch::Tls12) => {
            "This key and IV are cut from the key block. They encrypt all records of one direction after its \
             ChangeCipherSpec, first of all its Finished message."
        }
    }
}

/// Returns the section that specifies a key and its calculation.
pub(super) fn section(key: Key, rule: &Rule) -> &'static str {
    match key {
        Key::SharedSecret => "RFC 8446, 7.4",
        Key::Psk => "RFC 8446, 4.2.11",
        Key::BinderFinishedKey => "RFC 8446, 4.2.11.2",
        Key::FinishedKey(_) => "RFC 8446, 4.4.4",
        Key::ApplicationTraffic(_, 1..) => "RFC 8446, 7.2",
        Key::ExporterMaster => "RFC 8446, 7.5",
        Key::TicketPsk(_) => "RFC 8446, 4.6.1",
        Key::Premaster if matches!(rule, Rule::KeyExchange(Some(_))) => "RFC 8422, 5.10",
        Key::Master if matches!(rule, Rule::Prf { seed: Seed::Transcript, .. }) => "RFC 7627, 4",
        Key::Premaster | Key::Master => "RFC 5246, 8.1",
        Key::KeyBlock | Key::Record(_, Epoch::Tls12) => "RFC 5246, 6.3",
        Key::Record(..) => "RFC 8446, 7.3",
        _ => "RFC 8446, 7.1",
    }
}

/// Returns the short sign of a key of records, which its records show as well; `None` for other keys.
pub(super) fn sign(key: Key) -> Option<String> {
    let Key::Record(side, epoch) = key else { return None };
    let end = match side {
        Side::Client => "C",
        Side::Server => "S",
    };
    Some(match epoch {
        Epoch::Early => format!("{end}·early"),
        Epoch::Handshake => format!("{end}·hs"),
        Epoch::Application(number) => format!("{end}·app{number}"),
        Epoch::Tls12 => format!("{end}·key"),
    })
}

/// Returns the secret from which a key of records is made.
pub(super) fn source(key: Key) -> Option<Key> {
    let Key::Record(side, epoch) = key else { return None };
    Some(match epoch {
        Epoch::Early => Key::EarlyTraffic,
        Epoch::Handshake => Key::HandshakeTraffic(side),
        Epoch::Application(number) => Key::ApplicationTraffic(side, number),
        Epoch::Tls12 => Key::KeyBlock,
    })
}

/// Returns the anchor of a key: its name with letters, digits and hyphens only.
pub(in super::super) fn anchor(key: Key) -> String {
    let letters =
        key.name().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    format!("key-{letters}").to_lowercase()
}

/// Returns the name of a part of a transcript. It has the sender of a message that both ends may send.
pub(super) fn part(part: &Part) -> Cow<'static, str> {
    match part {
        Part::Message { name: name @ ("Certificate" | "CertificateVerify" | "Finished"), sender } => {
            format!("{name} of the {}", decode::side_name(*sender)).into()
        }
        Part::Message { name, .. } => (*name).into(),
        Part::MessageHash => "message_hash".into(),
        Part::TruncatedClientHello => "ClientHello without its binders".into(),
    }
}

/// Returns the sentence about an unusual part of a transcript.
pub(super) fn note(part: &Part) -> Option<&'static str> {
    match part {
        Part::Message { .. } => None,
        Part::MessageHash => Some(
            "message_hash stands for the first ClientHello: it has only the hash of it. So a server can ask for a second \
             hello without keeping the first one: it can put the hash into its cookie (RFC 8446, 4.4.1).",
        ),
        Part::TruncatedClientHello => Some(
            "The list of binders is left out at the end of ClientHello, because a binder cannot be a checksum of itself \
             (RFC 8446, 4.2.11.2).",
        ),
    }
}

/// Returns why a check does not help the receiver, in a few words and in sentences. `owner` is the end that the receiver
/// refused. `None`: the check does not depend on the reason.
pub(super) fn doubt(kind: CheckKind, owner: Side, fault: Fault) -> Option<[String; 2]> {
    let sender = match kind {
        CheckKind::CertificateVerify(side) | CheckKind::Finished(side) => side,
        CheckKind::ServerKeyExchange => Side::Server,
        CheckKind::Binder(_) => Side::Client,
    };
    if sender != owner {
        return None;
    }
    let (receiver, owner) = (decode::side_name(decode::other_side(owner)), decode::side_name(owner));
    let [says, why] = match (kind, fault) {
        (_, Fault::Proof) => [
            format!("the {receiver} could not verify this, or another proof of the {owner}"),
            "The alert decrypt_error says that a signature, a Finished or a binder does not verify. It does not name the \
             proof."
                .to_owned(),
        ],
        (CheckKind::Binder(_), _) => return None,
        (CheckKind::Finished(_), _) => [format!("the {receiver} does not accept this {owner}"), worthless()],
        (_, Fault::Signature) => [
            format!("the {receiver} found this signature wrong, so this is not proved"),
            format!(
                "The {receiver} verified the signature with the key of the certificate. It was made with another key, or \
                 over other messages. The {owner} may have copied the certificate, or may be configured with the key of \
                 another one."
            ),
        ],
        _ => [format!("the {receiver} does not accept this certificate"), worthless()],
    };
    Some([format!(", but {says}"), why])
}

fn worthless() -> String {
    "An attacker can make a certificate and its key, too. So this proof has a value only for an end that accepts the \
     certificate. An end that refuses it need not check the proof."
        .to_owned()
}

/// Returns what a check proves: a title and a sentence.
pub(super) fn proof(kind: CheckKind) -> (String, &'static str) {
    match kind {
        CheckKind::Finished(side) => (
            format!("Finished of the {}: both ends saw the same messages", decode::side_name(side)),
            "The receiver computes the same checksum over the messages that it saw. If an attacker changed one byte of them, \
             the two checksums differ: the receiver sends the alert decrypt_error and ends the session.",
        ),
        CheckKind::CertificateVerify(side) => (
            format!(
                "CertificateVerify: the {} has the private key of its certificate",
                decode::side_name(side)
            ),
            "Any program can copy a certificate. Only its owner can sign these messages with its private key. The signature \
             includes this session’s hellos, so it cannot be used in another session.",
        ),
        CheckKind::Binder(_) => (
            "Binder: the client knows the PSK".to_owned(),
            "The binder is a checksum of this ClientHello with a key from the PSK. So an attacker cannot use a \
             stolen ticket without the PSK, and cannot change the hello.",
        ),
        CheckKind::ServerKeyExchange => (
            "ServerKeyExchange: the public key comes from the owner of the certificate".to_owned(),
            "The server signs its public key and both randoms with the private key of its certificate. So an attacker \
             between both ends cannot put another public key in its place.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_secrets_of_tls_1_2_cite_the_rfc_of_their_calculation() {
        let prf = |seed| Rule::Prf { from: Key::Premaster, label: "", seed, length: 48 };
        let randoms = Seed::Randoms { first: Side::Client, bytes: Vec::new() };
        for (key, rule, rfc) in [
            (Key::Premaster, Rule::KeyExchange(Some(NamedGroup::X25519)), "RFC 8422, 5.10"),
            (Key::Premaster, Rule::KeyExchange(None), "RFC 5246, 8.1"),
            (Key::Master, prf(Seed::Transcript), "RFC 7627, 4"),
            (Key::Master, prf(randoms), "RFC 5246, 8.1"),
            (Key::Master, Rule::EarlierSession, "RFC 5246, 8.1"),
        ] {
            assert_eq!(section(key, &rule), rfc, "{rule:?}");
        }
    }
}
