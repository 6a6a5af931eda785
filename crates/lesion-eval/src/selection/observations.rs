//! The independent observations that neurons are selected on.

use std::borrow::Cow;

use neuron_stats::{Matrix, StatsError};
use study_record::{Site, StimuliCounts, TTestKind};

use crate::{
    error::StudyError, selection::activations::Activations, texts::contrast::Contrast,
    translate::model_site,
};

/// The independent observations of a contrast: the activations of every neuron, one row per group of
/// stimuli. The row of a group is the mean of its sentences of this side.
#[derive(Clone, Debug)]
pub struct Observations<'a> {
    /// The labels of the two sides.
    pub contrast: Contrast,
    /// The t-test of each neuron.
    pub test: TTestKind,
    /// The numbers of sentences and groups. Each group is a row.
    pub counts: StimuliCounts,
    /// Number of layers.
    pub layers: usize,
    /// Number of neurons in each layer.
    pub neurons: usize,
    /// The site at which neurons are selected.
    site: Site,
    /// Before the activation function, `[groups, layers x neurons]` for side a and side b.
    pre: Sides<'a>,
    /// After the activation function, in the same shape.
    post: Sides<'a>,
}

type Sides<'a> = [Cow<'a, [f32]>; 2];

impl<'a> Observations<'a> {
    /// The observations that neurons are selected on at a site.
    #[must_use]
    pub fn of(activations: &'a Activations, site: Site) -> Self {
        Self {
            contrast: activations.contrast.clone(),
            test: activations.test,
            counts: activations.layout.counts(),
            layers: activations.layers,
            neurons: activations.neurons,
            site,
            pre: average_sides(activations, Site::Pre),
            post: average_sides(activations, Site::Post),
        }
    }

    /// Splits the observations at random into those that are kept and a share of held-out ones.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 observations of a side.
    pub fn split(
        activations: &'a Activations,
        site: Site,
        held_out: f64,
        seed: u64,
    ) -> Result<(Self, Self), StudyError> {
        let all = Self::of(activations, site);
        let split = activations.layout.split(held_out, seed)?;
        let part = |groups: &[Vec<usize>; 2]| Self {
            contrast: all.contrast.clone(),
            test: all.test,
            counts: activations.layout.counts_of(groups),
            layers: all.layers,
            neurons: all.neurons,
            site,
            pre: all.pick_rows(&all.pre, groups),
            post: all.pick_rows(&all.post, groups),
        };
        Ok((part(&split.kept), part(&split.held_out)))
    }

    fn pick_rows(&self, sides: &Sides<'_>, rows: &[Vec<usize>; 2]) -> Sides<'a> {
        let width = self.layers * self.neurons;
        [0, 1].map(|side| {
            let mut picked = Vec::with_capacity(rows[side].len() * width);
            for &row in &rows[side] {
                picked.extend_from_slice(&sides[side][row * width..][..width]);
            }
            picked.into()
        })
    }

    fn at(&self, site: Site) -> &Sides<'a> {
        match site {
            Site::Pre => &self.pre,
            Site::Post => &self.post,
        }
    }

    /// The values of all layers of side a and of side b, at the site of the selection.
    ///
    /// # Errors
    /// If a value is not a finite number.
    pub(crate) fn matrices(&self) -> Result<[Matrix<'_, f32>; 2], StatsError> {
        let [rows_a, rows_b] = self.counts.groups;
        let width = self.layers * self.neurons;
        let [a, b] = self.at(self.site);
        Ok([Matrix::new(a, rows_a, width)?, Matrix::new(b, rows_b, width)?])
    }

    /// The values of one layer at the site of the selection: `[groups, neurons]` for side a and side b.
    pub(crate) fn layer(&self, layer: usize) -> [Vec<f32>; 2] {
        self.layer_at(self.site, layer)
    }

    /// The values of one layer at a site: `[groups, neurons]` for side a and side b.
    pub(crate) fn layer_at(&self, site: Site, layer: usize) -> [Vec<f32>; 2] {
        let columns = layer * self.neurons..(layer + 1) * self.neurons;
        self.at(site).each_ref().map(|side| {
            let rows = side.chunks_exact(self.layers * self.neurons);
            rows.flat_map(|row| &row[columns.clone()]).copied().collect()
        })
    }
}

