//! A study whose inputs are read, checked and encoded before anything runs.

use std::{collections::BTreeMap, io::BufReader, sync::Arc};

use lesion_eval::{
    Batching, Design, LayerPattern, NeuronSets, StudyError, Subject, default_layer, find_part,
};
use study_record::{
    BUNDLED, IndexRanges, Inputs, LEVEL, LesionKind, Manifest, Part, Registration,
    RegistrationCheck, ScoreUnit, StimuliCounts, Study, Warning, sets_needed, smallest_p,
};
use study_report::{StudyFiles, hash};

use crate::{
    error::LesionError,
    inputs::{encoded_texts::EncodedTexts, study_texts::StudyTexts},
    loading::{device::batching, loaded_model::LoadedModel},
    running::stages::Stages,
};

/// Options of a run. They change results by rounding only.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub struct RunOptions {
    /// Bytes that forward passes may use besides the weights. Less memory means smaller batches.
    pub memory: usize,
    /// Whether every pass computes all tokens of all layers, without shortcuts.
    pub plain: bool,
    /// Whether to write the tested activations too.
    pub save_activations: bool,
    /// The command line, for the manifest.
    pub command: Vec<String>,
    /// The version of the running code. A run only resumes one of the same code, because other code
    /// may have other results. By default this is the version of this crate; a program that is built
    /// again without a new version uses the hash of its executable.
    pub code: String,
    /// The registration that the run is compared with, and the SHA-256 of its file.
    pub registration: Option<(Registration, String)>,
    /// Whether a warning is an error.
    pub strict: bool,
    /// Whether to replace the results, or the interrupted run, of another study in the same place.
    pub replaces: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            memory: Batching::default().memory,
            plain: false,
            save_activations: false,
            command: Vec::new(),
            code: env!("CARGO_PKG_VERSION").to_owned(),
            registration: None,
            strict: false,
            replaces: false,
        }
    }
}

/// The inputs of a study as its model reads them. Studies that read the same texts in the same way share
/// them.
pub(crate) struct ReadInputs {
    inputs: Inputs,
    encoded: EncodedTexts,
    /// The sets of the study's file: the neurons with a label, and those that the laboratory lesions.
    given_sets: Option<(NeuronSets, NeuronSets)>,
}

impl ReadInputs {
    /// Encodes the texts for the model.
    ///
    /// # Errors
    /// If the texts do not fit the model.
    pub(crate) fn encode(
        model: &LoadedModel,
        study: &Study,
        mut texts: StudyTexts,
        options: &RunOptions,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        let origin = stages.run("hash", |_| model.origin())?;
        let subject = model.subject(options.plain, batching(study.backend, options.memory));
        let encoded = stages.run("encode", |_| EncodedTexts::encode(subject, study, &mut texts))?;
        let (stimuli, prompts, neurons) = texts.origins;
        let mut given_sets = None;
        if let (Some(file), Some(origin)) = (&texts.neurons, &neurons) {
            let config = subject.model.config();
            let sets = file.sets(
                encoded.stimuli.contrast(),
                config.num_hidden_layers,
                config.intermediate_size,
            );
            given_sets = Some(sets.map_err(|source| LesionError::StudyInput {
                name: origin.source.clone(),
                source,
            })?);
        }
        let bystanders = texts.bystanders.map(|(_, origin)| origin);
        let inputs = Inputs { model: origin, stimuli, prompts, neurons, bystanders };
        Ok(Self { inputs, encoded, given_sets })
    }
}

/// The layers that a study looks at.
struct StudyLayers {
    /// The layer of the paper's lesion.
    layer: usize,
    /// Those of the laboratory.
    layers: Vec<usize>,
    patterns: Vec<LayerPattern>,
}

