//! What can be asked for.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Result, anyhow};
use bert_model::{BertForMaskedLm, Checkpoint, Site};
use clap::{
    Args as ClapArgs, Parser, Subcommand,
    builder::{PathBufValueParser, TypedValueParser},
};
use lesion_eval::{Adjustment, Batching, LesionKind, Scope, SelectAt, SetRule, Strength, Tokens};
use neuron_stats::TestKind;

use crate::{
    backend::Backend,
    layer_neurons::LayerNeurons,
    model::ModelSource,
    progress::Stages,
    study::{MOST_NULLS, MOST_PERMUTATIONS, Part, Study, check_held_out},
};

/// Finds the MLP neurons of a BERT that respond to a contrast (him/her), lesions them at one
/// token while the model predicts a masked word, and shows what that does.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Answer with one JSON object on stdout, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the paper's study on the bundled model, with its controls.
    Reproduce(RunArgs),
    /// Run a study file.
    Run {
        /// The study; options override its keys.
        study: PathBuf,
        #[command(flatten)]
        args: RunArgs,
    },
    /// Read everything that a study needs and say what it would do, without doing it.
    Check {
        /// The study; options override its keys.
        study: PathBuf,
        #[command(flatten)]
        args: RunArgs,
    },
    /// Say what a model predicts in one sentence, and what a lesion changes there:
    /// `lesion predict "Robert helped Lucy with [MASK] project." --lesion 4:her`
    Predict(Predict),
    /// Say how often a model chooses the right pronoun in held-out prompts of the grammar.
    Evaluate(Evaluate),
    /// List what can compute: the devices of each backend that is built in.
    Devices {
        /// Of this backend only.
        #[arg(long, value_enum)]
        backend: Option<Backend>,
    },
    /// Make report.html and its figures again, from a finished study's tables alone.
    Report {
        /// The folder that the study was written into.
        dir: PathBuf,
    },
    /// Put two finished studies beside each other, in one page.
    Compare(Compare),
}

/// Limits the thread pool that Burn and the statistics share.
pub(crate) fn use_threads(threads: Option<u16>) -> Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global()?;
    }
    Ok(())
}

fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number from 0 on, or too large a one"))
}

/// A path is seen from the current folder.
fn model() -> impl TypedValueParser<Value = ModelSource> {
    PathBufValueParser::new().map(|path| ModelSource::named(path).beside(Path::new("")))
}

/// What a study decides, again; and what it does not.
#[derive(ClapArgs, Debug)]
pub(crate) struct RunArgs {
    /// A model of BERT's family: a checkpoint folder, or its name on the Hugging Face hub,
    /// `owner/name[@revision]`, from where it is downloaded once; the bundled one where none is
    /// given.
    #[arg(long, value_name = "MODEL", value_parser = model())]
    model: Option<ModelSource>,

    /// What computes [default: flex].
    #[arg(long, value_enum)]
    backend: Option<Backend>,

    /// Which device of the backend; `lesion devices` lists them.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>)]
    pub(crate) device: usize,

    /// Minimal pairs, one template a line: `The dog followed {him|her} home.`
    #[arg(long, value_name = "FILE")]
    stimuli: Option<PathBuf>,

    /// Prompts, the right word first: `We thanked {her|him}.`
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,

    /// Test neurons at the `visible` word, as in the paper, or where it is `masked`, in context
    /// pairs: `{The king|The queen} smiled when we greeted {him|her}.` [default: visible]
    #[arg(long, value_name = "WHAT")]
    select_at: Option<SelectAt>,

    /// The share of the pairs that neurons are not selected on, to see whether they respond there
    /// too [default: 0].
    #[arg(long, value_name = "SHARE")]
    held_out: Option<f64>,

    /// The t-test of each neuron: `paired`, `student` or `welch` [default: paired].
    #[arg(long)]
    test: Option<TestKind>,

    /// How p is corrected for the number of tests: `bh`, `by`, `holm`, `bonferroni`, `storey`,
    /// `max-t` (by permutation) or `none` [default: bh].
    #[arg(long)]
    correction: Option<Adjustment>,

    /// The tests that are corrected together: each `layer` by itself, or the whole `model`
    /// [default: layer].
    #[arg(long)]
    scope: Option<Scope>,

    /// Correct each direction by itself, on one-sided p, which bounds the errors in each label.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    directional: Option<bool>,

