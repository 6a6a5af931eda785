//! The conclusion on a claim from its controls.

use crate::choice::choices;

/// The level at which an effect is said to differ from those of random sets, and at which it is said
/// to be no larger than the margin of equivalence; both after correction.
pub const LEVEL: f64 = 0.05;

/// Random sets per tested claim by default. The smallest corrected p is then 1/25, below the level.
pub const SETS_PER_CLAIM: usize = 25;

choices! {
    /// What a claim is about.
    pub enum Question: "question" {
        /// The lesion of a label's neurons in the prompts of their own label: its mean margin drop.
        Effect = "effect",
        /// The same lesion in the prompts of both labels: the drop in their own prompts minus the
        /// drop in the others. p is the larger one of this difference and of the sum of both drops:
        /// neurons that push one word in every prompt have a difference, but no sum.
        Dissociation = "dissociation",
        /// The lesion of several layers together: its drop minus the sum of the single layers' drops.
        Synergy = "synergy",
    }
}

choices! {
    /// The conclusion on a claim.
    pub enum Verdict: "verdict" {
        /// The value is larger than those of random sets: corrected p is at most 0.05. For an effect,
        /// the lesion lowers the margin more.
        Larger = "larger",
        /// The value is smaller than those of random sets: corrected p is at most 0.05. For an effect
        /// below 0, the lesion raises the margin.
        Smaller = "smaller",
        /// The value differs from the mean of random sets by less than the margin of equivalence:
        /// corrected p of the test of equivalence is at most 0.05.
        NoEffect = "no-effect",
        /// None of these is shown.
        Undecided = "undecided",
        /// There are too few random sets for any claim of the study to be told from them.
        TooFewSets = "too-few-sets",
        /// There are no random sets, or no neurons.
        NoControls = "no-controls",
    }
}

impl Verdict {
    /// The verdict in few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Larger => "more than random sets",
            Self::Smaller => "less than random sets",
            Self::NoEffect => "no effect",
            Self::Undecided => "undecided",
            Self::TooFewSets => "too few random sets",
            Self::NoControls => "no control",
        }
    }
}

/// The smallest p that a number of random sets admits, corrected over a number of claims.
#[must_use]
pub fn smallest_p(claims: usize, sets: usize) -> f64 {
    (claims as f64 / (1 + sets) as f64).min(1.0)
}

/// A number of random sets that is enough for p to reach the level with so many claims.
#[must_use]
pub fn sets_needed(claims: usize) -> f64 {
    (claims as f64 / LEVEL).ceil()
}

/// The evidence on a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The value minus the mean of random sets; `None` without controls.
    pub excess: Option<f64>,
    /// The p of the comparison with random sets, corrected over all claims; `None` without controls.
    pub p_corrected: Option<f64>,
    /// The smallest corrected p that the number of random sets admits.
    pub smallest_p: f64,
    /// The p of the test of equivalence, corrected over all claims that have one.
    pub p_no_effect: Option<f64>,
}

impl Verdict {
    /// True if the value is shown to differ from those of random sets, in either direction.
    #[must_use]
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Larger | Self::Smaller)
    }

    /// Judges a claim: by the comparison with random sets, then by the test of equivalence.
    #[must_use]
    pub fn on(evidence: &Evidence) -> Self {
        let (Some(excess), Some(p)) = (evidence.excess, evidence.p_corrected) else {
            return Self::NoControls;
        };
        if p <= LEVEL {
            return if excess > 0.0 { Self::Larger } else { Self::Smaller };
        }
        if evidence.p_no_effect.is_some_and(|p| p <= LEVEL) {
            return Self::NoEffect;
        }
        if evidence.smallest_p > LEVEL { Self::TooFewSets } else { Self::Undecided }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_judged_by_its_controls_and_then_by_equivalence() {
        let verdict = |excess, p_corrected, smallest_p, p_no_effect| {
            Verdict::on(&Evidence {
                excess: Some(excess),
                p_corrected: Some(p_corrected),
                smallest_p,
                p_no_effect,
            })
        };
        assert_eq!(verdict(9.0, 0.025, 0.025, None), Verdict::Larger);
        assert_eq!(verdict(-9.0, 0.025, 0.025, None), Verdict::Smaller);
        // A small effect that random sets never reach is still one.
        assert_eq!(verdict(0.01, 0.025, 0.025, Some(0.001)), Verdict::Larger);
        assert_eq!(verdict(0.01, 0.5, 0.025, Some(0.001)), Verdict::NoEffect);
        assert_eq!(verdict(0.01, 0.5, 0.025, Some(0.06)), Verdict::Undecided);
        assert_eq!(verdict(9.0, 0.25, 0.25, None), Verdict::TooFewSets);
        let evidence = Evidence {
            excess: None,
            p_corrected: None,
            smallest_p: 0.01,
            p_no_effect: Some(0.001),
        };
        assert_eq!(Verdict::on(&evidence), Verdict::NoControls);
    }
}
