//! Cases of the model: captures, lesions and predictions, as notebooks do them.
//! `pytorch_reference.py` does the same with PyTorch.

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Instant};

use activation_capture::TokenCapture;
use anyhow::{Context, Result};
use bert_model::{Checkpoint, LanguageModel, Site, TokenBatch};
use burn::tensor::{Device, Distribution, Tensor};
use clap::ValueEnum;
use lesion_eval::{
    Batching, Contrast, Laboratory, LesionMethod, MaskedPrompt, NoJournal, Prompts, Read, Subject,
    Trial, predict, unwatched,
};
use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use study_record::ScoreUnit;

use crate::random_checkpoint::{EACH_SENTENCE, PAPER, PROMPTS};
use lesion::{LesionRequest, SentenceQuestion, Session, Stages};

/// Neurons per set.
const SET_SIZE: usize = 200;
/// Sets per layer in case b.
const SETS_PER_LAYER: usize = 3;
/// Sets in case c.
const SETS: usize = 1000;
/// Layer of case c.
const LAYER: usize = 9;

/// A case of the model.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModelCase {
    /// Capture every layer at the masked token of 108 sentences, and the logits there.
    A,
    /// Lesion each layer with three sets in 108 prompts.
    B,
    /// Lesion layer 9 with 1,000 random sets of 200 neurons in the paper's two prompts.
    C,
    /// Predict the paper's two prompts, from the start of the process.
    E,
    /// Predict 200 sentences with a lesion, one after the other, with the bundled model.
    F,
    /// Lesion each neuron of layer 9 by itself at the first mask of the paper's prompt.
    G,
    /// A matrix product, to know the limit of the machine: GFLOP/s instead of seconds.
    Ceiling,
}

impl ModelCase {
    /// Runs the case and returns its seconds. Loading the model counts in case e only.
    pub(crate) fn run(self, dir: &Path, part: Option<usize>, plain: bool) -> Result<f64> {
        let started = Instant::now();
        match self {
            Self::Ceiling => return Ok(multiply_matrices()),
            Self::F => return predict_one_by_one(),
            Self::G => return lesion_each(dir),
            Self::A | Self::B | Self::C | Self::E => {}
        }
        let mut checkpoint = Checkpoint::open(dir)?;
        let model = checkpoint.load_model(&Device::flex())?;
        let tokenizer = &checkpoint.tokenizer;
        let subject = Subject { model: &model, tokenizer, plain, batching: Batching::default() };
        let mut prompts = self.read_prompts(subject, dir)?;
        let loaded = Instant::now();
        match self {
            Self::A => {
                prompts.truncate(part.unwrap_or(usize::MAX));
                capture(&model, subject, &prompts)?;
            }
            Self::B => {
                prompts.truncate(part.unwrap_or(usize::MAX));
                let sets = draw_sets(SETS_PER_LAYER, &model);
                let layers = 0..model.config().num_hidden_layers;
                lesion_sets(subject, &prompts, &layers.collect::<Vec<_>>(), &sets)?;
            }
            Self::C => {
                let sets = draw_sets(part.unwrap_or(SETS), &model);
                lesion_sets(subject, &prompts, &[LAYER], &sets)?;
            }
            Self::E | Self::F | Self::G | Self::Ceiling => {
                predict(subject, &prompts, &mut unwatched())?;
                return Ok(started.elapsed().as_secs_f64());
            }
        }
        Ok(loaded.elapsed().as_secs_f64())
    }

    fn read_prompts(self, subject: Subject<'_>, dir: &Path) -> Result<Vec<MaskedPrompt>> {
        let file = match self {
            Self::A | Self::B => PROMPTS,
            Self::C | Self::E | Self::F | Self::G | Self::Ceiling => PAPER,
        };
        let text = fs::read_to_string(dir.join(file)).with_context(|| file.to_owned())?;
        let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
        let prompts = Prompts::parse(file, &text)?;
        Ok(MaskedPrompt::encode_all(subject, &prompts, &contrast, ScoreUnit::Word)?)
    }
}

/// Sentences of case f.
const SENTENCES: usize = 200;
/// Their names.
const NAMES: [&str; 4] = ["Lucy", "Mary", "Robert", "Edward"];

