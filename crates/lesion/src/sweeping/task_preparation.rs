//! Preparation of the tasks of one model. Tasks that read the same texts share them.

use std::sync::Arc;

use study_record::{LesionKind, Study, SweepTask};

use crate::{
    error::LesionError,
    inputs::study_texts::StudyTexts,
    loading::loaded_model::LoadedModel,
    running::{
        memo::Memo,
        prepared_study::{PreparedStudy, ReadInputs, RunOptions},
        stages::Stages,
    },
    sweeping::sweep_request::task_name,
};

/// Encoded texts that are kept.
const MOST_TEXTS: usize = 8;

/// Prepares the tasks of one model.
pub(crate) struct TaskPreparation<'m> {
    model: &'m LoadedModel,
    options: RunOptions,
    /// Encoded texts with a key of everything that they depend on, the oldest first.
    texts: Memo<ReadInputs, MOST_TEXTS>,
}

impl<'m> TaskPreparation<'m> {
    pub(crate) fn new(model: &'m LoadedModel, options: &RunOptions) -> Self {
        Self { model, options: options.clone(), texts: Memo::default() }
    }

    /// Checks and encodes a task.
    ///
    /// # Errors
    /// If its texts or a setting do not fit the model.
    pub(crate) fn prepare(
        &mut self,
        task: &SweepTask,
        stages: &mut Stages<'_>,
    ) -> Result<PreparedStudy<'m>, LesionError> {
        let model = self.model;
        let study = task.study.clone();
        let options = self.options.clone();
        let prepared = PreparedStudy::with_inputs(model, study, options, |study, options| {
            self.read(study, options, stages)
        });
        prepared.map_err(|error| error.in_task(&task_name(task)))
    }

    fn read(
        &mut self,
        study: &Study,
        options: &RunOptions,
        stages: &mut Stages<'_>,
    ) -> Result<Arc<ReadInputs>, LesionError> {
        let model = self.model;
        self.texts.take_or(texts_key(study), || {
            let texts = StudyTexts::read_valid_lines(study)?;
            ReadInputs::encode(model, study, texts, options, stages)
        })
    }
}

/// A key of the settings that decide which texts are read, how they are encoded and what is doubted.
fn texts_key(study: &Study) -> String {
    let is_patch = study.lesion.kind == LesionKind::Patch;
    let has_no_part = study.parts.as_ref().is_some_and(Vec::is_empty);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {is_patch} {has_no_part} {:?}",
        study.score,
        study.stimuli,
        study.prompts,
        study.lesion.neurons,
        study.controls.bystanders,
        study.selection,
        study.lesion.at
    )
}
