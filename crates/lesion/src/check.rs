//! `lesion check`: what a study would do, without doing it.

use std::{io::Write, time::Instant};

use anyhow::Result;
use lesion_eval::{MaskedPrompt, PatternKind, predict};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    answer::Answer,
    args::RunArgs,
    console,
    prepare::{Prepared, Texts},
    progress::Stages,
    study::{Part, Study},
};

/// What `check` finds. Everything that it read is in order.
pub(crate) enum Checked {
    /// The model is not here, and so only the texts were read.
    Absent(Download),
    /// Everything is in order.
    Ready(Plan),
}

/// What a run would download before it can do anything.
#[derive(Serialize)]
pub(crate) struct Download {
    /// The model's name on the hub.
    pub(crate) model: String,
    pub(crate) bytes: u64,
}

/// What a study would do.
#[derive(Serialize)]
pub(crate) struct Plan {
    /// Sentences of the stimuli.
    pub(crate) stimuli: usize,
    /// Masked prompts.
    pub(crate) prompts: usize,
    /// Layers of the model.
    pub(crate) layers: usize,
    /// Neurons in each.
    pub(crate) neurons: usize,
    pub(crate) steps: Vec<Step>,
    /// How long one forward pass of one sentence takes here.
    pub(crate) seconds_per_pass: f64,
    /// About how long all steps take.
    pub(crate) seconds: f64,
}

pub(crate) fn check(mut study: Study, args: &RunArgs) -> Result<Checked> {
    args.apply(&mut study)?;
    Texts::read(&study)?;
    if let Some((repo, bytes)) = study.model.missing()? {
        return Ok(Checked::Absent(Download { model: repo.to_string(), bytes }));
    }
    let prepared = Prepared::new(study, args, &mut Stages::default())?;
    let config = prepared.subject().model.config();
    let seconds_per_pass = seconds_per_pass(&prepared)?;
    let steps = steps(&prepared);
    let passes: f64 = steps.iter().map(|step| step.passes).sum();
    Ok(Checked::Ready(Plan {
        stimuli: prepared.stimuli.sentences(),
        prompts: prepared.prompts.len(),
        layers: config.num_hidden_layers,
        neurons: config.intermediate_size,
        steps,
        seconds_per_pass,
        seconds: passes * seconds_per_pass,
    }))
}

impl Answer for Checked {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Self::Absent(download) => console::to_download(out, download),
            Self::Ready(plan) => console::plan(out, plan),
        }
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Json<'a> {
            Absent { download: &'a Download },
            Ready(&'a Plan),
        }
        match self {
            Self::Absent(download) => Json::Absent { download },
            Self::Ready(plan) => Json::Ready(plan),
        }
    }
}

/// One step of a study and what it costs.
#[derive(Serialize)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Sentences that run, or lesions.
    pub(crate) sentences: usize,
    /// How many whole forward passes of one sentence these are; a lesion starts at its layer.
    pub(crate) passes: f64,
    /// Whether it may be fewer, because the selection decides.
    pub(crate) at_most: bool,
}

fn steps(prepared: &Prepared) -> Vec<Step> {
    let Prepared { study, prompts, patterns, layers, .. } = prepared;
    let config = prepared.subject().model.config();
    let (count, neurons) = (config.num_hidden_layers, config.intermediate_size);
    let from = |layer: usize| (count - layer) as f64 / count as f64;
    let stimuli = prepared.stimuli.sentences();
    let labelled = prompts.iter().filter(|prompt| prompt.label.is_some()).count();
    let step = |name, sentences: usize, share: f64, at_most| Step {
        name,
        sentences,
        passes: sentences as f64 * share,
        at_most,
    };
    let mut steps =
        vec![step("activations", stimuli, 1.0, false), step("baseline", prompts.len(), 1.0, false)];
    let templates = prompts.chunk_by(|a, b| a.prompt == b.prompt);
    let lesioned = templates
        .filter_map(|of| {
            let labelled = of.iter().filter(|prompt| prompt.label.is_some()).count();
            (labelled > 0).then_some(labelled + 1) // and the control
        })
        .sum();
    steps.push(step("lesion", lesioned, 1.0 + from(prepared.lesion.layer), false));
    if study.runs(Part::Controls) {
        let sets = 3 + 2 * study.controls.nulls as usize;
        let sentences = labelled * sets;
        let passes = layers.iter().map(|&layer| from(layer) * sentences as f64).sum();
        let sentences = sentences * layers.len();
        steps.push(Step { name: "controls", sentences, passes, at_most: true });
    }
    if study.runs(Part::Joint) {
        let given = patterns.iter().filter(|of| of.kind == PatternKind::Given);
        let mut missing: Vec<usize> = given.flat_map(|of| of.layers.clone()).collect();
        missing.retain(|layer| !layers.contains(layer));
        missing.sort_unstable();
        missing.dedup();
        let first = patterns.iter().filter_map(|of| of.layers.first()).chain(&missing);
        let passes = first.map(|&layer| from(layer) * labelled as f64).sum();
        let sentences = labelled * (patterns.len() + missing.len());
        steps.push(Step { name: "joint", sentences, passes, at_most: false });
    }
    let here = from(prepared.lesion.layer);
    if study.runs(Part::Dose) {
        let plan = prepared.dose_plan();
        let sizes = if plan.sizes.is_empty() {
            neurons.checked_ilog2().unwrap_or(0) as usize + 2
        } else {
            plan.sizes.len()
        };
        steps.push(step("dose", labelled * sizes * (2 + plan.draws), here, true));
    }
    if study.runs(Part::Causal) {
        steps.push(step("causal", labelled * neurons, here, true));
    }
    if study.runs(Part::Dynamic) {
        let sentences = stimuli + labelled * (1 + patterns.len());
        steps.push(step("dynamic", sentences, 1.0, false));
    }
    steps
}

/// How long one sentence takes, measured on the first prompts, in batches that run side by side as
/// lesions do.
fn seconds_per_pass(prepared: &Prepared) -> Result<f64> {
    let length = prepared.prompts.first().map(MaskedPrompt::length);
    let alike = prepared.prompts.iter().filter(|prompt| Some(prompt.length()) == length);
    let batch: Vec<MaskedPrompt> = alike.cycle().take(BATCH).cloned().collect();
    let batches = vec![&batch; 2 * rayon::current_num_threads()];
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let started = Instant::now();
        batches
            .par_iter()
            .try_for_each(|batch| predict(prepared.subject(), batch, &mut |_, _| ()).map(|_| ()))?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(best / (batches.len() * batch.len()).max(1) as f64)
}

/// Sentences in the batch that is timed.
const BATCH: usize = 32;