impl StudyLayers {
    /// # Errors
    /// If the model does not have one.
    fn find(subject: Subject<'_>, study: &Study) -> Result<Self, LesionError> {
        let count = subject.model.config().num_hidden_layers;
        let layer = study.lesion.layer.unwrap_or_else(|| default_layer(count));
        find_layers(subject, &IndexRanges::one(layer), "lesion.layer")?;
        let layers = find_layers(subject, &study.lesion.layers, "lesion.layers")?;
        let mut groups = Vec::new();
        for group in &study.joint.layers.0 {
            groups.push(find_layers(subject, group, "joint.layers")?);
        }
        for (given, setting) in
            [(&study.dose.layers, "dose.layers"), (&study.causal.layers, "causal.layers")]
        {
            if let Some(layers) = given {
                find_layers(subject, layers, setting)?;
            }
        }
        let patterns = LayerPattern::all(&layers, &groups);
        Ok(Self { layer, layers, patterns })
    }
}

impl RunOptions {
    /// Checks that there are no warnings, if these are errors.
    ///
    /// # Errors
    /// If there is a warning, and the options are strict ([`LesionError::Warnings`]).
    pub(crate) fn check_warnings(&self, warnings: &[Warning]) -> Result<(), LesionError> {
        match warnings.first() {
            Some(first) if self.strict => {
                let first = Box::new(first.clone());
                Err(LesionError::Warnings { first, count: warnings.len() })
            }
            _ => Ok(()),
        }
    }
}

/// A study that is ready to run on a model.
pub struct PreparedStudy<'m> {
    pub(crate) study: Study,
    pub(crate) options: RunOptions,
    model: &'m LoadedModel,
    read: Arc<ReadInputs>,
    layers: StudyLayers,
    /// Doubts about the study, those about its lines last.
    pub(crate) warnings: Vec<Warning>,
    /// Notes about the model and the bundled prompts.
    pub(crate) notes: Vec<String>,
}

impl<'m> PreparedStudy<'m> {
    /// Encodes the texts for the model, and checks all settings of the study.
    ///
    /// # Errors
    /// If the texts or a setting do not fit the model.
    pub fn new(
        model: &'m LoadedModel,
        study: Study,
        texts: StudyTexts,
        options: RunOptions,
        stages: &mut Stages<'_>,
    ) -> Result<Self, LesionError> {
        Self::with_inputs(model, study, options, |study, options| {
            let read = ReadInputs::encode(model, study, texts, options, stages)?;
            Ok(Arc::new(read))
        })
    }

    /// Checks all settings of a study. `read` gives the inputs, once the settings that do not depend on
    /// them are valid.
    ///
    /// # Errors
    /// If `read` fails, or a setting does not fit the model or the texts.
    pub(crate) fn with_inputs(
        model: &'m LoadedModel,
        study: Study,
        options: RunOptions,
        read: impl FnOnce(&Study, &RunOptions) -> Result<Arc<ReadInputs>, LesionError>,
    ) -> Result<Self, LesionError> {
        check_parts(&study)?;
        if study.score == ScoreUnit::Sentence && study.lesion.kind == LesionKind::Patch {
            return Err(StudyError::PatchedSentences.into());
        }
        let subject = model.subject(options.plain, batching(study.backend, options.memory));
        let layers = StudyLayers::find(subject, &study)?;
        let read = read(&study, &options)?;
        let encoded = &read.encoded;
        let contrast = encoded.stimuli.contrast();
        if needs_labels(&study) && encoded.prompts.iter().all(|prompt| prompt.label.is_none()) {
            let name = match read.inputs.prompts.source.as_str() {
                BUNDLED => "bundled prompts".to_owned(),
                source => source.to_owned(),
            };
            let (a, b) = (contrast.a.clone(), contrast.b.clone());
            return Err(LesionError::NoLabelledPrompt { name, a, b });
        }
        encoded.stimuli.selected_on(study.selection.held_out.get(), study.seed)?;
        lesion_eval::check_tokens(&study.lesion.at, &encoded.prompts)?;
        lesion_eval::check_tokens(&study.lesion.at, &encoded.bystanders)?;
        let (warnings, notes) = (encoded.warnings.clone(), encoded.notes.clone());
        let mut prepared = Self { study, options, model, read, layers, warnings, notes };
        let config = prepared.subject().model.config();
        lesion_eval::check_shared_layers(prepared.study.lesion.shared, config)?;
        for note in model.notes() {
            match note.warning() {
                Some(warning) => prepared.warnings.push(warning),
                None => prepared.notes.push(note.to_string()),
            }
        }
        prepared.warnings.extend(prepared.check_random_sets());
        Warning::sort(&mut prepared.warnings);
        prepared.options.check_warnings(&prepared.warnings)?;
        Ok(prepared)
    }

