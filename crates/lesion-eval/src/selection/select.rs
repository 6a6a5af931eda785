//! The neurons that respond to the contrast.

use neuron_stats::{
    Alternative, Families, MaxT, Relabelling, Resampling, StatsError, TTest, max_t_over,
    significant, t_tests,
};
use study_record::{Correction, Scope, SelectionSettings, StimuliCounts, TTestKind};

use crate::{
    error::StudyError,
    passes::progress::Progress,
    selection::observations::Observations,
    texts::contrast::Contrast,
    translate::{p_correction, test_kind},
};

/// The significant neurons of one layer, those with t > 0 and those with t < 0, from its tests
/// alone.
///
/// # Errors
/// If p or alpha is invalid.
pub(crate) fn significant_sets(
    tests: &[TTest],
    settings: &SelectionSettings,
) -> Result<[Vec<usize>; 2], StatsError> {
    let families = Families::of_sizes([tests.len()])?;
    let p = adjust(tests, settings.correction, &families, settings.directional, None)?;
    let significant = significant(&p, settings.alpha.get())?;
    let neurons = (0..tests.len()).filter(|&neuron| significant[neuron]);
    let (positive, negative) = neurons.partition(|&neuron| tests[neuron].t > 0.0);
    Ok([positive, negative])
}

/// The p-values of every neuron under one correction, in one scope, with or without direction.
#[derive(Clone, Debug)]
pub struct Adjusted {
    /// The correction.
    pub correction: Correction,
    /// The tests that are corrected together.
    pub scope: Scope,
    /// Whether each direction is corrected separately.
    pub directional: bool,
    /// One value per neuron, layer after layer. If directions are corrected separately, it is that of
    /// the neuron's direction.
    pub p: Vec<f64>,
    /// Whether each neuron is significant.
    significant: Vec<bool>,
}

/// The tests of every neuron of every layer.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The labels.
    pub contrast: Contrast,
    /// How neurons were tested and selected.
    pub settings: SelectionSettings,
    /// The t-test of each neuron.
    pub test: TTestKind,
    /// The stimuli that neurons were selected on.
    pub counts: StimuliCounts,
    /// Number of layers.
    pub layers: usize,
    /// Number of neurons in each layer.
    pub neurons: usize,
    /// One test per neuron, layer after layer.
    pub tests: Vec<TTest>,
    /// Every correction in every scope, with and without direction.
    pub adjusted: Vec<Adjusted>,
    /// Number of relabellings that max-T used, and whether those are all there are.
    pub relabellings: (usize, bool),
}

/// The level of the confidence intervals.
pub const CONFIDENCE: f64 = 0.95;

/// Tests every neuron for a difference between the sides, and corrects for the number of tests in
/// every available way. `settings` specify which one decides, `seed` is that of
/// max-T's relabellings, and `progress` counts steps of max-T.
///
/// # Errors
/// If an activation is not a finite number, or `progress` cancels the run.
pub fn select(
    observations: &Observations<'_>,
    settings: &SelectionSettings,
    seed: u64,
    progress: Progress<'_>,
) -> Result<Selection, StudyError> {
    let mut selection = Selection {
        contrast: observations.contrast.clone(),
        settings: settings.clone(),
        test: observations.test,
        counts: observations.counts,
        layers: observations.layers,
        neurons: observations.neurons,
        tests: Vec::new(),
        adjusted: Vec::new(),
        relabellings: (0, false),
    };
    selection
        .run_tests(observations, seed, progress)
        .map_err(|source| StudyError::stats_of_model(source, observations.neurons))?;
    Ok(selection)
}

