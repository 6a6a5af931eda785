//! The cases.

use std::{fs, path::Path, sync::Arc, time::Instant};

use activation_capture::TokenCapture;
use anyhow::{Context, Result};
use bert_model::{BertForMaskedLm, Checkpoint, Site, TokenBatch};
use burn::tensor::{Device, Distribution, Tensor};
use lesion_eval::{
    Batching, Contrast, Laboratory, Manner, MaskedPrompt, NoJournal, Prompts, Read, Subject, Trial,
    predict,
};
use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{Case, make};

/// Neurons of a set.
const SET: usize = 200;
const SETS: usize = 1000;
const LAYER: usize = 9;

pub(crate) fn run(case: Case, dir: &Path, part: Option<usize>, plain: bool) -> Result<f64> {
    let started = Instant::now();
    if let Case::Ceiling = case {
        return Ok(ceiling());
    }
    let mut checkpoint = Checkpoint::open(dir)?;
    let model = checkpoint.load_model(&Device::flex())?;
    let batching = Batching::default();
    let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain, batching };
    let file = match case {
        Case::A | Case::B => make::PROMPTS,
        Case::C | Case::E | Case::Ceiling => make::PAPER,
    };
    let text = fs::read_to_string(dir.join(file)).with_context(|| file.to_owned())?;
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let mut prompts = MaskedPrompt::encode_all(subject, &Prompts::parse(file, &text)?, &contrast)?;
    if let (Case::A | Case::B, Some(part)) = (case, part) {
        prompts.truncate(part);
    }
    let loaded = Instant::now();
    match case {
        Case::A => capture(&model, subject, &prompts)?,
        Case::B => {
            let layers = model.config().num_hidden_layers;
            let sets = sets(3, &model);
            lesions(subject, &prompts, (0..layers).flat_map(|layer| at(layer, &sets)).collect())?;
        }
        Case::C => {
            let sets = sets(part.unwrap_or(SETS), &model);
            lesions(subject, &prompts, at(LAYER, &sets).collect())?;
        }
        Case::E | Case::Ceiling => {
            predict(subject, &prompts, &mut |_, _| ())?;
            return Ok(started.elapsed().as_secs_f64());
        }
    }
    Ok(loaded.elapsed().as_secs_f64())
}

/// The activations before and after GELU at each mask, and the logits over the vocabulary there.
fn capture(model: &BertForMaskedLm, subject: Subject<'_>, prompts: &[MaskedPrompt]) -> Result<()> {
    let groups = subject.passes(prompts.iter().map(MaskedPrompt::length));
    groups.into_par_iter().try_for_each(|group| {
        let group: Vec<&MaskedPrompt> = group.into_iter().map(|index| &prompts[index]).collect();
        let batch = TokenBatch::new(group.iter().map(|prompt| prompt.tokens().to_vec()).collect())?;
        let positions: Vec<usize> = group.iter().map(|prompt| prompt.position).collect();
        let mut kept = TokenCapture::new(&[Site::Pre, Site::Post], &batch, &positions)?;
        let hidden = subject.forward_at(&batch, &positions, &mut kept)?;
        let logits = model.logits(hidden).into_data();
        std::hint::black_box((kept.layers(Site::Pre)?, kept.layers(Site::Post)?, logits));
        Ok(())
    })
}

fn sets(count: usize, model: &BertForMaskedLm) -> Vec<Arc<[usize]>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let neurons = model.config().intermediate_size;
    (0..count).map(|_| index::sample(&mut rng, neurons, SET).into_iter().collect()).collect()
}

fn at(layer: usize, sets: &[Arc<[usize]>]) -> impl Iterator<Item = (usize, Arc<[usize]>)> {
    sets.iter().map(move |set| (layer, set.clone()))
}

/// Zeroes every set after GELU at the mask of every prompt.
fn lesions(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    sets: Vec<(usize, Arc<[usize]>)>,
) -> Result<()> {
    let manner = Manner::zero(Site::Post).prepare(None, prompts, 0)?;
    let mut journal = NoJournal;
    let mut laboratory = Laboratory::new(subject, prompts, manner, &mut journal);
    let trials: Vec<Trial> = sets
        .into_iter()
        .flat_map(|(layer, set)| {
            (0..prompts.len()).map(move |prompt| Trial::single(prompt, layer, set.clone()))
        })
        .collect();
    let outcomes = laboratory.run("yardstick", &trials, Read::Candidates, &mut |_, _| ())?;
    std::hint::black_box(outcomes);
    Ok(())
}

/// GFLOP/s of a product as large as an MLP's.
fn ceiling() -> f64 {
    let device = Device::flex();
    let [rows, inner, columns] = [1728_usize, 768, 3072];
    let random = |shape| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let (a, b) = (random([rows, inner]), random([inner, columns]));
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let started = Instant::now();
        std::hint::black_box(a.clone().matmul(b.clone()).into_data());
        best = best.min(started.elapsed().as_secs_f64());
    }
    2.0 * (rows * inner * columns) as f64 / best / 1e9
}