/// The rows of both sides at a site, each group averaged.
fn average_sides(activations: &Activations, site: Site) -> Sides<'_> {
    let Activations { layout, layers, neurons, .. } = activations;
    let mut sides =
        activations.at(model_site(site)).each_ref().map(|side| Cow::Borrowed(&side[..]));
    if layout.counts().are_grouped() {
        for (side, groups) in sides.iter_mut().zip(&layout.groups) {
            *side = average_groups(side, groups, layers * neurons).into();
        }
    }
    sides
}

/// The mean of every column in each group of rows.
pub(crate) fn average_groups(rows: &[f32], groups: &[usize], width: usize) -> Vec<f32> {
    let count = groups.iter().max().map_or(0, |&last| last + 1);
    let mut sums = vec![0.0_f64; count * width];
    let mut sizes = vec![0.0_f64; count];
    for (row, &group) in rows.chunks_exact(width).zip(groups) {
        sizes[group] += 1.0;
        for (sum, &value) in sums[group * width..][..width].iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let mut means = Vec::with_capacity(sums.len());
    for (sums, size) in sums.chunks_exact(width).zip(sizes) {
        #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
        means.extend(sums.iter().map(|sum| (sum / size) as f32));
    }
    means
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use study_record::{Correction, SelectionSettings};

    use super::*;
    use crate::{
        passes::progress::unwatched, selection::select::select,
        texts::stimuli_layout::StimuliLayout,
    };

    const NEURONS: usize = 4000;
    const ALPHA: f64 = 0.05;

    /// A standard normal number, after Box and Muller.
    fn normal(random: &mut ChaCha8Rng) -> f64 {
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
    }

    /// Activations without any effect, in which the sentences of a group have half of their variance
    /// in common.
    fn correlated(layout: StimuliLayout, test: TTestKind) -> Activations {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let side = |groups: &Vec<usize>| {
            let count = groups.iter().max().unwrap() + 1;
            let mut rows = vec![0.0; groups.len() * NEURONS];
            for neuron in 0..NEURONS {
                let common: Vec<f64> = (0..count).map(|_| normal(&mut random)).collect();
                for (row, &group) in groups.iter().enumerate() {
                    let value = common[group] + normal(&mut random);
                    #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
                    let value = value as f32;
                    rows[row * NEURONS + neuron] = value;
                }
            }
            rows
        };
        let groups = layout.groups.clone();
        let pre = groups.each_ref().map(side);
        let contrast = Contrast { a: "him".into(), b: "her".into(), words: true };
        let post = pre.clone();
        Activations { contrast, layout, test, layers: 1, neurons: NEURONS, pre, post }
    }

    /// The share of neurons that are significant without correction.
    fn false_positives(activations: &Activations) -> f64 {
        let settings = SelectionSettings {
            correction: Correction::None,
            permutations: 1.try_into().unwrap(),
            ..SelectionSettings::default()
        };
        let observations = Observations::of(activations, settings.site);
        let selection = select(&observations, &settings, 0, &mut unwatched()).unwrap();
        let p = &selection.chosen().p;
        p.iter().filter(|&&p| p <= ALPHA).count() as f64 / p.len() as f64
    }

    #[test]
    fn only_tests_of_groups_keep_their_level_if_sentences_of_a_group_are_alike() {
        let names: Vec<String> = (0..64).map(|line| format!("{}", line / 4)).collect();
        let names: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let pairs = StimuliLayout::of_pairs(&names);
        // 6 groups of side a and 10 of side b.
        let sides: Vec<usize> = (0..64).map(|line| usize::from(line / 4 % 3 > 0)).collect();
        let sentences = StimuliLayout::of_sentences(&sides, &names);
        let error = (ALPHA * (1.0 - ALPHA) / NEURONS as f64).sqrt();
        for (layout, test) in [
            (pairs, TTestKind::Paired),
            (sentences.clone(), TTestKind::Student),
            (sentences, TTestKind::Welch),
        ] {
            let mut activations = correlated(layout, test);
            let grouped = false_positives(&activations);
            for groups in &mut activations.layout.groups {
                *groups = (0..groups.len()).collect();
            }
            let ungrouped = false_positives(&activations);
            assert!((grouped - ALPHA).abs() < 4.0 * error, "{test}: {grouped}");
            assert!(ungrouped > 2.0 * ALPHA, "{test}: {ungrouped}");
        }
    }

    #[test]
    fn the_row_of_a_group_is_the_mean_of_its_sentences() {
        let rows = [1.0, 10.0, 2.0, 20.0, 6.0, 0.0, -4.0, 1.0];
        assert_eq!(average_groups(&rows, &[0, 1, 0, 2], 2), [3.5, 5.0, 2.0, 20.0, -4.0, 1.0]);
    }
}
