//! What a seed stands for: who says what, over which network, and what goes wrong.

use std::time::Duration;

use crate::random::Random;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The one that connects.
    Client,
    /// The one that answers.
    Server,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The other one.
    pub fn other(self) -> Self {
        if self == Self::Client { Self::Server } else { Self::Client }
    }
}

/// One for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Each<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> std::ops::Index<Side> for Each<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        if side == Side::Client { &self.client } else { &self.server }
    }
}

impl<T> std::ops::IndexMut<Side> for Each<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        if side == Side::Client { &mut self.client } else { &mut self.server }
    }
}

/// A whole run. Everything that shrinking can make smaller is here; [`seed`](Self::seed) decides the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Draws all that is drawn while the run goes on.
    pub seed: u64,
    /// TLS 1.2 instead of 1.3.
    pub tls12: bool,
    /// Whether the two have met before.
    pub resumed: bool,
    /// Whether the server demands a certificate.
    pub certificates: bool,
    /// What the ends do.
    pub parts: Each<Part>,
    /// What becomes of the bytes that each end sends.
    pub weather: Each<Weather>,
    /// How the poll reports.
    pub poll: Manner,
    /// What goes wrong, in the bytes that each end sends.
    pub faults: Vec<(Side, Fault)>,
}

/// What one end does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// How much it says as soon as the handshake is done.
    pub says: usize,
    /// How much it is fed from outside after that.
    pub feeds: usize,
    /// Whether it sends back what it hears.
    pub echoes: bool,
    /// How it ends the session.
    pub ending: Ending,
    /// When it is closed from outside, if it is.
    pub told_to_close: Option<Duration>,
    /// How long, at most, its loop is busy with others before it turns again.
    pub busy: Duration,
    /// When its loop stands still, and for how long, if it does.
    pub stops: Option<(Duration, Duration)>,
    /// How long after the other's close_notify it answers, if it does not answer at once.
    pub answers_after: Option<Duration>,
}

/// How an end ends a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ending {
    /// It waits for the other.
    #[default]
    Stays,
    /// It closes when it has heard so much.
    Closes(usize),
    /// It leaves when it has heard so much.
    Leaves(usize),
    /// It closes its half when it has been fed everything.
    SaysAll,
}

/// What a network and two kernels do to the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    /// How much fits between the writer and the reader.
    pub capacity: usize,
    /// How much room there has to be before a writer that was refused is told.
    pub wakes_at: usize,
    /// How much one write takes at most.
    pub chunk: usize,
    /// How much arrives at once, at most.
    pub segment: usize,
    /// How long each segment takes, at most.
    pub delay: Duration,
    /// How many calls in a hundred fail for no reason.
    pub hiccups: usize,
}

/// How the poll reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// Bytes behind bytes that nobody has read yet are an event too.
    pub repeats: bool,
    /// An event says everything that is so, not only what is news.
    pub merges: bool,
    /// How many looks in a hundred find an event that is not true.
    pub spurious: usize,
}

/// What goes wrong behind so many bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The reader is told that there is no more, and the writer is told nothing.
    Fin(usize),
    /// The connection is gone, for both.
    Reset(usize),
    /// The byte behind them arrives damaged.
    Flip(usize),
    /// For so long nothing arrives.
    Stall(usize, Duration),
}

impl Fault {
    /// Behind how many bytes.
    pub fn at(self) -> usize {
        match self {
            Self::Fin(at) | Self::Reset(at) | Self::Flip(at) | Self::Stall(at, _) => at,
        }
    }
}

/// How long a run without faults may take: less than any deadline of its sessions.
const UNHURRIED: Duration = Duration::from_millis(3500);
/// About what a handshake takes, in either direction.
const HANDSHAKE: usize = 2000;
/// A reader that is given so much at once yields before it has read all of it.
const FLOOD: usize = 300_000;
/// At most so many segments, or so many writes, are one way of a run.
const PIECES: usize = 300;