    /// A neuron is significant where its corrected p is at most this [default: 0.05].
    #[arg(long)]
    alpha: Option<f64>,

    /// Random relabellings for max-T; all of them where there are no more [default: 10000].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_PERMUTATIONS)))]
    permutations: Option<u32>,

    /// The layer of the paper's lesion, of the doses and of single neurons, counted from 0
    /// [default: three quarters of the way up].
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    layer: Option<usize>,

    /// The layers of the controls and the joint lesions, `2,3,4` [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = whole::<usize>)]
    layers: Option<Vec<usize>>,

    /// Lesion equally many neurons of both labels, at most this share of a layer [default: 0.1].
    #[arg(long, group = "rule")]
    share: Option<f64>,

    /// Lesion the strongest N neurons of each label.
    #[arg(long, value_name = "N", group = "rule", value_parser = whole::<usize>)]
    top: Option<usize>,

    /// Lesion every significant neuron.
    #[arg(long, group = "rule")]
    significant: bool,

    /// What makes a neuron strong: `t` or `effect` [default: t].
    #[arg(long)]
    strength: Option<Strength>,

    /// Lesion the sets of this `neuron_sets.json` instead of those that are selected.
    #[arg(long, value_name = "FILE")]
    neurons: Option<PathBuf>,

    /// What becomes of an activation: `zero`, `mean` (over the stimuli), `resample` (what it is in
    /// one of them) or `scale=0.5` [default: zero].
    #[arg(long)]
    kind: Option<LesionKind>,

    /// Lesion before or after GELU: `pre` or `post` [default: post].
    #[arg(long)]
    site: Option<Site>,

    /// Lesion at the `target` (the mask), at `all` tokens, or at distances from the mask, `-1,1`
    /// [default: target].
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    at: Option<Tokens>,

    /// Random sets of each kind that lesions are compared with [default: 500].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_NULLS)))]
    nulls: Option<u32>,

    /// The parts of the laboratory to run [default: all that can].
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum)]
    parts: Option<Vec<Part>>,

    /// Seed of all that is random [default: 0].
    #[arg(long, value_parser = whole::<u64>)]
    seed: Option<u64>,

    /// Threads to use; all cores where none is given. It changes the time, not the results.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,

    /// Memory that passes may take beside the weights, in MiB: less memory, smaller batches. It
    /// changes the time, and results by rounding only.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    memory: u32,

    /// Compute all tokens of all layers in every pass, without shortcuts. Slow; the results are the
    /// same up to rounding.
    #[arg(long)]
    pub(crate) plain: bool,

    /// Also write the activations that were tested, as activations.safetensors.
    #[arg(long)]
    pub(crate) save_activations: bool,

    /// Where the results are written [default: a folder of the study's name in target].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl RunArgs {
    pub(crate) fn batching(&self, backend: Backend) -> Batching {
        Batching { memory: (self.memory as usize) << 20, rows: backend.batch_rows() }
    }

    /// Overrides the keys of a study.
    pub(crate) fn apply(&self, study: &mut Study) -> Result<()> {
        fn set<T: Clone>(key: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                *key = value.clone();
            }
        }
        fn set_some<T: Clone>(key: &mut Option<T>, value: Option<&T>) {
            if value.is_some() {
                *key = value.cloned();
            }
        }
        set(&mut study.model, self.model.as_ref());
        set_some(&mut study.stimuli, self.stimuli.as_ref());
        set_some(&mut study.prompts, self.prompts.as_ref());
        set_some(&mut study.parts, self.parts.as_ref());
        set(&mut study.backend, self.backend.as_ref());
        set(&mut study.seed, self.seed.as_ref());

        let selection = &mut study.selection;
        if let Some(share) = self.held_out {
            check_held_out(share).map_err(|problem| anyhow!("--held-out: {problem}"))?;
            selection.held_out = share;
        }
        set(&mut selection.at, self.select_at.as_ref());
        set(&mut selection.test, self.test.as_ref());
        set(&mut selection.correction, self.correction.as_ref());
        set(&mut selection.scope, self.scope.as_ref());
        set(&mut selection.directional, self.directional.as_ref());
        set(&mut selection.alpha, self.alpha.as_ref());
        set(&mut selection.permutations, self.permutations.as_ref());

        let lesion = &mut study.lesion;
        set_some(&mut lesion.layer, self.layer.as_ref());
        set_some(&mut lesion.layers, self.layers.as_ref());
        set_some(&mut lesion.neurons, self.neurons.as_ref());
        set(&mut lesion.strength, self.strength.as_ref());
        set(&mut lesion.kind, self.kind.as_ref());
        set(&mut lesion.site, self.site.as_ref());
        set(&mut lesion.at, self.at.as_ref());
        let rule = match (self.share, self.top, self.significant) {
            (Some(share), ..) => Some(SetRule::Share(share)),
            (_, Some(top), _) => Some(SetRule::Top(top)),
            (_, _, true) => Some(SetRule::Significant),
            _ => None,
        };
        set(&mut lesion.sets, rule.as_ref());
        set(&mut study.controls.nulls, self.nulls.as_ref());
        study.check()
    }
}

