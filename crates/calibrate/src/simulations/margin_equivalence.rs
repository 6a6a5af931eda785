//! Effects that are exactly as large as the margin of equivalence: "no effect" is then wrong.

use std::sync::Arc;

use anyhow::{Context, Result};
use lesion_eval::{
    CONFIDENCE, Laboratory, LesionMethod, MaskedPrompt, NeuronSetEntry, NeuronSetFile, NoJournal,
    Read, Trial, predict, unwatched,
};
use neuron_stats::{Alternative, TestKind, equivalence_test, t_test};
use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use study_record::{IndexRanges, LEVEL, Part, Question, Site, Study, Verdict, tables::VerdictRow};

use crate::{
    model_study::ModelStudy,
    random_model::{LAYERS, NEURONS, PLANTED_LAYERS, RandomModel, WeightKind},
    random_texts::{draw_pairs, draw_prompts},
    rates::Rate,
    simulation_table::{SimulationTable, TableCell},
    simulations::{
        interval_coverage::{SHAPES, Shape, TEMPLATES},
        simulation_scale::{Scale, for_each_seed, quick_study},
    },
};

/// Templates of which the mean effect is known, because all are run.
const POPULATION: usize = 600;
/// The same in models whose random sets are all known too.
const RANDOM_POPULATION: usize = 200;
/// Random sets that these are.
const ALL_SETS: usize = 300;
/// Studies of each model, each of other templates of the population.
const STUDIES: usize = 20;
/// Templates of a study.
const TEMPLATES_PER_STUDY: usize = 24;
/// Too few for the effect to be shown, which would come before the test of equivalence.
const FEW_SETS: i64 = 9;
/// Random sets of a study in which they are drawn anew.
const NEW_SETS: i64 = 99;
/// Strength with which the planted neurons write.
const STRENGTH: f32 = 0.5;
/// Simulated samples for each model that is asked for.
const SAMPLES_PER_MODEL: usize = 50;

pub(crate) fn simulate(scale: &Scale) -> Result<Vec<SimulationTable>> {
    Ok(vec![simulate_studies(scale)?, simulate_samples(scale)?])
}

/// Numbers of studies of one model that say "no effect".
#[derive(Default)]
struct ModelCounts {
    /// The verdict of the study.
    verdict: usize,
    /// The test with the margin of equivalence that holds for all templates.
    known: usize,
    /// The test of each template's effect beside the same share of its own margin without a lesion.
    beside: usize,
}

/// Whole studies whose margin of equivalence is the mean effect over a population of templates.
fn simulate_studies(scale: &Scale) -> Result<SimulationTable> {
    let models = scale.models.div_ceil(STUDIES).max(4);
    let planted = for_each_seed(scale, 40, models, study_planted)?;
    let planted: Vec<ModelCounts> = planted.into_iter().flatten().collect();
    let random = for_each_seed(scale, 44, models, study_random)?;
    let random: Vec<usize> = random.into_iter().flatten().collect();
    let mut rows = Vec::new();
    let mut add = |models: &str, test: &str, counts: Vec<usize>| {
        let clusters: Vec<(usize, usize)> =
            counts.into_iter().map(|count| (count, STUDIES)).collect();
        rows.push(vec![
            TableCell::text(models),
            TableCell::text(test),
            TableCell::ClusteredRate(Rate::of_clusters(&clusters)),
            TableCell::Number(LEVEL, 2),
        ]);
    };
    let count = |counts: fn(&ModelCounts) -> usize| planted.iter().map(counts).collect();
    add("planted", "the verdict", count(|model| model.verdict));
    add("planted", "the test with the margin of all templates", count(|model| model.known));
    add("planted", "the test of each template beside its own margin", count(|model| model.beside));
    add("unequal gains", "the verdict, with new random sets in every study", random);
    Ok(SimulationTable {
        title: "Effects at the margin of equivalence, whole studies".to_owned(),
        notes: format!(
            "Up to {models} models of each kind and {STUDIES} studies of each, with \
             {TEMPLATES_PER_STUDY} templates of a population. The margin of equivalence is the mean \
             effect over the population. One of the planted neurons is lesioned, or a random set with \
             a typical effect. The rate has two standard errors over models."
        ),
        columns: vec!["models", "no effect by", "rate", "nominal"],
        rows,
    })
}

