//! `lesion predict`: what a model says at the masks of one sentence, and what a lesion changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    ops::RangeInclusive,
    path::Path,
    str::FromStr,
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
    progress::Stages,
    study::Study,
};

/// What `--lesion` says: a layer and some of its neurons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayerNeurons {
    layer: usize,
    neurons: Neurons,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Neurons {
    Numbered(Vec<RangeInclusive<usize>>),
    Labelled(String),
}

impl FromStr for LayerNeurons {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem =
            || format!("`{text}` names no neurons; `4:12,19`, `4:0-99` and `4:her` do, in layer 4");
        let (layer, neurons) = text.split_once(':').ok_or_else(problem)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| problem());
        let layer = number(layer)?;
        let neurons = if neurons.starts_with(|first: char| first.is_ascii_digit()) {
            let range = |part: &str| {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let range = number(first)?..=number(last)?;
                if range.is_empty() { Err(problem()) } else { Ok(range) }
            };
            Neurons::Numbered(neurons.split(',').map(range).collect::<Result<_, String>>()?)
        } else if neurons.trim().is_empty() {
            return Err(problem());
        } else {
            Neurons::Labelled(neurons.trim().to_owned())
        };
        Ok(Self { layer, neurons })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_numbers_ranges_or_a_label() {
        let parse = |text: &str| text.parse::<LayerNeurons>();
        let numbered = |layer, ranges| LayerNeurons { layer, neurons: Neurons::Numbered(ranges) };
        assert_eq!(parse("4:12,19"), Ok(numbered(4, vec![12..=12, 19..=19])));
        assert_eq!(parse("0:0-99, 767"), Ok(numbered(0, vec![0..=99, 767..=767])));
        let neurons = Neurons::Labelled("her".to_owned());
        assert_eq!(parse("4:her"), Ok(LayerNeurons { layer: 4, neurons }));
        for text in ["", "4", "4:", "her:4", ":her", "4:1,x", "4:1-", "-1:2", "4:1,,2", "4:9-1"] {
            assert!(parse(text).is_err_and(|problem| problem.contains("`4:12,19`")), "{text}");
        }
    }
}
