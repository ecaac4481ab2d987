//! The loopback rule: a server on another computer is judged only if the user says that it is theirs.

use std::net::SocketAddr;

use super::place::is_loopback;
use crate::case::Case;

/// What a full run sends, at most. The numbers are above those of the cases.
const SENT: &str = "    up to 2,500 connections, up to 200 of them at the same time
    handshakes without pause, half handshakes, and bytes that are not TLS
    damaged, forged, oversized and endless TLS records and messages
    up to 64 MB in one session and 500 MB in all, and answers that are not read for a while
    sessions that stay silent for the time of --patience";

/// Checks that the user allows a run against these addresses. Returns what to print before it, for an address that is
/// not on this computer.
///
/// # Errors
/// The user must say `--yes-it-is-mine`. The text says what would be sent.
pub fn check(
    place: &str,
    addresses: &[SocketAddr],
    cases: &[&Case],
    yes_it_is_mine: bool,
) -> Result<Option<String>, String> {
    let Some(other) = addresses.iter().find(|address| !is_loopback(address.ip())) else { return Ok(None) };
    let kinds = format!("{} of {} cases", cases.len(), crate::cases::all().count());
    match yes_it_is_mine {
        true => {
            Ok(Some(format!("{place} is not on this computer ({other}). The run ({kinds}) sends:\n{SENT}")))
        }
        false => Err(format!(
            "{place} is not on this computer ({other}). The run ({kinds}) would send:\n{SENT}\n\
             Such traffic can stop a server. If it is yours, and may stop, add --yes-it-is-mine"
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
