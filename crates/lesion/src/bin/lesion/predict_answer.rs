//! The answer of `lesion predict`: the predictions, single lesions, and neurons to look at.

use std::io::Write;

use anyhow::Result;
use lesion::{ActiveStimulus, EachAnswer, SentenceAnswer, Session, Stages, ViewAnswer};
use lesion_eval::{
    LesionValues, NeuronView, SentenceLesion, WrittenWords,
    study_rows::{ratings, single_lesions},
};
use serde::Serialize;
use study_record::{
    BUNDLED, LesionKind, Site, Tokens,
    tables::{RatingRow, SingleLesionRow},
};

use crate::{
    answers::Answer, next_step, predict_request::PredictQuestion, screen, sentence_screen,
};

/// The predictions for a sentence, with single lesions and neurons to look at.
pub(crate) struct PredictAnswer {
    pub(crate) sentence: SentenceAnswer,
    pub(crate) show: Option<ViewAnswer>,
    pub(crate) each: Option<EachAnswer>,
}

impl PredictAnswer {
    /// Asks a question.
    pub(crate) fn ask(
        session: &Session,
        asked: &PredictQuestion,
        stages: &mut Stages<'_>,
    ) -> Result<Self> {
        let sentence = session.predict(&asked.question, stages)?;
        Self::complete(session, asked, sentence, stages)
    }

    /// Adds the neurons to look at, and single lesions, to the predictions of a sentence.
    pub(crate) fn complete(
        session: &Session,
        asked: &PredictQuestion,
        sentence: SentenceAnswer,
        stages: &mut Stages<'_>,
    ) -> Result<Self> {
        let mut answer = Self { sentence, show: None, each: None };
        if !asked.show.is_empty() {
            let sets = asked.manner.sets.as_deref();
            let sentence = &asked.question.sentence;
            answer.show = Some(session.view(sentence, &asked.show, sets, stages)?);
        }
        if !asked.each.is_empty() {
            answer.each = Some(session.each(&asked.about_each(), stages)?);
        }
        Ok(answer)
    }

    /// The object of `--json`.
    pub(crate) fn object(&self) -> PredictJson<'_> {
        let SentenceAnswer { sentence, model, unknown, lesion, masks, .. } = &self.sentence;
        let mut masks_json = Vec::with_capacity(masks.len());
        for mask in masks {
            let candidates = ratings(mask).collect();
            masks_json.push(MaskJson {
                position: mask.position,
                changed: mask.changed,
                candidates,
            });
        }
        PredictJson {
            sentence,
            model,
            unknown,
            lesion: lesion.as_ref().map(LesionJson::new),
            masks: masks_json,
            show: self.show.as_ref().map(ViewJson::new),
            each: self.each.as_ref().map(EachJson::new),
        }
    }
}

impl Answer for PredictAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        screen::write_sentence(out, &self.sentence)?;
        if let Some(show) = &self.show {
            sentence_screen::write_view(out, show)?;
        }
        if let Some(each) = &self.each {
            sentence_screen::write_each(out, each)?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self.object())
    }

    fn next(&self) -> Option<String> {
        let SentenceAnswer { model, lesion, .. } = &self.sentence;
        // Another model may not know the bundled words, so that its labels are not known here.
        if lesion.is_some() || self.each.is_some() || model != BUNDLED {
            return Some(next_step::reproduce(model));
        }
        Some(format!("{} --lesion all:her", next_step::typed_with("predict")))
    }
}

#[derive(Serialize)]
pub(crate) struct PredictJson<'a> {
    sentence: &'a str,
    model: &'a str,
    unknown: &'a [String],
    lesion: Option<LesionJson<'a>>,
    masks: Vec<MaskJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<ViewJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    each: Option<EachJson<'a>>,
}

#[derive(Serialize)]
struct LesionJson<'a> {
    kind: LesionKind,
    site: Site,
    at: &'a Tokens,
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

#[derive(Serialize)]
struct EachJson<'a> {
    layers: Vec<LayerJson<'a>>,
    masks: Vec<EachMaskJson<'a>>,
}

impl<'a> EachJson<'a> {
    fn new(EachAnswer { lesion, masks }: &'a EachAnswer) -> Self {
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

#[derive(Serialize)]
struct ViewJson<'a> {
    tokens: &'a [String],
    masks: &'a [usize],
    neurons: Vec<NeuronJson<'a>>,
}

impl<'a> ViewJson<'a> {
    fn new(ViewAnswer { view, stimuli }: &'a ViewAnswer) -> Self {
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