/// Which model, and what computes it.
#[derive(ClapArgs, Debug)]
pub(crate) struct ModelArgs {
    /// A model of BERT's family: a checkpoint folder, or its name on the Hugging Face hub; the
    /// bundled one where none is given.
    #[arg(long, value_name = "MODEL", value_parser = model())]
    model: Option<ModelSource>,

    /// What computes.
    #[arg(long, value_enum, default_value_t = Backend::Flex)]
    backend: Backend,

    /// Which device of the backend; `lesion devices` lists them.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>)]
    pub(crate) device: usize,

    /// Threads to use; all cores where none is given. It changes the time, not the results.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
}

impl ModelArgs {
    /// The model, and what it is called in an answer.
    pub(crate) fn load(
        &self,
        stages: &mut Stages,
    ) -> Result<(Checkpoint, BertForMaskedLm, String)> {
        let local = self.model.clone().unwrap_or_default().fetch(stages)?;
        let (checkpoint, model) = stages.run("load", |_| local.load(self.backend, self.device))?;
        Ok((checkpoint, model, local.source))
    }
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Predict {
    /// A sentence, with `[MASK]` where a word is to be predicted.
    pub(crate) sentence: String,

    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Show so many words.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = top)]
    pub(crate) top: usize,

    /// Rate these words instead, `him,her,his`.
    #[arg(long, value_name = "WORDS", value_delimiter = ',', conflicts_with = "top")]
    pub(crate) candidates: Option<Vec<String>>,

    /// Lesion neurons of a layer, both counted from 0: `4:12,19`, `4:0-99`, or `4:her`, all that
    /// carry the label. It can be given more than once.
    #[arg(long, value_name = "LAYER:NEURONS")]
    pub(crate) lesion: Vec<LayerNeurons>,

    /// The `neuron_sets.json` of a study, whose `neurons` a label stands for; where none is given
    /// they are selected anew, as `lesion reproduce` does.
    #[arg(long, value_name = "FILE", requires = "lesion")]
    pub(crate) neurons: Option<PathBuf>,

    /// What becomes of an activation: `zero` or `scale=0.5`.
    #[arg(long, default_value_t = LesionKind::Zero, requires = "lesion")]
    pub(crate) kind: LesionKind,

    /// Lesion before or after GELU: `pre` or `post`.
    #[arg(long, default_value_t = Site::Post, requires = "lesion")]
    pub(crate) site: Site,

    /// Lesion at the `target` (the mask), at `all` tokens, or at distances from the mask, `-1,1`.
    #[arg(long, value_name = "TOKENS", default_value_t = Tokens::Target,
          allow_hyphen_values = true, requires = "lesion")]
    pub(crate) at: Tokens,
}

fn top(text: &str) -> Result<usize, String> {
    let found = text.parse().ok().filter(|count| (1..=MOST_WORDS).contains(count));
    found.ok_or_else(|| format!("`{text}` is not between 1 and {MOST_WORDS}"))
}

const MOST_WORDS: usize = 1000;

#[derive(ClapArgs, Debug)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// How many prompts of each kind are drawn.
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) count: u32,

    /// Seed of the draw.
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>)]
    pub(crate) seed: u64,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Compare {
    /// The folder of one study.
    pub(crate) a: PathBuf,

    /// The folder of the other.
    pub(crate) b: PathBuf,

    /// Where the page is written.
    #[arg(long, value_name = "FILE", default_value = "comparison.html")]
    pub(crate) out: PathBuf,
}
