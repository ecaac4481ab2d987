//! The tokens of the poll.

use mio::Token;

/// The sources that the poll can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The pipe of the signal handlers.
    Signals,
    /// The listener.
    Listener,
    /// The client in the slot with this key.
    Slot(usize),
    /// The socket with this key that is being drained.
    Draining(usize),
    /// A source of the service, with this number.
    Foreign(usize),
}

/// Returns the token of a source of the service. `number` is any number that the service has not used yet.
pub fn foreign_token(number: usize) -> Token {
    Source::Foreign(number).into()
}

/// Returns the token of the listener.
pub fn listener_token() -> Token {
    Source::Listener.into()
}

/// Returns the number of a token that [`foreign_token`] has returned.
pub fn foreign_number(token: Token) -> Option<usize> {
    match Source::from(token) {
        Source::Foreign(number) => Some(number),
        _ => None,
    }
}

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        Self(match source {
            Source::Signals => 0,
            Source::Listener => 1,
            Source::Slot(key) => 3 * key + 2,
            Source::Draining(key) => 3 * key + 3,
            Source::Foreign(number) => 3 * number + 4,
        })
    }
}

impl From<Token> for Source {
    fn from(Token(number): Token) -> Self {
        match number {
            0 => Self::Signals,
            1 => Self::Listener,
            number => {
                let key = (number - 2) / 3;
                match number % 3 {
                    2 => Self::Slot(key),
                    0 => Self::Draining(key),
                    _ => Self::Foreign(key),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_own_token() {
        let keys = (0..100).flat_map(|key| [Source::Slot(key), Source::Draining(key), Source::Foreign(key)]);
        for (number, source) in [Source::Signals, Source::Listener].into_iter().chain(keys).enumerate() {
            assert_eq!(Token::from(source), Token(number));
            assert_eq!(Source::from(Token(number)), source);
        }
        assert_eq!(foreign_number(foreign_token(7)), Some(7));
    }
}
