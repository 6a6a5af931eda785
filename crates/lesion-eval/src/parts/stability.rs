//! Stability: how far the neuron sets, and the effects of their lesions, depend on the stimuli that
//! they were selected on.

use std::sync::Arc;

use neuron_stats::{
    Alternative, Matrix, StatsError, TTest, TestKind, dice, expected_dice, quantile, strongest,
    t_tests,
};
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use study_record::{FEWEST_TEMPLATES, Range, Strength, Study, tables::StabilityRow};

use crate::{
    engine::{batch_share::LeftBatches, trial::mean_drops},
    error::StudyError,
    parts::{
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        layer_controls::central_range,
        set_lesions::{LesionedSet, lesion_sets, places_among},
        template_bootstrap::Templates,
    },
    passes::progress::{Progress, report},
    random::{Purpose, stream},
    selection::select::CONFIDENCE,
    texts::stimuli_layout::FEWEST_OBSERVATIONS,
    translate::test_kind,
};

/// The part `stability`.
pub(crate) struct Stability;

/// Selections on either half of the observations.
const HALVES: usize = 2;

impl LaboratoryPart for Stability {
    fn check(&self, study: &Study) -> Result<(), StudyError> {
        if study.lesion.neurons.is_some() {
            return Err(StudyError::StabilityOfGivenSets);
        }
        Ok(())
    }

    fn trials(&self, design: &Design<'_>) -> Trials {
        let resamples = design.study.stability.resamples.get();
        let sets = 1 + HALVES + resamples + design.random_sets();
        let count = design.labelled().len() * sets;
        Trials::by_layer(design.layers.iter().map(|&layer| (layer, count))).at_most()
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let design = bench.design;
        let all = self.trials(&design).count;
        let mut done = 0;
        let mut rows = Vec::new();
        let mut left = LeftBatches::default();
        for &layer in design.layers {
            for label in bench.lesioned.labels() {
                let prompts = bench.laboratory.labelled(label);
                let matched = bench.lesioned.set(layer, label);
                if prompts.is_empty() || matched.is_empty() {
                    continue;
                }
                let mut watch = |now, _| progress(done + now, all);
                let cell = Cell { layer, label, matched, prompts };
                rows.extend(left.take(measure(bench, &cell, &mut watch))?);
                done += cell.prompts.len() * all
                    / design.labelled().len().max(1)
                    / design.layers.len().max(1);
                report(progress, done.min(all), all)?;
            }
        }
        left.check()?;
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// A layer and a label with neurons and prompts.
struct Cell<'a> {
    layer: usize,
    label: &'a str,
    matched: Arc<[usize]>,
    prompts: Vec<usize>,
}

/// Selects on resampled observations and on halves of them, and lesions what is selected.
fn measure(
    bench: &mut Bench<'_, '_>,
    cell: &Cell<'_>,
    progress: Progress<'_>,
) -> Result<StabilityRow, StudyError> {
    let design = bench.design;
    let neurons = design.neurons();
    let size = cell.matched.len();
    let selector = Selector::new(bench, cell);
    let of_model = |source| StudyError::stats_of_model(source, neurons);
    let resampled = selector.select_resamples(size).map_err(of_model)?;
    let halves = selector.select_halves(size).map_err(of_model)?;

    let mut sets = vec![cell.matched.clone()];
    sets.extend(halves.sets.iter().cloned());
    sets.extend(resampled.iter().cloned());
    let key = format!("stability {} {}", cell.layer, cell.label);
    let laboratory = &mut bench.laboratory;
    let mut left = LeftBatches::default();
    let lesioned = lesion_sets(laboratory, &key, cell.layer, &sets, &cell.prompts, &mut *progress);
    let lesioned = left.take(lesioned)?;
    let random = left.take(bench.lesion_random_sets(cell.layer, size, progress))?;
    let Some((mut lesioned, random)) = lesioned.zip(random) else {
        return Err(StudyError::LeftToShares);
    };
    let resampled_lesions = lesioned.split_off(1 + HALVES);
    let drop = mean_drops(&lesioned[0].drops).margin;
    let half_drops = lesioned[1..].iter().map(|set| mean_drops(&set.drops).margin);
    let drops: Vec<f64> =
        resampled_lesions.iter().map(|set| mean_drops(&set.drops).margin).collect();
    let (drop_low, drop_high) = central_range(drops).unzip();

    let joint = JointBootstrap::new(&design, cell, &resampled_lesions, &random);
    let (joint_low, joint_high) = joint.map(|joint| joint.interval(&design)).unzip();
    let overlaps = resampled.iter().map(|set| dice(&cell.matched, set));
    Ok(StabilityRow {
        layer: cell.layer,
        neuron_set: cell.label.to_owned(),
        neurons: size,
        resamples: resampled.len(),
        dice: overlaps.sum::<f64>() / resampled.len() as f64,
        dice_chance: expected_dice(size, size, neurons),
        margin_drop: drop,
        drop_low,
        drop_high,
        joint_low,
        joint_high,
        effect_selected: halves.effect_selected,
        effect_cross_fitted: halves.effect_cross_fitted,
        drop_cross_fitted: half_drops.sum::<f64>() / HALVES as f64,
    })
}

/// Selects the strongest neurons of one layer and label on some of the observations.
struct Selector<'a> {
    study: &'a Study,
    layer: usize,
    alternative: Alternative,
    test: TestKind,
    /// Whether row `i` of both sides is a pair.
    paired: bool,
    /// Number of observations of each side.
    rows: [usize; 2],
    neurons: usize,
    /// `[observations, neurons]` for side a and side b.
    sides: [Vec<f32>; 2],
}

