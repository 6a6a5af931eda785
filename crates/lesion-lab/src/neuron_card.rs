//! One neuron: its test, its activations in every stimulus, and what it does in a sentence.

use lesion::{EachJson, LesionRequest, Session, StimuliResponses, ViewJson};
use lesion_eval::{Activations, study_rows};
use serde::Serialize;
use serde_json::Value;
use study_record::Site;

use crate::{
    answer_json::{Columns, json},
    contrast_answers::check_layer,
    lab_question::{AskedNeuron, AskedSentence, read_neurons},
    one_line::Problem,
    page_watch::PageWatch,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NeuronCard<'a> {
    layer: usize,
    neuron: usize,
    t: f64,
    p: f64,
    q: f64,
    effect: f64,
    effect_range: [f64; 2],
    means: [f64; 2],
    label: Option<String>,
    sides: [NeuronSide<'a>; 2],
    is_paired: bool,
    sentence: Option<Value>,
}

#[derive(Serialize)]
struct NeuronSide<'a> {
    label: &'a str,
    sentences: &'a [String],
}

impl NeuronCard<'_> {
    /// The card of a neuron in JSON. Its activations in the stimuli are columns.
    pub(crate) fn json(
        session: &Session,
        responses: &StimuliResponses,
        asked: &AskedNeuron,
        columns: &mut Columns,
    ) -> Result<String, Problem> {
        let (layer, neuron) = (asked.layer, asked.neuron);
        let selection = &responses.selection;
        check_layer(layer, selection.layers)?;
        let mut watch = PageWatch::default();
        // It is an error if the layer has no such neuron.
        let request = LesionRequest::zero(read_neurons(&[format!("{layer}:{neuron}")])?);
        session.resolve(&request, &mut watch.stages())?;
        let activations = &responses.activations;
        for (side, name) in ["a", "b"].into_iter().enumerate() {
            for site in [Site::Pre, Site::Post] {
                let values = column(activations, site, side, layer * selection.neurons + neuron);
                columns.insert(format!("{site} {name}"), values);
            }
        }
        let sentence = match &asked.sentence {
            Some(sentence) => Some(in_sentence(session, asked, sentence)?),
            None => None,
        };
        let row = study_rows::neuron(selection, layer, neuron);
        let side = |side: usize, label| NeuronSide { label, sentences: &responses.sentences[side] };
        json(&NeuronCard {
            layer,
            neuron,
            t: row.t,
            p: row.p,
            q: row.q,
            effect: row.effect,
            effect_range: [row.effect_low, row.effect_high],
            means: [row.mean_a, row.mean_b],
            label: row.label,
            sides: [side(0, &selection.contrast.a), side(1, &selection.contrast.b)],
            is_paired: activations.is_paired(),
            sentence,
        })
    }
}

/// The activations of a neuron, counted over the whole model, in the stimuli of one side.
fn column(activations: &Activations, site: Site, side: usize, neuron: usize) -> Vec<f32> {
    let values = match site {
        Site::Pre => &activations.pre[side],
        Site::Post => &activations.post[side],
    };
    let rows = values.chunks_exact(activations.layers * activations.neurons);
    rows.map(|row| row[neuron]).collect()
}

/// A neuron at every token of a sentence, the words that it writes, and its lesion by itself.
fn in_sentence(session: &Session, asked: &AskedNeuron, sentence: &str) -> Result<Value, Problem> {
    let mut watch = PageWatch::default();
    let alone = AskedSentence::alone(asked, sentence);
    let question = alone.question()?;
    let neurons = read_neurons(&[format!("{}:{}", asked.layer, asked.neuron)])?;
    let view = session.view(sentence, &neurons, None, &mut watch.stages())?;
    let each = session.each(&question, &mut watch.stages())?;
    let mut view = serde_json::to_value(ViewJson::new(&view))?;
    let mut card = view["neurons"][0].take();
    for key in ["tokens", "masks"] {
        card[key] = view[key].take();
    }
    card["alone"] = serde_json::to_value(EachJson::new(&each))?["masks"].take();
    Ok(card)
}
