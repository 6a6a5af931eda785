//! Work that several studies of one model have in common: it is done once.

use std::sync::Arc;

use lesion_eval::{
    Activations, BatchStore, Diagnostics, Observations, Prediction, Progress, ReferenceActivations,
    Replication, Selection, StudyError, diagnose, measure, predict, replicate, select,
};
use study_record::{LesionKind, StimuliCounts, Study};

use crate::running::{memo::Memo, prepared_study::PreparedStudy};

/// Bytes of batches that are kept.
const MOST_BATCH_BYTES: usize = 256 << 20;
/// Results of each kind that are kept, such as the activations of different stimuli.
const MOST_KEPT: usize = 3;

/// Results of studies of one model on one device, by everything that they depend on: a study that takes
/// one from here has the bits that it would compute.
#[derive(Default)]
pub(crate) struct SharedWork {
    /// Finished batches of lesions; none in a study by itself.
    pub(crate) batches: Option<BatchStore>,
    predictions: Memo<Vec<Prediction>, MOST_KEPT>,
    activations: Memo<Activations, MOST_KEPT>,
    selections: Memo<SelectionResults, MOST_KEPT>,
    references: Memo<Option<ReferenceActivations>, MOST_KEPT>,
    diagnostics: Memo<Diagnostics, MOST_KEPT>,
}

/// The selection, and its replication on the stimuli that were held out.
pub(crate) struct SelectionResults {
    pub(crate) selection: Selection,
    /// The stimuli that were held out, if any were.
    pub(crate) held_out: Option<StimuliCounts>,
    pub(crate) replications: Vec<Replication>,
}

/// The selection with its observations.
pub(crate) struct Selected<'a> {
    /// The observations that neurons were selected on.
    pub(crate) observations: Observations<'a>,
    pub(crate) tested: Arc<SelectionResults>,
}

impl SharedWork {
    /// Work that several studies share.
    pub(crate) fn of_many() -> Self {
        Self { batches: Some(BatchStore::new(MOST_BATCH_BYTES)), ..Self::default() }
    }

    /// The predictions of the plain model.
    pub(crate) fn predict(
        &mut self,
        prepared: &PreparedStudy<'_>,
        progress: Progress<'_>,
    ) -> Result<Arc<Vec<Prediction>>, StudyError> {
        let design = prepared.design();
        self.predictions
            .take_or(prepared.texts_key(), || predict(design.subject, design.prompts, progress))
    }

    /// The activations of the stimuli.
    pub(crate) fn measure(
        &mut self,
        prepared: &PreparedStudy<'_>,
        progress: Progress<'_>,
    ) -> Result<Arc<Activations>, StudyError> {
        let design = prepared.design();
        self.activations
            .take_or(prepared.texts_key(), || measure(design.subject, design.stimuli, progress))
    }

    /// Selects neurons, and tests them again on the stimuli that are held out.
    pub(crate) fn select<'a>(
        &mut self,
        prepared: &PreparedStudy<'_>,
        activations: &'a Activations,
        progress: Progress<'_>,
    ) -> Result<Selected<'a>, StudyError> {
        let study = &prepared.study;
        let (observations, held_out) = split(study, activations)?;
        let key = format!("{} {:?} {}", prepared.texts_key(), study.selection, study.seed);
        let tested = self.selections.take_or(key, || {
            select_and_replicate(study, &observations, held_out.as_ref(), progress)
        })?;
        Ok(Selected { observations, tested })
    }

    /// The activations that lesions set neurons to, if they are measured.
    pub(crate) fn measure_reference(
        &mut self,
        prepared: &PreparedStudy<'_>,
        activations: &Activations,
        progress: Progress<'_>,
    ) -> Result<Arc<Option<ReferenceActivations>>, StudyError> {
        let design = prepared.design();
        let lesion = &prepared.study.lesion;
        let is_patch = lesion.kind == LesionKind::Patch;
        let key = format!(
            "{} {} {is_patch} {:?} {:?} {:?}",
            prepared.texts_key(),
            lesion.kind.needs_activations(),
            lesion.from,
            lesion.site,
            lesion.at
        );
        self.references.take_or(key, || {
            ReferenceActivations::of_study(
                design.study,
                design.subject,
                design.prompts,
                design.bystanders,
                activations,
                progress,
            )
        })
    }

    /// The distributions of the activations.
    pub(crate) fn diagnose(
        &mut self,
        prepared: &PreparedStudy<'_>,
        activations: &Activations,
        progress: Progress<'_>,
    ) -> Result<Arc<Diagnostics>, StudyError> {
        self.diagnostics.take_or(prepared.texts_key(), || diagnose(activations, progress))
    }
}

/// Selects neurons for a question about one sentence, which shares no work.
///
/// # Errors
/// If a statistic fails, or `progress` cancels.
pub(crate) fn select_alone(
    study: &Study,
    activations: &Activations,
    progress: Progress<'_>,
) -> Result<SelectionResults, StudyError> {
    let (observations, held_out) = split(study, activations)?;
    select_and_replicate(study, &observations, held_out.as_ref(), progress)
}

/// The observations that neurons are selected on, and those that are held out, if any are.
fn split<'a>(
    study: &Study,
    activations: &'a Activations,
) -> Result<(Observations<'a>, Option<Observations<'a>>), StudyError> {
    let settings = &study.selection;
    if !settings.held_out.is_any() {
        return Ok((Observations::of(activations, settings.site), None));
    }
    let share = settings.held_out.get();
    let (kept, held_out) = Observations::split(activations, settings.site, share, study.seed)?;
    Ok((kept, Some(held_out)))
}

fn select_and_replicate(
    study: &Study,
    observations: &Observations<'_>,
    held_out: Option<&Observations<'_>>,
    progress: Progress<'_>,
) -> Result<SelectionResults, StudyError> {
    let settings = &study.selection;
    let selection = select(observations, settings, study.seed, &mut *progress)?;
    let Some(held_out) = held_out else {
        return Ok(SelectionResults { selection, held_out: None, replications: Vec::new() });
    };
    let again = select(held_out, settings, study.seed, progress)?;
    let replications = replicate(&selection, &again);
    Ok(SelectionResults { selection, held_out: Some(held_out.counts), replications })
}
