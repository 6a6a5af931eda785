//! Single neurons in one sentence: their activations at every token, and the words that they
//! write.

use activation_capture::LayerCapture;
use bert_model::Site;
use burn::tensor::Tensor;

use crate::{error::StudyError, passes::subject::Subject, prediction::sentence::Sentence};

/// Neurons in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceView {
    /// The tokens, `[CLS]` first.
    pub tokens: Vec<String>,
    /// Positions at which words are predicted.
    pub masks: Vec<usize>,
    /// The neurons.
    pub neurons: Vec<NeuronView>,
}

/// A neuron in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronView {
    /// The layer.
    pub layer: usize,
    /// The neuron.
    pub neuron: usize,
    /// Its activation at each token before the activation function.
    pub pre: Vec<f32>,
    /// Its activation at each token after the activation function.
    pub post: Vec<f32>,
    /// The words that it writes at each prediction of this sentence, in logits: its direct effect on each
    /// word ([`LanguageModel::words_written`](bert_model::LanguageModel::words_written)).
    pub written: Vec<WrittenWords>,
    /// The words that its weights favour in any sentence, per unit of activation
    /// ([`LanguageModel::word_weights`](bert_model::LanguageModel::word_weights)).
    pub weights: WrittenWords,
}

/// The words that a neuron raises and lowers most, each with the amount.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenWords {
    /// The most raised word first.
    pub raised: Vec<(String, f32)>,
    /// The most lowered word first.
    pub lowered: Vec<(String, f32)>,
}

/// The neurons to look at in a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewedNeurons {
    /// These neurons.
    Numbered(Vec<usize>),
    /// As many neurons as this, those that are most active at the first prediction after the activation
    /// function, in either direction.
    MostActive(usize),
}

/// Looks at neurons of some layers in a sentence. `words` is the number of words to name on either
/// side.
///
/// # Errors
/// If a layer or neuron does not exist, or the model cannot be run.
pub fn view_neurons(
    subject: Subject<'_>,
    sentence: &Sentence,
    layers: &[(usize, ViewedNeurons)],
    words: usize,
) -> Result<SentenceView, StudyError> {
    let ids = sentence.tokens();
    let masks: Vec<usize> = sentence.masks().iter().map(|mask| mask.position).collect();
    for &(layer, _) in layers {
        subject.check_layer(layer)?;
    }
    let entering = subject.hidden_states(ids)?;
    let mut neurons = Vec::new();
    for (layer, viewed) in layers {
        neurons.extend(view_layer(subject, &entering, *layer, viewed, &masks, words)?);
    }
    let tokens = ids.iter().map(|&id| subject.tokenizer.token(id).unwrap_or_default()).collect();
    Ok(SentenceView { tokens, masks, neurons })
}

/// Looks at neurons of one layer. `entering` is the clean pass of the sentence: the input of each layer
/// and then the output of the last one.
fn view_layer(
    subject: Subject<'_>,
    entering: &[Tensor<3>],
    layer: usize,
    viewed: &ViewedNeurons,
    masks: &[usize],
    words: usize,
) -> Result<Vec<NeuronView>, StudyError> {
    let model = subject.model;
    let width = model.config().intermediate_size;
    let mut capture = LayerCapture::new(layer);
    model.run_layers(layer..layer + 1, entering[layer].clone(), &mut capture)?;
    let [pre, post] = [capture.values(Site::Pre)?, capture.values(Site::Post)?];
    let chosen = match viewed {
        ViewedNeurons::Numbered(neurons) => neurons.clone(),
        ViewedNeurons::MostActive(count) => most_active(&post[masks[0] * width..][..width], *count),
    };
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let mut written = Vec::with_capacity(masks.len());
    for &mask in masks {
        let effects = model.words_written(entering, layer, mask, &chosen)?;
        written.push(name_words(subject, effects, words));
    }
    let weights = name_words(subject, model.word_weights(layer, &chosen)?, words);
    let at_tokens = |values: &[f32], neuron: usize| {
        values.chunks_exact(width).map(|token| token[neuron]).collect()
    };
    let mut views = Vec::with_capacity(chosen.len());
    for (index, (&neuron, weights)) in chosen.iter().zip(weights).enumerate() {
        views.push(NeuronView {
            layer,
            neuron,
            pre: at_tokens(&pre, neuron),
            post: at_tokens(&post, neuron),
            written: written.iter().map(|neurons| neurons[index].clone()).collect(),
            weights,
        });
    }
    Ok(views)
}

/// The neurons with the largest activations, in either direction.
fn most_active(activations: &[f32], count: usize) -> Vec<usize> {
    let mut neurons: Vec<usize> = (0..activations.len()).collect();
    neurons.sort_by(|&a, &b| activations[b].abs().total_cmp(&activations[a].abs()).then(a.cmp(&b)));
    neurons.truncate(count);
    neurons
}

/// The words with the largest and smallest values of each row of `[neurons, vocabulary]`.
fn name_words(subject: Subject<'_>, values: Tensor<2>, count: usize) -> Vec<WrittenWords> {
    let [_, vocabulary] = values.dims();
    let values: Vec<f32> = values.into_data().iter::<f32>().collect();
    values.chunks_exact(vocabulary).map(|row| extreme_words(subject, row, count)).collect()
}

fn extreme_words(subject: Subject<'_>, values: &[f32], count: usize) -> WrittenWords {
    let mut ids: Vec<u32> = (0..).take(values.len()).collect();
    ids.retain(|&id| !subject.tokenizer.is_special(id) && subject.tokenizer.token(id).is_some());
    let value = |id: u32| values[id as usize];
    ids.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
    let name = |&id: &u32| (subject.tokenizer.token(id).unwrap_or_default(), value(id));
    WrittenWords {
        raised: ids.iter().take(count).filter(|&&id| value(id) > 0.0).map(name).collect(),
        lowered: ids.iter().rev().take(count).filter(|&&id| value(id) < 0.0).map(name).collect(),
    }
}
