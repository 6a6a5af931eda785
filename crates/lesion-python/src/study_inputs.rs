//! Studies: their settings and texts, checks and runs.

use std::path::PathBuf;

use lesion::{
    GivenTexts, LesionError, Memory, PreparedStudy, RunOptions, Stages, StudyTexts, TextInput,
    check, create_folder, run,
};
use pyo3::prelude::*;
use study_record::Study;

use crate::{
    computation::compute,
    finished_results::FinishedResults,
    native_error::NativeError,
    opened_model::OpenedModel,
    setting_values::{SettingJson, read_study},
    text_argument::TextArgument,
};

/// The settings and texts of a study.
#[pyclass(frozen, module = "lesion._lesion")]
pub(crate) struct StudyInputs {
    study: Study,
    given: GivenTexts,
}

#[pymethods]
impl StudyInputs {
    /// Reads settings and texts. A text that is not given is that of the settings, or a bundled one.
    #[new]
    fn new(
        settings: Vec<SettingJson>,
        stimuli: Option<TextArgument>,
        prompts: Option<TextArgument>,
        bystanders: Option<TextArgument>,
    ) -> PyResult<Self> {
        let study = read_study(&settings)?;
        let read = |text: Option<TextArgument>, name| -> Result<Option<TextInput>, NativeError> {
            text.map(|text| text.read(name)).transpose()
        };
        let given = GivenTexts {
            stimuli: read(stimuli, "stimuli")?,
            prompts: read(prompts, "prompts")?,
            bystanders: read(bystanders, "bystanders")?,
        };
        Ok(Self { study, given })
    }

    /// The study file of these settings.
    fn toml(&self) -> PyResult<String> {
        let text = toml::to_string(&self.study);
        Ok(text.map_err(|error| NativeError::Panic(error.to_string()))?)
    }
}

impl StudyInputs {
    /// Prepares the study for a model.
    fn prepare<'m>(
        &self,
        model: &'m OpenedModel,
        options: RunOptions,
        stages: &mut Stages<'_>,
    ) -> Result<PreparedStudy<'m>, LesionError> {
        let mut study = self.study.clone();
        model.name_in(&mut study);
        let texts = StudyTexts::read_given(&study, self.given.clone())?;
        PreparedStudy::new(model.model(), study, texts, options, stages)
    }
}

/// The plan of a study, in JSON, and its warnings as sentences.
#[pyfunction]
pub(crate) fn check_study(
    py: Python<'_>,
    model: &Bound<'_, OpenedModel>,
    inputs: &Bound<'_, StudyInputs>,
    report: Option<&Bound<'_, PyAny>>,
) -> PyResult<(String, Vec<String>)> {
    let (model, inputs) = (model.get(), inputs.get());
    let plan = compute(py, report, |stages| {
        let prepared = inputs.prepare(model, RunOptions::default(), stages)?;
        let plan = check(&prepared, stages)?;
        let json =
            serde_json::to_string(&plan).map_err(|error| NativeError::Panic(error.to_string()))?;
        let warnings = plan.warnings.iter().map(ToString::to_string).collect();
        Ok::<_, NativeError>((json, warnings))
    });
    Ok(plan?)
}

/// Runs a study, into a folder or into memory.
#[pyfunction]
#[pyo3(signature = (model, inputs, out, command, replace, save_activations, report))]
#[expect(clippy::too_many_arguments, reason = "they are Python's")]
pub(crate) fn run_study(
    py: Python<'_>,
    model: &Bound<'_, OpenedModel>,
    inputs: &Bound<'_, StudyInputs>,
    out: Option<PathBuf>,
    command: Vec<String>,
    replace: bool,
    save_activations: bool,
    report: Option<&Bound<'_, PyAny>>,
) -> PyResult<FinishedResults> {
    let (model, inputs) = (model.get(), inputs.get());
    let options =
        RunOptions { command, replaces: replace, save_activations, ..RunOptions::default() };
    let results = compute(py, report, |stages| {
        let prepared = inputs.prepare(model, options, stages)?;
        let Some(out) = out else {
            let mut memory = Memory::default();
            run(&prepared, &mut memory, stages)?;
            return Ok(FinishedResults::of_memory(memory));
        };
        let mut folder = create_folder(out)?;
        run(&prepared, &mut folder, stages)?;
        Ok::<_, NativeError>(FinishedResults::of_folder(folder))
    });
    Ok(results?)
}
