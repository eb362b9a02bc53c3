//! Scores: numbers from 0 to 1.

use crate::error::CrdtError;
use crate::time::Finite;
use crate::value::Value;

/// A number from 0 to 1. `-0` is `0`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Score(Finite);

impl Score {
    /// # Errors
    /// [`CrdtError::NotFinite`], and [`CrdtError::OutOfRange`] for other finite numbers.
    pub(crate) fn new(number: f64) -> Result<Self, CrdtError> {
        let finite = Finite::new(number)?;
        if !(0.0..=1.0).contains(&number) {
            return Err(CrdtError::OutOfRange("score is not from 0 to 1"));
        }
        Ok(Self(finite))
    }

    /// The greatest score.
    pub(crate) fn one() -> Self {
        Self::new(1.0).expect("1 is within 0 to 1")
    }

    pub(crate) fn from_finite(finite: Finite) -> Result<Self, CrdtError> {
        Self::new(finite.to_f64())
    }

    pub(crate) fn to_finite(self) -> Finite {
        self.0
    }

    pub(crate) fn to_value(self) -> Value {
        Value::float(self.to_f64()).expect("a score is finite")
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.0.to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_score_is_refused() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Score::new(number), Err(CrdtError::NotFinite));
        }
        for number in [-0.001, 1.001, 7.0] {
            assert!(matches!(Score::new(number), Err(CrdtError::OutOfRange(_))));
        }
        assert_eq!(Score::new(-0.0), Score::new(0.0));
        assert!(Score::new(0.999).unwrap() < Score::one());
        assert_eq!(Score::new(1.0), Ok(Score::one()));
    }
}
