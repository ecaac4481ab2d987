//! Lists of a peer's choosing, in one line of a report.

/// How many items a report shows. A peer may send thousands.
pub(super) const LISTED: usize = 4;

/// `a, b, c, d and 3 more`; empty for no item.
pub(super) fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let shown: Vec<_> = items.take(LISTED).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
