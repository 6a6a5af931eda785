//! Runs of sweeps: of all tasks, or of one.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use lesion_eval::StudyError;
use study_record::{MANIFEST, Manifest, SweepTask, Warning, sets_needed};
use study_report::{FinishedStudy, StudyFiles as _, StudyFolder};

use crate::{
    error::LesionError,
    loading::loaded_model::LoadedModel,
    running::{
        check_study::plan_steps,
        file_journal::FILE as JOURNAL,
        folder::create_folder,
        place::{Place as _, REPORT},
        prepared_study::{PreparedStudy, few_random_sets},
        run::{RunSummary, run_sharing},
        shared_work::SharedWork,
        stages::Stages,
        watch::Note,
    },
    sweeping::{
        sweep_request::{ModelTasks, SweepRequest, task_name},
        sweep_results::{SweepFindings, write_sweep},
        task_preparation::TaskPreparation,
        task_watch::{SweepProgress, TaskWatch},
    },
};

/// Summary of a sweep that ran.
#[derive(Clone, Debug)]
pub struct SweepSummary {
    /// Number of its tasks.
    pub tasks: usize,
    /// Number of tasks that this run computed. The others were finished already.
    pub computed: usize,
    /// Its results.
    pub findings: SweepFindings,
}

/// A sweep before it runs.
#[derive(Default)]
struct SweepDesign {
    /// Most claims of all tasks together.
    claims: usize,
    /// Most random sets of each kind in a task.
    random_sets: usize,
    /// Forward passes of all tasks.
    passes: f64,
    /// Notes of single tasks that a note about the sweep replaces.
    replaced_notes: BTreeSet<String>,
}

/// Runs all tasks of a sweep into folders of their own in `dir`, and then writes its table, its list of
/// tasks and its page. Tasks that are finished are not run again, and an interrupted one is resumed.
///
/// # Errors
/// If a study cannot be read or does not fit its model, which is known before any runs; if a folder has
/// another study, a model cannot be run, a file cannot be written, or the run is cancelled.
pub fn run_sweep(
    request: &SweepRequest<'_>,
    dir: &Path,
    stages: &mut Stages<'_>,
) -> Result<SweepSummary, LesionError> {
    let mut folder = create_folder(dir)?;
    if folder.open(MANIFEST).is_ok() {
        if !request.options.replaces {
            return Err(LesionError::AnotherStudy(dir.to_owned()));
        }
        folder.remove(MANIFEST)?;
    }
    let groups = request.tasks_by_model()?;
    let mut first_model = None;
    let mut design = SweepDesign::default();
    for (place, tasks) in groups.iter().enumerate() {
        let model = request.open_model(tasks, stages)?;
        design.add(request, tasks, &model, stages)?;
        if place == 0 {
            first_model = Some(model);
        }
    }
    if let Some(warning) = few_random_sets(design.claims, design.random_sets) {
        request.options.check_warnings(std::slice::from_ref(&warning))?;
        let times = sets_needed(design.claims) / design.random_sets.max(1) as f64;
        let line = format!("{warning}, and take about {times:.0} times as long");
        stages.note(&Note::Doubt(line));
    }
    let mut progress = SweepProgress::new(design.passes, design.replaced_notes);
    let mut computed = 0;
    for tasks in &groups {
        let model = match first_model.take() {
            Some(model) => model,
            None => request.open_model(tasks, stages)?,
        };
        computed += run_tasks(request, tasks, &model, dir, &mut progress, stages)?;
    }
    let findings = write_sweep(request.sweep, dir, stages)?;
    Ok(SweepSummary { tasks: request.sweep.count(), computed, findings })
}

/// Runs one task of a sweep into its folder in `dir`, unless it is finished.
///
/// # Errors
/// If the study cannot be read or does not fit its model, its folder has another study, the model cannot
/// be run, a file cannot be written, or the run is cancelled.
pub fn run_task(
    prepared: &PreparedStudy<'_>,
    dir: &Path,
    stages: &mut Stages<'_>,
) -> Result<RunSummary, LesionError> {
    let mut folder = create_folder(dir)?;
    match read_finished(prepared, &folder) {
        Some(manifest) => {
            let files = manifest.outputs.into_keys().collect();
            Ok(RunSummary { files, seconds: manifest.seconds })
        }
        None => run_sharing(prepared, &mut folder, &mut SharedWork::default(), stages),
    }
}