    /// The origins and hashes of all inputs.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.read.inputs
    }

    /// The sets of the study's file: the neurons with a label, and those that the laboratory lesions.
    pub(crate) fn given_sets(&self) -> Option<&(NeuronSets, NeuronSets)> {
        self.read.given_sets.as_ref()
    }

    /// The labels of both sides of the stimuli.
    #[must_use]
    pub fn labels(&self) -> [&str; 2] {
        let contrast = self.read.encoded.stimuli.contrast();
        [&contrast.a, &contrast.b]
    }

    /// The numbers of all stimuli.
    ///
    /// # Errors
    /// If they are too few to select neurons on.
    pub fn stimuli(&self) -> Result<StimuliCounts, LesionError> {
        Ok(self.read.encoded.stimuli.selected_on(0.0, self.study.seed)?)
    }

    /// The number of prompts, one for each word that is predicted.
    #[must_use]
    pub fn prompts(&self) -> usize {
        self.read.encoded.prompts.len()
    }

    /// Doubts about the study, those about its lines last.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Notes about the model and the bundled prompts, in sentences. They raise no doubt about the study.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All warnings of the study, with those about its model's predictions.
    ///
    /// # Errors
    /// If there is a warning, and the options are strict ([`LesionError::Warnings`]).
    pub(crate) fn warnings_with(
        &self,
        never_right: Vec<Warning>,
    ) -> Result<Vec<Warning>, LesionError> {
        let mut warnings = self.warnings.clone();
        warnings.extend(never_right);
        Warning::sort(&mut warnings);
        self.options.check_warnings(&warnings)?;
        Ok(warnings)
    }

    /// The warning that no claim can reach the level, if that is so.
    fn check_random_sets(&self) -> Option<Warning> {
        let design = self.design();
        few_random_sets(design.claims(), design.random_sets())
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let batching = batching(self.study.backend, self.options.memory);
        self.model.subject(self.options.plain, batching)
    }

    /// The design of the study.
    pub(crate) fn design(&self) -> Design<'_> {
        Design {
            subject: self.subject(),
            study: &self.study,
            stimuli: &self.read.encoded.stimuli,
            prompts: &self.read.encoded.prompts,
            bystanders: &self.read.encoded.bystanders,
            layer: self.layers.layer,
            layers: &self.layers.layers,
            patterns: &self.layers.patterns,
        }
    }

    /// Everything that is decided, for a registration before the study runs.
    #[must_use]
    pub fn registration(&self) -> Registration {
        let design = self.design();
        let inputs = self.inputs().iter();
        Registration {
            lesion: env!("CARGO_PKG_VERSION").to_owned(),
            program: self.options.code.clone(),
            study: self.study.without_paths(),
            inputs: inputs.map(|(name, origin)| (name.to_owned(), origin.sha256.clone())).collect(),
            claims: design.claims(),
            random_sets: design.random_sets(),
        }
    }

    /// The comparison of this study with its registration, if it has one.
    pub(crate) fn check_registration(&self) -> Option<RegistrationCheck> {
        let (registered, sha256) = self.options.registration.as_ref()?;
        let deviations = registered.deviations(&self.registration());
        Some(RegistrationCheck { sha256: sha256.clone(), deviations })
    }

    /// The parts of the laboratory that run.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        Part::ALL.iter().copied().filter(|part| obstacle(&self.study, *part).is_none())
    }

    /// The parts that do not run, each with the reason.
    pub(crate) fn skipped_parts(&self) -> BTreeMap<Part, String> {
        let reason = |&part: &Part| Some((part, obstacle(&self.study, part)?));
        Part::ALL.iter().filter_map(reason).collect()
    }

    /// Checks that a place does not have the results of another study: other settings or inputs, or a
    /// manifest of another version or program.
    ///
    /// # Errors
    /// If it has ([`LesionError::AnotherStudy`]).
    pub(crate) fn check_results(&self, place: &dyn StudyFiles) -> Result<(), LesionError> {
        let Ok(file) = place.open(study_record::MANIFEST) else { return Ok(()) };
        let another = || LesionError::AnotherStudy(place.path(""));
        let manifest: Manifest =
            serde_json::from_reader(BufReader::new(file)).map_err(|_| another())?;
        if !self.is_of(&manifest) {
            return Err(another());
        }
        Ok(())
    }

    /// True if a manifest is of this study: of the same settings and inputs.
    pub(crate) fn is_of(&self, manifest: &Manifest) -> bool {
        let hashes = |inputs: &Inputs| -> Vec<BTreeMap<String, String>> {
            inputs.iter().map(|(_, origin)| origin.sha256.clone()).collect()
        };
        manifest.study.without_paths() == self.study.without_paths()
            && hashes(&manifest.inputs) == hashes(self.inputs())
    }

    /// A key of everything that the plain model's passes of the texts depend on, besides the model.
    pub(crate) fn texts_key(&self) -> String {
        let hashes: Vec<String> = self
            .inputs()
            .iter()
            .flat_map(|(name, origin)| {
                origin.sha256.iter().map(move |(file, hash)| format!("{name} {file} {hash}"))
            })
            .collect();
        let selection = &self.study.selection;
        let RunOptions { memory, plain, .. } = self.options;
        let (at, test, score) = (selection.at, selection.test, self.study.score);
        format!("{hashes:?} {at:?} {test:?} {score} {memory} {plain}")
    }

    /// The hash of the code's version and of all inputs and settings that affect the results. Two runs with
    /// the same hash write the same tables.
    pub(crate) fn identity(&self) -> Result<String, LesionError> {
        let hashes: Vec<Vec<&String>> =
            self.inputs().iter().map(|(_, origin)| origin.sha256.values().collect()).collect();
        let RunOptions { memory, plain, ref code, .. } = self.options;
        let decided = (code, self.study.without_paths(), hashes, plain, memory);
        let bytes = serde_json::to_vec(&decided);
        let file = study_record::MANIFEST;
        Ok(hash::of_bytes(&bytes.map_err(|source| LesionError::Json { file, source })?))
    }
}

