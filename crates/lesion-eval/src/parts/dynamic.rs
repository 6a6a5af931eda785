//! Dynamic hooks: selection and lesion in one pass over the layers. Stimuli and prompts advance in
//! lockstep; in each layer a hook tests the neurons on the stimuli as they come through, and the
//! neurons that it finds are lesioned in the prompts before these go on. The stimuli are never
//! lesioned, so the sets and the logits are those of the two-pass way.

use std::sync::Arc;

use activation_capture::{Edit, Lesion, Target, TokenCapture};
use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;
use neuron_stats::{Matrix, TTestAccumulator};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::trial::{Outcome, Reading},
    error::StudyError,
    parts::joint::LayerPattern,
    passes::{logits::read_logits, progress::Progress, subject::Subject},
    selection::{
        neuron_sets::{NeuronSets, SetRule, Strength},
        select::{CONFIDENCE, SelectionPlan, significant_sets},
    },
};

/// How neurons are selected and lesioned as the pass goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicPlan {
    /// How neurons are tested. Only ways that need one layer at a time and no second look at the
    /// activations: the scope is the layer, and max-T cannot be.
    pub selection: SelectionPlan,
    /// Which of the significant ones are lesioned, with zero after GELU at the mask.
    pub rule: SetRule,
    /// By what the strongest are found.
    pub strength: Strength,
}

/// What one dynamic pass found.
#[derive(Clone, Debug)]
pub struct Dynamic {
    /// The neurons that were lesioned.
    pub sets: NeuronSets,
    /// The prompts that have a label, as indices into the study's.
    pub prompts: Vec<usize>,
    /// For each pattern of layers, what happened in each of them.
    pub outcomes: Vec<Vec<Outcome>>,
}

/// A batch on its way up.
struct Climbing {
    /// The index of each row's sentence.
    sentences: Vec<usize>,
    positions: Vec<usize>,
    batch: TokenBatch,
    hidden: Tensor<3>,
}

/// Runs stimuli and prompts through the model once.
///
/// # Errors
/// [`StudyError::Impossible`] for a selection that needs more than one pass; where the model cannot
/// be run, or gives logits that are not finite.
pub fn dynamic(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
    prompts: &[MaskedPrompt],
    plan: DynamicPlan,
    patterns: &[LayerPattern],
    progress: Progress<'_>,
) -> Result<Dynamic, StudyError> {
    plan.selection.check_one_pass()?;
    let config = subject.model.config();
    let (layers, neurons) = (config.num_hidden_layers, config.intermediate_size);
    let mut climbing_stimuli = climbing_stimuli(subject, stimuli)?;
    let indices: Vec<usize> = (0..prompts.len()).filter(|&i| prompts[i].label.is_some()).collect();
    let labelled: Vec<&MaskedPrompt> = indices.iter().map(|&index| &prompts[index]).collect();
    // Each prompt once without a lesion, and once for each pattern.
    let copies = 1 + patterns.len();
    let mut climbing_prompts = climbing_prompts(subject, &labelled, copies)?;

    let mut sets: Vec<[Arc<[usize]>; 2]> = Vec::new();
    for layer in 0..layers {
        let mut hook = TTestHook {
            accumulator: TTestAccumulator::new(plan.selection.test, neurons),
            capture: None,
            failed: None,
        };
        for batch in &mut climbing_stimuli {
            hook.capture = Some(TokenCapture::new(&[Site::Pre], &batch.batch, &batch.positions)?);
            let hidden = batch.hidden.clone();
            batch.hidden = subject.model.run_layers(layer..layer + 1, hidden, &mut hook)?;
        }
        if let Some(error) = hook.failed {
            return Err(error);
        }
        let tests = hook.accumulator.finish(CONFIDENCE);
        let tests = tests.map_err(|source| StudyError::stats_of_layer(source, layer))?;
        let significant = significant_sets(&tests, plan.selection).map_err(StudyError::Stats)?;
        let of_layer = plan.rule.choose(significant, &tests, plan.strength);

        for batch in &mut climbing_prompts {
            let mut targets = Vec::new();
            for (row, &sentence) in batch.sentences.iter().enumerate() {
                let (prompt, copy) = (labelled[sentence / copies], sentence % copies);
                let pattern = copy.checked_sub(1).map(|index| &patterns[index]);
                if pattern.is_some_and(|pattern| pattern.layers.contains(&layer)) {
                    let side = usize::from(prompt.label.as_ref() != Some(&stimuli.contrast.a));
                    targets.push(Target {
                        row,
                        layer,
                        position: prompt.position,
                        neurons: &of_layer[side],
                        edit: Edit::Zero,
                    });
                }
            }
            let shape = batch.batch.shape();
            let mut lesion = Lesion::new(Site::Post, shape, config, &targets)?;
            let hidden = batch.hidden.clone();
            batch.hidden = subject.model.run_layers(layer..layer + 1, hidden, &mut lesion)?;
        }
        sets.push(of_layer);
        progress(layer + 1, layers);
    }

    let mut readings = vec![None; labelled.len() * copies];
    for batch in climbing_prompts {
        let leaving = TokenSet::OneEach(&batch.positions).of(batch.hidden.clone()).squeeze_dim(1);
        let prompt_of = |row: usize| labelled[batch.sentences[row] / copies];
        let logits = read_logits(subject, leaving, |row| prompt_of(row).prompt)?;
        for (row, logits) in logits.iter().enumerate() {
            readings[batch.sentences[row]] = Some(Reading::of(prompt_of(row), logits));
        }
    }
    let readings: Vec<Reading> = readings.into_iter().flatten().collect();
    let outcome = |pattern: usize| {
        let of_prompt = readings.chunks_exact(copies);
        let outcome =
            |of: &[Reading]| Outcome { clean: of[0].clone(), lesioned: of[1 + pattern].clone() };
        of_prompt.map(outcome).collect()
    };
    let outcomes = (0..patterns.len()).map(outcome).collect();
    Ok(Dynamic { sets: NeuronSets::new(&stimuli.contrast, sets), prompts: indices, outcomes })
}

