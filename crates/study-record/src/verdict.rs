//! The conclusion on a lesion from its controls.

use crate::choice::choices;

/// The level at which a lesion is said to do more than random sets, after correction.
pub const LEVEL: f64 = 0.05;

/// Sets whose activity differs from the matched set's by more than this share are not as active.
pub const ACTIVITY_TOLERANCE: f64 = 0.1;

choices! {
    /// The conclusion on the matched lesion of one layer and label.
    pub enum Verdict: "verdict" {
        /// It lowers the margin more than random sets do, corrected over layers and labels.
        Beyond = "beyond",
        /// Its margin drop lies within 95 % of those of random sets.
        Within = "within",
        /// It lies outside that range, but is not significantly larger than random sets after
        /// correction.
        NotShown = "not-shown",
        /// There are too few random sets for any lesion to be told from them.
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
            Self::Beyond => "more than random sets",
            Self::Within => "within random",
            Self::NotShown => "not shown",
            Self::TooFewSets => "too few random sets",
            Self::NoControls => "no control",
        }
    }
}

/// Whether sets of this activity, as a share of the matched set's, are as active.
#[must_use]
pub fn are_alike(activity_ratio: Option<f64>) -> bool {
    activity_ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= ACTIVITY_TOLERANCE)
}

/// Whether a margin drop lies within a range of random sets.
pub(crate) fn range_contains((low, high): (f64, f64), margin_drop: f64) -> bool {
    (low..=high).contains(&margin_drop)
}

/// The smallest p that a number of random sets admits, corrected over a number of tests.
#[must_use]
pub fn smallest_p(tests: usize, sets: usize) -> f64 {
    tests as f64 / (1 + sets) as f64
}

/// A number of random sets that is enough for p to reach the level in so many tests.
#[must_use]
pub fn sets_needed(tests: usize) -> f64 {
    (tests as f64 / LEVEL).ceil()
}

/// The evidence for the verdict on a lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The mean margin drop of the matched lesion.
    pub margin_drop: f64,
    /// Its p, corrected over layers and labels; `None` without controls.
    pub p_corrected: Option<f64>,
    /// The smallest corrected p that the number of random sets admits.
    pub smallest_p: f64,
    /// The ranges that hold 95 % of the random sets' mean margin drops, of each kind that compares.
    pub random: [Option<(f64, f64)>; 2],
}

impl Verdict {
    /// Judges a lesion: by its effect, then its range, then p.
    #[must_use]
    pub fn on(evidence: &Evidence) -> Self {
        let Evidence { margin_drop, p_corrected, smallest_p, random } = *evidence;
        let Some(p) = p_corrected else { return Self::NoControls };
        if p <= LEVEL && margin_drop > 0.0 {
            return Self::Beyond;
        }
        if random.into_iter().flatten().any(|range| range_contains(range, margin_drop)) {
            return Self::Within;
        }
        // More random sets cannot show that a lesion does harm if the margin rises.
        if smallest_p > LEVEL && margin_drop > 0.0 { Self::TooFewSets } else { Self::NotShown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesion_is_judged_by_its_effect_its_range_and_then_p() {
        let verdict = |margin_drop, p_corrected, smallest_p| {
            let random = [Some((0.1, 3.7)), None];
            Verdict::on(&Evidence { margin_drop, p_corrected, smallest_p, random })
        };
        assert_eq!(verdict(9.0, Some(0.025), 0.025), Verdict::Beyond);
        // The middle of the range, whatever p is.
        assert_eq!(verdict(1.9, Some(0.5), 0.025), Verdict::Within);
        assert_eq!(verdict(1.9, Some(0.5), 0.25), Verdict::Within);
        assert_eq!(verdict(9.0, Some(0.06), 0.025), Verdict::NotShown);
        assert_eq!(verdict(9.0, Some(0.25), 0.25), Verdict::TooFewSets);
        // A lesion that helps is not a lesion that harms.
        assert_eq!(verdict(-9.0, Some(0.01), 0.01), Verdict::NotShown);
        assert_eq!(verdict(-9.0, Some(1.0), 0.25), Verdict::NotShown);
        assert_eq!(verdict(9.0, None, 0.01), Verdict::NoControls);
    }
}
