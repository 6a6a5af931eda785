//! A model that Python holds open.

use std::path::{Path, PathBuf};

use lesion::{LoadedModel, ModelSource, SentenceQuestion, Session, TextInput, device};
use lesion_eval::study_rows;
use pyo3::prelude::*;
use serde::Serialize;
use study_record::{Backend, FilePath, Study, tables::RatingRow};

use crate::{
    activation_array::ActivationArray,
    columns::Columns,
    computation::compute,
    native_error::NativeError,
    neuron_argument::{LesionArgument, TokenArgument, parse_neurons, parse_site},
    setting_values::{SettingJson, read_study},
    text_argument::TextArgument,
};

/// A model that stays loaded.
#[pyclass(frozen, module = "lesion._lesion")]
pub(crate) struct OpenedModel {
    session: Session,
    /// The model as a study names it; none for the bundled one.
    setting: Option<FilePath>,
    untrained: Option<u64>,
}

/// A rated word of one of many sentences.
#[derive(Serialize)]
struct SentenceRating {
    sentence: usize,
    #[serde(flatten)]
    rating: MaskRatingRow,
}

/// A rated word at a mask.
#[derive(Serialize)]
struct MaskRatingRow {
    position: usize,
    #[serde(flatten)]
    rating: RatingRow,
}

impl OpenedModel {
    /// The open model.
    pub(crate) fn model(&self) -> &LoadedModel {
        self.session.model()
    }

    /// Lets a study name this model.
    pub(crate) fn name_in(&self, study: &mut Study) {
        study.model.clone_from(&self.setting);
        study.untrained = self.untrained;
    }
}

#[pymethods]
impl OpenedModel {
    /// Opens a folder, a model on the hub, or by default the bundled model.
    #[staticmethod]
    #[pyo3(signature = (name, untrained, report))]
    fn open(
        py: Python<'_>,
        name: Option<PathBuf>,
        untrained: Option<u64>,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let setting = name.map(FilePath);
        let opened = compute(py, report, |stages| {
            let source = ModelSource::named(setting.as_ref(), Path::new(""))?;
            let device = device(Backend::Flex, 0)?;
            let model = LoadedModel::open(&source, untrained, &device, stages)?;
            let session = Session::new(model, Backend::Flex);
            Ok::<_, NativeError>(Self { session, setting: source.setting(), untrained })
        });
        Ok(opened?)
    }

    /// The model's name in results.
    #[getter]
    fn name(&self) -> &str {
        self.model().name()
    }

    /// Number of layers, and of neurons in each.
    #[getter]
    fn shape(&self) -> [usize; 2] {
        self.session.shape()
    }

    /// The words at each mask of sentences.
    #[pyo3(signature = (sentences, numbered, candidates, top, lesion, report))]
    #[expect(clippy::too_many_arguments, reason = "they are Python's")]
    fn predict(
        &self,
        py: Python<'_>,
        sentences: Vec<String>,
        numbered: bool,
        candidates: Vec<String>,
        top: usize,
        lesion: Option<LesionArgument>,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Columns> {
        let lesion = lesion.map(LesionArgument::request).transpose()?;
        let mut questions = Vec::with_capacity(sentences.len());
        for sentence in sentences {
            let (candidates, lesion) = (candidates.clone(), lesion.clone());
            questions.push(SentenceQuestion { sentence, candidates, top, lesion });
        }
        let columns = compute(py, report, |stages| {
            let mut rows = Vec::new();
            let answers = self.session.predict_all(&questions, stages)?;
            for (sentence, answer) in answers.into_iter().enumerate() {
                let answer = answer.map_err(|source| {
                    if numbered {
                        return NativeError::Sentence { sentence, source: Box::new(source) };
                    }
                    NativeError::from(source)
                })?;
                for mask in &answer.masks {
                    for rating in study_rows::ratings(mask) {
                        let rating = MaskRatingRow { position: mask.position, rating };
                        rows.push(SentenceRating { sentence, rating });
                    }
                }
            }
            if numbered {
                return table(rows.into_iter());
            }
            table(rows.into_iter().map(|row| row.rating))
        });
        Ok(columns?)
    }

    /// Lesions each neuron by itself at each mask of a sentence.
    #[pyo3(signature = (sentence, candidates, lesion, report))]
    fn each(
        &self,
        py: Python<'_>,
        sentence: String,
        candidates: Vec<String>,
        lesion: LesionArgument,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Columns> {
        let lesion = Some(lesion.request()?);
        let question = SentenceQuestion { candidates, lesion, ..SentenceQuestion::new(sentence) };
        let columns = compute(py, report, |stages| {
            let answer = self.session.each(&question, stages)?;
            table(answer.masks.iter().flat_map(study_rows::single_lesions))
        });
        Ok(columns?)
    }

    /// Neurons at every token of a sentence.
    #[pyo3(signature = (sentence, neurons, report))]
    fn view(
        &self,
        py: Python<'_>,
        sentence: &str,
        neurons: Vec<String>,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Columns> {
        let neurons = parse_neurons("neurons", &neurons)?;
        let columns = compute(py, report, |stages| {
            let answer = self.session.view(sentence, &neurons, None, stages)?;
            table(study_rows::token_activations(&answer.view))
        });
        Ok(columns?)
    }

    /// The activations at one token of each sentence.
    #[pyo3(signature = (sentences, token, site, report))]
    fn activations(
        &self,
        py: Python<'_>,
        sentences: Vec<String>,
        token: TokenArgument,
        site: &str,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ActivationArray> {
        let (site, token) = (parse_site(site)?, token.token());
        let activations = compute(py, report, |stages| {
            self.session.activations(&sentences, &token, site, stages)
        });
        Ok(activations?.into())
    }

    /// The test of every neuron on stimuli, and the labels of both sides.
    #[pyo3(signature = (stimuli, settings, report))]
    fn select(
        &self,
        py: Python<'_>,
        stimuli: Option<TextArgument>,
        settings: Vec<SettingJson>,
        report: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Columns, [String; 2])> {
        let study = read_study(&settings)?;
        let selected = compute(py, report, |stages| {
            let stimuli: Option<TextInput> = match stimuli {
                Some(text) => Some(text.read("stimuli")?),
                None => None,
            };
            let selection = self.session.select(stimuli.as_ref(), &study, stages)?;
            let labels = [selection.contrast.a.clone(), selection.contrast.b.clone()];
            Ok::<_, NativeError>((table(study_rows::neurons(&selection))?, labels))
        });
        Ok(selected?)
    }
}

fn table<R: Serialize>(rows: impl Iterator<Item = R>) -> Result<Columns, NativeError> {
    Columns::of_rows(rows).map_err(|error| NativeError::Panic(error.to_string()))
}
