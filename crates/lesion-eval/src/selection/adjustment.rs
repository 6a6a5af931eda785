//! Adjustments for the number of tests, by name.

use std::{fmt, str::FromStr};

use neuron_stats::Correction;

/// An adjustment of p for the number of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// A correction of the p-values alone.
    Correction(Correction),
    /// Permutation of the sentences, with the distribution of the largest t.
    MaxT,
}

impl Adjustment {
    /// Every adjustment, in the order of the tables.
    pub const ALL: [Self; 7] = [
        Self::Correction(Correction::None),
        Self::Correction(Correction::Storey),
        Self::Correction(Correction::BenjaminiHochberg),
        Self::Correction(Correction::BenjaminiYekutieli),
        Self::MaxT,
        Self::Correction(Correction::Holm),
        Self::Correction(Correction::Bonferroni),
    ];
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Correction(correction) => correction.fmt(f),
            Self::MaxT => f.pad("max-t"),
        }
    }
}

impl FromStr for Adjustment {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|adjustment| adjustment.to_string() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|adjustment| format!("`{adjustment}`"));
            format!("`{name}` is not a correction; use one of {}", names.join(", "))
        })
    }
}

/// The tests that are adjusted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each layer by itself.
    Layer,
    /// All neurons of the model.
    Model,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Layer => "layer",
            Self::Model => "model",
        })
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "layer" => Ok(Self::Layer),
            "model" => Ok(Self::Model),
            other => Err(format!("`{other}` is not a scope; use `layer` or `model`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_as_they_parse() {
        for adjustment in Adjustment::ALL {
            assert_eq!(adjustment.to_string().parse(), Ok(adjustment));
        }
        for scope in [Scope::Layer, Scope::Model] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert!("fdr".parse::<Adjustment>().unwrap_err().contains("max-t"));
    }
}
