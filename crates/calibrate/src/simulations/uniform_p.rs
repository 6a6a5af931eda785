//! The p of random sets in place of the matched one, in the bundled model.

use std::fs;

use activation_capture::TokenCapture;
use anyhow::{Context, Result, bail};
use bert_model::{Checkpoint, LanguageModel, Site, TokenBatch};
use burn::tensor::Device;
use lesion_eval::{Batching, MaskedPrompt, NeuronSetEntry, NeuronSetFile, Subject};
use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use study_record::{IndexRanges, LEVEL, LesionKind, Part, SetKind, Study, tables::ProfileRow};

use crate::{
    model_study::ModelStudy,
    rates::{Rate, kolmogorov_smirnov_p},
    simulation_table::{SimulationTable, TableCell},
    simulations::simulation_scale::{Scale, for_each_seed, quick_study},
};

/// Neurons of a set, a tenth of the layer.
const SET_SIZE: usize = 76;
/// Random sets that each is compared with, so that p is a multiple of 0.01.
const RANDOM_SETS: usize = 99;
/// Prompts, all with this label.
const PROMPTS: usize = 2;
const LABEL: &str = "him";
/// Groups of similar neurons that a loud set is chosen from.
const LOUD_GROUPS: usize = 10;

/// Neurons that the sets in place of the matched one are chosen from.
#[derive(Clone, Copy, PartialEq)]
enum Pool {
    /// The whole layer.
    Layer,
    /// The most active neurons.
    Active,
    /// Those that displace most.
    Displacing,
}

/// A column of p.
struct PColumn {
    name: &'static str,
    p: fn(&ProfileRow) -> Option<f64>,
}

const RANDOM: PColumn = PColumn { name: "p_random", p: |row| row.p_random };
const ACTIVE: PColumn = PColumn { name: "p_random_active", p: |row| row.p_random_active };
const DISPLACED: PColumn = PColumn { name: "p_random_displaced", p: |row| row.p_random_displaced };
const PER_DISPLACEMENT: PColumn =
    PColumn { name: "p_per_displacement", p: |row| row.p_per_displacement };

/// The columns that must be uniform for sets of a pool.
const fn columns(pool: Pool) -> &'static [PColumn] {
    match pool {
        Pool::Layer => &[RANDOM, ACTIVE, DISPLACED, PER_DISPLACEMENT],
        Pool::Active => &[ACTIVE],
        Pool::Displacing => &[DISPLACED],
    }
}

const fn pool_name(pool: Pool) -> &'static str {
    match pool {
        Pool::Layer => "the layer",
        Pool::Active => "the 160 most active",
        Pool::Displacing => "the 160 most displacing",
    }
}

pub(crate) fn simulate(scale: &Scale) -> Result<SimulationTable> {
    let mut checkpoint = Checkpoint::open(scale.assets.join("models/bundled"))?;
    let model = checkpoint.load_model(&Device::flex())?;
    let tokenizer = &checkpoint.tokenizer;
    let subject = Subject { model: &model, tokenizer, plain: false, batching: Batching::default() };
    let stimuli = fs::read_to_string(scale.assets.join("stimuli/him_her.txt"))?;
    let prepared = ModelStudy::new(subject, &stimuli, &quick_study(0)?)?;
    let prompts = prepared.encode(&read_prompts(scale)?)?;
    let layers = model.config().num_hidden_layers;
    let mut cases = Vec::new();
    for layer in [1, layers - 1] {
        for kind in [
            LesionKind::Zero,
            LesionKind::Mean,
            LesionKind::Median,
            LesionKind::Resample,
            LesionKind::Scale(0.5),
        ] {
            cases.push((layer, kind, Pool::Layer));
        }
        cases.push((layer, LesionKind::Zero, Pool::Active));
        cases.push((layer, LesionKind::Zero, Pool::Displacing));
    }
    let mut rows = Vec::new();
    for (purpose, (layer, kind, pool)) in (10..).zip(cases) {
        let neurons = list_pool(subject, &prompts, layer, pool)?;
        let profiles = for_each_seed(scale, purpose, scale.models, |seed| {
            let mut study = design_study(seed, layer)?;
            study.lesion.kind = kind;
            let sets = random_set(&neurons, layer, seed);
            let outcome = prepared.run(&study, &prompts, Some(&sets))?;
            let found = outcome.profile.into_iter().find(|row| row.neurons > 0);
            found.context("the set was not lesioned")
        })?;
        for column in columns(pool) {
            rows.push(row(layer, kind, pool, column, &profiles));
        }
    }
    Ok(SimulationTable {
        title: "p of random sets".to_owned(),
        notes: format!(
            "{} random sets of {SET_SIZE} neurons in place of the matched one, in the bundled model; \
             {PROMPTS} prompts, {RANDOM_SETS} random sets. p must be uniform. The last column is p of \
             Kolmogorov and Smirnov's test that it is.",
            scale.models
        ),
        columns: vec!["layer", "lesion", "chosen from", "p", "at most 0.05", "KS p"],
        rows,
    })
}

