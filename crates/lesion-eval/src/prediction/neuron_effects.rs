//! The lesion of single neurons, each by itself, in one sentence.

use std::{collections::BTreeMap, sync::Arc};

use bert_model::{NoHook, Site, TokenBatch};
use study_record::Directness;

use crate::{
    encoding::masked_prompt::{Candidate, MaskedPrompt},
    engine::{
        direct_pass::DirectPass,
        journal::NoJournal,
        laboratory::Laboratory,
        lesioned_layers::layers_of,
        trial::{Drops, Outcome, Read, Trial},
    },
    error::StudyError,
    passes::{
        logits::{highest_tokens, read_logits},
        progress::Progress,
        subject::Subject,
    },
    prediction::{sentence::Sentence, sentence_lesion::SentenceLesion},
    selection::activations::activations_at_masks,
};

/// The effect of lesioning one neuron of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronEffect {
    /// The layer.
    pub layer: usize,
    /// The neuron.
    pub neuron: usize,
    /// Its activation before the activation function, where the word is predicted.
    pub pre: f32,
    /// Its activation after the activation function, where the word is predicted.
    pub post: f32,
    /// The falls of the word's logit and of its margin over the strongest other word.
    pub drops: Drops,
    /// The falls that the neuron's direct effect amounts to, and how these are computed; only if the
    /// lesion is zero where the word is predicted.
    pub direct: Option<(Drops, Directness)>,
}

/// The effects of single neurons on one prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskEffects {
    /// Position at which the word is predicted; that of the first token is 0.
    pub position: usize,
    /// The word whose logit falls.
    pub word: String,
    /// The words that it is compared with.
    pub others: Vec<String>,
    /// The margin without a lesion.
    pub margin: f64,
    /// The neurons, those with the largest fall of the margin, in either direction, first.
    pub neurons: Vec<NeuronEffect>,
}

/// Lesions each neuron of `lesion` by itself, at each prediction of a sentence. The word is the first
/// candidate, or the model's top word; the others are the other candidates, or the model's second word.
///
/// # Errors
/// If a layer, neuron or token does not exist, the kind of lesion needs values that are not given, the
/// model cannot be run, or `progress` cancels.
pub fn lesion_each(
    subject: Subject<'_>,
    sentence: &Sentence,
    lesion: &SentenceLesion,
    progress: Progress<'_>,
) -> Result<Vec<MaskEffects>, StudyError> {
    let mut prompts = Vec::with_capacity(sentence.masks().len());
    for (index, mask) in sentence.masks().iter().enumerate() {
        let candidates = choose_words(subject, mask)?;
        prompts.push(MaskedPrompt { prompt: index, candidates, ..mask.clone() });
    }
    let prepared = lesion.prepare(subject, &prompts)?;
    let mut trials = Vec::new();
    for prompt in 0..prompts.len() {
        for (layer, neurons) in &lesion.layers {
            for &neuron in neurons.iter() {
                trials.push(Trial::single(prompt, *layer, Arc::from([neuron])));
            }
        }
    }
    let mut journal = NoJournal;
    let mut laboratory = Laboratory::new(subject, &prompts, prepared, &mut journal);
    let outcomes = laboratory.run("each", &trials, Read::Candidates, &mut *progress)?;
    let is_comparable = laboratory.zeroes_at_masks();
    let pre = activations_at_masks(subject, &prompts, Site::Pre, progress)?;
    let post = activations_at_masks(subject, &prompts, Site::Post, progress)?;

    let width = subject.model.config().intermediate_size;
    let mut masks = Vec::with_capacity(prompts.len());
    let outcomes: Vec<&[Outcome]> =
        outcomes.chunks((trials.len() / prompts.len()).max(1)).collect();
    for (index, prompt) in prompts.iter().enumerate() {
        let direct =
            if is_comparable { direct_effects(subject, prompt, lesion)? } else { BTreeMap::new() };
        let mut neurons = Vec::new();
        // There are none if no neuron is given.
        let mask_outcomes = outcomes.get(index).copied().unwrap_or_default();
        let mut drops = mask_outcomes.iter().map(Outcome::drops);
        for (layer, set) in &lesion.layers {
            for (&neuron, drops) in set.iter().zip(&mut drops) {
                let place = layer * width + neuron;
                neurons.push(NeuronEffect {
                    layer: *layer,
                    neuron,
                    pre: pre[index][place],
                    post: post[index][place],
                    drops,
                    direct: direct.get(layer).map(|(effects, how)| (effects[neuron], *how)),
                });
            }
        }
        sort_by_margin(&mut neurons);
        let mut words = prompt.candidates.iter().map(|candidate| candidate.word.clone());
        masks.push(MaskEffects {
            position: prompt.position,
            word: words.next().unwrap_or_default(),
            others: words.collect(),
            margin: mask_outcomes.first().map_or(f64::NAN, |outcome| outcome.clean.margin()),
            neurons,
        });
    }
    Ok(masks)
}

/// Sorts neurons by how far the margin falls or rises; equal ones by layer and number.
fn sort_by_margin(neurons: &mut [NeuronEffect]) {
    neurons.sort_by(|one, other| {
        let by_size = other.drops.margin.abs().total_cmp(&one.drops.margin.abs());
        by_size.then((one.layer, one.neuron).cmp(&(other.layer, other.neuron)))
    });
}

/// The candidates of a prediction, and as many of the model's top words as are missing to two.
pub(crate) fn choose_words(
    subject: Subject<'_>,
    mask: &MaskedPrompt,
) -> Result<Vec<Candidate>, StudyError> {
    let mut words = mask.candidates.clone();
    if words.len() >= 2 {
        return Ok(words);
    }
    let batch = TokenBatch::new(vec![mask.masked.clone()])?;
    let hidden = subject.forward_at(&batch, &[mask.position], &mut NoHook)?;
    let logits = read_logits(subject, hidden, |_| mask.prompt)?;
    for id in highest_tokens(&logits[0], logits[0].len()) {
        if words.len() >= 2 {
            break;
        }
        let Some(word) = subject.tokenizer.token(id) else { continue };
        if words.iter().all(|known| known.id != id) {
            words.push(Candidate { word, id });
        }
    }
    Ok(words)
}

/// The direct effects of all neurons of each lesioned layer.
fn direct_effects(
    subject: Subject<'_>,
    prompt: &MaskedPrompt,
    lesion: &SentenceLesion,
) -> Result<BTreeMap<usize, (Vec<Drops>, Directness)>, StudyError> {
    let pass = DirectPass::run(subject, prompt)?;
    let mut effects = BTreeMap::new();
    let layers = subject.model.config().num_hidden_layers;
    for &(layer, _) in &lesion.layers {
        let lesioned = layers_of(lesion.method.shared, layer, layers);
        let is_exact = lesioned == [layers - 1];
        let how = if is_exact { Directness::Exact } else { Directness::Linearised };
        effects.insert(layer, (pass.effects(&lesioned)?, how));
    }
    Ok(effects)
}
