//! Training of the bundled model: masked-language modelling on the grammar's sentences, with Burn.
//!
//! One round draws [`Recipe::sentences_per_round`] fresh sentences, sorts them into batches of one
//! length, and makes one optimizer step a batch. Everything a round does follows from the seed and
//! the round's number, so a training that was interrupted goes on exactly where it was.

mod checkpoint;
mod error;
mod init;
mod masking;
mod state;
mod step;

use std::path::Path;

use bert_model::{BertConfig, BertForMaskedLm, BertTokenizer, TokenBatch};
use burn::{
    grad_clipping::GradientClippingConfig, module::Module, optim::AdamWConfig, tensor::Device,
};
use indicatif::{ProgressBar, ProgressStyle};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::{
    corpus::Corpus,
    grammar::Sentence,
    held_out::{HeldOut, split_hash},
};
use init::RandomInit;
use masking::{Example, mask};
use state::TrainingState;

pub use checkpoint::write_checkpoint;
pub use error::TrainError;

/// Everything that decides the trained weights beside the model's configuration and the text.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Seed of the initial weights, the sentences and the masks.
    pub seed: u64,
    /// Rounds to train.
    pub rounds: u64,
    /// Fresh sentences in each round.
    pub sentences_per_round: usize,
    /// Sentences in a batch, all of one length.
    pub batch_size: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
}

/// Optimizer steps until the learning rate is at its highest.
const WARM_UP_STEPS: u64 = 400;
/// A batch smaller than the batch size over this is dropped: its gradient would be noise.
const SMALLEST_BATCH: usize = 4;

/// Trains a model, keeping its progress in `state_dir`, from which a later call goes on. With
/// `stop_after`, it stops early, after that many rounds in all, as an interruption would.
///
/// # Errors
/// Where the tokenizer cannot encode a sentence or the state cannot be read or written.
pub fn train(
    config: &BertConfig,
    tokenizer: &BertTokenizer,
    held_out: &HeldOut,
    recipe: &Recipe,
    stop_after: Option<u64>,
    state_dir: &Path,
) -> Result<BertForMaskedLm, TrainError> {
    let device = Device::flex().autodiff();
    let mut init = RandomInit::new(recipe.seed);
    let model = BertForMaskedLm::load(config, &mut init, &device)?;
    let optimizer = AdamWConfig::new()
        .with_weight_decay(0.01)
        .with_epsilon(1e-6)
        .with_beta_2(0.98)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let fingerprint = fingerprint(config, held_out, recipe)?;
    let mut state = TrainingState::resume(state_dir, model, optimizer, fingerprint)?;

    let bar = progress_bar(recipe.rounds, state.round);
    let last = stop_after.map_or(recipe.rounds, |rounds| rounds.min(recipe.rounds));
    while state.round < last {
        let examples = draw_round(tokenizer, held_out, recipe, state.round)?;
        let mut total = 0.0;
        let batches = batches(examples, recipe, state.round);
        let count = batches.len();
        for (done, batch) in batches.into_iter().enumerate() {
            let progress = (state.round as f64 + done as f64 / count as f64) / recipe.rounds as f64;
            let rate = recipe.learning_rate * schedule(state.steps, progress);
            total += step::step(&mut state, &batch, rate)?;
            bar.set_message(format!("loss {:.4}", total / (done + 1) as f64));
        }
        state.round += 1;
        state.save(state_dir)?;
        // Beside the bar, so that a log file has it too.
        bar.suspend(|| eprintln!("round {}: mean loss {:.4}", state.round, total / count as f64));
        bar.inc(1);
    }
    bar.finish();
    Ok(state.model.valid())
}

/// What a training can only go on under: its settings, and the text that its first round reads.
fn fingerprint(
    config: &BertConfig,
    held_out: &HeldOut,
    recipe: &Recipe,
) -> Result<String, TrainError> {
    let corpus = Corpus::round(recipe.seed, 0, held_out)?;
    let text: String = corpus.take(1000).map(|sentence| sentence.text).collect();
    Ok(format!("{recipe:?}, {config:?}, text {:016x}", split_hash(&text)))
}

/// Warm-up, then a straight line down to 0 at the end of the training.
fn schedule(steps: u64, progress: f64) -> f64 {
    (steps as f64 / WARM_UP_STEPS as f64).min(1.0 - progress)
}

fn progress_bar(rounds: u64, done: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} round {pos}/{len} {msg} [{elapsed} < {eta}]")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rounds).with_style(style).with_position(done)
}

/// The masked examples of one round.
fn draw_round(
    tokenizer: &BertTokenizer,
    held_out: &HeldOut,
    recipe: &Recipe,
    round: u64,
) -> Result<Vec<Example>, TrainError> {
    let mut rng = round_rng(recipe.seed, round);
    let vocabulary = tokenizer.highest_id() + 1;
    Corpus::round(recipe.seed, round, held_out)?
        .take(recipe.sentences_per_round)
        .map(|sentence| {
            let (ids, pronouns) = encode(tokenizer, &sentence)?;
            Ok(mask(&ids, &pronouns, tokenizer.mask_id(), vocabulary, &mut rng))
        })
        .collect()
}

/// The sentence's tokens and the positions of its pronouns.
fn encode(
    tokenizer: &BertTokenizer,
    sentence: &Sentence,
) -> Result<(Vec<u32>, Vec<usize>), TrainError> {
    let text = &sentence.text;
    let encoded = tokenizer.encode(text)?;
    let pronouns = sentence
        .slots
        .iter()
        .map(|slot| tokenizer.position_of(&encoded, text, slot.range.clone()))
        .collect::<Result<_, _>>()
        .map_err(|source| TrainError::Sentence { sentence: text.clone(), source })?;
    Ok((encoded.ids, pronouns))
}

/// Sorts examples into batches of one length, in random order.
fn batches(examples: Vec<Example>, recipe: &Recipe, round: u64) -> Vec<Vec<Example>> {
    let longest = examples.iter().map(|e| e.input.len()).max().unwrap_or(0);
    let mut by_length: Vec<Vec<Example>> = vec![Vec::new(); longest + 1];
    for example in examples {
        by_length[example.input.len()].push(example);
    }
    let smallest = recipe.batch_size.div_ceil(SMALLEST_BATCH);
    let mut batches: Vec<Vec<Example>> = by_length
        .iter()
        .flat_map(|same| same.chunks(recipe.batch_size))
        .filter(|batch| batch.len() >= smallest)
        .map(<[Example]>::to_vec)
        .collect();
    batches.shuffle(&mut round_rng(!recipe.seed, round));
    batches
}

fn round_rng(seed: u64, round: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(round);
    rng
}

/// The inputs of a batch as the model reads them.
fn token_batch(batch: &[Example]) -> Result<TokenBatch, TrainError> {
    Ok(TokenBatch::new(batch.iter().map(|example| example.input.clone()).collect())?)
}
