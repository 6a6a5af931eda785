//! Specificity: how far a lesion moves the whole distribution, in the prompts and in
//! unrelated sentences.

use study_record::{ReadAt, tables::SpecificityRow};

use crate::{
    engine::{
        batch_share::LeftBatches,
        trial::{DistributionChange, Read, Trial},
    },
    error::StudyError,
    parts::{
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        layer_controls::central_range,
    },
    passes::progress::Progress,
};

/// The part `specificity`.
pub(crate) struct Specificity;

/// The most random sets that a lesion is compared with: enough for a range of 95 %.
const MOST_RANDOM_SETS: usize = 100;

impl LaboratoryPart for Specificity {
    fn trials(&self, design: &Design<'_>) -> Trials {
        let sets = 1 + design.random_sets().min(MOST_RANDOM_SETS);
        let prompts = design.labelled().len() + 2 * design.bystanders.len();
        let layers = design.layers.iter();
        Trials::by_layer(layers.map(|&layer| (layer, prompts * sets))).at_most()
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
        for read_at in [ReadAt::Prompts, ReadAt::Bystanders] {
            let swapped =
                if read_at == ReadAt::Bystanders { bench.read_bystanders() } else { None };
            if read_at == ReadAt::Bystanders && swapped.is_none() {
                continue;
            }
            for &layer in design.layers {
                for label in bench.lesioned.labels() {
                    let mut watch = |now, _| progress(done + now, all);
                    let row = measure(bench, layer, label, read_at, &mut watch);
                    let Some((row, trials)) = left.take(row)?.flatten() else { continue };
                    done += trials;
                    rows.push(row);
                }
            }
            if let Some((prompts, method)) = swapped {
                bench.laboratory.replace_prompts(prompts, method);
            }
        }
        left.check()?;
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// Lesions the matched set of a layer and label, and random sets; also returns the number of trials.
/// None if no neuron is matched, or no prompt is read.
fn measure(
    bench: &mut Bench<'_, '_>,
    layer: usize,
    label: &str,
    read_at: ReadAt,
    progress: Progress<'_>,
) -> Result<Option<(SpecificityRow, usize)>, StudyError> {
    let design = bench.design;
    let matched = bench.lesioned.set(layer, label);
    let prompts = match read_at {
        ReadAt::Prompts => bench.laboratory.labelled(label),
        ReadAt::Bystanders => (0..design.bystanders.len()).collect(),
    };
    if matched.is_empty() || prompts.is_empty() {
        return Ok(None);
    }
    let mut sets = vec![matched.clone()];
    let random = design.random_set_plan().any(&mut bench.drawn, layer, matched.len());
    sets.extend(random.iter().take(MOST_RANDOM_SETS).cloned());
    let mut trials = Vec::with_capacity(sets.len() * prompts.len());
    for set in &sets {
        for &prompt in &prompts {
            trials.push(Trial::single(prompt, layer, set.clone()));
        }
    }
    let key = format!("specificity {read_at} {layer} {label}");
    let outcomes = bench.laboratory.run(&key, &trials, Read::Distribution, progress)?;
    let mut changes = Vec::with_capacity(sets.len());
    for outcomes in outcomes.chunks(prompts.len()) {
        let found: Vec<DistributionChange> =
            outcomes.iter().filter_map(|outcome| outcome.lesioned.change).collect();
        let sum: f64 = found.iter().map(|change| change.divergence).sum();
        let top_changes = found.iter().filter(|change| change.changes_top).count();
        changes.push((sum / prompts.len() as f64, top_changes));
    }
    let (divergence, top_changes) = changes[0];
    let random = &changes[1..];
    let range = central_range(random.iter().map(|&(divergence, _)| divergence).collect());
    let (random_low, random_high) = range.unzip();
    let random_changes: usize = random.iter().map(|&(_, top_changes)| top_changes).sum();
    let row = SpecificityRow {
        layer,
        neuron_set: label.to_owned(),
        read_at,
        neurons: matched.len(),
        prompts: prompts.len(),
        divergence,
        top_changes,
        random_sets: random.len(),
        random_low,
        random_high,
        random_top_changes: range.map(|_| random_changes as f64 / random.len() as f64),
    };
    Ok(Some((row, trials.len())))
}
