//! A sweep with everything that decides how its tasks run.

use std::path::Path;

use study_record::{Backend, FilePath, Study, Sweep, SweepTask};

use crate::{
    error::LesionError,
    inputs::study_texts::StudyTexts,
    loading::{device::device, loaded_model::LoadedModel, model_source::ModelSource},
    running::{prepared_study::RunOptions, stages::Stages},
};

/// A sweep with everything that decides how its tasks run.
pub struct SweepRequest<'a> {
    /// The sweep.
    pub sweep: &'a Sweep,
    /// Makes the study of a task ready: its paths as this process sees them, and settings that are
    /// overridden.
    pub resolve: &'a dyn Fn(Study) -> Result<Study, LesionError>,
    /// Number of the device in the list of its backend.
    pub device: usize,
    /// Options of each run.
    pub options: RunOptions,
}

/// Tasks of one model, in order.
pub(crate) struct ModelTasks {
    model: (Option<FilePath>, Option<u64>, Backend),
    pub(crate) numbers: Vec<usize>,
}

impl ModelTasks {
    /// The source of the model.
    ///
    /// # Errors
    /// If the setting specifies no model.
    pub(crate) fn source(&self) -> Result<ModelSource, LesionError> {
        ModelSource::named(self.model.0.as_ref(), Path::new(""))
    }
}

impl SweepRequest<'_> {
    /// A task with its study made ready; none if there is no such task.
    ///
    /// # Errors
    /// If its study cannot be made ready.
    pub fn task(&self, number: usize) -> Result<Option<SweepTask>, LesionError> {
        let Some(task) = self.sweep.task(number) else { return Ok(None) };
        match (self.resolve)(task.study.clone()) {
            Ok(study) => Ok(Some(SweepTask { study, ..task })),
            Err(error) => Err(error.in_task(&task_name(&task))),
        }
    }

    /// The tasks of each model. Models are in the order in which they come first.
    ///
    /// # Errors
    /// If a study cannot be made ready.
    pub(crate) fn tasks_by_model(&self) -> Result<Vec<ModelTasks>, LesionError> {
        let mut groups: Vec<ModelTasks> = Vec::new();
        for number in 1..=self.sweep.count() {
            let Some(SweepTask { study, .. }) = self.task(number)? else { continue };
            let model = (study.model, study.untrained, study.backend);
            match groups.iter_mut().find(|group| group.model == model) {
                Some(group) => group.numbers.push(number),
                None => groups.push(ModelTasks { model, numbers: vec![number] }),
            }
        }
        Ok(groups)
    }

    /// Opens the model of some tasks. Texts are read before a model is downloaded.
    ///
    /// # Errors
    /// If the model cannot be downloaded, read or run.
    pub(crate) fn open_model(
        &self,
        tasks: &ModelTasks,
        stages: &mut Stages<'_>,
    ) -> Result<LoadedModel, LesionError> {
        let (_, untrained, backend) = &tasks.model;
        let source = tasks.source()?;
        if let ModelSource::Hub(_) | ModelSource::HubAddress(_) = source
            && let Some(first) = tasks.numbers.first()
            && let Some(task) = self.task(*first)?
        {
            StudyTexts::read(&task.study)?;
        }
        LoadedModel::open(&source, *untrained, &device(*backend, self.device)?, stages)
    }
}

/// The name of a task in messages: `task 3 (mean, 4)`.
pub(crate) fn task_name(task: &SweepTask) -> String {
    format!("task {} ({})", task.number, task.values.join(", "))
}
