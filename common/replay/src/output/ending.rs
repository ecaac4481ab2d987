//! How a session ended, in words.

use decode::side_name;
use rustls::{CipherSuite, Side};
use show::page::Grade;
use tls_session::alert_name::AlertName;
use tls_session::bytes::{Bytes, Count};

use crate::session::{Encrypted, End, Ended, Session};

/// How a user gets the secrets of a session.
pub const KEY_LOG_HINT: &str = "give --key-log FILE; curl and browsers write it if SSLKEYLOGFILE is set";

/// Returns a sentence about the end of a session, without a full stop, and its grade.
pub fn of(session: &Session) -> (String, Grade) {
    let mut parts = Vec::new();
    for side in [Side::Client, Side::Server] {
        let facts = of_end(session.end(side), session.encrypted);
        parts.push(format!("{}: {}", side_name(side), facts.join(", ")));
    }
    let end = match session.ended {
        None | Some(Ended::Closed) => "",
        Some(Ended::EndOfCapture) => "; the capture ends here",
        Some(Ended::Replaced) => "; another connection with the same ports follows",
        Some(Ended::Forgotten) => "; not followed any further",
    };
    (parts.join("; ") + end, grade(session))
}

fn of_end(end: &End, encrypted: Encrypted) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(alert) = end.alert {
        facts.push(format!("alert {}", AlertName(alert)));
    }
    if end.close_notify {
        facts.push("close_notify".to_owned());
    }
    if end.hidden_alert {
        facts.push("an encrypted alert".to_owned());
    }
    if let Some(gap) = end.gap {
        facts.push(format!("{} missing after byte {}", Bytes(gap.missing), gap.after));
    }
    // A record that could not be decrypted may have a close_notify.
    let is_truncated = facts.is_empty() && encrypted.without_secret == 0 && encrypted.not_opened == 0;
    if let Some(alert) = end.unauthenticated {
        facts.push(format!("unauthenticated {} in clear text", AlertName(alert)));
    }
    if end.fin {
        facts.push(if is_truncated { "FIN without close_notify" } else { "FIN" }.to_owned());
    }
    if end.reset {
        facts.push("RST".to_owned());
    }
    if facts.is_empty() {
        facts.push("left open".to_owned());
    }
    if end.differing > 0 {
        facts.push(format!("retransmissions with {}", Count(end.differing, "other byte")));
    }
    facts
}

fn grade(session: &Session) -> Grade {
    let ends = [&session.client, &session.server];
    let is_hidden = session.encrypted.without_secret > 0;
    if ends.iter().any(|end| end.alert.is_some()) || session.choices.version().is_none() {
        Grade::Failed
    } else if ends.iter().all(|end| end.close_notify) {
        Grade::Clean
    } else if ends.iter().any(|end| end.reset) && !is_hidden {
        Grade::Failed
    } else {
        Grade::Doubtful
    }
}

/// Says whether a session was decrypted, and why not.
pub fn decrypted(session: &Session) -> &'static str {
    let Encrypted { opened, without_secret, not_opened, has_secrets } = session.encrypted;
    match (opened > 0, without_secret > 0, not_opened > 0) {
        (false, false, false) => "nothing encrypted",
        (true, false, false) => "decrypted",
        (true, ..) => "decrypted in part",
        (false, true, _) if has_secrets && session.choices.suite().is_some_and(is_known) => {
            "not decrypted: some secrets are missing"
        }
        (false, true, _) if has_secrets => "not decrypted: its cipher suite is not supported here",
        (false, true, _) => "not decrypted: no secrets",
        (false, false, true) => "not decrypted: the secrets do not fit",
    }
}

/// Returns whether records of this suite can be decrypted here.
fn is_known(suite: CipherSuite) -> bool {
    rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES.iter().any(|known| known.suite() == suite)
}
