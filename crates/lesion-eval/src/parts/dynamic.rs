//! Dynamic hooks: selection and lesion in one pass over the layers. Stimuli and prompts advance in
//! lockstep. In each layer a hook tests the neurons on the stimuli, and the selected neurons are
//! lesioned in the prompts before these advance. The stimuli are never lesioned, so the sets and the
//! logits are those of two separate passes.

use std::sync::Arc;

use activation_capture::{Edit, Lesion, Target, TokenCapture};
use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;
use neuron_stats::{Matrix, StatsError, TTestAccumulator};
use study_record::{Correction, LesionKind, Scope, Study, Tokens, tables::DynamicRow};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::trial::{Outcome, Reading},
    error::{DynamicObstacle, StudyError},
    parts::{
        laboratory_part::{Bench, Design, EncodedTable, LaboratoryPart, PartResult, Trials},
        layer_pattern::LayerPattern,
    },
    passes::{
        logits::read_logits,
        progress::{Progress, report},
        subject::Subject,
    },
    selection::{
        neuron_sets::{NeuronSets, choose_by_rule},
        select::{CONFIDENCE, significant_sets},
    },
    translate::{model_site, test_kind},
};

/// The part `dynamic`: selection and lesion in one pass.
pub(crate) struct Dynamic;

impl LaboratoryPart for Dynamic {
    fn check(&self, study: &Study) -> Result<(), StudyError> {
        if study.selection.scope == Scope::Model {
            return Err(StudyError::DynamicScope);
        }
        if study.selection.correction == Correction::MaxT {
            return Err(StudyError::DynamicMaxT);
        }
        let lesion = &study.lesion;
        let obstacle = if lesion.neurons.is_some() {
            DynamicObstacle::GivenSets
        } else if study.selection.held_out.is_any() {
            DynamicObstacle::HeldOut
        } else if lesion.kind != LesionKind::Zero || lesion.at != Tokens::Target {
            DynamicObstacle::Lesion
        } else {
            return Ok(());
        };
        Err(StudyError::DynamicStudy { obstacle })
    }

    fn trials(&self, design: &Design<'_>) -> Trials {
        let prompts = design.labelled().len() * (1 + design.patterns.len());
        Trials::whole_passes(design.stimuli.sentences() + prompts)
    }

    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError> {
        let design = bench.design;
        let pass = run_dynamic_pass(&design, progress)?;
        let mut rows = Vec::new();
        for (pattern, outcomes) in design.patterns.iter().zip(&pass.outcomes) {
            for (&prompt, outcome) in pass.prompts.iter().zip(outcomes) {
                let prompt = &design.prompts[prompt];
                rows.push(pass.row(pattern, prompt, outcome, bench.lesioned));
            }
        }
        Ok(PartResult::table(EncodedTable::new(rows)?))
    }
}

/// The result of one dynamic pass.
struct DynamicPass {
    /// The neurons that were lesioned.
    sets: NeuronSets,
    /// The prompts that have a label, as indices into the study's.
    prompts: Vec<usize>,
    /// For each pattern of layers, the outcome in each of these prompts.
    outcomes: Vec<Vec<Outcome>>,
}

impl DynamicPass {
    /// A row of `dynamic.csv`. `two_pass_sets` are those that the study selected beforehand.
    fn row(
        &self,
        pattern: &LayerPattern,
        prompt: &MaskedPrompt,
        outcome: &Outcome,
        two_pass_sets: &NeuronSets,
    ) -> DynamicRow {
        let drops = outcome.drops();
        let label = prompt.label.as_deref().unwrap_or_default();
        let mut neurons = 0;
        let mut same_neurons = true;
        for &layer in &pattern.layers {
            let set = self.sets.set(layer, label);
            neurons += set.len();
            same_neurons &= set == two_pass_sets.set(layer, label);
        }
        DynamicRow {
            pattern: pattern.kind,
            layers: pattern.name(),
            prompt: prompt.prompt,
            position: prompt.position,
            target: prompt.target().to_owned(),
            neuron_set: prompt.label.clone(),
            neurons,
            same_neurons,
            logit_drop: drops.logit,
            margin_drop: drops.margin,
        }
    }
}

/// A batch that climbs through the layers.
struct ClimbingBatch {
    /// The index of each row's sentence.
    sentences: Vec<usize>,
    /// The position of each row's target.
    positions: Vec<usize>,
    tokens: TokenBatch,
    /// The output of the layer below.
    hidden: Tensor<3>,
}

