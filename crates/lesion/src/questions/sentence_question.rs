//! The model's predictions at the masks of one sentence, without and with a lesion.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use lesion_eval::{
    Batching, EncodedStimuli, LesionMethod, MaskRating, NeuronSetFile, NeuronSets, Observations,
    Progress, Sentence, SentenceLesion, StudyError, Subject, measure, select,
};
use study_record::{LesionKind, SetRule, Site, Strength, Study, Tokens};

use crate::{
    error::LesionError,
    inputs::study_texts::{bundled_stimuli, read_neuron_sets},
    loading::loaded_model::LoadedModel,
    questions::layer_neurons::{LayerNeurons, Neurons},
    running::stages::Stages,
};

/// A question to a model about one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceQuestion {
    /// The sentence, with `[MASK]` for each word to predict.
    pub sentence: String,
    /// The words to rate; empty for the top words of the vocabulary.
    pub candidates: Vec<String>,
    /// Number of top words.
    pub top: usize,
    /// The lesion, if any.
    pub lesion: Option<LesionRequest>,
}

/// A lesion of one sentence, as the user specifies it.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionRequest {
    /// The neurons.
    pub neurons: Vec<LayerNeurons>,
    /// A `neuron_sets.json` that labels refer to. By default, labels refer to the neurons that the
    /// default study selects.
    pub sets: Option<PathBuf>,
    /// The kind of lesion.
    pub kind: LesionKind,
    /// The site, before or after GELU.
    pub site: Site,
    /// The tokens.
    pub at: Tokens,
}

/// The model's predictions for a sentence.
#[derive(Clone, Debug)]
pub struct SentenceAnswer {
    /// The sentence.
    pub sentence: String,
    /// The model.
    pub model: String,
    /// Words that the model does not know.
    pub unknown: Vec<String>,
    /// The lesion, with its neurons by number.
    pub lesion: Option<SentenceLesion>,
    /// Whether a label refers to the neurons that the default study selects.
    pub selected: bool,
    /// The ratings at each mask.
    pub masks: Vec<MaskRating>,
}

/// Predicts the masked words of a sentence.
///
/// # Errors
/// If the sentence has no mask or is too long, a candidate is not one token, or the lesion names
/// neurons that do not exist.
pub fn ask(
    model: &LoadedModel,
    question: &SentenceQuestion,
    stages: &mut Stages<'_>,
) -> Result<SentenceAnswer, LesionError> {
    let subject = model.subject(false, Batching::default());
    let mut sentence = Sentence::encode(subject, &question.sentence)?;
    if !question.candidates.is_empty() {
        let rated = sentence.with_candidates(subject, &question.candidates);
        sentence = rated.map_err(|source| LesionError::Question { field: "candidates", source })?;
    }
    let selected = question.lesion.as_ref().is_some_and(LesionRequest::needs_selection);
    let lesion = match &question.lesion {
        Some(request) => Some(resolve(request, subject, stages)?),
        None => None,
    };
    let masks = sentence.rate(subject, question.top, lesion.as_ref())?;
    Ok(SentenceAnswer {
        sentence: question.sentence.clone(),
        model: model.name().to_owned(),
        unknown: sentence.unknown,
        lesion,
        selected,
        masks,
    })
}

impl LesionRequest {
    /// Whether a label refers to neurons that must be selected first.
    fn needs_selection(&self) -> bool {
        let mut neurons = self.neurons.iter().map(|layer_neurons| &layer_neurons.neurons);
        self.sets.is_none() && neurons.any(|neurons| matches!(neurons, Neurons::Labelled(_)))
    }
}

/// Finds the neurons of a request.
fn resolve(
    request: &LesionRequest,
    subject: Subject<'_>,
    stages: &mut Stages<'_>,
) -> Result<SentenceLesion, LesionError> {
    let file = match &request.sets {
        Some(path) => read_neuron_sets(path)?,
        None if request.needs_selection() => {
            stages.run("selection", |progress| select_sets(subject, progress))?
        }
        None => NeuronSetFile { sets: Vec::new() },
    };
    let mut layers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for layer_neurons in &request.neurons {
        let found = layer_neurons.find(subject, &file);
        for (layer, neurons) in found.map_err(|source| lesion_error(request, source))? {
            layers.entry(layer).or_default().extend(neurons);
        }
    }
    let LesionRequest { kind, site, ref at, .. } = *request;
    let method = LesionMethod { kind, site, tokens: at.clone() };
    let layers = layers.into_iter().map(|(layer, set)| (layer, Arc::from_iter(set))).collect();
    Ok(SentenceLesion { method, layers })
}

/// The error of neurons that do not exist, or of a label that no neuron set has.
fn lesion_error(request: &LesionRequest, source: StudyError) -> LesionError {
    match &request.sets {
        Some(path) if matches!(source, StudyError::NoSetOfLabel { .. }) => {
            LesionError::StudyInput { name: path.display().to_string(), source }
        }
        _ => LesionError::Question { field: "lesion", source },
    }
}

/// Selects the neurons of the default study.
fn select_sets(subject: Subject<'_>, progress: Progress<'_>) -> Result<NeuronSetFile, LesionError> {
    let study = Study::default();
    let stimuli = bundled_stimuli(study.selection.at)?;
    let stimuli = EncodedStimuli::encode(subject, &stimuli, &study.selection)?;
    let activations = measure(subject, &stimuli, &mut *progress)?;
    let observations = Observations::of(&activations, study.selection.site);
    let selection = select(&observations, &study.selection, study.seed, progress)?;
    let sets = NeuronSets::choose(&selection, SetRule::Significant, Strength::T);
    Ok(NeuronSetFile::new(&sets, &sets))
}
