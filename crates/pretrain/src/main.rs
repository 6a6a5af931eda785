//! The trainer of the bundled model: `cargo xtask pretrain`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use bert_model::{BertConfig, BertTokenizer, Checkpoint, SpecialTokens, WordPieceOptions};
use burn::tensor::Device;
use clap::Parser;
use grammar::{
    BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, CalibrationRow, Case, HeldOut,
    calibration_curve, graded_prompts, held_out_prompts, vocabulary::word_pieces,
};
use pretrain::{Recipe, prompt_probabilities, train, write_checkpoint};

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
#[command(version, args_override_self = true)]
struct Args {
    /// Folder for the trained checkpoint, in Hugging Face format.
    #[arg(long, default_value = "target/pretrain/model")]
    out: PathBuf,
    /// Folder for the progress.
    #[arg(long, default_value = "target/pretrain/state")]
    state: PathBuf,
    /// Random seed of the initial weights, the sentences and the masks.
    #[arg(long, default_value_t = BUNDLED_SEED)]
    seed: u64,
    /// Number of layers.
    #[arg(long, default_value_t = 6)]
    layers: usize,
    /// Width of the residual stream. A layer has four times as many neurons.
    #[arg(long, default_value_t = 192)]
    hidden: usize,
    /// Attention heads per layer.
    #[arg(long, default_value_t = 6)]
    heads: usize,
    /// Rounds to train.
    #[arg(long, default_value_t = BUNDLED_ROUNDS)]
    rounds: u64,
    /// Fresh sentences per round.
    #[arg(long, default_value_t = BUNDLED_SENTENCES)]
    sentences: usize,
    /// Sentences per batch, all of one length.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let vocabulary = word_pieces();
    let tokenizer = BertTokenizer::from_vocab(
        vocabulary.join("\n").as_bytes(),
        WordPieceOptions::default(),
        &SpecialTokens::default(),
    )?;
    let config = serde_json::json!({
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        "hidden_size": args.hidden,
        "intermediate_size": 4 * args.hidden,
        "num_attention_heads": args.heads,
        "num_hidden_layers": args.layers,
        "vocab_size": vocabulary.len(),
        "max_position_embeddings": 64,
    });
    let config = BertConfig::from_json(config.to_string().as_bytes())
        .context("invalid `--layers`, `--hidden` or `--heads`")?;
    let recipe = Recipe {
        seed: args.seed,
        rounds: args.rounds,
        sentences_per_round: args.sentences,
        batch_size: args.batch,
        learning_rate: args.rate,
    };
    let model = train(&config, &tokenizer, &HeldOut::project(), &recipe, None, &args.state)?;
    write_checkpoint(&model, &tokenizer, &vocabulary, &args.out)?;
    println!("wrote {}", args.out.display());
    print_calibration(&args.out)
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
