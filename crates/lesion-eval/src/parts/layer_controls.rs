//! The lesions of one layer's matched set and of its controls.

use neuron_stats::{Correction, quantile};
use study_record::{Measured, Range, SetKind};

use crate::engine::trial::{Drops, mean_drops};

/// One neuron set, lesioned in every prompt of a label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ControlLesion {
    /// The kind of set.
    pub(crate) kind: SetKind,
    /// The number of a random set among those of its kind; 0 for the others.
    pub(crate) draw: usize,
    /// Number of neurons.
    pub(crate) neurons: usize,
    /// Root mean square over the neurons of their mean |activation| after GELU at the masks.
    pub(crate) activity: f64,
    /// The falls of the right word in each prompt.
    pub(crate) drops: Vec<Drops>,
}

impl ControlLesion {
    /// The mean fall over the prompts.
    pub(crate) fn mean(&self) -> Drops {
        mean_drops(&self.drops)
    }
}

/// The matched lesion of one layer and its controls, in the prompts of one label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayerControls {
    /// The layer.
    pub(crate) layer: usize,
    /// The label of the prompts and of the matched set.
    pub(crate) label: String,
    /// The prompts, as indices into the study's.
    pub(crate) prompts: Vec<usize>,
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

    /// The share of random sets whose lesion lowers the mean margin at least as much as the matched
    /// one, `(1 + b) / (1 + N)`: the matched set counts as one of them, so that no p is 0.
    pub(crate) fn p(&self, kind: SetKind) -> Option<f64> {
        let matched = self.mean(SetKind::Matched)?.margin;
        let margins: Vec<f64> = self.margins(kind);
        if margins.is_empty() {
            return None;
        }
        let reached = margins.iter().filter(|&&margin| margin >= matched).count();
        Some((1 + reached) as f64 / (1 + margins.len()) as f64)
    }

    /// Mean activity of the activity-matched sets, relative to the matched set. If the matched
    /// neurons are the most active of their layer, no others are like them.
    pub(crate) fn activity_ratio(&self) -> Option<f64> {
        let matched = self.matched()?.activity;
        let mut sum = 0.0;
        let mut count = 0.0;
        for lesion in self.lesions_of(SetKind::RandomActive) {
            sum += lesion.activity;
            count += 1.0;
        }
        Some(sum / count / matched).filter(|ratio| ratio.is_finite())
    }

    /// The larger p of the two random kinds: whether the matched lesion does more than sets of the
    /// same size and than sets of the same, or the nearest, activity.
    pub(crate) fn p_both(&self) -> Option<f64> {
        let any = self.p(SetKind::Random)?;
        let active = self.p(SetKind::RandomActive)?;
        Some(any.max(active))
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

    /// Number of prompts in which the matched lesion lowers the right word's margin.
    pub(crate) fn falls(&self) -> usize {
        let drops = self.matched().into_iter().flat_map(|lesion| &lesion.drops);
        drops.filter(|drops| drops.margin > 0.0).count()
    }

    /// The mean margin drop of each set of one kind.
    fn margins(&self, kind: SetKind) -> Vec<f64> {
        self.lesions_of(kind).map(|lesion| lesion.mean().margin).collect()
    }
}

/// The ranges that contain 95 % of these drops; none of no drop.
fn ranges(drops: &[Drops]) -> Measured<Option<Range>> {
    Measured {
        logit: central_range(drops.iter().map(|drops| drops.logit).collect()),
        margin: central_range(drops.iter().map(|drops| drops.margin).collect()),
    }
}

fn central_range(mut values: Vec<f64>) -> Option<Range> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some((quantile(&values, 0.025), quantile(&values, 0.975)))
}

/// [`LayerControls::p_both`] of every layer and label, corrected over them by Holm's method; none
/// without controls.
pub(crate) fn corrected_p(controls: &[LayerControls]) -> Vec<Option<f64>> {
    let p: Vec<Option<f64>> = controls.iter().map(LayerControls::p_both).collect();
    let tested: Vec<f64> = p.iter().copied().flatten().collect();
    let mut adjusted = Correction::Holm.adjust(&tested).unwrap_or_default().into_iter();
    p.into_iter().map(|p| p.and_then(|_| adjusted.next())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(matched: f64, random: &[f64]) -> LayerControls {
        let lesion = |kind, draw, margin| {
            let drops = vec![
                Drops { logit: 0.0, margin: margin + 1.0 },
                Drops { logit: 0.0, margin: margin - 1.0 },
            ];
            ControlLesion { kind, draw, neurons: 2, activity: 1.0, drops }
        };
        let mut lesions = vec![lesion(SetKind::Matched, 0, matched)];
        for kind in SetKind::RANDOM {
            lesions.extend(random.iter().enumerate().map(|(i, &drop)| lesion(kind, i, drop)));
        }
        let label = "him".to_owned();
        LayerControls { layer: 0, label, prompts: vec![0, 1], lesions }
    }

    #[test]
    fn p_counts_the_matched_set_and_takes_means_over_prompts() {
        let found = controls(0.5, &[0.1, 0.5, 0.2]);
        assert_eq!(found.p(SetKind::Random), Some(2.0 / 4.0));
        assert_eq!(found.falls(), 1);
        assert_eq!(found.p_both(), Some(0.5));
    }

    #[test]
    fn p_is_corrected_over_the_tested_layers_only() {
        let mut none = controls(0.5, &[]);
        none.lesions.truncate(1);
        let strong = controls(0.9, &[0.1, 0.2, 0.3]);
        let weak = controls(0.15, &[0.1, 0.2, 0.3]);
        assert_eq!(corrected_p(&[strong, none, weak]), [Some(0.5), None, Some(0.75)]);
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