/// Rows of side a and of side b, which may be repeated.
type Rows = [Vec<usize>; 2];

/// The selections on either half of the observations.
struct Halves {
    sets: Vec<Arc<[usize]>>,
    /// Mean effect size, in the label's direction, on the observations that selected.
    effect_selected: f64,
    /// The same on the others.
    effect_cross_fitted: f64,
}

impl<'a> Selector<'a> {
    fn new(bench: &Bench<'a, '_>, cell: &Cell<'_>) -> Self {
        let observations = bench.selected_on;
        let is_first = cell.label == observations.contrast.a;
        Self {
            study: bench.design.study,
            layer: cell.layer,
            alternative: if is_first { Alternative::Greater } else { Alternative::Less },
            test: test_kind(observations.test),
            paired: observations.counts.paired,
            rows: observations.counts.groups,
            neurons: observations.neurons,
            sides: observations.layer(cell.layer),
        }
    }

    /// The tests of every neuron on some observations.
    fn test(&self, rows: &Rows) -> Result<Vec<TTest>, StatsError> {
        let [a, b] = [0, 1].map(|side| self.pick_rows(side, &rows[side]));
        let a = Matrix::new(&a, rows[0].len(), self.neurons)?;
        let b = Matrix::new(&b, rows[1].len(), self.neurons)?;
        t_tests(self.test, a, b, CONFIDENCE)
    }

    fn pick_rows(&self, side: usize, rows: &[usize]) -> Vec<f32> {
        let mut picked = Vec::with_capacity(rows.len() * self.neurons);
        for &row in rows {
            picked.extend_from_slice(&self.sides[side][row * self.neurons..][..self.neurons]);
        }
        picked
    }

    /// Rows of both sides from `choose`, which gets the number of rows. Both sides of pairs have the
    /// same ones.
    fn choose_rows(&self, mut choose: impl FnMut(usize) -> Vec<usize>) -> Rows {
        let [a, b] = self.rows;
        let rows_a = choose(a);
        let rows_b = if self.paired { rows_a.clone() } else { choose(b) };
        [rows_a, rows_b]
    }

    /// The strongest neurons in the label's direction, ascending.
    fn choose(&self, tests: &[TTest], size: usize) -> Arc<[usize]> {
        let strength = |test: &TTest| match self.study.lesion.strength {
            Strength::T => test.t,
            Strength::Difference if test.defined => test.difference,
            Strength::Difference => f64::NAN,
        };
        let values: Vec<f64> = tests.iter().map(strength).collect();
        let mut set = strongest(&values, size, self.alternative);
        set.sort_unstable();
        set.into()
    }

    /// The selections on observations that are drawn with replacement, separately of each side unless
    /// they are pairs.
    fn select_resamples(&self, size: usize) -> Result<Vec<Arc<[usize]>>, StatsError> {
        let resamples = self.study.stability.resamples.get();
        (0..resamples)
            .into_par_iter()
            .map(|number| {
                let mut rng = self.random(number);
                let rows = self
                    .choose_rows(|count| (0..count).map(|_| rng.random_range(0..count)).collect());
                Ok(self.choose(&self.test(&rows)?, size))
            })
            .collect()
    }

