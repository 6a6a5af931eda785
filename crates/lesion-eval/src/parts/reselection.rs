//! Sets that the study's own selection finds if the sides of the stimuli mean nothing.

use std::sync::Arc;

use neuron_stats::{Alternative, Matrix, RelabelledTests, strongest};
use rand::RngExt;
use rayon::prelude::*;
use study_record::Strength;

use crate::{
    error::StudyError,
    parts::{laboratory_part::Bench, set_lesions::SetList},
    random::{Purpose, stream},
    translate::test_kind,
};

/// The sets of kind [`Reselected`](study_record::SetKind::Reselected): in each of them the sides of
/// the stimuli are swapped, or shuffled, at random, and as many of the strongest neurons in the label's
/// direction are chosen as the laboratory lesions. `side` is 0 for the first label of the contrast.
///
/// # Errors
/// If a statistic fails.
pub(crate) fn reselect(
    bench: &mut Bench<'_, '_>,
    layer: usize,
    side: usize,
) -> Result<SetList, StudyError> {
    let lesioned = bench.lesioned;
    let sizes = lesioned.labels().map(|label| lesioned.set(layer, label).len());
    let place = |side: usize| (2 * layer + side, sizes[side]);
    if let Some(sets) = bench.drawn.get(Purpose::Reselection, place(side)) {
        return Ok(sets);
    }
    // One relabelling gives the sets of both labels.
    for (side, sets) in reselect_both(bench, layer, sizes)?.into_iter().enumerate() {
        bench.drawn.get_or_draw(Purpose::Reselection, place(side), || sets);
    }
    Ok(bench.drawn.get(Purpose::Reselection, place(side)).unwrap_or_default())
}

/// The sets of both labels, of so many neurons.
fn reselect_both(
    bench: &Bench<'_, '_>,
    layer: usize,
    sizes: [usize; 2],
) -> Result<[Vec<Arc<[usize]>>; 2], StudyError> {
    let observations = bench.selected_on;
    let study = bench.design.study;
    let neurons = observations.neurons;
    let [rows_a, rows_b] = observations.counts.groups;
    let [a, b] = observations.layer(layer);
    let tests = Matrix::new(&a, rows_a, neurons).and_then(|a| {
        let b = Matrix::new(&b, rows_b, neurons)?;
        let seed = stream(study.seed, Purpose::Reselection, layer, 0).random();
        RelabelledTests::new(test_kind(observations.test), a, b, seed)
    });
    let tests = tests.map_err(|source| StudyError::stats_of_model(source, neurons))?;
    let draws = (0..bench.design.random_sets()).into_par_iter();
    let sets = draws.map(|draw| {
        let values = match study.lesion.strength {
            Strength::T => tests.t(draw),
            Strength::Difference => tests.differences(draw),
        };
        let first = choose_ascending(&values, sizes[0], Alternative::Greater);
        (first, choose_ascending(&values, sizes[1], Alternative::Less))
    });
    let (first, second) = sets.unzip();
    Ok([first, second])
}

/// The strongest neurons, ascending.
fn choose_ascending(values: &[f64], count: usize, side: Alternative) -> Arc<[usize]> {
    let mut set = strongest(values, count, side);
    set.sort_unstable();
    set.into()
}
