//! The loopback rule: a server on another computer is judged only if the user says that it is theirs.

use std::net::SocketAddr;

use super::place::is_loopback;
use crate::case::Case;

/// The traffic of a full run. The numbers were measured with a fast server: mio-server on the loopback.
const SENT: &str = "    about 5,000 connections, up to 100 of them at the same time
    half handshakes, handshakes without pause, and bytes that are not TLS
    damaged, forged, oversized and endless TLS records and messages
    up to 64 MB in one session and 300 MB in all, and answers that are not read for a while
    silent sessions, which stay for the time of --patience";

/// Checks that the user allows a run against these addresses. Returns the text to print before it, for an address that is
/// not on this computer.
///
/// # Errors
/// The user must say `--yes-it-is-mine`. The text describes the traffic.
pub fn check(
    place: &str,
    addresses: &[SocketAddr],
    cases: &[&Case],
    yes_it_is_mine: bool,
) -> Result<Option<String>, String> {
    let Some(other) = addresses.iter().find(|address| !is_loopback(address.ip())) else { return Ok(None) };
    let part = match (cases.len(), crate::cases::all().count()) {
        (some, all) if some == all => "This run sends".to_owned(),
        (some, all) => format!("This run has {some} of {all} cases. All cases together send"),
    };
    let text = format!("{place} is not on this computer ({other}). {part}:\n{SENT}");
    match yes_it_is_mine {
        true => Ok(Some(text)),
        false => Err(format!(
            "{text}\nSuch traffic can stop a server. Nothing was sent. If the server is yours, and may stop, add \
             --yes-it-is-mine"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(addresses: &[&str], yes: bool) -> Result<Option<String>, String> {
        let addresses: Vec<_> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        check("host:1", &addresses, &[], yes)
    }

    #[test]
    fn the_loopback_needs_no_consent() {
        assert_eq!(verdict(&["127.0.0.1:1", "[::1]:1"], false), Ok(None));
    }

    #[test]
    fn one_other_address_is_enough_to_need_consent() {
        let refused = verdict(&["127.0.0.1:1", "192.0.2.1:1"], false).unwrap_err();
        assert!(refused.contains("192.0.2.1:1") && refused.contains("--yes-it-is-mine"), "{refused}");
        assert!(refused.contains(SENT));
        let announced = verdict(&["192.0.2.1:1"], true).unwrap().unwrap();
        assert!(announced.contains(SENT) && !announced.contains("--yes"), "{announced}");
    }
}
