//! Parses the name of a [`TestKind`]. Not in the type's own file, as errors contain the type.

use std::str::FromStr;

use crate::{error::StatsError, ttest::test_kind::TestKind};

impl FromStr for TestKind {
    type Err = StatsError;

    fn from_str(name: &str) -> Result<Self, StatsError> {
        match name {
            "paired" => Ok(Self::Paired),
            "student" => Ok(Self::Student),
            "welch" => Ok(Self::Welch),
            _ => Err(StatsError::UnknownName {
                what: "t-test",
                name: name.into(),
                expected: Self::NAMES,
            }),
        }
    }
}