/// Runs stimuli and prompts through the model once. `progress` counts layers.
///
/// # Errors
/// If the model cannot be run or gives logits that are not finite, or `progress` cancels the run.
fn run_dynamic_pass(
    design: &Design<'_>,
    progress: Progress<'_>,
) -> Result<DynamicPass, StudyError> {
    let Design { subject, study, stimuli, prompts, patterns, .. } = *design;
    let indices: Vec<usize> = (0..prompts.len()).filter(|&i| prompts[i].label.is_some()).collect();
    let labelled: Vec<&MaskedPrompt> = indices.iter().map(|&index| &prompts[index]).collect();
    // Each prompt once without a lesion, and once for each pattern.
    let copies = 1 + patterns.len();
    let mut stimulus_batches = embed_stimuli(subject, stimuli)?;
    let mut prompt_batches = embed_prompts(subject, &labelled, copies)?;
    let layers = subject.model.config().num_hidden_layers;
    let mut sets: Vec<[Arc<[usize]>; 2]> = Vec::with_capacity(layers);
    for layer in 0..layers {
        let lesioned = select_in_layer(subject, &mut stimulus_batches, study, layer)?;
        for batch in &mut prompt_batches {
            let mut targets = Vec::new();
            for (row, &sentence) in batch.sentences.iter().enumerate() {
                let prompt = labelled[sentence / copies];
                // Copy 0 has no lesion.
                let Some(pattern) = (sentence % copies).checked_sub(1) else { continue };
                if patterns[pattern].layers.contains(&layer) {
                    let side = usize::from(prompt.label.as_ref() != Some(&stimuli.contrast.a));
                    targets.push(Target {
                        row,
                        layer,
                        position: prompt.position,
                        neurons: &lesioned[side],
                        edit: Edit::Zero,
                    });
                }
            }
            let shape = batch.tokens.shape();
            let mut lesion = Lesion::new(Site::Post, shape, subject.model.config(), &targets)?;
            batch.run_layer(subject, layer, &mut lesion)?;
        }
        sets.push(lesioned);
        report(progress, layer + 1, layers)?;
    }
    let readings = read_prompts(subject, prompt_batches, &labelled, copies)?;
    let mut outcomes = vec![Vec::with_capacity(labelled.len()); patterns.len()];
    for readings in readings.chunks_exact(copies) {
        for (outcomes, lesioned) in outcomes.iter_mut().zip(&readings[1..]) {
            outcomes.push(Outcome { clean: readings[0].clone(), lesioned: lesioned.clone() });
        }
    }
    let sets = NeuronSets::new(&stimuli.contrast, sets);
    Ok(DynamicPass { sets, prompts: indices, outcomes })
}

/// Runs the stimuli through a layer and selects the neurons of both labels to lesion in it.
fn select_in_layer(
    subject: Subject<'_>,
    batches: &mut [ClimbingBatch],
    study: &Study,
    layer: usize,
) -> Result<[Arc<[usize]>; 2], StudyError> {
    let neurons = subject.model.config().intermediate_size;
    let mut hook = TTestHook {
        accumulator: TTestAccumulator::new(test_kind(study.selection.test), neurons),
        site: model_site(study.selection.site),
        capture: None,
        failed: None,
    };
    for batch in batches {
        hook.capture = Some(TokenCapture::new(&[hook.site], &batch.tokens, &batch.positions)?);
        batch.run_layer(subject, layer, &mut hook)?;
    }
    if let Some(error) = hook.failed {
        return Err(error);
    }
    let tests = hook
        .accumulator
        .finish(CONFIDENCE)
        .map_err(|source| StudyError::stats_of_layer(source, layer))?;
    let significant = significant_sets(&tests, &study.selection).map_err(StudyError::Stats)?;
    Ok(choose_by_rule(study.lesion.sets, significant, &tests, study.lesion.strength))
}

