//! The verdict of a case on a target.

use std::fmt;
use std::io;

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The target kept the rule.
    Held,
    /// The target broke a MUST of an RFC, lost or changed bytes, died, or serves no client any more.
    Failed(String),
    /// The behaviour of the target, where several behaviours are allowed. The reader judges it.
    Noted(String),
    /// Why the case says nothing about this target.
    NotApplicable(String),
    /// Why the case could not be carried out.
    Inconclusive(String),
}

impl Verdict {
    /// The name of the verdict in a report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed(_) => "failed",
            Self::Noted(_) => "noted",
            Self::NotApplicable(_) => "not applicable",
            Self::Inconclusive(_) => "inconclusive",
        }
    }

    /// The value or the reason. Empty for [`Held`](Self::Held).
    pub fn text(&self) -> &str {
        match self {
            Self::Held => "",
            Self::Failed(text) | Self::Noted(text) | Self::NotApplicable(text) | Self::Inconclusive(text) => {
                text
            }
        }
    }

    /// Whether this is [`Failed`](Self::Failed).
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            "" => f.write_str(self.name()),
            text => write!(f, "{}: {text}", self.name()),
        }
    }
}

/// Returns [`Verdict::Failed`] with this reason.
pub fn failed(why: impl Into<String>) -> Verdict {
    Verdict::Failed(why.into())
}

/// Returns [`Verdict::Noted`] with this value.
pub fn noted(value: impl Into<String>) -> Verdict {
    Verdict::Noted(value.into())
}

/// Returns [`Verdict::NotApplicable`] for this reason.
pub fn not_applicable(why: impl Into<String>) -> Verdict {
    Verdict::NotApplicable(why.into())
}

/// The early end of a case. The operator `?` turns an I/O error into [`Inconclusive`](Self::Inconclusive): a step that is
/// only a preparation has failed. [`OrFailed`] makes the same error a failure of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The target failed, for this reason.
    Failed(String),
    /// The case could not be carried out, for this reason.
    Inconclusive(String),
}

impl Stop {
    /// The reason.
    pub fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::Inconclusive(why) => why,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Inconclusive(error.to_string())
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(why) => Self::Failed(why),
            Stop::Inconclusive(why) => Self::Inconclusive(why),
        }
    }
}

/// The result of the code of a case.
pub type Judgement = Result<Verdict, Stop>;

/// Says that a step must succeed.
pub trait OrFailed<T> {
    /// Turns an error into [`Stop::Failed`]: "`step` failed: `error`".
    ///
    /// # Errors
    /// The step has failed.
    fn or_failed(self, step: &str) -> Result<T, Stop>;
}

impl<T> OrFailed<T> for io::Result<T> {
    fn or_failed(self, step: &str) -> Result<T, Stop> {
        self.map_err(|error| Stop::Failed(format!("{step} failed: {error}")))
    }
}
