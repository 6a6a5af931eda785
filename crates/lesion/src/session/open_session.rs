//! A model that stays loaded, for any number of questions.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lesion_eval::{
    Batching, LesionMethod, LesionValues, NeuronSetFile, RandomCloud, ReadToken, Selection,
    Sentence, SentenceActivations, SentenceLesion, StudyError, Subject, ViewedNeurons,
    check_shared_layers, lesion_each, predicted_at, rate_sentences, sentence_activations,
    view_neurons,
};
use study_record::{Backend, FilePath, LesionKind, Site, Study};

use crate::{
    error::LesionError,
    inputs::study_texts::{
        StudyTexts, TextInput, bundled_stimuli, parse_stimuli, read_neuron_sets,
    },
    loading::{
        device::{batching, device},
        loaded_model::LoadedModel,
        model_source::ModelSource,
    },
    running::{
        place::Place,
        prepared_study::{PreparedStudy, RunOptions},
        run::{RunSummary, run},
        stages::Stages,
    },
    session::{
        layer_neurons::{LayerNeurons, Neurons},
        sentence_answers::{EachAnswer, SentenceAnswer, ViewAnswer},
        sentence_question::{LesionRequest, SentenceQuestion},
        stimuli_responses::StimuliResponses,
        stimuli_selection::select_on,
    },
};

/// A model that stays loaded. What it computes once, such as its responses to the bundled stimuli, it
/// keeps. Threads can share it.
pub struct Session {
    model: LoadedModel,
    batching: Batching,
    /// The responses to the stimuli that labels refer to, once they are needed.
    responses: Mutex<Option<Arc<StimuliResponses>>>,
}

/// Number of words and of stimuli that [`Session::view`] names for each neuron.
const NAMED: usize = 5;

impl Session {
    /// Opens a model on the CPU: a folder, a name on the hub, or the bundled model by default.
    ///
    /// # Errors
    /// If the model cannot be found, downloaded or loaded.
    pub fn open(model: Option<&str>, stages: &mut Stages<'_>) -> Result<Self, LesionError> {
        let setting = model.map(|name| FilePath(name.into()));
        let source = ModelSource::named(setting.as_ref(), Path::new(""))?;
        let device = device(Backend::Flex, 0)?;
        Ok(Self::new(LoadedModel::open(&source, None, &device, stages)?, Backend::Flex))
    }