/// Two prompts of the label, from those of the repository.
fn read_prompts(scale: &Scale) -> Result<String> {
    let file = scale.assets.join("prompts/controlled.txt");
    let text = fs::read_to_string(&file)?;
    let brace = format!("{{{LABEL}|");
    let is_simple = |line: &&str| {
        !line.starts_with('#') && line.contains(&brace) && line.matches('{').count() == 1
    };
    let lines: Vec<&str> = text.lines().filter(is_simple).take(PROMPTS).collect();
    if lines.len() < PROMPTS {
        bail!("{} has no {PROMPTS} prompts with {brace}", file.display());
    }
    Ok(lines.join("\n"))
}

fn design_study(seed: u64, layer: usize) -> Result<Study> {
    let mut study = quick_study(seed)?;
    study.lesion.layers = IndexRanges::one(layer);
    study.lesion.layer = Some(layer);
    study.parts = Some(vec![Part::Controls]);
    study.controls.nulls = Some((RANDOM_SETS as i64).try_into()?);
    study.controls.every_kind = true;
    Ok(study)
}

/// A file with one random set that is lesioned, but carries no label.
fn random_set(pool: &[usize], layer: usize, seed: u64) -> NeuronSetFile {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX);
    let chosen = index::sample(&mut rng, pool.len(), SET_SIZE);
    let lesioned = Some(chosen.into_iter().map(|place| pool[place]).collect());
    let entry = NeuronSetEntry { layer, label: LABEL.to_owned(), neurons: Vec::new(), lesioned };
    NeuronSetFile { sets: vec![entry] }
}

/// The neurons of a pool. The loud ones are whole groups of similar neurons, so that a set of them is
/// as likely as any other with as many neurons in each group.
fn list_pool(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    layer: usize,
    pool: Pool,
) -> Result<Vec<usize>> {
    let mut values = activity(subject, prompts, layer)?;
    if pool == Pool::Displacing {
        for (value, norm) in values.iter_mut().zip(norms(subject.model, layer)?) {
            *value *= norm;
        }
    }
    let mut sorted: Vec<usize> = (0..values.len()).collect();
    if pool != Pool::Layer {
        sorted.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        sorted.truncate(LOUD_GROUPS * SetKind::GROUP);
    }
    Ok(sorted)
}

/// Each neuron's mean |activation| at the masks.
fn activity(subject: Subject<'_>, prompts: &[MaskedPrompt], layer: usize) -> Result<Vec<f64>> {
    let subject = Subject { plain: true, ..subject };
    let mut sums = vec![0.0; subject.model.config().intermediate_size];
    for prompt in prompts {
        let batch = TokenBatch::new(vec![prompt.tokens().to_vec()])?;
        let positions = [prompt.position];
        let mut capture = TokenCapture::new(&[Site::Post], &batch, &positions)?;
        subject.forward_at(&batch, &positions, &mut capture)?;
        for (sum, value) in sums.iter_mut().zip(&capture.layers(Site::Post)?[layer]) {
            *sum += f64::from(value.abs());
        }
    }
    Ok(sums.iter().map(|sum| sum / prompts.len() as f64).collect())
}

fn norms(model: &LanguageModel, layer: usize) -> Result<Vec<f64>> {
    Ok(model.output_norms(layer)?.into_iter().map(f64::from).collect())
}

fn row(
    layer: usize,
    kind: LesionKind,
    pool: Pool,
    column: &PColumn,
    profiles: &[ProfileRow],
) -> Vec<TableCell> {
    let p: Vec<f64> = profiles.iter().filter_map(column.p).collect();
    let rate = Rate::of(p.iter().map(|&p| p <= LEVEL));
    // p has steps of 0.01; within a step any value is as likely.
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let step = 1.0 / (RANDOM_SETS + 1) as f64;
    let smooth: Vec<f64> =
        p.iter().map(|p| p - step * f64::from(rand::RngExt::random::<f32>(&mut rng))).collect();
    vec![
        TableCell::Count(layer),
        TableCell::text(kind.to_string()),
        TableCell::text(pool_name(pool)),
        TableCell::text(column.name),
        TableCell::Rate(rate),
        TableCell::Number(kolmogorov_smirnov_p(&smooth), 3),
    ]
}