impl Selection {
    fn run_tests(
        &mut self,
        observations: &Observations<'_>,
        seed: u64,
        progress: Progress<'_>,
    ) -> Result<(), StatsError> {
        let most = self.settings.permutations.get();
        let columns = self.layers * self.neurons;
        let [a, b] = observations.matrices()?;
        let kind = test_kind(self.test);
        self.tests = t_tests(kind, a, b, CONFIDENCE)?;
        let resampling = Resampling { draws: most, exact_up_to: most, seed };
        let scopes = [Scope::Layer, Scope::Model];
        let families =
            [Families::of_sizes(vec![self.neurons; self.layers])?, Families::of_sizes([columns])?];
        let permuted = max_t_over(Relabelling::of(kind), a, b, &families, resampling, progress)?;
        for ((scope, families), permuted) in scopes.into_iter().zip(&families).zip(&permuted) {
            self.relabellings = (permuted.relabellings, permuted.exact);
            for directional in [false, true] {
                for &correction in Correction::ALL {
                    let p = adjust(&self.tests, correction, families, directional, Some(permuted))?;
                    let significant = significant(&p, self.settings.alpha.get())?;
                    self.adjusted.push(Adjusted { correction, scope, directional, p, significant });
                }
            }
        }
        Ok(())
    }

    /// The p-values under `correction`, in the scope and direction of the settings.
    ///
    /// # Panics
    /// If `adjusted` was emptied; [`select`] fills in every combination.
    #[must_use]
    pub fn under(&self, correction: Correction) -> &Adjusted {
        self.adjusted
            .iter()
            .find(|adjusted| {
                adjusted.correction == correction
                    && adjusted.scope == self.settings.scope
                    && adjusted.directional == self.settings.directional
            })
            .expect("`select` fills in every combination")
    }

    /// The p-values that decide which neurons are selected.
    #[must_use]
    pub fn chosen(&self) -> &Adjusted {
        self.under(self.settings.correction)
    }

    /// The label of a neuron, counted over the whole model, under `adjusted`: that of side a if it is
    /// significant with t > 0, that of side b if it is significant with t < 0, none otherwise.
    ///
    /// # Panics
    /// If the model has no such neuron.
    #[must_use]
    pub fn label(&self, adjusted: &Adjusted, neuron: usize) -> Option<&str> {
        if !adjusted.significant[neuron] {
            return None;
        }
        let positive = self.tests[neuron].t > 0.0;
        Some(if positive { &self.contrast.a } else { &self.contrast.b })
    }

    /// Numbers of neurons of `layer` with label a and with label b, under `adjusted`.
    ///
    /// # Panics
    /// If the model has no such layer.
    #[must_use]
    pub fn count(&self, adjusted: &Adjusted, layer: usize) -> (usize, usize) {
        let labels = self.columns(layer).filter_map(|neuron| self.label(adjusted, neuron));
        let (a, b): (Vec<&str>, Vec<&str>) = labels.partition(|&label| label == self.contrast.a);
        (a.len(), b.len())
    }

    /// The neurons of `layer` that carry `label`, in ascending order.
    ///
    /// # Panics
    /// If the model has no such layer.
    #[must_use]
    pub fn set(&self, layer: usize, label: &str) -> Vec<usize> {
        let chosen = self.chosen();
        let columns = self.columns(layer);
        let start = columns.start;
        columns
            .filter(|&column| self.label(chosen, column) == Some(label))
            .map(|column| column - start)
            .collect()
    }

    /// The neurons of `layer`, counted over the whole model.
    #[must_use]
    pub fn columns(&self, layer: usize) -> std::ops::Range<usize> {
        layer * self.neurons..(layer + 1) * self.neurons
    }
}