    /// A session with an open model on a device of `backend`.
    #[must_use]
    pub fn new(model: LoadedModel, backend: Backend) -> Self {
        let batching = batching(backend, RunOptions::default().memory);
        Self { model, batching, responses: Mutex::new(None) }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &LoadedModel {
        &self.model
    }

    /// Predicts the words of a sentence in the place of `[MASK]`, without and with the question's lesion.
    ///
    /// # Errors
    /// If the sentence has no mask or is too long, a candidate is not one token, the lesion names
    /// neurons that do not exist, or the model cannot be run.
    pub fn predict(
        &self,
        question: &SentenceQuestion,
        stages: &mut Stages<'_>,
    ) -> Result<SentenceAnswer, LesionError> {
        let mut answers = self.predict_all(std::slice::from_ref(question), stages)?;
        answers.remove(0)
    }

    /// Predicts many sentences side by side. Each answer is the one of [`Session::predict`], to the
    /// last bit.
    ///
    /// # Errors
    /// If the prediction is cancelled. The errors of a question are its own answer.
    pub fn predict_all(
        &self,
        questions: &[SentenceQuestion],
        stages: &mut Stages<'_>,
    ) -> Result<Vec<Result<SentenceAnswer, LesionError>>, LesionError> {
        let mut encoded = Vec::with_capacity(questions.len());
        for question in questions {
            stages.check_cancelled()?;
            encoded.push(self.encode(question, stages));
        }
        let mut valid = Vec::new();
        for (question, encoded) in questions.iter().zip(&encoded) {
            if let Ok((sentence, lesion)) = encoded {
                valid.push((sentence, question.top, lesion.as_ref()));
            }
        }
        let subject = self.subject();
        let config = subject.model.config();
        let rated = stages
            .run("prediction", |progress| rate_sentences(subject, &valid, progress))
            .map_err(LesionError::from)?;
        let mut rated = rated.into_iter();
        let mut answers = Vec::with_capacity(questions.len());
        for (question, encoded) in questions.iter().zip(encoded) {
            let answer = match encoded {
                Err(error) => Err(error),
                Ok((sentence, lesion)) => match rated.next() {
                    Some(Ok(masks)) => Ok(SentenceAnswer {
                        sentence: question.sentence.clone(),
                        model: self.model.name().to_owned(),
                        unknown: sentence.unknown,
                        unread: sentence.unread,
                        selected: question
                            .lesion
                            .as_ref()
                            .is_some_and(LesionRequest::uses_bundled_labels),
                        lesion,
                        masks,
                        activation: config.structure.activation_name(),
                        predicted_at: predicted_at(config),
                    }),
                    Some(Err(error)) => Err(error.into()),
                    None => Err(StudyError::Cancelled.into()),
                },
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Zeroes neurons after the activation function where a sentence's word is predicted: the paper's lesion.
    ///
    /// # Errors
    /// If [`Session::predict`] fails.
    pub fn lesion(
        &self,
        sentence: &str,
        neurons: &[LayerNeurons],
        stages: &mut Stages<'_>,
    ) -> Result<SentenceAnswer, LesionError> {
        let request = LesionRequest::zero(neurons.to_vec());
        self.predict(&SentenceQuestion::new(sentence).with_lesion(request), stages)
    }

    /// Sets neurons of a sentence, where its word is predicted, to their activations at the first
    /// prediction of another sentence.
    ///
    /// # Errors
    /// If [`Session::predict`] fails, or the other sentence has no mask.
    pub fn patch(
        &self,
        sentence: &str,
        source: &str,
        neurons: &[LayerNeurons],
        stages: &mut Stages<'_>,
    ) -> Result<SentenceAnswer, LesionError> {
        let request = LesionRequest {
            patch: Some(source.to_owned()),
            ..LesionRequest::zero(neurons.to_vec())
        };
        self.predict(&SentenceQuestion::new(sentence).with_lesion(request), stages)
    }

    /// Lesions each neuron of the question's lesion by itself, at each prediction of its sentence. The word
    /// whose logit falls is the first candidate, or the model's top word; its margin is over the
    /// strongest other candidate, or the model's second word.
    ///
    /// # Errors
    /// If [`Session::predict`] fails, the question has no lesion, or no neuron has its labels.
    pub fn each(
        &self,
        question: &SentenceQuestion,
        stages: &mut Stages<'_>,
    ) -> Result<EachAnswer, LesionError> {
        let (sentence, lesion) = self.encode(question, stages).map_err(about_each)?;
        let Some(lesion) = lesion else { return Err(LesionError::NoNeurons) };
        if lesion.layers.iter().all(|(_, neurons)| neurons.is_empty()) {
            return Err(LesionError::NoneLabelled);
        }
        let subject = self.subject();
        let masks = stages
            .run("each", |progress| lesion_each(subject, &sentence, &lesion, progress))
            .map_err(LesionError::from)?;
        Ok(EachAnswer { lesion, masks })
    }

    /// Looks at neurons in a sentence: their activations at every token, the words that they write, and
    /// the bundled stimuli in which they are most active.
    ///
    /// Labels are looked up in `sets`, a `neuron_sets.json`, or by default among the neurons that the
    /// default study selects.
    ///
    /// # Errors
    /// If the sentence has no mask, or a layer or neuron does not exist.
    pub fn view(
        &self,
        sentence: &str,
        neurons: &[LayerNeurons],
        sets: Option<&Path>,
        stages: &mut Stages<'_>,
    ) -> Result<ViewAnswer, LesionError> {
        let subject = self.subject();
        let sentence = Sentence::encode(subject, sentence)?;
        let mut layers = Vec::new();
        for layer_neurons in neurons {
            layers.extend(self.find_viewed(layer_neurons, sets, stages)?);
        }
        let view = view_neurons(subject, &sentence, &layers, NAMED)?;
        let mut stimuli = Vec::with_capacity(view.neurons.len());
        // A model that does not know the words of the bundled stimuli can be looked at all the same.
        let responses = match self.responses(stages) {
            Ok(responses) => Some(responses),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(_) => None,
        };
        for neuron in &view.neurons {
            stimuli.push(match &responses {
                Some(responses) => responses.most_active(neuron.layer, neuron.neuron, NAMED),
                None => Vec::new(),
            });
        }
        Ok(ViewAnswer { view, stimuli })
    }

    /// The activations of every neuron at one token of each sentence, `[sentences, layers, neurons]`.
    ///
    /// # Errors
    /// If a sentence does not have the token or is too long, or the model cannot be run.
    pub fn activations(
        &self,
        sentences: &[impl AsRef<str>],
        token: &ReadToken,
        site: Site,
        stages: &mut Stages<'_>,
    ) -> Result<SentenceActivations, LesionError> {
        let subject = self.subject();
        let activations = stages.run("activations", |progress| {
            sentence_activations(subject, sentences, token, site, progress)
        });
        activations.map_err(LesionError::from)
    }

    /// Tests every neuron on stimuli, by default on the bundled ones. The seed and `selection` of `study`
    /// decide how.
    ///
    /// # Errors
    /// If the study holds stimuli out, the model cannot encode the stimuli or be run, or the run is
    /// cancelled.
    pub fn select(
        &self,
        stimuli: Option<&TextInput>,
        study: &Study,
        stages: &mut Stages<'_>,
    ) -> Result<Selection, LesionError> {
        select_on(self.subject(), stimuli, study, stages)
    }

    /// Runs stimuli, by default the bundled ones, and selects neurons on them as `study` does. From then
    /// on, labels and the values of lesions refer to these stimuli.
    ///
    /// # Errors
    /// If lines are invalid, the model cannot encode the stimuli or be run, or the run is cancelled.
    pub fn respond_to(
        &self,
        stimuli: Option<&TextInput>,
        study: &Study,
        stages: &mut Stages<'_>,
    ) -> Result<Arc<StimuliResponses>, LesionError> {
        let stimuli = match stimuli {
            Some(input) => parse_stimuli(input)?,
            None => bundled_stimuli(study.selection.at)?,
        };
        let subject = self.subject();
        let measured = stages.run("selection", |progress| {
            StimuliResponses::measure(subject, &stimuli, study, progress)
        })?;
        let measured = Arc::new(measured);
        *self.known_responses() = Some(measured.clone());
        Ok(measured)
    }

    /// The responses to the stimuli that labels refer to: by default those to the bundled stimuli, in the
    /// default study, which are measured at the first call.
    ///
    /// # Errors
    /// If [`Session::respond_to`] fails.
    pub fn responses(&self, stages: &mut Stages<'_>) -> Result<Arc<StimuliResponses>, LesionError> {
        let known = self.known_responses().clone();
        match known {
            Some(known) => Ok(known),
            None => self.respond_to(None, &Study::default(), stages),
        }
    }

    /// Lesions a sentence at its first prediction beside random sets of the same sizes: `count` of each kind.
    /// They are lesioned by [`Session::extend_cloud`].
    ///
    /// # Errors
    /// If [`Session::predict`] fails, or the question has no lesion or one of no neuron.
    pub fn cloud(
        &self,
        question: &SentenceQuestion,
        (count, seed): (usize, u64),
        stages: &mut Stages<'_>,
    ) -> Result<RandomCloud, LesionError> {
        let (sentence, lesion) = self.encode(question, stages)?;
        let Some(lesion) = lesion else { return Err(LesionError::NoNeurons) };
        if lesion.layers.iter().all(|(_, neurons)| neurons.is_empty()) {
            return Err(LesionError::NoneLabelled);
        }
        let subject = self.subject();
        let cloud = stages.run("cloud", |progress| {
            RandomCloud::new(subject, &sentence, &lesion, (count, seed), progress)
        });
        cloud.map_err(LesionError::from)
    }

    /// Lesions the next `sets` random sets of each kind. Returns whether all are lesioned.
    ///
    /// # Errors
    /// If the model cannot be run, or the run is cancelled.
    pub fn extend_cloud(
        &self,
        cloud: &mut RandomCloud,
        sets: usize,
        stages: &mut Stages<'_>,
    ) -> Result<bool, LesionError> {
        let subject = self.subject();
        let extended = stages.run("cloud", |progress| cloud.extend(subject, sets, progress));
        extended.map_err(LesionError::from)
    }

    /// The model's layers, and the neurons of each.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        let config = self.subject().model.config();
        [config.num_hidden_layers, config.intermediate_size]
    }

    /// Runs a study of the model, and writes its results into a place.
    ///
    /// # Errors
    /// If the texts or a setting do not fit the model, the place has another study or cannot be written,
    /// or the run is cancelled.
    pub fn run(
        &self,
        study: Study,
        texts: StudyTexts,
        options: RunOptions,
        place: &mut dyn Place,
        stages: &mut Stages<'_>,
    ) -> Result<RunSummary, LesionError> {
        let prepared = PreparedStudy::new(&self.model, study, texts, options, stages)?;
        run(&prepared, place, stages)
    }

    fn subject(&self) -> Subject<'_> {
        self.model.subject(false, self.batching)
    }

    fn known_responses(&self) -> MutexGuard<'_, Option<Arc<StimuliResponses>>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes the sentence of a question, and finds the neurons and values of its lesion.
    fn encode(
        &self,
        question: &SentenceQuestion,
        stages: &mut Stages<'_>,
    ) -> Result<(Sentence, Option<SentenceLesion>), LesionError> {
        let subject = self.subject();
        let mut sentence = Sentence::encode(subject, &question.sentence)?;
        if !question.candidates.is_empty() {
            let rated = sentence.with_candidates(subject, &question.candidates);
            sentence =
                rated.map_err(|source| LesionError::Question { field: "candidates", source })?;
        }
        let lesion = match &question.lesion {
            Some(request) => Some(self.resolve(request, stages)?),
            None => None,
        };
        Ok((sentence, lesion))
    }

    /// Finds the neurons of a lesion by number, and its values.
    ///
    /// # Errors
    /// If a layer, neuron or label does not exist, or the model cannot be run for the values.
    pub fn resolve(
        &self,
        request: &LesionRequest,
        stages: &mut Stages<'_>,
    ) -> Result<SentenceLesion, LesionError> {
        let sets = self.labelled_sets(request, stages)?;
        let mut layers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for layer_neurons in &request.neurons {
            let found = layer_neurons.find(self.subject(), &sets);
            for (layer, neurons) in found.map_err(|source| lesion_error(request, source))? {
                layers.entry(layer).or_default().extend(neurons);
            }
        }
        let values = match &request.patch {
            Some(source) => Some(self.patch_values(source, request.site)?),
            None if request.kind == LesionKind::Patch => return Err(LesionError::NoPatch),
            None if request.kind.needs_activations() => {
                let kind = request.kind;
                let responses = self.responses(stages).map_err(|error| match error {
                    LesionError::Study(source @ StudyError::Lines(_)) => {
                        LesionError::UnreadValues { kind, source }
                    }
                    error => error,
                })?;
                Some(LesionValues::Reference(responses.reference(request.site)))
            }
            None => None,
        };
        let kind = if request.patch.is_some() { LesionKind::Patch } else { request.kind };
        let method = LesionMethod {
            kind,
            site: request.site,
            tokens: request.at.clone(),
            shared: request.shared,
        };
        check_shared_layers(method.shared, self.subject().model.config())
            .map_err(|source| lesion_error(request, source))?;
        let layers = layers.into_iter().map(|(layer, set)| (layer, Arc::from_iter(set))).collect();
        Ok(SentenceLesion { method, layers, values })
    }

    /// The activations of another sentence that a lesion takes.
    fn patch_values(&self, source: &str, site: Site) -> Result<LesionValues, LesionError> {
        let subject = self.subject();
        let question_error = |source| LesionError::Question { field: "patch", source };
        let sentence = Sentence::encode(subject, source).map_err(question_error)?;
        let values = sentence.activations_at_mask(subject, site).map_err(question_error)?;
        Ok(LesionValues::Patch { sentence: source.to_owned(), values })
    }

    /// The sets in which the labels of a lesion are looked up.
    fn labelled_sets(
        &self,
        request: &LesionRequest,
        stages: &mut Stages<'_>,
    ) -> Result<NeuronSetFile, LesionError> {
        if let Some(path) = &request.sets {
            return read_neuron_sets(path);
        }
        if request.uses_bundled_labels() {
            let responses = self.responses(stages).map_err(|error| match error {
                LesionError::Study(source @ StudyError::Lines(_)) => {
                    LesionError::UnreadLabels { source }
                }
                error => error,
            })?;
            return Ok(responses.sets.clone());
        }
        Ok(NeuronSetFile { sets: Vec::new() })
    }

    /// The layers and neurons to look at.
    fn find_viewed(
        &self,
        layer_neurons: &LayerNeurons,
        sets: Option<&Path>,
        stages: &mut Stages<'_>,
    ) -> Result<Vec<(usize, ViewedNeurons)>, LesionError> {
        let subject = self.subject();
        let view_error = |source| LesionError::Question { field: "show", source };
        let Neurons::MostActive(count) = layer_neurons.neurons else {
            let request = LesionRequest {
                sets: sets.map(Path::to_owned),
                ..LesionRequest::zero(vec![layer_neurons.clone()])
            };
            let sets = self.labelled_sets(&request, stages)?;
            let found = layer_neurons.find(subject, &sets).map_err(view_error)?;
            let numbered = |(layer, neurons)| (layer, ViewedNeurons::Numbered(neurons));
            return Ok(found.into_iter().map(numbered).collect());
        };
        let layers =
            subject.layers(&layer_neurons.layers).map_err(|error| view_error(error.into()))?;
        Ok(layers.into_iter().map(|layer| (layer, ViewedNeurons::MostActive(count))).collect())
    }
}

/// The error of a lesion, as that of neurons that are lesioned by themselves.
fn about_each(error: LesionError) -> LesionError {
    match error {
        LesionError::Question { field: "lesion", source } => {
            LesionError::Question { field: "each", source }
        }
        error => error,
    }
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
