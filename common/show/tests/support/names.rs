//! The documented names of steps and events. A new variant does not compile without one.

use program::observer::LoopEvent;
use tls_session::observer::Step;

pub fn of_step(step: &Step<'_>) -> &'static str {
    match step {
        Step::Began { .. } => "began",
        Step::Ready(_) => "ready",
        Step::Received(_) => "recv",
        Step::ReadBlocked => "read_blocked",
        Step::ReadTls(_) => "read_tls",
        Step::Processed(_) => "process_new_packets",
        Step::Established(_) => "established",
        Step::PlaintextIn(_) => "plaintext_in",
        Step::PlaintextOut(_) => "plaintext_out",
        Step::Sent(_) => "send",
        Step::WroteTls(_) => "write_tls",
        Step::WriteBlocked => "write_blocked",
        Step::PhaseChanged { .. } => "phase",
        Step::DeadlineSet(..) => "deadline_set",
        Step::DeadlineFired(_) => "deadline_fired",
        Step::TimerSet(_) => "timer_set",
        Step::TimerFired => "timer_fired",
        Step::InterestChanged(_) => "interest",
        Step::Yielded => "yield",
        Step::SentFin(_) => "fin",
        Step::Closed { .. } => "closed",
    }
}

pub fn of_event(event: &LoopEvent<'_>) -> &'static str {
    match event {
        LoopEvent::Listening(_) => "listening",
        LoopEvent::Woke { .. } => "woke",
        LoopEvent::Ready(_) => "ready",
        LoopEvent::InterestChanged(..) => "interest",
        LoopEvent::Accepted(_) => "accepted",
        LoopEvent::Waiting { .. } => "waiting",
        LoopEvent::QueueFull => "room_full",
        LoopEvent::QueueHasRoom => "room_again",
        LoopEvent::AcceptFailed(_) => "accept_failed",
        LoopEvent::Skipped { .. } => "skipped",
        LoopEvent::SlotHeld { .. } => "slot_held",
        LoopEvent::SlotGivenUp { .. } => "slot_given_up",
        LoopEvent::Promoted { .. } => "promoted",
        LoopEvent::SessionFailed { .. } => "session_failed",
        LoopEvent::Freed { .. } => "freed",
        LoopEvent::StdinRead(_) => "stdin_read",
        LoopEvent::Connecting(_) => "connecting",
        LoopEvent::ConnectFailed(..) => "connect_failed",
        LoopEvent::Connected(_) => "connected",
        LoopEvent::Drained { .. } => "lingering_over",
        LoopEvent::Reloaded { .. } => "reloaded",
        LoopEvent::ReloadPostponed { .. } => "reload_postponed",
        LoopEvent::Stopping { .. } => "stopping",
    }
}
