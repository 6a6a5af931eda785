//! The steps of a study and the time that they take, without running it.

use lesion_eval::{
    DetectableEffects, MaskedPrompt, Trials, find_part, never_right_in_sample, predict,
    predicted_at, rows_of, unwatched,
};
use rayon::prelude::*;
use serde::Serialize;
use study_record::{PredictedAt, StimuliCounts, Warning, smallest_p};
use web_time::Instant;

use crate::{
    error::LesionError,
    running::{prepared_study::PreparedStudy, stages::Stages},
};

/// The steps of a study and their estimated time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudyPlan {
    /// Number of stimulus sentences.
    pub stimuli: usize,
    /// Number of prompts with one word to predict each.
    pub prompts: usize,
    /// The token at which the model predicts a word.
    pub predicted_at: PredictedAt,
    /// Number of layers.
    pub layers: usize,
    /// Number of neurons per layer.
    pub neurons: usize,
    /// The stimuli that neurons are selected on.
    pub selected_on: StimuliCounts,
    /// Smallest effect size (`d_z` if paired, otherwise d) that one neuron's test detects with a
    /// probability of 80 % at alpha, without correction; none with too few stimuli.
    pub detectable_effect: Option<f64>,
    /// The same if alpha is divided by the number of tests that are corrected together.
    pub detectable_effect_corrected: Option<f64>,
    /// Most claims that the controls of the study test.
    pub claims: usize,
    /// Random sets of each kind.
    pub random_sets: usize,
    /// The smallest corrected p that so many random sets and claims admit; none without a claim.
    pub smallest_p: Option<f64>,
    /// Doubts about the study, those about its lines last.
    pub warnings: Vec<Warning>,
    /// Notes about the model and the bundled prompts, in sentences. They raise no doubt about the study.
    pub notes: Vec<String>,
    /// Most prompts of a label that the model predicted for the warnings, until it was right; 0 if that
    /// takes too long.
    pub predicted_prompts: usize,
    /// The steps of the study.
    pub steps: Vec<PlannedStep>,
    /// Measured seconds of one forward pass of one sentence on this machine.
    pub seconds_per_pass: f64,
    /// Estimated seconds of all steps.
    pub seconds: f64,
}

/// A step of a study and its cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedStep {
    /// Name of the step.
    pub name: &'static str,
    /// Number of sentences or lesions.
    pub sentences: usize,
    /// Cost in whole forward passes of one sentence. A lesion starts at its layer and costs less.
    pub passes: f64,
    /// Whether the numbers are upper bounds, because they depend on the selection.
    pub at_most: bool,
}

/// Lists the steps of a study, times one forward pass, and predicts some prompts of each label if that
/// takes only seconds.
///
/// # Errors
/// If the model cannot be run, the check is cancelled, or there is a warning and these are errors.
pub fn check(
    prepared: &PreparedStudy<'_>,
    stages: &mut Stages<'_>,
) -> Result<StudyPlan, LesionError> {
    let design = prepared.design();
    let config = design.subject.model.config();
    let seconds_per_pass = stages.run("timing", |_| seconds_per_pass(prepared))?;
    let steps = plan_steps(prepared);
    let passes: f64 = steps.iter().map(|step| step.passes).sum();
    let predicted_prompts = affordable_prompts(seconds_per_pass);
    let mut never_right = Vec::new();
    if predicted_prompts > 0 {
        never_right = stages.run("baseline", |progress| {
            never_right_in_sample(design.subject, design.prompts, predicted_prompts, progress)
        })?;
    }
    let warnings = prepared.warnings_with(never_right)?;
    let claims = design.claims();
    let random_sets = design.random_sets();
    let selection = &design.study.selection;
    let selected_on = design.stimuli.selected_on(selection.held_out.get(), design.study.seed)?;
    let layers = config.num_hidden_layers;
    let test = selection.test_of(selected_on.paired);
    let neurons = config.intermediate_size;
    let detectable = DetectableEffects::of(selection, test, selected_on.groups, layers, neurons);
    Ok(StudyPlan {
        stimuli: design.stimuli.sentences(),
        prompts: design.prompts.len(),
        predicted_at: predicted_at(config),
        layers: config.num_hidden_layers,
        neurons: config.intermediate_size,
        selected_on,
        detectable_effect: detectable.map(|effects| effects.uncorrected),
        detectable_effect_corrected: detectable.map(|effects| effects.corrected),
        claims,
        random_sets,
        smallest_p: (claims > 0).then(|| smallest_p(claims, random_sets)),
        warnings,
        notes: prepared.notes.clone(),
        predicted_prompts,
        steps,
        seconds_per_pass,
        seconds: passes * seconds_per_pass,
    })
}