/// The warning that none of so many claims can reach the level, if that is so.
pub(crate) fn few_random_sets(claims: usize, random_sets: usize) -> Option<Warning> {
    if claims == 0 || smallest_p(claims, random_sets) <= LEVEL {
        return None;
    }
    Some(Warning::FewRandomSets { random_sets, claims, needed: sets_needed(claims) })
}

/// Whether a part runs that lesions prompts with a label. Only bystanders need none.
fn needs_labels(study: &Study) -> bool {
    let needs_none = |part: Part| part == Part::Specificity && study.controls.bystanders.is_some();
    Part::ALL.iter().any(|&part| obstacle(study, part).is_none() && !needs_none(part))
}

/// The reason why a part does not run, if it does not.
fn obstacle(study: &Study, part: Part) -> Option<String> {
    if let Some(parts) = &study.parts {
        if parts.contains(&part) {
            return None;
        }
        return Some("the study does not include it".to_owned());
    }
    find_part(part).check(study).err().map(|reason| reason.to_string())
}

/// Checks that the parts that the study includes can run.
fn check_parts(study: &Study) -> Result<(), LesionError> {
    for &part in study.parts.iter().flatten() {
        if let Err(reason) = find_part(part).check(study) {
            return Err(LesionError::Part { part, reason: reason.to_string() });
        }
    }
    Ok(())
}

/// The layers that a setting lists.
fn find_layers(
    subject: Subject<'_>,
    layers: &IndexRanges,
    setting: &'static str,
) -> Result<Vec<usize>, LesionError> {
    subject.layers(layers).map_err(|source| LesionError::Layer { setting, source })
}