impl SweepDesign {
    /// Checks the tasks of a model, and adds their numbers.
    fn add(
        &mut self,
        request: &SweepRequest<'_>,
        tasks: &ModelTasks,
        model: &LoadedModel,
        stages: &mut Stages<'_>,
    ) -> Result<(), LesionError> {
        let mut preparation = TaskPreparation::new(model, &request.options);
        for &number in &tasks.numbers {
            stages.check_cancelled()?;
            let Some(task) = request.task(number)? else { continue };
            let prepared = preparation.prepare(&task, stages)?;
            let design = prepared.design();
            self.claims += design.claims();
            self.random_sets = self.random_sets.max(design.random_sets());
            for warning in prepared.warnings() {
                if let Warning::FewRandomSets { .. } = warning {
                    self.replaced_notes.insert(Note::Doubt(warning.to_string()).to_string());
                }
            }
            let steps = plan_steps(&prepared);
            self.passes += steps.iter().map(|step| step.passes).sum::<f64>();
        }
        Ok(())
    }
}

/// Runs the tasks of one model that are not finished. Returns their number.
fn run_tasks(
    request: &SweepRequest<'_>,
    tasks: &ModelTasks,
    model: &LoadedModel,
    dir: &Path,
    progress: &mut SweepProgress,
    stages: &mut Stages<'_>,
) -> Result<usize, LesionError> {
    let mut preparation = TaskPreparation::new(model, &request.options);
    let mut shared = SharedWork::of_many();
    let mut computed = 0;
    stages.begin_sweep();
    let mut result = Ok(());
    for &number in &tasks.numbers {
        let Some(task) = request.task(number)? else { continue };
        let folder = dir.join(request.sweep.folder(number));
        let mut run = TaskRun { task, folder, shared: &mut shared, progress };
        match run.run(&mut preparation, stages) {
            Ok(is_new) => computed += usize::from(is_new),
            Err(error) => {
                result = Err(stop_in_task(error, number, request.sweep.count()));
                break;
            }
        }
    }
    stages.end_sweep();
    result.map(|()| computed)
}

/// The error of a run that ended in a task. If it was cancelled, it counts the tasks before.
fn stop_in_task(error: LesionError, task: usize, tasks: usize) -> LesionError {
    let batches = match error {
        LesionError::Stopped { finished, planned } => Some((finished, planned)),
        LesionError::Study(StudyError::Cancelled) => None,
        error => return error,
    };
    LesionError::SweepStopped { task, tasks, batches }
}

/// A task that runs.
struct TaskRun<'a> {
    task: SweepTask,
    folder: PathBuf,
    shared: &'a mut SharedWork,
    progress: &'a mut SweepProgress,
}

impl TaskRun<'_> {
    /// Runs the task, unless it is finished. Returns whether it ran.
    fn run(
        &mut self,
        preparation: &mut TaskPreparation<'_>,
        stages: &mut Stages<'_>,
    ) -> Result<bool, LesionError> {
        stages.check_cancelled()?;
        let cancel = stages.cancel_token();
        let mut watch = TaskWatch::new(stages.watch(), self.progress, &[]);
        let prepared = preparation.prepare(&self.task, &mut Stages::new(&mut watch, &cancel))?;
        let steps = plan_steps(&prepared);
        let mut folder = create_folder(&self.folder)?;
        let is_new = read_finished(&prepared, &folder).is_none();
        if is_new {
            let mut watch = TaskWatch::new(stages.watch(), self.progress, &steps);
            let mut task_stages = Stages::new(&mut watch, &cancel);
            run_sharing(&prepared, &mut folder, self.shared, &mut task_stages)
                .map_err(|error| error.in_task(&task_name(&self.task)))?;
        }
        self.progress.done += steps.iter().map(|step| step.passes).sum::<f64>();
        Ok(is_new)
    }
}

/// The manifest of a finished study in a folder; none if there is none, or its files were changed. The
/// folder of another study has none either, which its run then reports.
fn read_finished(prepared: &PreparedStudy<'_>, folder: &StudyFolder) -> Option<Manifest> {
    // A run that was killed before it removed its journal may not have written its page.
    if folder.0.join(JOURNAL).exists() || !folder.0.join(REPORT).exists() {
        return None;
    }
    let study = FinishedStudy::read(folder).ok()?;
    let manifest = study.manifest();
    let is_same = manifest.lesion == env!("CARGO_PKG_VERSION") && prepared.is_of(manifest);
    if is_same && study.changed().is_empty() { Some(manifest.clone()) } else { None }
}
