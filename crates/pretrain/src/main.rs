//! The trainer of the bundled model and of the tiny ones: `cargo xtask pretrain`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use bert_model::{BertTokenizer, Checkpoint, SpecialTokens, WordPieceOptions};
use burn::tensor::Device;
use clap::{Args, Parser};
use grammar::{
    CalibrationRow, Case, HeldOut, TINY_SEEDS, calibration_curve, graded_prompts, held_out_prompts,
    vocabulary::word_pieces,
};
use pretrain::{ModelShape, Recipe, prompt_probabilities, train, write_checkpoint};

/// Random seed of the prompts that show how well a trained model is calibrated.
const CALIBRATION_SEED: u64 = 0;
/// Number of these prompts at each level.
const CALIBRATION_PROMPTS: usize = 1_000;

/// Train a small BERT on sentences of the grammar.
///
/// Progress is saved after every round. To resume an interrupted training, start it again with the
/// same settings. At the end, the model's probabilities in held-out prompts are compared with the
/// grammar's; a complete training is not repeated for that.
#[derive(Parser)]
#[command(name = "pretrain", version, args_override_self = true)]
struct Options {
    /// Folder for the trained checkpoint, in Hugging Face format.
    #[arg(long, default_value = "target/pretrain/model")]
    out: PathBuf,
    /// Folder for the progress.
    #[arg(long, default_value = "target/pretrain/state")]
    state: PathBuf,
    /// Train the tiny models instead, one after the other, each into a folder `seed-N` of `--out`.
    #[arg(long, conflicts_with = "Settings")]
    tiny: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Settings of one training, by default those of the bundled model.
#[derive(Args)]
struct Settings {
    /// Random seed of the initial weights, the sentences and the masks.
    #[arg(long, default_value_t = Recipe::BUNDLED.seed)]
    seed: u64,
    /// Number of layers.
    #[arg(long, default_value_t = ModelShape::BUNDLED.layers)]
    layers: usize,
    /// Width of the residual stream. A layer has four times as many neurons.
    #[arg(long, default_value_t = ModelShape::BUNDLED.hidden)]
    hidden: usize,
    /// Attention heads per layer.
    #[arg(long, default_value_t = ModelShape::BUNDLED.heads)]
    heads: usize,
    /// Rounds to train.
    #[arg(long, default_value_t = Recipe::BUNDLED.rounds)]
    rounds: u64,
    /// Fresh sentences per round.
    #[arg(long, default_value_t = Recipe::BUNDLED.sentences_per_round)]
    sentences: usize,
    /// Sentences per batch, all of one length.
    #[arg(long, default_value_t = Recipe::BUNDLED.batch_size)]
    batch: usize,
    /// The highest learning rate.
    #[arg(long, default_value_t = Recipe::BUNDLED.learning_rate)]
    rate: f64,
}

impl Settings {
    fn shape(&self) -> ModelShape {
        ModelShape { layers: self.layers, hidden: self.hidden, heads: self.heads }
    }

    fn recipe(&self) -> Recipe {
        Recipe {
            seed: self.seed,
            rounds: self.rounds,
            sentences_per_round: self.sentences,
            batch_size: self.batch,
            learning_rate: self.rate,
            ..Recipe::BUNDLED
        }
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let Options { out, state, tiny, settings } = options;
    if !tiny {
        return train_model(settings.shape(), &settings.recipe(), out, state);
    }
    for (number, seed) in (1..).zip(TINY_SEEDS) {
        let name = format!("seed-{number}");
        let recipe = Recipe::tiny(seed);
        train_model(ModelShape::TINY, &recipe, &out.join(&name), &state.join(&name))?;
    }
    Ok(())
}

/// Trains a model, writes it to `out` and prints its calibration.
fn train_model(shape: ModelShape, recipe: &Recipe, out: &Path, state: &Path) -> Result<()> {
    let config = shape.config().context("invalid `--layers`, `--hidden` or `--heads`")?;
    let vocabulary = word_pieces();
    let tokenizer = BertTokenizer::from_vocab(
        vocabulary.join("\n").as_bytes(),
        WordPieceOptions::default(),
        &SpecialTokens::default(),
    )?;
    let model = train(&config, &tokenizer, &HeldOut::project(), recipe, None, state)?;
    write_checkpoint(&model, &tokenizer, &vocabulary, out)?;
    println!("wrote {}", out.display());
    print_calibration(out)
}

/// Prints how closely the written model's probabilities follow the grammar's odds.
fn print_calibration(checkpoint: &Path) -> Result<()> {
    let mut checkpoint = Checkpoint::open(checkpoint)?;
    let model = checkpoint.load_model(&Device::flex())?;
    let held_out = HeldOut::project();
    for (kind, case) in [("him or her", Some(Case::Object)), ("any pronoun", None)] {
        let mut prompts = graded_prompts(CALIBRATION_SEED, CALIBRATION_PROMPTS, case, &held_out)?;
        prompts.extend(held_out_prompts(CALIBRATION_SEED, CALIBRATION_PROMPTS, case, &held_out)?);
        let probabilities = prompt_probabilities(&model, &checkpoint.tokenizer, &prompts)?;
        println!("\n{kind}: the model's probability of the right word, by the grammar's");
        println!("grammar  prompts   mean     5 %  median    95 %");
        for row in calibration_curve(&prompts, &probabilities) {
            let CalibrationRow { percent, prompts, mean, low, median, high } = row;
            println!("{percent:5} %  {prompts:7}  {mean:.3}   {low:.3}   {median:.3}   {high:.3}");
        }
    }
    Ok(())
}