/// Adjusted p of every neuron; 1 under max-T if nothing was permuted. If `directional`, each side's
/// one-sided p are corrected separately, and a neuron gets the p of the direction in which its mean
/// differs. A neuron without variance has p = 1 under every correction, including max-T.
fn adjust(
    tests: &[TTest],
    correction: Correction,
    families: &Families,
    directional: bool,
    permuted: Option<&MaxT>,
) -> Result<Vec<f64>, StatsError> {
    let adjust_for = |alternative: Alternative| match (p_correction(correction), permuted) {
        (Some(correction), _) => {
            let p: Vec<f64> = tests.iter().map(|test| test.p(alternative)).collect();
            families.adjust(correction, &p)
        }
        (None, Some(permuted)) => Ok(permuted.p(alternative).to_vec()),
        (None, None) => Ok(vec![1.0; tests.len()]),
    };
    let mut adjusted = if directional {
        let greater = adjust_for(Alternative::Greater)?;
        let less = adjust_for(Alternative::Less)?;
        let sides = greater.into_iter().zip(less).zip(tests);
        sides.map(|((greater, less), test)| if test.t > 0.0 { greater } else { less }).collect()
    } else {
        adjust_for(Alternative::TwoSided)?
    };
    for (p, test) in adjusted.iter_mut().zip(tests) {
        if !test.defined {
            *p = 1.0;
        }
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        passes::progress::unwatched, selection::activations::Activations,
        texts::stimuli_layout::StimuliLayout,
    };

    /// Two layers of two neurons in four pairs: one clear a neuron, one clear b neuron, one dead,
    /// one without a difference.
    fn activations() -> Activations {
        let a = [
            [3.0, 0.1, 0.0, 0.2],
            [3.2, 0.0, 0.0, 0.1],
            [2.9, 0.2, 0.0, 0.3],
            [3.1, 0.1, 0.0, 0.2],
        ];
        let b = [
            [1.0, 2.1, 0.0, 0.1],
            [1.1, 2.3, 0.0, 0.2],
            [1.2, 1.9, 0.0, 0.3],
            [0.9, 2.2, 0.0, 0.2],
        ];
        let sides = [a.concat(), b.concat()];
        Activations {
            contrast: Contrast { a: "him".into(), b: "her".into(), words: true },
            layout: StimuliLayout::of_pairs(&[None; 4]),
            test: TTestKind::Paired,
            layers: 2,
            neurons: 2,
            pre: sides.clone(),
            post: sides,
        }
    }

    fn select_by(
        activations: &Activations,
        correction: Correction,
        scope: Scope,
        directional: bool,
    ) -> Selection {
        let mut settings = study_record::Study::default().selection;
        settings.correction = correction;
        settings.scope = scope;
        settings.directional = directional;
        settings.permutations = 100.try_into().unwrap();
        let observations = Observations::of(activations, settings.site);
        select(&observations, &settings, 1, &mut unwatched()).unwrap()
    }

    #[test]
    fn planted_neurons_are_found_and_dead_ones_never() {
        for scope in [Scope::Layer, Scope::Model] {
            for directional in [false, true] {
                let bh = Correction::BenjaminiHochberg;
                let selection = select_by(&activations(), bh, scope, directional);
                let sets = (selection.set(0, "him"), selection.set(0, "her"));
                assert_eq!(sets, (vec![0], vec![1]));
                assert_eq!(selection.count(selection.chosen(), 1), (0, 0));
                assert!(!selection.tests[2].defined);
            }
        }
    }

    #[test]
    fn a_difference_that_never_varies_is_undefined_under_every_correction() {
        let mut constant = activations();
        for (side, value) in constant.pre.iter_mut().zip([2.0, 1.0]) {
            side.iter_mut().step_by(4).for_each(|first| *first = value);
        }
        let selection = select_by(&constant, Correction::MaxT, Scope::Layer, false);
        assert!(!selection.tests[0].defined);
        for adjusted in &selection.adjusted {
            assert!((adjusted.p[0] - 1.0).abs() < f64::EPSILON);
            assert_eq!(selection.label(adjusted, 0), None);
        }
    }

    #[test]
    fn a_wider_scope_and_a_stricter_correction_never_select_more() {
        let selection = select_by(&activations(), Correction::MaxT, Scope::Layer, false);
        let find = |correction, scope| {
            let mut all = selection.adjusted.iter().filter(|adjusted| !adjusted.directional);
            all.find(|adjusted| adjusted.correction == correction && adjusted.scope == scope)
                .unwrap()
        };
        for scope in [Scope::Layer, Scope::Model] {
            let none = find(Correction::None, scope);
            let bh = find(Correction::BenjaminiHochberg, scope);
            let bonferroni = find(Correction::Bonferroni, scope);
            for neuron in 0..4 {
                assert!(none.p[neuron] <= bh.p[neuron] && bh.p[neuron] <= bonferroni.p[neuron]);
                let wider = find(Correction::Bonferroni, Scope::Model);
                assert!(bonferroni.p[neuron] <= wider.p[neuron]);
            }
        }
        // All 2⁴ sign flips are used, and no p is below 1/16.
        assert_eq!(selection.relabellings, (16, true));
        assert!(selection.chosen().p.iter().all(|&p| p >= 1.0 / 16.0));
    }
}
