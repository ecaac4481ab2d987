//! What a seed stands for: the applications of two ends, and a plan of everything else.

use std::time::Duration;

use tls_session::simulation::plan::{FLOOD, Plan, micros};
use tls_session::simulation::random::Random;
use tls_session::simulation::{Each, Side};

/// A whole run. The seed of the plan decides what is not here.
#[derive(Debug)]
pub struct Scenario {
    /// TLS 1.2 instead of 1.3.
    pub tls12: bool,
    /// Whether the session resumes another.
    pub resumed: bool,
    /// Whether the server demands a certificate.
    pub certificates: bool,
    /// What the applications do.
    pub parts: Each<Part>,
    /// What else happens.
    pub plan: Plan,
}

/// What the application of one end does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// How many bytes it sends as soon as the handshake is done.
    pub sends: usize,
    /// How many bytes its loop sends from outside after that.
    pub feeds: usize,
    /// Whether it sends back what it receives.
    pub echoes: bool,
    /// How it ends the session.
    pub ending: Ending,
    /// How long after the peer's close_notify it answers, if it does not answer at once.
    pub answers_after: Option<Duration>,
}

/// How an end ends a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ending {
    /// It waits for the other.
    #[default]
    Waits,
    /// It closes when it has received so many bytes.
    Closes(usize),
    /// It abandons the session when it has received so many bytes.
    Abandons(usize),
    /// It has finished sending when its loop has sent everything.
    Finishes,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let (tls12, resumed, certificates) = (random.percent(40), random.percent(10), random.percent(10));
        let parts = parts(random);
        let sends = Each { client: sends(&parts, Side::Client), server: sends(&parts, Side::Server) };
        Self { tls12, resumed, certificates, parts, plan: Plan::draw(random, sends) }
    }

    /// How many bytes of plaintext an end sends if nothing keeps it from that.
    pub fn sends(&self, side: Side) -> usize {
        sends(&self.parts, side)
    }

    /// Returns whether nothing is to blame but the two sessions if this does not end well.
    pub fn is_calm(&self) -> bool {
        self.plan.is_calm() && Side::BOTH.into_iter().any(|side| self.ends_by_itself(side))
    }

    fn ends_by_itself(&self, side: Side) -> bool {
        let ends = match self.parts[side].ending {
            Ending::Waits => false,
            Ending::Closes(after) | Ending::Abandons(after) => after <= self.sends(side.other()),
            Ending::Finishes => true,
        };
        ends || self.plan.loops[side].closes_at.is_some()
    }
}

fn sends(parts: &Each<Part>, side: Side) -> usize {
    let own = |side| parts[side].sends + parts[side].feeds;
    own(side) + if parts[side].echoes { own(side.other()) } else { 0 }
}

fn parts(random: &mut Random) -> Each<Part> {
    let mut parts = Each {
        client: Part { sends: random.magnitude(120_000), ..Part::default() },
        server: Part { sends: random.magnitude(20_000), echoes: random.percent(90), ..Part::default() },
    };
    if random.percent(4) {
        parts.server.sends = FLOOD + random.below(FLOOD); // more than one turn takes in
    }
    if random.percent(50) {
        parts.client.feeds = random.magnitude(800_000);
    }
    let sent = parts.client.sends + parts.client.feeds;
    let answer = parts.server.sends + if parts.server.echoes { sent } else { 0 };
    parts.client.ending = match random.below(100) {
        0..45 => Ending::Closes(answer),
        45..55 => Ending::Closes(random.below(answer + 1)),
        55..85 => Ending::Finishes,
        85..90 => Ending::Abandons(random.below(answer + 1)),
        _ => Ending::Waits,
    };
    if random.percent(20) {
        parts.server.ending = Ending::Closes(random.below(sent + 1));
    }
    if parts.client.ending == Ending::Finishes && random.percent(30) {
        parts.server.answers_after = Some(micros(random, 1_000_000));
    }
    parts
}
