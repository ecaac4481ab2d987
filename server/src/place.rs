//! Which token means what.

use mio::Token;

/// The things that the poll can report on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A signal has come.
    Signals,
    /// Connections wait to be accepted.
    Listener,
    /// The session at this key of the slots.
    Session(usize),
    /// The socket at this key of those that are drained.
    Draining(usize),
}

impl From<Place> for Token {
    fn from(place: Place) -> Self {
        Self(match place {
            Place::Signals => 0,
            Place::Listener => 1,
            Place::Session(key) => 2 * key + 2,
            Place::Draining(key) => 2 * key + 3,
        })
    }
}

impl From<Token> for Place {
    fn from(Token(number): Token) -> Self {
        match number {
            0 => Self::Signals,
            1 => Self::Listener,
            even if even % 2 == 0 => Self::Session((even - 2) / 2),
            odd => Self::Draining((odd - 3) / 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_token_of_its_own() {
        let places = [Place::Signals, Place::Listener]
            .into_iter()
            .chain((0..100).flat_map(|key| [Place::Session(key), Place::Draining(key)]));
        for (number, place) in places.enumerate() {
            assert_eq!(Token::from(place), Token(number));
            assert_eq!(Place::from(Token(number)), place);
        }
    }
}
