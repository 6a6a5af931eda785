//! What the controls let one say of a lesion. The screen follows the same rules.

use crate::{
    nulls::{Cell, MEASURES, Nulls},
    rows::{Kind, Profile},
};

/// Level at which a lesion is said to be outside its null.
pub const LEVEL: f64 = 0.05;

/// Sets whose activity differs from the matched set's by more than this share are not as active.
pub const UNLIKE: f64 = 0.1;

/// What can be said of the matched lesion of one layer and label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It lowers the margin more than random sets do, corrected over layers and labels.
    Beyond,
    /// Its margin drop lies within 95 % of those of random sets.
    Within,
    /// It lies outside, but that is not shown once it is corrected.
    NotShown,
    /// There are too few random sets for any lesion to be told from them.
    TooFewSets,
    /// There are no random sets, or no neurons.
    NoControls,
}

impl Verdict {
    /// In few words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Beyond => "more than random sets",
            Self::Within => "within random",
            Self::NotShown => "not shown",
            Self::TooFewSets => "too few random sets",
            Self::NoControls => "no control",
        }
    }

    /// A name for the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Beyond => "beyond",
            Self::Within => "within",
            _ => "open",
        }
    }
}

/// A layer and label with its lesion, its null and what these let one say.
pub(crate) struct Judged<'a> {
    pub(crate) profile: &'a Profile,
    /// Its lesions and those of its control sets.
    pub(crate) cell: Option<&'a Cell>,
    /// Where 95 % of the random sets lie, any or about as active (margin drops).
    pub(crate) random: Option<(f64, f64)>,
    /// Only where the sets are as active.
    pub(crate) as_active: Option<(f64, f64)>,
    pub(crate) verdict: Verdict,
}

impl Judged<'_> {
    /// The layer and label, as the screen names them.
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.profile.layer, self.profile.neuron_set)
    }
}

/// Whether the sets that should be as active as the matched one are.
pub(crate) fn has_alikes(profile: &Profile) -> bool {
    profile.activity_ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= UNLIKE)
}

/// Judges every layer and label of a profile.
pub(crate) fn judge<'a>(
    profile: &'a [Profile],
    nulls: Option<&'a Nulls>,
    draws: usize,
) -> Vec<Judged<'a>> {
    let tested = profile.iter().filter(|of| of.p_corrected.is_some()).count();
    let too_few = tested as f64 / (1 + draws) as f64 > LEVEL;
    let margin = MEASURES[1].1;
    let judged = profile.iter().map(|of| {
        let cell = nulls.and_then(|nulls| nulls.cell(of.layer, &of.neuron_set));
        let band = |kind| cell.and_then(|cell| cell.band(kind, margin));
        let random = band(Kind::Random);
        let as_active = band(Kind::RandomActive).filter(|_| has_alikes(of));
        let inside = |&(low, high): &(f64, f64)| (low..=high).contains(&of.margin_drop);
        let verdict = match of.p_corrected {
            None => Verdict::NoControls,
            Some(p) if p <= LEVEL && of.margin_drop > 0.0 => Verdict::Beyond,
            Some(_) if random.iter().chain(&as_active).any(inside) => Verdict::Within,
            Some(_) if too_few => Verdict::TooFewSets,
            Some(_) => Verdict::NotShown,
        };
        Judged { profile: of, cell, random, as_active, verdict }
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Null;

    /// 39 random sets of two prompts, whose mean margin drops are 0.0, 0.1 and so on.
    fn nulls() -> Nulls {
        let mut nulls = Nulls::default();
        for kind in [Kind::Random, Kind::RandomActive] {
            for (prompt, off) in [(0, 0.5), (1, -0.5)] {
                for draw in 0..39 {
                    let margin_drop = 0.1 * draw as f64 + off;
                    let (layer, neuron_set) = (2, "him".to_owned());
                    let row = Null {
                        layer,
                        prompt,
                        position: 3,
                        neuron_set,
                        kind,
                        draw,
                        logit_drop: 0.0,
                        margin_drop,
                    };
                    nulls.push(&row, 0);
                }
            }
        }
        nulls
    }

    fn verdict(margin_drop: f64, p_corrected: Option<f64>, draws: usize) -> Verdict {
        let profile = [Profile {
            layer: 2,
            neuron_set: "him".to_owned(),
            neurons: 10,
            prompts: 2,
            margin_drop,
            margin_falls: 2,
            activity_ratio: Some(0.95),
            p_corrected,
        }];
        judge(&profile, Some(&nulls()), draws)[0].verdict
    }

    #[test]
    fn a_lesion_is_judged_by_its_effect_its_null_and_then_p() {
        assert_eq!(verdict(9.0, Some(0.025), 39), Verdict::Beyond);
        // The middle of the band, whatever p says.
        assert_eq!(verdict(1.9, Some(0.5), 39), Verdict::Within);
        assert_eq!(verdict(1.9, Some(0.5), 3), Verdict::Within);
        assert_eq!(verdict(9.0, Some(0.06), 39), Verdict::NotShown);
        assert_eq!(verdict(9.0, Some(0.25), 3), Verdict::TooFewSets);
        // A lesion that helps is no lesion that harms.
        assert_eq!(verdict(-9.0, Some(0.01), 39), Verdict::NotShown);
        assert_eq!(verdict(9.0, None, 39), Verdict::NoControls);
    }

    #[test]
    fn a_band_holds_95_percent_of_the_means() {
        let nulls = nulls();
        let band = nulls.cell(2, "him").unwrap().band(Kind::Random, MEASURES[1].1).unwrap();
        // numpy.quantile(0.1 * arange(39), [0.025, 0.975])
        assert!((band.0 - 0.095).abs() < 1e-12 && (band.1 - 3.705).abs() < 1e-12, "{band:?}");
        assert!(nulls.prompts.is_empty(), "of another layer");
    }
}