/// Tests the neurons of a layer while the stimuli pass through it.
struct TTestHook {
    accumulator: TTestAccumulator,
    /// Takes the targets' rows out of the present batch, side a and side b in turn.
    capture: Option<TokenCapture>,
    failed: Option<StudyError>,
}

impl TTestHook {
    fn test(&mut self) -> Result<(), StudyError> {
        let Some(capture) = self.capture.take() else { return Ok(()) };
        for rows in capture.layers(Site::Pre)? {
            let neurons = self.accumulator.neurons();
            let side = |side: usize| -> Vec<f32> {
                rows.chunks_exact(neurons).skip(side).step_by(2).flatten().copied().collect()
            };
            let (a, b) = (side(0), side(1));
            let pairs = a.len() / neurons;
            let matrix = |side| Matrix::new(side, pairs, neurons);
            let pushed = matrix(&a[..]).and_then(|a| self.accumulator.push(a, matrix(&b[..])?));
            pushed.map_err(StudyError::Stats)?;
        }
        Ok(())
    }
}

impl MlpHook for TTestHook {
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        let Some(capture) = &mut self.capture else { return activations };
        let activations = capture.visit(layer, site, tokens, activations);
        if site == Site::Pre
            && let Err(error) = self.test()
        {
            self.failed.get_or_insert(error);
        }
        activations
    }
}

/// The stimuli by length, both sides of a pair side by side.
fn climbing_stimuli(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
) -> Result<Vec<Climbing>, StudyError> {
    let pairs: Vec<_> = stimuli.sentences.chunks_exact(2).collect();
    let groups =
        subject.groups(pairs.iter().map(|pair| pair[0].ids.len()), subject.batching.rows / 2);
    groups
        .into_iter()
        .map(|group| {
            let sentences: Vec<usize> =
                group.iter().flat_map(|&pair| [2 * pair, 2 * pair + 1]).collect();
            let rows = sentences.iter().map(|&i| stimuli.sentences[i].ids.clone()).collect();
            let positions = sentences.iter().map(|&i| stimuli.sentences[i].position).collect();
            climb(subject, sentences, positions, rows)
        })
        .collect()
}

/// The prompts by length, each `copies` times.
fn climbing_prompts(
    subject: Subject<'_>,
    prompts: &[&MaskedPrompt],
    copies: usize,
) -> Result<Vec<Climbing>, StudyError> {
    let most = (subject.batching.rows / copies).max(1);
    let groups = subject.groups(prompts.iter().map(|p| p.masked.len()), most);
    groups
        .into_iter()
        .map(|group| {
            let sentences: Vec<usize> =
                group.iter().flat_map(|&prompt| prompt * copies..(prompt + 1) * copies).collect();
            let of = |&sentence: &usize| prompts[sentence / copies];
            let rows = sentences.iter().map(|i| of(i).masked.clone()).collect();
            let positions = sentences.iter().map(|i| of(i).position).collect();
            climb(subject, sentences, positions, rows)
        })
        .collect()
}

fn climb(
    subject: Subject<'_>,
    sentences: Vec<usize>,
    positions: Vec<usize>,
    rows: Vec<Vec<u32>>,
) -> Result<Climbing, StudyError> {
    let batch = TokenBatch::new(rows)?;
    let hidden = subject.model.embed(&batch)?;
    Ok(Climbing { sentences, positions, batch, hidden })
}
