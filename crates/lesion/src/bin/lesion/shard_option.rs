//! The option `--shard`: a share of a study's batches, given or by the variables of a job array.

use std::fmt;

use lesion_eval::BatchShare;

use crate::job_array::{ArrayTask, JobArrayError, environment, read_number};

/// The most shares of a study.
const MOST_SHARES: usize = 100_000;

/// A share as the option gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardOption {
    /// `3/8`.
    Given(BatchShare),
    /// `auto`, or `auto/8` with the number of shares.
    Auto(Option<usize>),
}

/// A text that is not a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardError(String);

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a share; use `3/8` for the third of eight, from 1/N to N/N with at most \
             {MOST_SHARES} shares, or `auto` or `auto/8` in a job array",
            self.0
        )
    }
}

impl std::error::Error for ShardError {}

impl ShardOption {
    /// Reads `3/8`, `auto` or `auto/8`.
    ///
    /// # Errors
    /// If the text is none of these.
    pub(crate) fn parse(text: &str) -> Result<Self, ShardError> {
        let invalid = || ShardError(text.to_owned());
        if text == "auto" {
            return Ok(Self::Auto(None));
        }
        let (number, count) = text.split_once('/').ok_or_else(invalid)?;
        let count = read_number(count).filter(|count| (1..=MOST_SHARES).contains(count));
        let count = count.ok_or_else(invalid)?;
        if number == "auto" {
            return Ok(Self::Auto(Some(count)));
        }
        let share = read_number(number).and_then(|number| BatchShare::new(number, count));
        share.map(Self::Given).ok_or_else(invalid)
    }

    /// The share, with the environment of this process.
    ///
    /// # Errors
    /// If it is that of a job array, and this process is not a task of one or the number of tasks is
    /// unknown.
    pub(crate) fn share(self) -> Result<BatchShare, JobArrayError> {
        match self {
            Self::Given(share) => Ok(share),
            Self::Auto(count) => {
                let (place, count) = ArrayTask::find(&environment)?.place_among(count)?;
                Ok(BatchShare::new(place, count).expect("a place among so many"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_written() {
        let share = BatchShare::new(3, 8).unwrap();
        assert_eq!(ShardOption::parse("3/8"), Ok(ShardOption::Given(share)));
        assert_eq!(ShardOption::parse("auto"), Ok(ShardOption::Auto(None)));
        assert_eq!(ShardOption::parse("auto/16"), Ok(ShardOption::Auto(Some(16))));
        for text in ["", "0/8", "9/8", "3", "3/", "/8", "3/0", "-1/8", "+1/8", "1/100001", "a/b"] {
            assert_eq!(ShardOption::parse(text), Err(ShardError(text.to_owned())));
        }
    }
}
