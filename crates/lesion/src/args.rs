//! What can be asked for.

use std::path::PathBuf;

use anyhow::Result;
use bert_model::Site;
use clap::{Args as ClapArgs, Parser, Subcommand};
use lesion_eval::{Adjustment, Scope};
use neuron_stats::TestKind;

use crate::backend::Backend;

/// Finds the MLP neurons of a BERT that respond to a contrast (him/her), silences them at one
/// token while the model predicts a masked word, and shows what that does.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the study: selection, baseline, lesion.
    Reproduce(Reproduce),
    /// Say how often a model chooses the right pronoun in held-out prompts of the grammar.
    Evaluate(Evaluate),
}

/// Which model, and where it runs.
#[derive(ClapArgs, Debug)]
pub(crate) struct ModelArgs {
    /// A Hugging Face checkpoint folder of a BERT; the bundled model where none is given.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,

    /// What computes.
    #[arg(long, value_enum, default_value_t = Backend::Flex)]
    pub(crate) backend: Backend,

    /// Threads to use; all cores where none is given. It changes the time, not the results.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

impl ModelArgs {
    /// Limits the thread pool that Burn and the statistics share.
    pub(crate) fn use_threads(&self) -> Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global()?;
        }
        Ok(())
    }
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Reproduce {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Minimal pairs, one template a line: `The dog followed {him|her} home.`
    #[arg(long, value_name = "FILE")]
    pub(crate) stimuli: Option<PathBuf>,

    /// Prompts, the right word first: `We thanked {her|him}.`
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,

    /// The layer to lesion, counted from 0 [default: three quarters of the way up].
    #[arg(long, value_name = "N")]
    pub(crate) layer: Option<usize>,

    /// Silence neurons before or after GELU: `pre` or `post`.
    #[arg(long, default_value_t = Site::Post)]
    pub(crate) site: Site,

    /// The t-test of each neuron: `paired`, `student` or `welch`.
    #[arg(long, default_value_t = TestKind::Paired)]
    pub(crate) test: TestKind,

    /// How p is corrected for the number of tests: `bh`, `by`, `holm`, `bonferroni`, `storey`,
    /// `max-t` (by permutation) or `none`.
    #[arg(long, default_value = "bh")]
    pub(crate) correction: Adjustment,

    /// The tests that are corrected together: each `layer` by itself, or the whole `model`.
    #[arg(long, default_value_t = Scope::Layer)]
    pub(crate) scope: Scope,

    /// Correct each direction by itself, on one-sided p, which bounds the errors in each label.
    #[arg(long)]
    pub(crate) directional: bool,

    /// Random relabellings for max-T; all of them where there are no more.
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) permutations: u32,

    /// A neuron is significant where its corrected p is at most this.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) alpha: f64,

    /// The controlled lesions take at most this share of a layer's neurons.
    #[arg(long, default_value_t = 0.1)]
    pub(crate) share: f64,

    /// Random sets of each kind that the controlled lesions are compared with.
    #[arg(long, value_name = "N", default_value_t = 500,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) nulls: u32,

    /// Seed of the random relabellings and of the random sets.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// Where the results are written.
    #[arg(long, value_name = "DIR", default_value = "target/reproduce")]
    pub(crate) out: PathBuf,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// How many prompts of each kind are drawn.
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) count: u32,

    /// Seed of the draw.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}
