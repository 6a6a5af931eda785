//! The lesions of one layer's matched set and of its controls.

use std::sync::Arc;

use neuron_stats::{Moments, RandomisationTest, quantile, randomisation_p};
use study_record::{Measured, Range, SetChoice, SetKind};

use crate::{
    engine::trial::{Drops, mean_drops},
    selection::mask_differences::DifferingAtMasks,
};

/// One neuron set, lesioned in every prompt of a label, and perhaps of the other label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ControlLesion {
    /// The kind of set.
    pub(crate) kind: SetKind,
    /// The number of a random set among those of its kind; 0 for the others.
    pub(crate) draw: usize,
    /// The neurons, ascending.
    pub(crate) neurons: Arc<[usize]>,
    /// Root mean square over the neurons of their mean |activation| after the activation function at the
    /// predictions.
    pub(crate) activity: f64,
    /// Root of the sum of the neurons' squared activity times the norm of their output weights.
    pub(crate) displacement: f64,
    /// The falls of the right word in each prompt of the label.
    pub(crate) drops: Vec<Drops>,
    /// The falls in each prompt of the other label; empty if it was not lesioned there.
    pub(crate) other_drops: Vec<Drops>,
}

impl ControlLesion {
    /// The mean fall over the prompts of the label.
    pub(crate) fn mean(&self) -> Drops {
        mean_drops(&self.drops)
    }

    /// The mean fall over the prompts of the other label.
    pub(crate) fn other_mean(&self) -> Option<Drops> {
        if self.other_drops.is_empty() { None } else { Some(mean_drops(&self.other_drops)) }
    }

    /// The margin drop in the label's prompts minus that in the other label's.
    pub(crate) fn difference(&self) -> Option<f64> {
        Some(self.mean().margin - self.other_mean()?.margin)
    }

    /// The sum of both margin drops.
    pub(crate) fn both(&self) -> Option<f64> {
        Some(self.mean().margin + self.other_mean()?.margin)
    }
}

/// The matched lesion of one layer and its controls, in the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerControls {
    /// The layer.
    pub(crate) layer: usize,
    /// The label of the prompts and of the matched set.
    pub(crate) label: String,
    /// Which of the label's neurons are matched.
    pub(crate) sets: SetChoice,
    /// The prompts of the label, as indices into the study's.
    pub(crate) prompts: Vec<usize>,
    /// The prompts of the other label.
    pub(crate) other_prompts: Vec<usize>,
    /// The margin in each of the label's prompts without a lesion.
    pub(crate) clean_margins: Vec<f64>,
    /// The sum of the matched neurons' direct effects on the margin, mean over the label's prompts.
    pub(crate) direct_margin_drop: Option<f64>,
    /// The share of the matched set, by squared activity or displacement, that an average
    /// `random-active` or `random-displaced` set contains.
    pub(crate) shared: [Option<f64>; 2],
    /// The mean margin drops of the strongest matched neuron and of the five strongest together.
    pub(crate) strongest_drops: Option<[f64; 2]>,
    /// Numbers of matched neurons that differ between the predictions of both labels' prompts.
    pub(crate) differing_at_masks: Option<DifferingAtMasks>,
    /// The lesions, the matched one first; none if no neuron is matched.
    pub(crate) lesions: Vec<ControlLesion>,
}

impl LayerControls {
    /// The lesions of one kind, in the order of their random sets.
    pub(crate) fn lesions_of(&self, kind: SetKind) -> impl Iterator<Item = &ControlLesion> {
        self.lesions.iter().filter(move |lesion| lesion.kind == kind)
    }

    /// The lesion of the matched set; none if no neuron is matched.
    pub(crate) fn matched(&self) -> Option<&ControlLesion> {
        self.lesions_of(SetKind::Matched).next()
    }

    /// The mean fall over the prompts and the sets of one kind.
    pub(crate) fn mean(&self, kind: SetKind) -> Option<Drops> {
        let means: Vec<Drops> = self.lesions_of(kind).map(ControlLesion::mean).collect();
        if means.is_empty() { None } else { Some(mean_drops(&means)) }
    }

    /// The matched set's mean margin drop against those of the random sets of one kind.
    pub(crate) fn compare_margins(&self, kind: SetKind) -> Option<RandomisationTest> {
        self.compare(kind, |lesion| Some(lesion.mean().margin))
    }

    /// The matched set's margin drop per displacement against those of the `random` sets.
    pub(crate) fn compare_per_displacement(&self) -> Option<RandomisationTest> {
        self.compare(SetKind::Random, |lesion| Some(lesion.mean().margin / lesion.displacement))
    }

    /// The matched set's value against those of the random sets of one kind; none without such sets,
    /// or if a value does not exist.
    pub(crate) fn compare(
        &self,
        kind: SetKind,
        value: impl Fn(&ControlLesion) -> Option<f64>,
    ) -> Option<RandomisationTest> {
        randomisation_p(value(self.matched()?)?, &self.values(kind, value))
    }

    /// The values of the random sets of one kind.
    pub(crate) fn values(
        &self,
        kind: SetKind,
        value: impl Fn(&ControlLesion) -> Option<f64>,
    ) -> Vec<f64> {
        self.lesions_of(kind).filter_map(value).collect()
    }

    /// Mean activity of the `random-active` sets, relative to the matched set.
    pub(crate) fn activity_ratio(&self) -> Option<f64> {
        self.ratio(SetKind::RandomActive, |lesion| lesion.activity)
    }

    /// Mean displacement of the `random-displaced` sets, relative to the matched set.
    pub(crate) fn displacement_ratio(&self) -> Option<f64> {
        self.ratio(SetKind::RandomDisplaced, |lesion| lesion.displacement)
    }

