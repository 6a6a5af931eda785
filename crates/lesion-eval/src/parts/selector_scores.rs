//! The score of every neuron of a layer under each way to choose neurons: the higher, the sooner it is
//! chosen.

use std::sync::Mutex;

use activation_capture::{Edit, Lesion, Target};
use bert_model::{LogitDifference, NoHook, Site};
use neuron_stats::{LinearProbe, Matrix, StatsError, linear_probe};
use study_record::Selector;

use crate::{
    engine::{direct_pass::DirectPass, lesion_method::PreparedLesionMethod},
    error::StudyError,
    parts::laboratory_part::Bench,
    passes::{
        batching::Batching,
        progress::{Progress, report},
        side_by_side::{lock, run_side_by_side},
    },
    selection::{activations::activations_at_masks, observations::Observations},
};

/// Points of a path at which gradients are taken, each the middle of an equal part.
const PATH_POINTS: usize = 16;

/// Cost of the scores of a prompt, in forward passes: at each point of the path, and at its intact end, one
/// forward and one backward, which costs about two.
pub(crate) const PASSES_PER_PROMPT: usize = (PATH_POINTS + 1) * 3;

/// The score of every neuron under one way to choose.
pub(crate) type Scores = Vec<f64>;

/// Scores from the stimuli.
pub(crate) struct StimulusScores {
    /// The selectors that use no prompts, in the order of [`Selector::ALL`].
    pub(crate) scores: Vec<(Selector, Scores)>,
    /// Accuracy of the probe on held-out stimuli.
    pub(crate) probe_accuracy: f64,
}

/// Scores the neurons of a layer for a label by the stimuli.
///
/// # Errors
/// If a statistic fails.
pub(crate) fn score_by_stimuli(
    bench: &Bench<'_, '_>,
    layer: usize,
    label: &str,
) -> Result<StimulusScores, StudyError> {
    let observations = bench.selected_on;
    let sign = if label == observations.contrast.a { 1.0 } else { -1.0 };
    let toward_label =
        |values: Scores| -> Scores { values.into_iter().map(|value| sign * value).collect() };
    let tests = &bench.selection.tests[bench.selection.columns(layer)];
    let probe = fit_probe(observations, layer)
        .map_err(|source| StudyError::stats_of_model(source, observations.neurons))?;
    let norms = bench.design.subject.model.output_norms(layer)?;
    let mut scores = Vec::new();
    for &selector in Selector::ALL {
        let found = match selector {
            Selector::T => toward_label(tests.iter().map(|test| test.t).collect()),
            Selector::DifferencePre => {
                toward_label(differences(observations, layer, study_record::Site::Pre))
            }
            Selector::DifferencePost => {
                toward_label(differences(observations, layer, study_record::Site::Post))
            }
            Selector::OutputNorm => norms.iter().map(|&norm| f64::from(norm)).collect(),
            Selector::Probe => toward_label(probe.weights.clone()),
            Selector::Loudest
            | Selector::Direct
            | Selector::Attribution
            | Selector::IntegratedGradients => continue,
        };
        scores.push((selector, found));
    }
    Ok(StimulusScores { scores, probe_accuracy: probe.accuracy })
}

fn fit_probe(observations: &Observations<'_>, layer: usize) -> Result<LinearProbe, StatsError> {
    let [a, b] = observations.layer(layer);
    let [rows_a, rows_b] = observations.counts.groups;
    let a = Matrix::new(&a, rows_a, observations.neurons)?;
    let b = Matrix::new(&b, rows_b, observations.neurons)?;
    linear_probe(a, b)
}

/// The mean activation of side a minus that of side b, for each neuron of a layer.
fn differences(observations: &Observations<'_>, layer: usize, site: study_record::Site) -> Scores {
    let neurons = observations.neurons;
    let [a, b] = observations.layer_at(site, layer);
    let mean = |side: &[f32], neuron: usize| -> f64 {
        let values = side[neuron..].iter().step_by(neurons);
        values.map(|&value| f64::from(value)).sum::<f64>() / (side.len() / neurons) as f64
    };
    (0..neurons).map(|neuron| mean(&a, neuron) - mean(&b, neuron)).collect()
}

/// The scores of every neuron in one prompt, by the selectors that use prompts.
#[derive(Clone, Debug, Default)]
struct PromptScores {
    loudest: Scores,
    direct: Scores,
    attribution: Scores,
    integrated: Scores,
}

/// The scores in each prompt that has a label.
pub(crate) struct ScoresByPrompt(Vec<PromptScores>);

