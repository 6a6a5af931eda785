//! Dynamic hooks: selection and lesion in one pass over the layers. Stimuli and prompts advance in
//! lockstep. In each layer the neurons are tested on the stimuli, and the selected ones are lesioned in
//! the prompts before these advance. The stimuli are never lesioned, so the sets and the
//! logits are those of two separate passes.

use std::sync::Arc;

use activation_capture::{Edit, Lesion, Target, TokenCapture};
use bert_model::{MlpHook, Site, TokenBatch, TokenSet};
use burn::tensor::Tensor;
use neuron_stats::{Matrix, StatsError, TTest, t_tests};
use study_record::{
    Correction, LesionKind, Scope, SharedLayers, Study, Tokens, tables::DynamicRow,
};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::{
        prompt_passes::PromptPasses,
        trial::{Outcome, Reading},
    },
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
        observations::average_groups,
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
        } else if lesion.shared != SharedLayers::Here {
            DynamicObstacle::Shared
        } else {
            return Ok(());
        };
        Err(StudyError::DynamicStudy { obstacle })
    }

    fn has_batches(&self) -> bool {
        false
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
    let passes = PromptPasses::of(prompts);
    let labelled: Vec<&MaskedPrompt> =
        indices.iter().flat_map(|&index| &passes.list[passes.of_prompt(index)]).collect();
    // Each pass of a prompt once without a lesion, and once for each pattern.
    let copies = 1 + patterns.len();
    let mut stimulus_batches = embed_stimuli(subject, stimuli)?;
    let mut prompt_batches = embed_prompts(subject, &labelled, copies)?;
    let layers = subject.model.config().num_hidden_layers;
    let mut sets: Vec<[Arc<[usize]>; 2]> = Vec::with_capacity(layers);
    for layer in 0..layers {
        let lesioned = select_in_layer(subject, stimuli, &mut stimulus_batches, study, layer)?;
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
    let mut outcomes = vec![Vec::with_capacity(indices.len()); patterns.len()];
    let mut rest = &readings[..];
    for &prompt in &indices {
        let (readings, others) = rest.split_at(copies * passes.of_prompt(prompt).len());
        rest = others;
        for (pattern, outcomes) in outcomes.iter_mut().enumerate() {
            let mut of_passes = Vec::new();
            for readings in readings.chunks_exact(copies) {
                let [clean, lesioned] = [0, 1 + pattern].map(|copy| readings[copy].clone());
                of_passes.push(Outcome { clean, lesioned });
            }
            outcomes.push(passes.combine_outcomes(prompt, &of_passes));
        }
    }
    let sets = NeuronSets::new(&stimuli.contrast, sets);
    Ok(DynamicPass { sets, prompts: indices, outcomes })
}

/// Runs the stimuli through a layer and selects the neurons of both labels to lesion in it.
fn select_in_layer(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
    batches: &mut [ClimbingBatch],
    study: &Study,
    layer: usize,
) -> Result<[Arc<[usize]>; 2], StudyError> {
    let neurons = subject.model.config().intermediate_size;
    let site = model_site(study.selection.site);
    let places = stimuli.places();
    let mut sides = stimuli.layout.lines.each_ref().map(|lines| vec![0.0; lines.len() * neurons]);
    for batch in batches {
        let mut capture = TokenCapture::new(&[site], &batch.tokens, &batch.positions)?;
        batch.run_layer(subject, layer, &mut capture)?;
        for values in capture.layers(site)? {
            for (&sentence, values) in batch.sentences.iter().zip(values.chunks_exact(neurons)) {
                let (side, row) = places[sentence];
                sides[side][row * neurons..][..neurons].copy_from_slice(values);
            }
        }
    }
    let tests = test_groups(stimuli, &sides, neurons)
        .map_err(|source| StudyError::stats_of_layer(source, layer))?;
    let significant = significant_sets(&tests, &study.selection).map_err(StudyError::Stats)?;
    Ok(choose_by_rule(study.lesion.sets, significant, &tests, study.lesion.strength))
}

/// The tests of one layer on the group means of each side's sentences.
fn test_groups(
    stimuli: &EncodedStimuli,
    sides: &[Vec<f32>; 2],
    neurons: usize,
) -> Result<Vec<TTest>, StatsError> {
    let layout = &stimuli.layout;
    let [a, b] = [0, 1].map(|side| average_groups(&sides[side], &layout.groups[side], neurons));
    let [rows_a, rows_b] = layout.counts().groups;
    let a = Matrix::new(&a, rows_a, neurons)?;
    let b = Matrix::new(&b, rows_b, neurons)?;
    t_tests(test_kind(stimuli.test), a, b, CONFIDENCE)
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

/// Embeds the stimuli by length.
fn embed_stimuli(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
) -> Result<Vec<ClimbingBatch>, StudyError> {
    let lengths = stimuli.sentences.iter().map(|sentence| sentence.ids.len());
    let mut batches = Vec::new();
    for indices in subject.groups(lengths, subject.batching.rows) {
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