/// The steps of a study with their costs.
pub(crate) fn plan_steps(prepared: &PreparedStudy<'_>) -> Vec<PlannedStep> {
    let design = prepared.design();
    let layers = design.subject.model.config().num_hidden_layers;
    // A sentence that is scored passes once for each of its tokens, or in a decoder once.
    let passes = rows_of(design.subject, design.prompts).len() as f64;
    let per_prompt = passes / design.prompts.len().max(1) as f64;
    let step = |name, trials: &Trials, passes_each: f64| PlannedStep {
        name,
        sentences: trials.count,
        passes: passes_each * trials.passes(layers),
        at_most: trials.at_most,
    };
    let mut steps = vec![
        step("baseline", &Trials::whole_passes(design.prompts.len()), per_prompt),
        step("activations", &Trials::whole_passes(design.stimuli.sentences()), 1.0),
        step("lesion", &lesion_eval::paper_lesion_trials(&design), per_prompt),
    ];
    for part in prepared.parts() {
        steps.push(step(part.name(), &find_part(part).trials(&design), per_prompt));
    }
    steps
}

/// Number of prompts of each of both labels that are predicted for the warnings.
fn affordable_prompts(seconds_per_pass: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, bounded"
    )]
    let affordable =
        (PREDICTED_SECONDS / (2.0 * seconds_per_pass)).min(MOST_PREDICTED as f64) as usize;
    if affordable < FEWEST_PREDICTED { 0 } else { affordable }
}

/// Measured seconds per sentence of the first prompts, in batches that run side by side like those
/// of lesions, or one sentence at a time if the model is slow.
pub(crate) fn seconds_per_pass(prepared: &PreparedStudy<'_>) -> Result<f64, LesionError> {
    let prompts = rows_of(prepared.subject(), prepared.design().prompts);
    let length = prompts.first().map(MaskedPrompt::length);
    let alike = prompts.iter().filter(|prompt| Some(prompt.length()) == length);
    let sentences: Vec<MaskedPrompt> = alike.cycle().take(TIMED_BATCH).cloned().collect();
    let started = Instant::now();
    let first = time_batches(prepared, &sentences[..1], 1)?;
    // Sentences in all batches of one measurement.
    let affordable = TIMED_SECONDS / f64::from(REPEATS) / first.max(f64::MIN_POSITIVE);
    let batches = 2 * rayon::current_num_threads();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, bounded"
    )]
    let rows = (affordable / batches as f64).min(TIMED_BATCH as f64) as usize;
    let mut best = first;
    if rows == 0 {
        return Ok(best);
    }
    for _ in 0..REPEATS {
        best = best.min(time_batches(prepared, &sentences[..rows], batches)?);
        if started.elapsed().as_secs_f64() > TIMED_SECONDS {
            break;
        }
    }
    Ok(best)
}

/// Measured seconds per sentence of so many batches of these sentences.
fn time_batches(
    prepared: &PreparedStudy<'_>,
    sentences: &[MaskedPrompt],
    batches: usize,
) -> Result<f64, LesionError> {
    let started = Instant::now();
    (0..batches)
        .into_par_iter()
        .try_for_each(|_| predict(prepared.subject(), sentences, &mut unwatched()).map(|_| ()))?;
    Ok(started.elapsed().as_secs_f64() / (batches * sentences.len()) as f64)
}

/// Number of sentences in a batch that is timed.
const TIMED_BATCH: usize = 32;
/// Measurements, of which the fastest counts.
const REPEATS: u32 = 3;
/// Seconds that the timing may take, about.
const TIMED_SECONDS: f64 = 1.0;
/// Seconds that the predictions for the warnings may take, about.
const PREDICTED_SECONDS: f64 = 5.0;
/// Most prompts of a label that are predicted for the warnings.
const MOST_PREDICTED: usize = 10;
/// Fewest prompts of a label that say something: fewer may all be wrong by chance.
const FEWEST_PREDICTED: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_for_the_warnings_take_some_seconds() {
        for (seconds_per_pass, expected) in [(1e-6, 10), (0.25, 10), (0.45, 5), (0.6, 0), (60.0, 0)]
        {
            assert_eq!(affordable_prompts(seconds_per_pass), expected);
        }
    }
}