/// The readings of the prompts after the last layer: of each prompt, copy after copy.
fn read_prompts(
    subject: Subject<'_>,
    batches: Vec<ClimbingBatch>,
    prompts: &[&MaskedPrompt],
    copies: usize,
) -> Result<Vec<Reading>, StudyError> {
    let mut readings = vec![None; prompts.len() * copies];
    for batch in batches {
        let prompt_of = |row: usize| prompts[batch.sentences[row] / copies];
        let at_masks = TokenSet::OneEach(&batch.positions).of(batch.hidden).squeeze_dim(1);
        let logits = read_logits(subject, at_masks, |row| prompt_of(row).prompt)?;
        for (row, logits) in logits.iter().enumerate() {
            readings[batch.sentences[row]] = Some(Reading::pick(prompt_of(row), logits));
        }
    }
    Ok(readings.into_iter().flatten().collect())
}

/// Tests the neurons of a layer while the stimuli pass through it.
struct TTestHook {
    accumulator: TTestAccumulator,
    /// The site at which neurons are tested.
    site: Site,
    /// Captures the targets of the current batch, side a and side b in turn.
    capture: Option<TokenCapture>,
    failed: Option<StudyError>,
}

impl TTestHook {
    fn test(&mut self) -> Result<(), StudyError> {
        let Some(capture) = self.capture.take() else { return Ok(()) };
        let neurons = self.accumulator.neurons();
        for rows in capture.layers(self.site)? {
            let a: Vec<f32> = rows.chunks_exact(neurons).step_by(2).flatten().copied().collect();
            let b: Vec<f32> =
                rows.chunks_exact(neurons).skip(1).step_by(2).flatten().copied().collect();
            self.push(&a, &b).map_err(StudyError::Stats)?;
        }
        Ok(())
    }

    fn push(&mut self, a: &[f32], b: &[f32]) -> Result<(), StatsError> {
        let neurons = self.accumulator.neurons();
        let pairs = a.len() / neurons;
        self.accumulator.push(Matrix::new(a, pairs, neurons)?, Matrix::new(b, pairs, neurons)?)
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
        if site == self.site
            && let Err(error) = self.test()
        {
            self.failed.get_or_insert(error);
        }
        activations
    }
}

/// Embeds the stimuli by length, both sides of a pair side by side.
fn embed_stimuli(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
) -> Result<Vec<ClimbingBatch>, StudyError> {
    let lengths = stimuli.sentences.chunks_exact(2).map(|pair| pair[0].ids.len());
    let mut batches = Vec::new();
    let most = (subject.batching.rows / 2).max(1);
    for group in subject.groups(lengths, most) {
        let indices = group.iter().flat_map(|&pair| [2 * pair, 2 * pair + 1]).collect();
        batches.push(ClimbingBatch::embed(subject, indices, |index| {
            let sentence = &stimuli.sentences[index];
            (sentence.ids.clone(), sentence.position)
        })?);
    }
    Ok(batches)
}

/// Embeds the prompts by length, each `copies` times.
fn embed_prompts(
    subject: Subject<'_>,
    prompts: &[&MaskedPrompt],
    copies: usize,
) -> Result<Vec<ClimbingBatch>, StudyError> {
    let lengths = prompts.iter().map(|prompt| prompt.length());
    let most = (subject.batching.rows / copies).max(1);
    let mut batches = Vec::new();
    for group in subject.groups(lengths, most) {
        let indices =
            group.iter().flat_map(|&prompt| prompt * copies..(prompt + 1) * copies).collect();
        batches.push(ClimbingBatch::embed(subject, indices, |index| {
            let prompt = prompts[index / copies];
            (prompt.masked.clone(), prompt.position)
        })?);
    }
    Ok(batches)
}

impl ClimbingBatch {
    /// Embeds sentences; `sentence` gives the tokens and the target's position of each index.
    fn embed(
        subject: Subject<'_>,
        sentences: Vec<usize>,
        sentence: impl Fn(usize) -> (Vec<u32>, usize),
    ) -> Result<Self, StudyError> {
        let (rows, positions) = sentences.iter().map(|&index| sentence(index)).unzip();
        let tokens = TokenBatch::new(rows)?;
        let hidden = subject.model.embed(&tokens)?;
        Ok(Self { sentences, positions, tokens, hidden })
    }

    /// Runs the next layer.
    fn run_layer(
        &mut self,
        subject: Subject<'_>,
        layer: usize,
        hook: &mut dyn MlpHook,
    ) -> Result<(), StudyError> {
        self.hidden = subject.model.run_layers(layer..layer + 1, self.hidden.clone(), hook)?;
        Ok(())
    }
}