/// The studies of a planted model; none if the effect is larger than the margin without a lesion.
fn study_planted(seed: u64) -> Result<Option<ModelCounts>> {
    let model = RandomModel::new(WeightKind::Planted { strength: STRENGTH }, seed)?;
    let layer = PLANTED_LAYERS - 1;
    let mut study = design_study(seed, layer, FEW_SETS)?;
    let prepared = ModelStudy::new(model.subject(), &draw_pairs(8, seed), &study)?;
    let prompts = prepared.encode(&draw_prompts(POPULATION, true, seed))?;
    // The first ones are those of him.
    let prompts = &prompts[..POPULATION];
    let set = [0];
    let mut excess = Vec::with_capacity(POPULATION);
    for prompt in prompts {
        let row = find_effect(&prepared, &study, std::slice::from_ref(prompt), &set)?;
        excess.push(row.excess.context("the study has random sets")?);
    }
    let margins = clean_margins(&model, prompts)?;
    let share = mean(&excess).abs() / mean(&margins).abs();
    if share >= 1.0 {
        return Ok(None);
    }
    study.controls.equivalence = share.try_into()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut counts = ModelCounts::default();
    for _ in 0..STUDIES {
        let chosen = index::sample(&mut rng, POPULATION, TEMPLATES_PER_STUDY).into_vec();
        let row = find_effect(&prepared, &study, &pick(prompts, &chosen), &set)?;
        counts.verdict += usize::from(row.verdict == Verdict::NoEffect);
        let excess = pick(&excess, &chosen);
        let known = equivalence_test(&excess, share * mean(&margins).abs(), CONFIDENCE)?;
        counts.known += usize::from(known.p <= LEVEL);
        let beside = test_beside_margins(&excess, &pick(&margins, &chosen), share)?;
        counts.beside += usize::from(beside <= LEVEL);
    }
    Ok(Some(counts))
}

/// Number of studies of a random model that say "no effect"; none if no set has a typical effect that is
/// smaller than the margin without a lesion.
fn study_random(seed: u64) -> Result<Option<usize>> {
    let model = RandomModel::new(WeightKind::UnequalGains, seed)?;
    let layer = LAYERS / 2;
    let mut study = design_study(seed, layer, NEW_SETS)?;
    let prepared = ModelStudy::new(model.subject(), &draw_pairs(8, seed), &study)?;
    let prompts = prepared.encode(&draw_prompts(RANDOM_POPULATION, false, seed))?;
    let prompts = &prompts[..RANDOM_POPULATION];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sets: Vec<Arc<[usize]>> = (0..ALL_SETS)
        .map(|_| index::sample(&mut rng, NEURONS, NEURONS / 10).into_iter().collect())
        .collect();
    let effects = lesion_sets(&model, prompts, layer, &sets)?;
    let centre = mean(&effects);
    let squares: Vec<f64> = effects.iter().map(|effect| (effect - centre).powi(2)).collect();
    let deviation = mean(&squares).sqrt();
    let clean_margin = mean(&clean_margins(&model, prompts)?).abs();
    let typical = sets.iter().zip(effects).find_map(|(set, effect)| {
        let excess = (effect - centre).abs();
        let is_typical = (0.5..1.5).contains(&(excess / deviation));
        if is_typical && excess < 0.9 * clean_margin { Some((set, excess)) } else { None }
    });
    let Some((set, excess)) = typical else { return Ok(None) };
    study.controls.equivalence = (excess / clean_margin).try_into()?;
    let mut no_effect = 0;
    for number in 0..STUDIES {
        study.seed = seed.wrapping_add(number as u64);
        let chosen = index::sample(&mut rng, RANDOM_POPULATION, TEMPLATES_PER_STUDY).into_vec();
        let row = find_effect(&prepared, &study, &pick(prompts, &chosen), set)?;
        no_effect += usize::from(row.verdict == Verdict::NoEffect);
    }
    Ok(Some(no_effect))
}