impl Scenario {
    /// What this seed stands for.
    pub fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let mut scenario = Self {
            seed: random.next(),
            tls12: random.percent(40),
            resumed: random.percent(10),
            certificates: random.percent(10),
            parts: parts(random),
            weather: Each::default(),
            poll: Manner {
                repeats: random.percent(30),
                merges: random.percent(60),
                spurious: if random.percent(20) { random.up_to(30) } else { 0 },
            },
            faults: Vec::new(),
        };
        for side in Side::BOTH {
            scenario.weather[side] = Weather::over(scenario.volume(side), random);
        }
        if random.percent(4) && Side::BOTH.into_iter().all(|side| scenario.volume(side) < HANDSHAKE + 500) {
            for side in Side::BOTH {
                // Less than a flight; less than the header of a record.
                scenario.weather[side] =
                    Weather { capacity: random.up_to(8), wakes_at: 1, ..scenario.weather[side] };
            }
        }
        if random.percent(45) {
            for _ in 0..random.one_of(&[1, 1, 1, 2, 3]) {
                let side = random.one_of(&Side::BOTH);
                let fault = fault(scenario.volume(side), random);
                scenario.faults.push((side, fault));
            }
        }
        scenario.hurry();
        scenario
    }

    /// How much plaintext an end says if nothing keeps it from it.
    pub fn says(&self, side: Side) -> usize {
        let of = |side| self.parts[side].says + self.parts[side].feeds;
        of(side) + if self.parts[side].echoes { of(side.other()) } else { 0 }
    }

    /// About how much an end sends.
    fn volume(&self, side: Side) -> usize {
        HANDSHAKE + self.says(side)
    }

    /// Whether nothing is to blame but the two sessions if this does not end well.
    pub fn is_calm(&self) -> bool {
        let goes_on = Side::BOTH.into_iter().all(|side| self.parts[side].stops.is_none());
        goes_on && self.faults.is_empty() && Side::BOTH.into_iter().any(|side| self.ends_by_itself(side))
    }

    fn ends_by_itself(&self, side: Side) -> bool {
        let ends = match self.parts[side].ending {
            Ending::Stays => false,
            Ending::Closes(heard) | Ending::Leaves(heard) => heard <= self.says(side.other()),
            Ending::SaysAll => true,
        };
        ends || self.parts[side].told_to_close.is_some()
    }

    /// Makes everything fast enough for a run that meets no fault to meet no deadline.
    pub fn hurry(&mut self) {
        let rounds: usize = Side::BOTH
            .into_iter()
            .map(|side| {
                let Weather { capacity, chunk, segment, hiccups, .. } = self.weather[side];
                let piece = capacity.min(chunk).min(segment.max(capacity / 4)).min(16 * 1024);
                (20 + 2 * self.volume(side) / piece) * 100 / (100 - hiccups)
            })
            .sum();
        let most = UNHURRIED / (4 * rounds) as u32;
        for side in Side::BOTH {
            self.weather[side].delay = self.weather[side].delay.min(most);
            self.parts[side].busy = self.parts[side].busy.min(most);
        }
    }
}

fn parts(random: &mut Random) -> Each<Part> {
    let mut parts = Each {
        client: Part { says: random.magnitude(120_000), ..Part::default() },
        server: Part { says: random.magnitude(20_000), echoes: random.percent(90), ..Part::default() },
    };
    if random.percent(4) {
        parts.server.says = FLOOD + random.below(FLOOD); // more than one turn takes in
    }
    if random.percent(50) {
        parts.client.feeds = random.magnitude(800_000);
    }
    let said = parts.client.says + parts.client.feeds;
    let answer = parts.server.says + if parts.server.echoes { said } else { 0 };
    parts.client.ending = match random.below(100) {
        0..45 => Ending::Closes(answer),
        45..55 => Ending::Closes(random.below(answer + 1)),
        55..85 => Ending::SaysAll,
        85..90 => Ending::Leaves(random.below(answer + 1)),
        _ => Ending::Stays,
    };
    if random.percent(20) {
        parts.server.ending = Ending::Closes(random.below(said + 1));
    }
    for side in Side::BOTH {
        if random.percent(6) {
            parts[side].told_to_close = Some(micros(random, 3_000_000));
        }
        parts[side].busy = micros(random, 50_000);
        if random.percent(5) {
            let length = Duration::from_secs(random.one_of(&[1, 4, 12, 70, 300]));
            parts[side].stops = Some((micros(random, 3_000_000), length));
        }
    }
    if parts.client.ending == Ending::SaysAll && random.percent(30) {
        parts.server.answers_after = Some(micros(random, 1_000_000));
    }
    parts
}

impl Weather {
    /// Nothing unusual.
    pub const FAIR: Self = Self {
        capacity: 256 * 1024,
        wakes_at: 1,
        chunk: usize::MAX,
        segment: usize::MAX,
        delay: Duration::from_micros(10),
        hiccups: 0,
    };

    fn over(volume: usize, random: &mut Random) -> Self {
        if volume > FLOOD && random.percent(60) {
            return Self { capacity: 16 * Self::FAIR.capacity, ..Self::FAIR };
        }
        let piece = |random: &mut Random| volume / PIECES + 1 + random.magnitude(70_000);
        let capacity = match random.below(100) {
            0..45 => piece(random),
            45..85 => Self::FAIR.capacity,
            _ => 16 * Self::FAIR.capacity,
        };
        Self {
            capacity,
            wakes_at: if random.percent(30) { random.up_to(capacity) } else { 1 },
            chunk: if random.percent(30) { piece(random) } else { usize::MAX },
            segment: if random.percent(60) { piece(random) } else { usize::MAX },
            delay: micros(random, 200_000),
            hiccups: if random.percent(25) { random.up_to(60) } else { 0 },
        }
    }
}

impl Default for Weather {
    fn default() -> Self {
        Self::FAIR
    }
}

fn fault(volume: usize, random: &mut Random) -> Fault {
    let at = if random.percent(50) { random.below(volume) } else { random.magnitude(volume) };
    match random.below(4) {
        0 => Fault::Fin(at),
        1 => Fault::Reset(at),
        2 => Fault::Flip(at),
        _ => Fault::Stall(at, Duration::from_secs(random.one_of(&[1, 4, 8, 25, 50, 70, 10_000]))),
    }
}

fn micros(random: &mut Random, limit: usize) -> Duration {
    Duration::from_micros(random.magnitude(limit) as u64)
}