impl ScoresByPrompt {
    /// Scores the neurons of a layer in every prompt that has a label.
    ///
    /// # Errors
    /// If the model cannot be run, or `progress` cancels the run.
    pub(crate) fn compute(
        bench: &Bench<'_, '_>,
        layer: usize,
        progress: Progress<'_>,
    ) -> Result<Self, StudyError> {
        let design = bench.design;
        let subject = design.subject;
        let method = bench.laboratory.method();
        let post = activations_at_masks(subject, design.prompts, Site::Post, &mut *progress)?;
        let mut pre = None;
        if method.site == Site::Pre {
            pre = Some(activations_at_masks(subject, design.prompts, Site::Pre, &mut *progress)?);
        }
        let edited = pre.as_ref().unwrap_or(&post);
        let columns = layer * design.neurons()..(layer + 1) * design.neurons();
        let mut found = vec![PromptScores::default(); design.prompts.len()];
        let labelled = design.labelled();
        let shapes = labelled.iter().map(|&prompt| [PATH_POINTS, design.prompts[prompt].length()]);
        let at_once = subject.at_once(Batching::clean_at_once, shapes);
        let mut pieces = Vec::with_capacity(labelled.len());
        for (prompt, scores) in found.iter_mut().enumerate() {
            if labelled.contains(&prompt) {
                pieces.push((prompt, scores));
            }
        }
        let shared = Mutex::new((progress, 0));
        run_side_by_side(pieces, at_once, |(prompt, scores)| {
            let pass = DirectPass::run(subject, &design.prompts[prompt])?;
            let direct = pass.effects(&[layer])?;
            let edited = &edited[prompt][columns.clone()];
            let path = LesionPath::new(method, prompt, layer, edited);
            let loudest = post[prompt][columns.clone()].iter();
            *scores = PromptScores {
                loudest: loudest.map(|&value| f64::from(value.abs())).collect(),
                direct: direct.iter().map(|drops| drops.margin).collect(),
                attribution: path.attribute(&pass)?,
                integrated: path.integrate(&pass)?,
            };
            let mut guard = lock(&shared);
            let (progress, done) = &mut *guard;
            *done += 1;
            report(*progress, *done, labelled.len())
        })?;
        Ok(Self(found))
    }

    /// The mean score of every neuron over some prompts; none if the selector uses no prompts.
    pub(crate) fn mean(&self, selector: Selector, prompts: &[usize]) -> Option<Scores> {
        let scores_in = |prompt: usize| {
            let scores = &self.0[prompt];
            match selector {
                Selector::Loudest => Some(&scores.loudest),
                Selector::Direct => Some(&scores.direct),
                Selector::Attribution => Some(&scores.attribution),
                Selector::IntegratedGradients => Some(&scores.integrated),
                Selector::T
                | Selector::DifferencePre
                | Selector::DifferencePost
                | Selector::OutputNorm
                | Selector::Probe => None,
            }
        };
        let (&first, others) = prompts.split_first()?;
        let mut sums = scores_in(first)?.clone();
        for &prompt in others {
            for (sum, score) in sums.iter_mut().zip(scores_in(prompt)?) {
                *sum += score;
            }
        }
        let count = prompts.len() as f64;
        Some(sums.into_iter().map(|sum| sum / count).collect())
    }
}

/// The straight path of a layer's activations at the prediction, from their lesioned values to the intact
/// ones.
struct LesionPath<'a> {
    layer: usize,
    site: Site,
    intact: &'a [f32],
    lesioned: Vec<f32>,
}

impl<'a> LesionPath<'a> {
    fn new(method: &PreparedLesionMethod, prompt: usize, layer: usize, intact: &'a [f32]) -> Self {
        let lesioned = method.lesioned_values(prompt, layer, intact);
        Self { layer, site: method.site, intact, lesioned }
    }

    /// The gradient of the margin at the intact end, times the path: the first-order estimate of what
    /// the lesion of each neuron takes from the margin.
    fn attribute(&self, pass: &DirectPass<'_>) -> Result<Scores, StudyError> {
        let model = pass.subject.model;
        let difference = LogitDifference { positions: &[pass.position], words: &[pass.words] };
        let hidden = pass.hidden[self.layer].clone();
        let gradients = model.neuron_gradients(self.layer, hidden, difference, &mut NoHook)?;
        let gradient = gradients[0].at(self.site).clone();
        Ok(self.times_path(gradient.into_data().iter::<f32>()))
    }

    /// The mean gradient of the margin along the path, times the path. The sum over all neurons is what
    /// the lesion of the whole layer takes from the margin (Sundararajan and others 2017).
    fn integrate(&self, pass: &DirectPass<'_>) -> Result<Scores, StudyError> {
        let model = pass.subject.model;
        let hidden = pass.hidden[self.layer].clone();
        let [_, length, _] = hidden.dims();
        let points: Vec<Vec<f32>> = (0..PATH_POINTS).map(|point| self.at(point)).collect();
        let all: Vec<usize> = (0..self.intact.len()).collect();
        let mut targets = Vec::with_capacity(PATH_POINTS);
        for (row, values) in points.iter().enumerate() {
            let (layer, position) = (self.layer, pass.position);
            targets.push(Target {
                row,
                layer,
                position,
                neurons: &all,
                edit: Edit::Replace(values),
            });
        }
        let shape = [PATH_POINTS, length];
        let mut lesion = Lesion::new(self.site, shape, model.config(), &targets)?;
        let difference = LogitDifference {
            positions: &[pass.position; PATH_POINTS],
            words: &[pass.words; PATH_POINTS],
        };
        let rows = hidden.repeat_dim(0, PATH_POINTS);
        let gradients = model.neuron_gradients(self.layer, rows, difference, &mut lesion)?;
        let mean = gradients[0].at(self.site).clone().mean_dim(0);
        Ok(self.times_path(mean.into_data().iter::<f32>()))
    }

    /// The activations in the middle of one part of the path.
    fn at(&self, point: usize) -> Vec<f32> {
        let share = (point as f32 + 0.5) / PATH_POINTS as f32;
        let ends = self.lesioned.iter().zip(self.intact);
        ends.map(|(lesioned, intact)| lesioned + share * (intact - lesioned)).collect()
    }

    fn times_path(&self, gradient: impl Iterator<Item = f32>) -> Scores {
        let ends = self.lesioned.iter().zip(self.intact);
        gradient
            .zip(ends)
            .map(|(gradient, (lesioned, intact))| {
                f64::from(gradient) * f64::from(intact - lesioned)
            })
            .collect()
    }
}
