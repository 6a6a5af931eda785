//! Neurons that respond to any stimuli, without a study.

use lesion_eval::{EncodedStimuli, Observations, Selection, StudyError, Subject, measure, select};
use study_record::{ScoreUnit, Study};

use crate::{
    error::LesionError,
    inputs::study_texts::{TextInput, bundled_stimuli, parse_stimuli},
    running::stages::Stages,
};

/// Tests every neuron on stimuli, as a study with these settings does. By default on the bundled stimuli.
///
/// # Errors
/// If the study holds stimuli out, the model cannot encode the stimuli or be run, or the run is
/// cancelled.
pub(crate) fn select_on(
    subject: Subject<'_>,
    stimuli: Option<&TextInput>,
    study: &Study,
    stages: &mut Stages<'_>,
) -> Result<Selection, LesionError> {
    let settings = &study.selection;
    if settings.held_out.is_any() {
        return Err(LesionError::NoHeldOut);
    }
    let stimuli = match stimuli {
        Some(input) => parse_stimuli(input)?,
        None => bundled_stimuli(settings.at)?,
    };
    stimuli.test(settings)?;
    let encoded = EncodedStimuli::encode(subject, &stimuli, settings, ScoreUnit::Word)?;
    let activations = stages
        .run("activations", |progress| measure(subject, &encoded, progress))
        .map_err(LesionError::from)?;
    let observations = Observations::of(&activations, settings.site);
    let selection: Result<Selection, StudyError> =
        stages.run("selection", |progress| select(&observations, settings, study.seed, progress));
    Ok(selection?)
}
