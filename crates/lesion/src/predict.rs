//! `lesion predict`: what a model says at the masks of one sentence, and what a lesion changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result};
use lesion_eval::{
    Batching, EncodedStimuli, LesionKind, Manner, MaskRating, NeuronSetFile, NeuronSets, Sentence,
    SentenceLesion, SetRule, Stimuli, Strength, Subject, Tokens, measure, select, tables,
};
use serde::Serialize;

use crate::{
    answer::Answer,
    args::{Predict, use_threads},
    console, inputs,
    layer_neurons::{LayerNeurons, Neurons},
    progress::Stages,
    study::Study,
};

/// What the model says of a sentence.
pub(crate) struct Predicted {
    pub(crate) sentence: String,
    model: String,
    /// Words that the model does not know.
    pub(crate) unknown: Vec<String>,
    pub(crate) lesion: Option<SentenceLesion>,
    /// Whether labels mean the neurons that the paper's selection finds.
    pub(crate) selected: bool,
    pub(crate) masks: Vec<MaskRating>,
}

pub(crate) fn run(args: &Predict) -> Result<Predicted> {
    use_threads(args.model.threads)?;
    let mut stages = Stages::default();
    let (checkpoint, model, source) = args.model.load(&mut stages)?;
    let batching = Batching::default();
    let subject =
        Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain: false, batching };
    let mut sentence = Sentence::encode(subject, &args.sentence)?;
    if let Some(candidates) = &args.candidates {
        let words: Vec<String> = candidates.iter().map(|word| word.trim().to_owned()).collect();
        sentence = sentence.with_candidates(subject, &words).context("--candidates")?;
    }
    let labels = args.lesion.iter().any(|of| matches!(of.neurons, Neurons::Labelled(_)));
    let selected = labels && args.neurons.is_none();
    let lesion = (!args.lesion.is_empty()).then(|| lesion(args, subject, selected, &mut stages));
    let lesion = lesion.transpose()?;
    let masks = sentence.rate(subject, args.top, lesion.as_ref())?;
    let unknown = sentence.unknown;
    Ok(Predicted {
        sentence: args.sentence.clone(),
        model: source,
        unknown,
        lesion,
        selected,
        masks,
    })
}

fn lesion(
    args: &Predict,
    subject: Subject<'_>,
    selected: bool,
    stages: &mut Stages,
) -> Result<SentenceLesion> {
    let file = match &args.neurons {
        Some(path) => inputs::neuron_sets(path)?.0,
        None if selected => stages.run("selection", |_| paper_sets(subject))?,
        None => NeuronSetFile { sets: Vec::new() },
    };
    let most = subject.model.config().intermediate_size;
    let mut layers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for LayerNeurons { layer, neurons } in &args.lesion {
        let found = layers.entry(*layer).or_default();
        match neurons {
            // One more than a layer has is enough to be refused.
            Neurons::Numbered(ranges) => {
                found.extend(ranges.iter().flat_map(|range| range.clone().take(most + 1)));
            }
            Neurons::Labelled(label) => {
                let labelled = file.labelled(*layer, label);
                found.extend(labelled.with_context(|| source(args.neurons.as_deref()))?);
            }
        }
    }
    let manner = Manner { kind: args.kind, site: args.site, tokens: args.at.clone() };
    let set = |(layer, neurons): (usize, BTreeSet<usize>)| (layer, Arc::from_iter(neurons));
    Ok(SentenceLesion { manner, layers: layers.into_iter().map(set).collect() })
}

/// What an error about a label names.
fn source(neurons: Option<&Path>) -> String {
    neurons.map_or("--lesion".to_owned(), |path| path.display().to_string())
}

/// The neurons that carry a label in the study that `lesion reproduce` runs.
fn paper_sets(subject: Subject<'_>) -> Result<NeuronSetFile> {
    let study = Study::default();
    let input = inputs::stimuli(None, study.selection.at)?;
    let stimuli = Stimuli::parse(&input.name, &input.text)?;
    let stimuli = EncodedStimuli::encode(subject, &stimuli, study.selection.at)?;
    let selection = select(&measure(subject, &stimuli, &mut |_, _| ())?, study.selection_plan())?;
    let sets = NeuronSets::choose(&selection, SetRule::Significant, Strength::T);
    Ok(NeuronSetFile::new(&sets, &sets))
}

impl Answer for Predicted {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        console::predicted(out, self)
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Json<'a> {
            sentence: &'a str,
            model: &'a str,
            unknown: &'a [String],
            lesion: Option<JsonLesion<'a>>,
            masks: Vec<JsonMask<'a>>,
        }
        #[derive(Serialize)]
        struct JsonLesion<'a> {
            kind: LesionKind,
            site: String,
            at: &'a Tokens,
            layers: Vec<JsonLayer<'a>>,
        }
        #[derive(Serialize)]
        struct JsonLayer<'a> {
            layer: usize,
            neurons: &'a [usize],
        }
        #[derive(Serialize)]
        struct JsonMask<'a> {
            position: usize,
            changed: bool,
            candidates: Vec<tables::RatingRow<'a>>,
        }
        let lesion = self.lesion.as_ref().map(|SentenceLesion { manner, layers }| JsonLesion {
            kind: manner.kind,
            site: manner.site.to_string(),
            at: &manner.tokens,
            layers: layers
                .iter()
                .map(|(layer, neurons)| JsonLayer { layer: *layer, neurons })
                .collect(),
        });
        let masks = self.masks.iter().map(|mask| JsonMask {
            position: mask.position,
            changed: mask.changed,
            candidates: tables::ratings(mask).collect(),
        });
        Json {
            sentence: &self.sentence,
            model: &self.model,
            unknown: &self.unknown,
            lesion,
            masks: masks.collect(),
        }
    }
}