    /// The selections on two random halves of each side's observations, each tested on the other half.
    fn select_halves(&self, size: usize) -> Result<Halves, StatsError> {
        let mut rng = self.random(self.study.stability.resamples.get());
        let all = self.choose_rows(|count| {
            let mut rows: Vec<usize> = (0..count).collect();
            rows.shuffle(&mut rng);
            rows
        });
        let mut halves =
            Halves { sets: Vec::new(), effect_selected: 0.0, effect_cross_fitted: 0.0 };
        let first = all.each_ref().map(|rows| rows[..rows.len() / 2].to_vec());
        let second = all.each_ref().map(|rows| rows[rows.len() / 2..].to_vec());
        if first.iter().any(|rows| rows.len() < FEWEST_OBSERVATIONS) {
            halves.effect_selected = f64::NAN;
            halves.effect_cross_fitted = f64::NAN;
            let set = self.choose(&self.test(&all)?, size);
            halves.sets = vec![set.clone(), set];
            return Ok(halves);
        }
        let tests = [self.test(&first)?, self.test(&second)?];
        for (selecting, other) in [(&tests[0], &tests[1]), (&tests[1], &tests[0])] {
            let set = self.choose(selecting, size);
            halves.effect_selected += self.mean_effect(selecting, &set) / HALVES as f64;
            halves.effect_cross_fitted += self.mean_effect(other, &set) / HALVES as f64;
            halves.sets.push(set);
        }
        Ok(halves)
    }

    /// The mean effect size of a set in the label's direction; neurons without one are left out.
    fn mean_effect(&self, tests: &[TTest], set: &[usize]) -> f64 {
        let effects: Vec<f64> = set
            .iter()
            .filter(|&&neuron| tests[neuron].defined)
            .map(|&neuron| match self.alternative {
                Alternative::Less => -tests[neuron].effect,
                Alternative::Greater | Alternative::TwoSided => tests[neuron].effect,
            })
            .collect();
        effects.iter().sum::<f64>() / effects.len() as f64
    }

    fn random(&self, number: usize) -> ChaCha8Rng {
        stream(self.study.seed, Purpose::Stability, self.layer, number)
    }
}

/// A bootstrap of the drop beyond random sets that resamples stimuli, templates and random sets
/// together.
struct JointBootstrap {
    /// Number of prompts of each template.
    counts: Vec<f64>,
    /// For each selection on resampled stimuli, the sum of margin drops in each template.
    selected: Vec<Vec<f64>>,
    /// The same for each random set.
    random: Vec<Vec<f64>>,
}

impl JointBootstrap {
    /// None with too few templates, or without random sets.
    fn new(
        design: &Design<'_>,
        cell: &Cell<'_>,
        selected: &[LesionedSet],
        random: &[LesionedSet],
    ) -> Option<Self> {
        let templates = Templates::of(design.prompts).only(|prompt| cell.prompts.contains(&prompt));
        if templates.groups().len() < FEWEST_TEMPLATES || random.is_empty() {
            return None;
        }
        let labelled = design.labelled();
        let sums = |set: &LesionedSet, among: &[usize]| -> Vec<f64> {
            let sum = |prompts: &Vec<usize>| {
                let places = places_among(prompts, among);
                places.iter().map(|&place| set.drops[place].margin).sum()
            };
            templates.groups().iter().map(sum).collect()
        };
        Some(Self {
            counts: templates.groups().iter().map(|prompts| prompts.len() as f64).collect(),
            selected: selected.iter().map(|set| sums(set, &cell.prompts)).collect(),
            random: random.iter().map(|set| sums(set, &labelled)).collect(),
        })
    }

    /// The percentile interval of the mean drop of a selection minus that of random sets.
    fn interval(&self, design: &Design<'_>) -> Range {
        let bootstrap = design.bootstrap();
        let draws = (0..bootstrap.draws).into_par_iter();
        let mut excess: Vec<f64> = draws
            .map(|draw| self.draw(&mut stream(bootstrap.seed, Purpose::JointBootstrap, 0, draw)))
            .collect();
        excess.sort_by(f64::total_cmp);
        (quantile(&excess, 0.025), quantile(&excess, 0.975))
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> f64 {
        let resample: Vec<usize> =
            self.counts.iter().map(|_| rng.random_range(0..self.counts.len())).collect();
        let prompts: f64 = resample.iter().map(|&template| self.counts[template]).sum();
        let mean = |sums: &[f64]| -> f64 {
            resample.iter().map(|&template| sums[template]).sum::<f64>() / prompts
        };
        let selected = mean(&self.selected[rng.random_range(0..self.selected.len())]);
        let count = self.random.len();
        let mut random = 0.0;
        for _ in 0..count {
            random += mean(&self.random[rng.random_range(0..count)]) / count as f64;
        }
        selected - random
    }
}
