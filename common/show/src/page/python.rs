//! Commands that repeat the calculations of a session in Python, so that a reader can check them.
//!
//! A command is text for a shell: `python3 - <<'EOF'`, a program, `EOF`. Secrets are in the program and not in arguments,
//! because all users of a machine may see the arguments of its processes. A command prints the value that the page shows,
//! in hexadecimal. A command that verifies a signature prints `valid`, or fails. The commands for derivations, Finished and
//! binders need only Python. Those for records and signatures also need its package `cryptography`.
//!
//! A peer cannot put text into a command: it consists of fixed text, numbers, and bytes in hexadecimal.

use std::collections::BTreeMap;

use decode::schedule::{Check, CheckKind, Derivation, Key, Rule, Seed};
use decode::{Message, Record};
use rustls::{HandshakeType, Side};

mod hkdf;
mod prf;
mod program;
mod records;
mod signatures;

/// The inputs of the commands: the keys and the certificates of a session.
#[derive(Debug, Default)]
pub(super) struct Inputs<'a> {
    keys: BTreeMap<Key, &'a Derivation>,
    /// The end-entity certificates of the client and of the server, in DER.
    client_certificate: Option<&'a [u8]>,
    server_certificate: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    /// Adds the keys of records among the derivations of a record. Call this for all records of a session before `learn`: the
    /// derivation of a key may come after records under it. The key of early data is derived at EncryptedExtensions.
    ///
    /// Other keys are not added here. A session that refuses a PSK derives its Early Secret twice, with different values.
    pub(super) fn learn_record_keys(&mut self, record: &'a Record) {
        let of_records = |derivation: &&Derivation| matches!(derivation.key, Key::Record(..));
        let derivations = record.derivations.iter().filter(of_records);
        self.keys.extend(derivations.map(|derivation| (derivation.key, derivation)));
    }

    /// Adds the keys and the certificate of a record. Call this for the records of a session in their order, and for each
    /// record before the functions below get its derivations and checks.
    pub(super) fn learn(&mut self, record: &'a Record) {
        self.keys.extend(record.derivations.iter().map(|derivation| (derivation.key, derivation)));
        for message in record.messages().filter(|message| message.kind == HandshakeType::Certificate) {
            *self.certificate_of(message.sender) = signatures::first_certificate(message);
        }
    }

    fn certificate_of(&mut self, sender: Side) -> &mut Option<&'a [u8]> {
        match sender {
            Side::Client => &mut self.client_certificate,
            Side::Server => &mut self.server_certificate,
        }
    }

    /// Returns the value of a key; `None` if the page does not have it.
    fn value(&self, key: Key) -> Option<&'a [u8]> {
        self.keys.get(&key)?.value.as_ref().map(|value| value.bytes())
    }
}

/// Returns the command that calculates the value of a derivation. For the keys of records it prints two lines: the key
/// and the IV. `None`: the page does not have the values; or the calculation needs a private key, which nothing records.
pub(super) fn derivation(derivation: &Derivation, inputs: &Inputs<'_>) -> Option<String> {
    derivation.value.as_ref()?;
    let Derivation { algorithm, transcript, .. } = derivation;
    let transcript = transcript.as_ref().map(|transcript| transcript.hash.as_slice());
    match &derivation.rule {
        Rule::KeyExchange(_) | Rule::EarlierSession => None,
        Rule::Extract { salt, secret } => hkdf::extract(*algorithm, *salt, *secret, inputs),
        Rule::Expand { from, label, length } => {
            let context = transcript.map(|hash| (TRANSCRIPT, hash));
            hkdf::expand_label(*algorithm, *from, label, context, *length, inputs)
        }
        Rule::Ticket { from, nonce, length } => {
            let context = Some(("ticket_nonce", nonce.as_slice()));
            hkdf::expand_label(*algorithm, *from, "resumption", context, *length, inputs)
        }
        Rule::TrafficKeys { from, key, iv } => hkdf::traffic_keys(*algorithm, *from, *key, *iv, inputs),
        Rule::Prf { from, label, seed, length } => {
            let seed = match seed {
                Seed::Randoms { first, bytes } => {
                    let (one, two) = bytes.split_at_checked(32)?;
                    let [client, server] = ["client_random", "server_random"];
                    if *first == Side::Client {
                        vec![(client, one), (server, two)]
                    } else {
                        vec![(server, one), (client, two)]
                    }
                }
                Seed::Transcript => vec![(TRANSCRIPT, transcript?)],
            };
            prf::prf(*algorithm, *from, label, &seed, *length, inputs)
        }
        Rule::Cut { from, key, iv } => prf::cut(*from, key, iv, inputs),
    }
}

/// The variable that has a transcript hash.
const TRANSCRIPT: &str = "transcript_hash";

/// Returns the command that calculates the verify_data of a Finished or the value of a binder, or that verifies a signature.
/// The proof is in a message of `record`. The command of a signature has no secret, so pages without keys have it too.
/// `None`: the page does not have the inputs.
pub(super) fn check(check: &Check, record: &Record, inputs: &Inputs<'_>) -> Option<String> {
    let transcript = check.transcript.as_ref().map(|transcript| transcript.hash.as_slice());
    match check.kind {
        CheckKind::Finished(side) if check.key == Some(Key::Master) => {
            let label = if side == Side::Client { "client finished" } else { "server finished" };
            prf::prf(check.algorithm, Key::Master, label, &[(TRANSCRIPT, transcript?)], 12, inputs)
        }
        CheckKind::Finished(_) | CheckKind::Binder(_) => {
            hkdf::verify_data(check.algorithm, check.key?, transcript?, inputs)
        }
        CheckKind::CertificateVerify(Side::Client) => {
            signatures::verify(check, message(check.kind, record)?, inputs.client_certificate?)
        }
        CheckKind::CertificateVerify(Side::Server) | CheckKind::ServerKeyExchange => {
            signatures::verify(check, message(check.kind, record)?, inputs.server_certificate?)
        }
    }
}

/// Returns the message of a record that has a proof of this kind.
fn message(kind: CheckKind, record: &Record) -> Option<&Message> {
    let kind = match kind {
        CheckKind::Finished(_) => HandshakeType::Finished,
        CheckKind::CertificateVerify(_) => HandshakeType::CertificateVerify,
        CheckKind::Binder(_) => HandshakeType::ClientHello,
        CheckKind::ServerKeyExchange => HandshakeType::ServerKeyExchange,
    };
    record.messages().find(|message| message.kind == kind)
}

/// Returns the command that decrypts a record and prints its content. In TLS 1.3 the padding and the type, which follow the
/// content, are left out. `None`: the record is not decrypted, or bytes of it are cut off, or the page does not have its
/// key.
pub(super) fn record(record: &Record, inputs: &Inputs<'_>) -> Option<String> {
    records::decrypt(record, inputs.keys.get(&record.key?)?)
}

#[cfg(test)]
mod tests;
