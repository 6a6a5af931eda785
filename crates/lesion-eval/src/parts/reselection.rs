//! Sets that the study's own selection finds if the sides of the stimuli mean nothing.

use std::sync::Arc;

use neuron_stats::{Alternative, Matrix, RelabelledTests, strongest};
use rand::RngExt;
use rayon::prelude::*;
use study_record::Strength;

use crate::{
    error::StudyError,
    parts::laboratory_part::Bench,
    random::{Purpose, stream},
    translate::test_kind,
};

/// The sets of kind [`Reselected`](study_record::SetKind::Reselected): in each of them the sides of
/// the stimuli are swapped, or shuffled, at random, and the `count` strongest neurons in the label's
/// direction are chosen.
///
/// # Errors
/// If a statistic fails.
pub(crate) fn reselect(
    bench: &Bench<'_, '_>,
    layer: usize,
    label: &str,
    count: usize,
) -> Result<Vec<Arc<[usize]>>, StudyError> {
    let observations = bench.selected_on;
    let design = bench.design;
    let neurons = observations.neurons;
    let [rows_a, rows_b] = observations.counts.groups;
    let [a, b] = observations.layer(layer);
    let sets = Matrix::new(&a, rows_a, neurons).and_then(|a| {
        let b = Matrix::new(&b, rows_b, neurons)?;
        let seed = stream(design.study.seed, Purpose::Reselection, layer, 0).random();
        let tests = RelabelledTests::new(test_kind(observations.test), a, b, seed)?;
        let is_first = label == observations.contrast.a;
        let side = if is_first { Alternative::Greater } else { Alternative::Less };
        let draws = design.random_sets();
        Ok(match design.study.lesion.strength {
            Strength::T => tests.strongest_of_draws(draws, count, side),
            Strength::Difference => (0..draws)
                .into_par_iter()
                .map(|draw| strongest(&tests.differences(draw), count, side))
                .collect(),
        })
    });
    let sets = sets.map_err(|source| StudyError::stats_of_model(source, neurons))?;
    let mut ascending = Vec::with_capacity(sets.len());
    for mut set in sets {
        set.sort_unstable();
        ascending.push(set.into());
    }
    Ok(ascending)
}
