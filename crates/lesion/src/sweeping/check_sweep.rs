//! The tasks of a sweep and the time that they take, without running it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use study_record::{Warning, sets_needed, smallest_p};

use crate::{
    error::LesionError,
    loading::loaded_model::LoadedModel,
    running::{
        check_study::{plan_steps, seconds_per_pass},
        prepared_study::few_random_sets,
        stages::Stages,
    },
    sweeping::{
        sweep_request::{ModelTasks, SweepRequest},
        task_preparation::TaskPreparation,
    },
};

/// The tasks of a sweep and their estimated time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepPlan {
    /// The settings that differ.
    pub axes: Vec<String>,
    /// Number of models.
    pub models: usize,
    /// Most claims of all tasks together.
    pub claims: usize,
    /// Most random sets of each kind in a task.
    pub random_sets: usize,
    /// The smallest p that so many random sets admit, corrected over the claims of all tasks; none
    /// without a claim.
    pub smallest_p: Option<f64>,
    /// Random sets that are enough for a claim to reach the level.
    pub needed_random_sets: f64,
    /// Estimated seconds of all tasks with so many random sets.
    pub needed_seconds: f64,
    /// Models that have to be downloaded first. Their tasks are not listed.
    pub downloads: Vec<MissingModel>,
    /// Doubts about the studies, each once.
    pub warnings: Vec<Warning>,
    /// Forward passes of all tasks, each by itself.
    pub passes: f64,
    /// Estimated seconds of all tasks, each by itself.
    pub seconds: f64,
    /// The tasks, in order.
    pub tasks: Vec<PlannedTask>,
}

/// A model on the hub that is not on this machine, or not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingModel {
    /// Its name.
    pub model: String,
    /// Bytes to download.
    pub bytes: u64,
}

/// A task of a sweep and its cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedTask {
    /// Its number, from 1.
    pub number: usize,
    /// Its folder in that of the sweep.
    pub folder: String,
    /// Its values of the settings that differ.
    pub values: BTreeMap<String, String>,
    /// Most claims that it tests.
    pub claims: usize,
    /// Random sets of each kind.
    pub random_sets: usize,
    /// Its cost in forward passes of one sentence.
    pub passes: f64,
    /// Estimated seconds.
    pub seconds: f64,
}

/// Checks all tasks of a sweep, and times one forward pass of each model. Downloads nothing.
///
/// # Errors
/// If a study cannot be read or does not fit its model, the check is cancelled, or there is a warning and
/// these are errors.
pub fn check_sweep(
    request: &SweepRequest<'_>,
    stages: &mut Stages<'_>,
) -> Result<SweepPlan, LesionError> {
    let groups = request.tasks_by_model()?;
    let axes = request.sweep.axes().iter().map(|axis| axis.key.clone()).collect();
    let mut plan = SweepPlan {
        axes,
        models: groups.len(),
        claims: 0,
        random_sets: 0,
        smallest_p: None,
        needed_random_sets: 0.0,
        needed_seconds: 0.0,
        downloads: Vec::new(),
        warnings: Vec::new(),
        passes: 0.0,
        seconds: 0.0,
        tasks: Vec::with_capacity(request.sweep.count()),
    };
    for tasks in &groups {
        let source = tasks.source()?;
        if let Some((repo, bytes)) = source.missing(stages)? {
            plan.downloads.push(MissingModel { model: repo.to_string(), bytes });
            continue;
        }
        let model = request.open_model(tasks, stages)?;
        plan.add_tasks(request, tasks, &model, stages)?;
    }
    plan.tasks.sort_by_key(|task| task.number);
    plan.add_sums();
    request.options.check_warnings(&plan.warnings)?;
    Ok(plan)
}

impl SweepPlan {
    fn add_tasks(
        &mut self,
        request: &SweepRequest<'_>,
        tasks: &ModelTasks,
        model: &LoadedModel,
        stages: &mut Stages<'_>,
    ) -> Result<(), LesionError> {
        let mut preparation = TaskPreparation::new(model, &request.options);
        let mut seconds_of_pass = None;
        let mut told: BTreeSet<String> = self.warnings.iter().map(ToString::to_string).collect();
        for &number in &tasks.numbers {
            stages.check_cancelled()?;
            let Some(task) = request.task(number)? else { continue };
            let prepared = preparation.prepare(&task, stages)?;
            let of_pass = match seconds_of_pass {
                Some(seconds) => seconds,
                None => stages.run("timing", |_| seconds_per_pass(&prepared))?,
            };
            seconds_of_pass = Some(of_pass);
            // The claims of all tasks are judged together.
            let is_about_sets =
                |warning: &&Warning| matches!(warning, Warning::FewRandomSets { .. });
            for warning in prepared.warnings().iter().filter(|warning| !is_about_sets(warning)) {
                if told.insert(warning.to_string()) {
                    self.warnings.push(warning.clone());
                }
            }
            let passes: f64 = plan_steps(&prepared).iter().map(|step| step.passes).sum();
            let design = prepared.design();
            let keys = self.axes.iter().cloned();
            self.tasks.push(PlannedTask {
                number,
                folder: request.sweep.folder(number),
                values: keys.zip(task.values).collect(),
                claims: design.claims(),
                random_sets: design.random_sets(),
                passes,
                seconds: passes * of_pass,
            });
        }
        Ok(())
    }

    fn add_sums(&mut self) {
        self.claims = self.tasks.iter().map(|task| task.claims).sum();
        self.random_sets = self.tasks.iter().map(|task| task.random_sets).max().unwrap_or_default();
        self.passes = self.tasks.iter().map(|task| task.passes).sum();
        self.seconds = self.tasks.iter().map(|task| task.seconds).sum();
        self.needed_random_sets = sets_needed(self.claims);
        for task in &self.tasks {
            // Nearly all of the time is that of random sets.
            let factor = self.needed_random_sets / task.random_sets.max(1) as f64;
            self.needed_seconds += task.seconds * factor.max(1.0);
        }
        if self.claims > 0 {
            self.smallest_p = Some(smallest_p(self.claims, self.random_sets));
        }
        self.warnings.extend(few_random_sets(self.claims, self.random_sets));
    }
}
