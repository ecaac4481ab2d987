//! The strip: the phases of a session to scale.

use std::time::Duration;

use maud::{Markup, html};

use super::facts::Facts;
use super::numbers::duration;

/// The width of the strip. SVG gets tenths of a percent.
const WHOLE: u128 = 1000;
/// The least width of a phase, so that its number fits.
const LEAST: u128 = 30;

/// A phase of a session.
#[derive(Debug, PartialEq, Eq)]
struct Phase {
    name: &'static str,
    /// Its name in the style sheet.
    class: &'static str,
    lasted: Duration,
}

/// A phase in the strip.
struct Placed<'a> {
    phase: &'a Phase,
    left: u128,
    width: u128,
    /// It is wider than its share of the time.
    widened: bool,
}

/// Draws the strip. There is none if the whole session took one turn of the loop.
pub(super) fn of(facts: &Facts) -> Markup {
    let phases = phases(facts);
    let placed = place(&phases);
    html! {
        @if !placed.is_empty() {
            div.strip {
                svg width="100%" height="28" aria-hidden="true" {
                    @for (index, Placed { phase, left, width, widened }) in placed.iter().enumerate() {
                        @let (y, height) = if *widened { ("8", "20") } else { ("0", "28") };
                        rect.{ "phase-" (phase.class) } x=(percent(*left)) y=(y) width=(percent(*width)) height=(height) {}
                        text.{ "phase-" (phase.class) } x=(percent(left + width / 2)) y="22" text-anchor="middle" { (index + 1) }
                    }
                }
                ol {
                    @for (index, Placed { phase, widened, .. }) in placed.iter().enumerate() {
                        li {
                            i.{ "phase-" (phase.class) } aria-hidden="true" { (index + 1) }
                            " " (phase.name) " " strong { (duration(phase.lasted)) }
                            @if *widened { small { " not to scale: wider" } }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the phases that took time, in their order.
fn phases(facts: &Facts) -> Vec<Phase> {
    let moments = &facts.moments;
    let (closing, end) = (moments.closing.unwrap_or(facts.lasted), facts.lasted);
    let established = facts.agreed.as_ref().and_then(|agreed| agreed.after);
    let (first, last) = established.and(moments.data).unwrap_or_default();
    let mut phases = Vec::new();
    let mut at = Duration::ZERO;
    let mut add = |name, class, until: Duration| {
        let lasted = until.saturating_sub(at);
        if !lasted.is_zero() {
            phases.push(Phase { name, class, lasted });
            at = until;
        }
    };
    let beginning = if facts.is_without_tls { "before TLS" } else { "waiting for the ClientHello" };
    add(beginning, "waiting", moments.waited_for_hello().unwrap_or(closing));
    let asking = match moments.answered {
        Some(_) => "handshake, until the server answers",
        None => "handshake, without an answer of the server",
    };
    add(asking, "asking", moments.answered.unwrap_or(closing));
    let is_sealed = facts.agreed.is_some() && established.is_none();
    let handshake = if is_sealed { "handshake and data, encrypted" } else { "handshake" };
    add(handshake, "handshake", established.unwrap_or(closing));
    add("waiting for data", "waiting", first);
    add("data", "data", last);
    add("waiting before the close", "waiting", closing);
    add("close", "close", end);
    let tcp = moments.connecting.filter(|lasted| !lasted.is_zero());
    let tcp = tcp.map(|lasted| Phase { name: "TCP", class: "tcp", lasted });
    tcp.into_iter().chain(phases).collect()
}

/// Gives each phase its share of the width. A phase that is too narrow is widened, and the others share the rest.
fn place(phases: &[Phase]) -> Vec<Placed<'_>> {
    let total: u128 = phases.iter().map(|phase| phase.lasted.as_nanos()).sum();
    let is_narrow = |phase: &Phase| phase.lasted.as_nanos() * WHOLE < LEAST * total;
    let narrow = phases.iter().filter(|phase| is_narrow(phase));
    let shared = total - narrow.clone().map(|phase| phase.lasted.as_nanos()).sum::<u128>();
    let rest = WHOLE - LEAST * narrow.count() as u128;
    let mut left = 0;
    let place = |phase| {
        let widened = is_narrow(phase);
        // At least one phase is not narrow, because there are at most eight.
        let width = if widened { LEAST } else { phase.lasted.as_nanos() * rest / shared.max(1) };
        let placed = Placed { phase, left, width, widened };
        left += width;
        placed
    };
    phases.iter().map(place).collect()
}

/// Formats tenths of a percent.
fn percent(tenths: u128) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(millis: &[u64]) -> Vec<(u128, u128, bool)> {
        let phase = |millis: &u64| Phase { name: "", class: "", lasted: Duration::from_millis(*millis) };
        let phases: Vec<Phase> = millis.iter().map(phase).collect();
        place(&phases).iter().map(|placed| (placed.left, placed.width, placed.widened)).collect()
    }

    #[test]
    fn phases_share_the_width_by_their_times() {
        assert_eq!(widths(&[100, 300, 600]), [(0, 100, false), (100, 300, false), (400, 600, false)]);
        assert_eq!(widths(&[7]), [(0, 1000, false)]);
        assert_eq!(widths(&[]), []);
    }

    #[test]
    fn a_short_phase_is_widened_and_the_others_share_the_rest() {
        assert_eq!(widths(&[1, 1000, 1]), [(0, 30, true), (30, 940, false), (970, 30, true)]);
        let extreme = widths(&[1, u64::MAX / 2]);
        assert_eq!(extreme, [(0, 30, true), (30, 970, false)]);
    }
}
