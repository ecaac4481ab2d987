//! The purpose of a flight, which its messages reveal.

use decode::explain::Fault;
use decode::schedule::Key;
use decode::{Content, Message, Record};
use maud::{Markup, html};
use rustls::{ProtocolVersion, Side};

use super::super::facts::Facts;
use super::super::origin::Origin;

/// The messages that one end sends before the other answers, and the session around them.
pub(super) struct Flight<'a> {
    /// Its number in the session, from 1.
    pub(super) number: usize,
    pub(super) sender: Side,
    pub(super) records: Vec<&'a Record>,
    /// The titles of its records.
    pub(super) titles: Vec<&'a str>,
    pub(super) facts: &'a Facts,
    /// The session that this one resumes.
    pub(super) origin: Option<Origin>,
}

impl Flight<'_> {
    /// Returns the purpose of the flight in a few sentences.
    pub(super) fn purpose(&self) -> Markup {
        let mut own = match self.sender {
            Side::Client => self.of_client(),
            Side::Server => self.of_server(),
        };
        if own.is_empty() {
            own.extend(self.usual().map(|text| html! { (text) }));
        }
        own.extend(self.refusal());
        html! { @for (index, text) in own.iter().enumerate() { @if index > 0 { " " } (text) } }
    }

    /// Returns the purpose of a flight without a hello or a certificate.
    fn usual(&self) -> Option<&'static str> {
        if self.has("Finished") {
            Some(
                "Finished proves with a hash of the whole handshake that no attacker has changed a byte of it.",
            )
        } else if self.has("NewSessionTicket") {
            Some(
                "The client can resume this session later with these tickets. A ticket is sent encrypted, and its key is not \
                 in it: both ends compute it.",
            )
        } else if self.has("KeyUpdate") {
            Some(
                "This direction gets new keys. The old ones are deleted, so no attacker can steal them any more.",
            )
        } else {
            None
        }
    }

    /// Says that the receiver did not accept what this flight proves.
    fn refusal(&self) -> Option<Markup> {
        let (_, fault) = self.facts.marks.fault.filter(|(owner, _)| *owner == self.sender)?;
        let (owner, receiver) =
            (decode::side_name(self.sender), decode::side_name(decode::other_side(self.sender)));
        let why = match fault {
            Fault::Proof => {
                return self.has("Finished").then(|| {
                    html! { "But the alert of the " (receiver) " says that it could not verify a proof of the " (owner) "." }
                });
            }
            Fault::Signature => "found the signature wrong",
            _ => "does not accept this certificate",
        };
        self.has("Certificate").then(|| {
            html! { "But the " (receiver) " " (why) ", so the " (owner) " has proved no identity to it." }
        })
    }

    fn has(&self, title: &str) -> bool {
        self.titles.contains(&title)
    }

    fn contains(&self, content: &Content) -> bool {
        self.records.iter().any(|record| record.content == *content)
    }

    fn messages(&self) -> impl Iterator<Item = &Message> {
        self.records.iter().flat_map(|record| record.messages())
    }

    fn makes(&self, key: Key) -> bool {
        self.records.iter().flat_map(|record| &record.derivations).any(|derivation| derivation.key == key)
    }

    fn of_client(&self) -> Vec<Markup> {
        const CLEAR: &str = "No key protects this message, so any observer on the way can read it.";
        let mut says: Vec<Markup> = Vec::new();
        if self.has("ClientHello") && self.number > 1 {
            says.push(html! {
                "The client sends its hello again, with a key share of the group that the server wants. The first hello \
                 stays protected: a hash of it (message_hash) is part of everything that follows."
            });
        } else if self.has("ClientHello") && !self.messages().any(Message::offers_tls13) {
            says.push(html! { "The client offers its versions and algorithms. " (CLEAR) });
        } else if self.has("ClientHello") {
            says.push(html! {
                "The client offers its versions and algorithms. It sends its half of the key exchange at once, for the \
                 groups that it expects the server to choose. " (CLEAR)
            });
        }
        if self.has("ClientHello") && self.makes(Key::Psk) {
            says.push(html! {
                "It also offers the ticket of an earlier session."
                @if let Some(origin) = self.origin { " It is from " (origin) "." }
                " The binder proves that the client knows the key of the ticket."
            });
        }
        if self.has("ClientKeyExchange") {
            says.push(html! {
                "The client sends its half of the key exchange, so both ends can compute the keys now. After its \
                 ChangeCipherSpec everything that it sends is encrypted."
            });
        }
        if self.has("CertificateVerify") {
            says.push(html! {
                "The client proves that it has the private key of its certificate: it signs the handshake with this key. \
                 Finished proves that no attacker has changed the handshake."
            });
        } else if self.has("Certificate")
            && self.facts.client.certificates.as_ref().is_some_and(|sent| sent.count == 0)
        {
            says.push(
                html! { "The server asked for a certificate. The client has none, and sends an empty list." },
            );
        }
        says
    }

    fn of_server(&self) -> Vec<Markup> {
        let version = self.messages().filter_map(|message| message.version).last();
        let mut says: Vec<Markup> = Vec::new();
        if self.has("HelloRetryRequest") {
            says.push(html! {
                "The server wants a key share of another group. It asks the client for another hello, which costs a round \
                 trip."
            });
        } else if self.has("ServerHello") && version == Some(ProtocolVersion::TLSv1_3) {
            says.push(self.after_hello_of_tls13());
        } else if self.has("ServerHello") && self.has("Certificate") {
            says.push(html! {
                "The server chooses, sends its certificate"
                @if self.has("ServerKeyExchange") { ", and signs its half of the key exchange" }
                ". All of this is in clear text: the client has not sent its half yet, so no key exists. Any observer on \
                 the way sees the certificate. TLS 1.3 exchanges the halves earlier, and encrypts it."
            });
        } else if self.has("ServerHello") && self.contains(&Content::ChangeCipherSpec) {
            says.push(html! {
                "The server chooses, and resumes the session that the client remembers. Both ends have kept its master \
                 secret, so they need no certificate and no key exchange. This saves a round trip, a signature, and the \
                 check of the certificate."
            });
        } else if self.has("ServerHello") {
            says.push(html! { "The server chooses the version and the algorithms. The rest of its flight did not come." });
        }
        if self.has("CertificateRequest") {
            says.push(html! { "The server asks the client for a certificate, too." });
        }
        says
    }

    /// Says how a server of TLS 1.3 answers. The certificate may be compressed, encrypted for this page, or not there.
    fn after_hello_of_tls13(&self) -> Markup {
        const CLEAR: &str = "and sends its half of the key exchange. ServerHello is in clear text, because the client needs \
                             the key share in it to compute any key. All records that follow are encrypted, except \
                             ChangeCipherSpec, whose one byte means nothing in TLS 1.3.";
        html! {
            @if self.facts.marks.choices.accepts_psk() {
                "The server accepts the ticket, " (CLEAR) " No certificate is sent: only the server that issued the ticket \
                 knows its key, and Finished proves that this server knows it. This saves the certificate, its signature, \
                 and the check of both."
            } @else if self.has("Certificate") || self.has("CompressedCertificate") {
                "The server chooses, " (CLEAR) " No observer on the way sees the certificate, which names the server. "
                @if self.facts.names_server() { "But the server_name in ClientHello is in clear text. " }
                "CertificateVerify proves that the server has the private key of its certificate: only this key can make the \
                 signature."
            } @else {
                "The server chooses, " (CLEAR)
                @if self.contains(&Content::Hidden) { " This page cannot decrypt them." }
                @else if !self.has("Finished") { " The rest of this flight did not come." }
            }
        }
    }
}