    fn ratio(&self, kind: SetKind, value: impl Fn(&ControlLesion) -> f64) -> Option<f64> {
        let matched = value(self.matched()?);
        let values = self.values(kind, |lesion| Some(value(lesion)));
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Some(mean / matched).filter(|ratio| ratio.is_finite())
    }

    /// The ranges that contain 95 % of the random sets' mean drops.
    pub(crate) fn ranges(&self, kind: SetKind) -> Measured<Option<Range>> {
        let means: Vec<Drops> = self.lesions_of(kind).map(ControlLesion::mean).collect();
        ranges(&means)
    }

    /// The ranges that contain 95 % of the random sets' drops in one prompt, by its place.
    pub(crate) fn ranges_in_prompt(&self, kind: SetKind, place: usize) -> Measured<Option<Range>> {
        let drops: Vec<Drops> = self.lesions_of(kind).map(|lesion| lesion.drops[place]).collect();
        ranges(&drops)
    }

    /// For each of the label's prompts, the matched margin drop less the mean of the `random` sets;
    /// empty without random sets.
    pub(crate) fn excess_by_prompt(&self) -> Vec<f64> {
        let Some(matched) = self.matched() else { return Vec::new() };
        let mut excess = Vec::with_capacity(matched.drops.len());
        for (place, drops) in matched.drops.iter().enumerate() {
            let Some(mean) = self.random_margin_mean(place) else { return Vec::new() };
            excess.push(drops.margin - mean);
        }
        excess
    }

    /// The mean margin drop of the `random` sets in one prompt, by its place.
    pub(crate) fn random_margin_mean(&self, place: usize) -> Option<f64> {
        let mut sum = 0.0;
        let mut count = 0.0;
        for lesion in self.lesions_of(SetKind::Random) {
            sum += lesion.drops[place].margin;
            count += 1.0;
        }
        if count > 0.0 { Some(sum / count) } else { None }
    }

    /// The standard deviation of the `random` sets' mean margin drops, with n − 1; none with fewer than
    /// two sets.
    pub(crate) fn random_margin_sd(&self) -> Option<f64> {
        let means = self.values(SetKind::Random, |lesion| Some(lesion.mean().margin));
        Some(Moments::of(&means).variance().sqrt()).filter(|sd| sd.is_finite())
    }

    /// Number of prompts in which the matched lesion lowers the right word's margin.
    pub(crate) fn falls(&self) -> usize {
        let drops = self.matched().into_iter().flat_map(|lesion| &lesion.drops);
        drops.filter(|drops| drops.margin > 0.0).count()
    }
}

/// The ranges that contain 95 % of these drops; none of no drop.
fn ranges(drops: &[Drops]) -> Measured<Option<Range>> {
    Measured {
        logit: central_range(drops.iter().map(|drops| drops.logit).collect()),
        margin: central_range(drops.iter().map(|drops| drops.margin).collect()),
    }
}

/// The range that contains 95 % of values; none of no value.
pub(crate) fn central_range(mut values: Vec<f64>) -> Option<Range> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some((quantile(&values, 0.025), quantile(&values, 0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(matched: f64, random: &[f64]) -> LayerControls {
        let lesion = |kind, draw, margin: f64| ControlLesion {
            kind,
            draw,
            neurons: Arc::from([0, 1]),
            activity: 1.0,
            displacement: 1.0,
            drops: vec![
                Drops { logit: 0.0, margin: margin + 1.0 },
                Drops { logit: 0.0, margin: margin - 1.0 },
            ],
            other_drops: vec![Drops { logit: 0.0, margin: -margin }],
        };
        let mut lesions = vec![lesion(SetKind::Matched, 0, matched)];
        lesions
            .extend(random.iter().enumerate().map(|(i, &drop)| lesion(SetKind::Random, i, drop)));
        LayerControls {
            layer: 0,
            label: "him".to_owned(),
            sets: SetChoice::Lesioned,
            prompts: vec![0, 1],
            other_prompts: vec![2],
            clean_margins: vec![1.0, 1.0],
            direct_margin_drop: None,
            shared: [None, None],
            strongest_drops: None,
            differing_at_masks: None,
            lesions,
        }
    }

    #[test]
    fn p_is_two_sided_about_the_mean_of_all_sets() {
        for (matched, p) in [(0.9, 0.25), (-0.9, 0.25), (0.25, 1.0)] {
            let controls = controls(matched, &[0.1, 0.5, 0.2]);
            let test = controls.compare_margins(SetKind::Random).unwrap();
            assert!((test.p_two_sided - p).abs() < 1e-12, "{matched}");
        }
        assert_eq!(controls(0.9, &[0.1]).falls(), 1);
    }

    #[test]
    fn a_shift_towards_one_word_has_a_difference_but_no_sum() {
        let controls = controls(0.5, &[0.1]);
        let matched = controls.matched().unwrap();
        assert_eq!((matched.difference(), matched.both()), (Some(1.0), Some(0.0)));
    }

    #[test]
    fn a_range_contains_95_percent_of_the_means() {
        let random: Vec<f64> = (0..39).map(|set| 0.1 * f64::from(set)).collect();
        let (low, high) = controls(0.0, &random).ranges(SetKind::Random).margin.unwrap();
        // numpy.quantile(0.1 * arange(39), [0.025, 0.975])
        assert!((low - 0.095).abs() < 1e-12 && (high - 3.705).abs() < 1e-12, "{low} {high}");
        assert_eq!(controls(0.0, &[]).ranges(SetKind::Random).margin, None);
    }
}
