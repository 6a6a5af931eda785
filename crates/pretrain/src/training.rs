//! The training loop.

use std::path::Path;

use bert_model::{BertConfig, BertTokenizer, LanguageModel, UntrainedWeights};
use burn::{
    grad_clipping::GradientClippingConfig, module::Module, optim::AdamWConfig, tensor::Device,
};
use grammar::{Corpus, HeldOut, split_hash};
use indicatif::{ProgressBar, ProgressStyle};

use crate::optimizer_step::take_step;
use crate::recipe::Recipe;
use crate::round::{draw_examples, make_batches};
use crate::train_error::TrainError;
use crate::training_state::TrainingState;

/// Optimizer steps until the learning rate reaches its highest value.
const WARM_UP_STEPS: u64 = 400;

/// Trains a model. Its progress is kept in `state_dir`, from which a later call resumes.
///
/// With `stop_after`, training stops after that many rounds in total, as if it were interrupted.
///
/// # Errors
///
/// If the tokenizer cannot encode a sentence, the state cannot be read or written, or the loss is no
/// longer finite.
pub fn train(
    config: &BertConfig,
    tokenizer: &BertTokenizer,
    held_out: &HeldOut,
    recipe: &Recipe,
    stop_after: Option<u64>,
    state_dir: &Path,
) -> Result<LanguageModel, TrainError> {
    let device = Device::flex().autodiff();
    let mut init = UntrainedWeights::with_deviation(recipe.seed, recipe.deviation);
    let model = LanguageModel::load(config, &mut init, &device)?;
    let optimizer = AdamWConfig::new()
        .with_weight_decay(0.01)
        .with_epsilon(1e-6)
        .with_beta_2(0.98)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let fingerprint = compute_fingerprint(config, held_out, recipe)?;
    let mut state = TrainingState::resume(state_dir, model, optimizer, fingerprint)?;

    let bar = progress_bar(recipe.rounds, state.round);
    let last_round = stop_after.map_or(recipe.rounds, |rounds| rounds.min(recipe.rounds));
    while state.round < last_round {
        let examples = draw_examples(tokenizer, held_out, recipe, state.round)?;
        let batches = make_batches(examples, recipe, state.round);
        let batch_count = batches.len() as f64;
        let mut total_loss = 0.0;
        for (index, batch) in batches.into_iter().enumerate() {
            let rounds_done = state.round as f64 + index as f64 / batch_count;
            let rate = learning_rate(recipe, state.steps, rounds_done / recipe.rounds as f64);
            total_loss += take_step(&mut state, &batch, rate)?;
            bar.set_message(format!("loss {:.4}", total_loss / (index + 1) as f64));
        }
        state.round += 1;
        state.save(state_dir)?;
        // Printed beside the bar, so that a log file contains it too.
        let mean_loss = total_loss / batch_count;
        bar.suspend(|| eprintln!("round {}: mean loss {mean_loss:.4}", state.round));
        bar.inc(1);
    }
    bar.finish();
    Ok(state.model.valid())
}

/// A description of the settings and of the text. Training resumes only if it is unchanged.
fn compute_fingerprint(
    config: &BertConfig,
    held_out: &HeldOut,
    recipe: &Recipe,
) -> Result<String, TrainError> {
    let corpus = Corpus::for_round(recipe.seed, 0, held_out)?;
    let text: String = corpus.take(1000).map(|sentence| sentence.text).collect();
    Ok(format!("{recipe:?}, {config:?}, text {:016x}", split_hash(&text)))
}

/// The learning rate: a linear warm-up, then a linear decay that ends at 0.
fn learning_rate(recipe: &Recipe, steps: u64, progress: f64) -> f64 {
    recipe.learning_rate * (steps as f64 / WARM_UP_STEPS as f64).min(1.0 - progress)
}

fn progress_bar(rounds: u64, done: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} round {pos}/{len} {msg} [{elapsed} < {eta}]")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rounds).with_style(style).with_position(done)
}
