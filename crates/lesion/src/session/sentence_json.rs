//! The JSON of answers to questions about one sentence.

use lesion_eval::{
    LesionValues, NeuronView, SentenceLesion, WrittenWords,
    study_rows::{ratings, single_lesions},
};
use serde::Serialize;
use study_record::{
    LesionKind, SharedLayers, Site, Tokens,
    tables::{RatingRow, SingleLesionRow},
};

use crate::session::sentence_answers::{ActiveStimulus, EachAnswer, SentenceAnswer, ViewAnswer};

/// The object that answers a question about one sentence, with `--json` and in a browser.
#[derive(Serialize)]
pub struct SentenceJson<'a> {
    sentence: &'a str,
    model: &'a str,
    unknown: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<&'a str>,
    lesion: Option<LesionJson<'a>>,
    masks: Vec<MaskJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<ViewJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    each: Option<EachJson<'a>>,
}

impl<'a> SentenceJson<'a> {
    /// The predictions for a sentence, with neurons to look at and single lesions, if there are any.
    #[must_use]
    pub fn new(
        answer: &'a SentenceAnswer,
        show: Option<&'a ViewAnswer>,
        each: Option<&'a EachAnswer>,
    ) -> Self {
        let mut masks = Vec::with_capacity(answer.masks.len());
        for mask in &answer.masks {
            let candidates = ratings(mask).collect();
            masks.push(MaskJson { position: mask.position, changed: mask.changed, candidates });
        }
        Self {
            sentence: &answer.sentence,
            model: &answer.model,
            unknown: &answer.unknown,
            unread: answer.unread.as_deref(),
            lesion: answer.lesion.as_ref().map(LesionJson::new),
            masks,
            show: show.map(ViewJson::new),
            each: each.map(EachJson::new),
        }
    }
}

#[derive(Serialize)]
struct LesionJson<'a> {
    kind: LesionKind,
    site: Site,
    at: &'a Tokens,
    shared: SharedLayers,
    layers: Vec<LayerJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<&'a str>,
}

impl<'a> LesionJson<'a> {
    fn new(SentenceLesion { method, layers, values }: &'a SentenceLesion) -> Self {
        let patch = match values {
            Some(LesionValues::Patch { sentence, .. }) => Some(sentence.as_str()),
            _ => None,
        };
        let layers = layers.iter();
        Self {
            kind: method.kind,
            site: method.site,
            at: &method.tokens,
            shared: method.shared,
            layers: layers.map(|(layer, neurons)| LayerJson { layer: *layer, neurons }).collect(),
            patch,
        }
    }
}

#[derive(Serialize)]
struct LayerJson<'a> {
    layer: usize,
    neurons: &'a [usize],
}

#[derive(Serialize)]
struct MaskJson {
    position: usize,
    changed: bool,
    candidates: Vec<RatingRow>,
}

/// The effects of single neurons of a sentence.
#[derive(Serialize)]
pub struct EachJson<'a> {
    layers: Vec<LayerJson<'a>>,
    masks: Vec<EachMaskJson<'a>>,
}

impl<'a> EachJson<'a> {
    /// The JSON of an answer.
    #[must_use]
    pub fn new(EachAnswer { lesion, masks }: &'a EachAnswer) -> Self {
        let layers = lesion.layers.iter();
        let layers = layers.map(|(layer, neurons)| LayerJson { layer: *layer, neurons });
        let masks = masks.iter().map(|mask| EachMaskJson {
            position: mask.position,
            word: &mask.word,
            others: &mask.others,
            margin: mask.margin,
            neurons: single_lesions(mask).collect(),
        });
        Self { layers: layers.collect(), masks: masks.collect() }
    }
}

#[derive(Serialize)]
struct EachMaskJson<'a> {
    position: usize,
    word: &'a str,
    others: &'a [String],
    margin: f64,
    neurons: Vec<SingleLesionRow>,
}

/// Neurons in a sentence.
#[derive(Serialize)]
pub struct ViewJson<'a> {
    tokens: &'a [String],
    masks: &'a [usize],
    neurons: Vec<NeuronJson<'a>>,
}

impl<'a> ViewJson<'a> {
    /// The JSON of an answer.
    #[must_use]
    pub fn new(ViewAnswer { view, stimuli }: &'a ViewAnswer) -> Self {
        let neurons = view.neurons.iter().zip(stimuli);
        let neurons = neurons.map(|(neuron, stimuli)| NeuronJson::new(neuron, stimuli));
        Self { tokens: &view.tokens, masks: &view.masks, neurons: neurons.collect() }
    }
}

#[derive(Serialize)]
struct NeuronJson<'a> {
    layer: usize,
    neuron: usize,
    pre: &'a [f32],
    post: &'a [f32],
    written: Vec<WordsJson<'a>>,
    weights: WordsJson<'a>,
    stimuli: Vec<StimulusJson<'a>>,
}

impl<'a> NeuronJson<'a> {
    fn new(view: &'a NeuronView, stimuli: &'a [ActiveStimulus]) -> Self {
        let stimuli = stimuli.iter().map(|ActiveStimulus { sentence, label, post }| StimulusJson {
            sentence,
            label,
            post: *post,
        });
        Self {
            layer: view.layer,
            neuron: view.neuron,
            pre: &view.pre,
            post: &view.post,
            written: view.written.iter().map(WordsJson::new).collect(),
            weights: WordsJson::new(&view.weights),
            stimuli: stimuli.collect(),
        }
    }
}

#[derive(Serialize)]
struct WordsJson<'a> {
    raised: Vec<WordJson<'a>>,
    lowered: Vec<WordJson<'a>>,
}

impl<'a> WordsJson<'a> {
    fn new(WrittenWords { raised, lowered }: &'a WrittenWords) -> Self {
        let list = |words: &'a [(String, f32)]| {
            words.iter().map(|(word, amount)| WordJson { word, amount: *amount }).collect()
        };
        Self { raised: list(raised), lowered: list(lowered) }
    }
}

#[derive(Serialize)]
struct WordJson<'a> {
    word: &'a str,
    amount: f32,
}

#[derive(Serialize)]
struct StimulusJson<'a> {
    sentence: &'a str,
    label: &'a str,
    post: f32,
}