/// The mean margin drop of each set.
fn lesion_sets(
    model: &RandomModel,
    prompts: &[MaskedPrompt],
    layer: usize,
    sets: &[Arc<[usize]>],
) -> Result<Vec<f64>> {
    let mut trials = Vec::with_capacity(sets.len() * prompts.len());
    for set in sets {
        for prompt in 0..prompts.len() {
            trials.push(Trial::single(prompt, layer, set.clone()));
        }
    }
    let method = LesionMethod::zero(Site::Post).prepare(None, prompts, 0)?;
    let mut journal = NoJournal;
    let mut laboratory = Laboratory::new(model.subject(), prompts, method, &mut journal);
    let outcomes = laboratory.run("sets", &trials, Read::Candidates, &mut unwatched())?;
    let means = outcomes.chunks(prompts.len()).map(|outcomes| {
        let drops: Vec<f64> = outcomes.iter().map(|outcome| outcome.drops().margin).collect();
        mean(&drops)
    });
    Ok(means.collect())
}

/// The margin of each prompt without a lesion.
fn clean_margins(model: &RandomModel, prompts: &[MaskedPrompt]) -> Result<Vec<f64>> {
    let predictions = predict(model.subject(), prompts, &mut unwatched())?;
    let margins = predictions.iter().map(|prediction| {
        let [right, other] = [0, 1].map(|word: usize| prediction.scores[word].logit);
        f64::from(right) - f64::from(other)
    });
    Ok(margins.collect())
}

/// p of two one-sided tests that the mean excess is smaller than a share of the mean margin, with both
/// means estimated.
fn test_beside_margins(excess: &[f64], margins: &[f64], share: f64) -> Result<f64> {
    let zeros = vec![0.0; excess.len()];
    let side = mean(margins).signum();
    let mut p = 0.0_f64;
    for sign in [1.0, -1.0] {
        let distances: Vec<f64> = excess
            .iter()
            .zip(margins)
            .map(|(excess, margin)| side * share * margin + sign * excess)
            .collect();
        let test = t_test(TestKind::Paired, &distances, &zeros, CONFIDENCE)?;
        p = p.max(test.p(Alternative::Greater));
    }
    Ok(p)
}

fn pick<T: Clone>(values: &[T], places: &[usize]) -> Vec<T> {
    places.iter().map(|&place| values[place].clone()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn design_study(seed: u64, layer: usize, random_sets: i64) -> Result<Study> {
    let mut study = quick_study(seed)?;
    study.lesion.layers = IndexRanges::one(layer);
    study.lesion.layer = Some(layer);
    study.parts = Some(vec![Part::Controls]);
    study.controls.nulls = Some(random_sets.try_into()?);
    Ok(study)
}

/// The verdict on the lesion of one set.
fn find_effect(
    prepared: &ModelStudy<'_>,
    study: &Study,
    prompts: &[MaskedPrompt],
    set: &[usize],
) -> Result<VerdictRow> {
    let layer = study.lesion.layer.context("the study has a layer")?;
    let label = "him".to_owned();
    let set = NeuronSetEntry { layer, label, neurons: set.to_vec(), lesioned: None };
    let outcome = prepared.run(study, prompts, Some(&NeuronSetFile { sets: vec![set] }))?;
    let row = outcome.about(Question::Effect).next().cloned();
    row.context("the study has an effect")
}

/// The test itself, with means of templates of known distributions.
fn simulate_samples(scale: &Scale) -> Result<SimulationTable> {
    let samples = scale.models * SAMPLES_PER_MODEL;
    let mut rows = Vec::new();
    for (purpose, shape) in (41..).zip(SHAPES) {
        for sign in [1.0, -1.0] {
            let mut cells = vec![TableCell::text(shape.name()), TableCell::Number(sign, 0)];
            for templates in TEMPLATES {
                let found = for_each_seed(scale, purpose, samples, |seed| {
                    is_equivalent(shape, templates, sign, seed)
                })?;
                cells.push(TableCell::Rate(Rate::of(found)));
            }
            cells.push(TableCell::Number(LEVEL, 2));
            rows.push(cells);
        }
    }
    Ok(SimulationTable {
        title: "Effects at the margin of equivalence, the test itself".to_owned(),
        notes: format!(
            "{samples} samples of template means each, with a mean at the margin (1) or at minus the \
             margin (-1), and a standard deviation of half the margin."
        ),
        columns: vec!["template means", "mean", "10 templates", "24", "53", "nominal"],
        rows,
    })
}

fn is_equivalent(shape: Shape, templates: usize, sign: f64, seed: u64) -> Result<bool> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f64> = (0..templates).map(|_| sign + 0.5 * shape.draw(&mut rng)).collect();
    Ok(equivalence_test(&values, 1.0, CONFIDENCE)?.p <= LEVEL)
}