/// Predicts sentences with a lesion, one after the other.
fn predict_one_by_one() -> Result<f64> {
    let mut stages = Stages::unwatched();
    let session = Session::open(None, &mut stages)?;
    let neurons = vec!["5:0-99".parse().map_err(anyhow::Error::msg)?];
    let started = Instant::now();
    for index in 0..SENTENCES {
        let [one, other] = [index, index / NAMES.len()].map(|place| NAMES[place % NAMES.len()]);
        let question = SentenceQuestion::new(format!("{one} helped {other} with [MASK] project."))
            .with_candidates(&["her", "his"])
            .with_lesion(LesionRequest::zero(neurons.clone()));
        black_box(session.predict(&question, &mut stages)?);
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Lesions each neuron of a layer by itself.
fn lesion_each(dir: &Path) -> Result<f64> {
    let mut stages = Stages::unwatched();
    let session = Session::open(Some(&dir.to_string_lossy()), &mut stages)?;
    let neurons = vec![format!("{LAYER}:all").parse().map_err(anyhow::Error::msg)?];
    let question = SentenceQuestion::new(EACH_SENTENCE)
        .with_candidates(&["her", "him"])
        .with_lesion(LesionRequest::zero(neurons));
    let started = Instant::now();
    black_box(session.each(&question, &mut stages)?);
    Ok(started.elapsed().as_secs_f64())
}

/// Captures the activations before and after the activation function at each mask, and the logits there.
fn capture(model: &LanguageModel, subject: Subject<'_>, prompts: &[MaskedPrompt]) -> Result<()> {
    let groups = subject.passes(prompts.iter().map(MaskedPrompt::length));
    groups.into_par_iter().try_for_each(|group| {
        let mut tokens = Vec::new();
        let mut positions = Vec::new();
        for index in group {
            tokens.push(prompts[index].tokens().to_vec());
            positions.push(prompts[index].position);
        }
        let batch = TokenBatch::new(tokens)?;
        let mut captured = TokenCapture::new(&[Site::Pre, Site::Post], &batch, &positions)?;
        let hidden = subject.forward_at(&batch, &positions, &mut captured)?;
        let logits = model.logits(hidden).into_data();
        black_box((captured.layers(Site::Pre)?, captured.layers(Site::Post)?, logits));
        Ok(())
    })
}

fn draw_sets(count: usize, model: &LanguageModel) -> Vec<Arc<[usize]>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let neurons = model.config().intermediate_size;
    (0..count).map(|_| index::sample(&mut rng, neurons, SET_SIZE).into_iter().collect()).collect()
}

/// Zeroes every set in each of the layers, after the activation function, at the mask of every prompt.
fn lesion_sets(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    layers: &[usize],
    sets: &[Arc<[usize]>],
) -> Result<()> {
    let mut trials = Vec::new();
    for &layer in layers {
        for set in sets {
            for prompt in 0..prompts.len() {
                trials.push(Trial::single(prompt, layer, set.clone()));
            }
        }
    }
    let method = LesionMethod::zero(study_record::Site::Post).prepare(None, prompts, 0)?;
    let mut journal = NoJournal;
    let mut laboratory = Laboratory::new(subject, prompts, method, &mut journal);
    black_box(laboratory.run("yardstick", &trials, Read::Candidates, &mut unwatched())?);
    Ok(())
}

/// GFLOP/s of a product as large as those of an MLP: the best of eight runs.
fn multiply_matrices() -> f64 {
    let device = Device::flex();
    let (rows, inner, columns) = (1728_usize, 768, 3072);
    let distribution = Distribution::Normal(0.0, 1.0);
    let a = Tensor::<2>::random([rows, inner], distribution, &device);
    let b = Tensor::<2>::random([inner, columns], distribution, &device);
    let mut best_seconds = f64::INFINITY;
    for _ in 0..8 {
        let started = Instant::now();
        black_box(a.clone().matmul(b.clone()).into_data());
        best_seconds = best_seconds.min(started.elapsed().as_secs_f64());
    }
    let operations = 2 * rows * inner * columns;
    operations as f64 / best_seconds / 1e9
}
