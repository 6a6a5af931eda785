//! Sweeps: their run, their check and their page, with the answers of these commands.

use std::{
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use indicatif::DecimalBytes;
use lesion::{
    LesionError, MissingModel, PlannedTask, PreparedStudy, RunOptions, Stages, SweepFindings,
    SweepPlan, SweepRequest, SweepSummary,
};
use serde::Serialize;
use study_record::{FigureFormat, LEVEL, Study, Sweep, SweepTask, shown};

use crate::{
    answers::{Answer, RunAnswer, give},
    args::RunArgs,
    next_step,
    run_inputs::{hash_program, numbered_folder, open_inputs, run_share_in, use_threads},
    screen::{L, R, duration, plural, table},
    terminal::{printable, shown_path},
};

/// Tasks that `check` shows.
const SHOWN: usize = 24;

/// A study file with a sweep, and the options of its command.
pub(crate) struct SweepFile<'a> {
    pub(crate) sweep: &'a Sweep,
    pub(crate) file: &'a Path,
    pub(crate) args: &'a RunArgs,
}

impl SweepFile<'_> {
    /// Runs all tasks, or one of them, or a share of one.
    pub(crate) fn run(&self, json: bool, stages: &mut Stages<'_>) -> Result<()> {
        self.check_overrides()?;
        let name = self.file.file_stem().unwrap_or(OsStr::new("sweep"));
        let dir = self.args.out.clone().unwrap_or_else(|| numbered_folder(name, 1));
        let Some(task) = self.args.task else {
            if self.args.shard.is_some() {
                bail!("--shard: a share is one of one study; add --task for one task of the sweep");
            }
            use_threads(self.args.execution.threads)?;
            let resolve = |study| self.resolve(study);
            let summary = lesion::run_sweep(&self.request(&resolve)?, &dir, stages)?;
            return give(&SweepAnswer { summary, dir }, json);
        };
        let number = task.number(self.sweep.count())?;
        let Some(SweepTask { study, .. }) = self.sweep.task(number) else {
            bail!("there is no task {number}");
        };
        let study = self.resolve(study)?;
        let dir = dir.join(self.sweep.folder(number));
        if let Some(shard) = self.args.shard {
            return give(&run_share_in(study, shard, &dir, self.args, stages)?, json);
        }
        let (texts, model) = open_inputs(&study, &self.args.execution, stages)?;
        let prepared = PreparedStudy::new(&model, study, texts, self.options()?, stages)?;
        let summary = lesion::run_task(&prepared, &dir, stages)?;
        give(&RunAnswer { summary, dir }, json)
    }

    /// Lists the tasks with their costs.
    pub(crate) fn check(&self, json: bool, stages: &mut Stages<'_>) -> Result<()> {
        self.check_overrides()?;
        if self.args.task.is_some() {
            bail!("--task: `check` is about all tasks of a sweep");
        }
        use_threads(self.args.execution.threads)?;
        let resolve = |study| self.resolve(study);
        let plan = lesion::check_sweep(&self.request(&resolve)?, stages)?;
        give(&SweepPlanAnswer { plan }, json)
    }

    fn request<'r>(
        &'r self,
        resolve: &'r dyn Fn(Study) -> Result<Study, LesionError>,
    ) -> Result<SweepRequest<'r>> {
        Ok(SweepRequest {
            sweep: self.sweep,
            resolve,
            device: self.args.execution.device,
            options: self.options()?,
        })
    }

    fn options(&self) -> Result<RunOptions> {
        Ok(RunOptions { code: hash_program()?, ..self.args.options() })
    }

    fn resolve(&self, study: Study) -> Result<Study, LesionError> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        self.args.settings.override_study(study, folder)
    }

    /// Checks that no option overrides a setting that the sweep lists.
    fn check_overrides(&self) -> Result<()> {
        let settings = &self.args.settings;
        if let Some((option, key)) = settings.find_override(|key| self.sweep.varies(key)) {
            bail!("--{option}: the sweep lists values of `{key}`, so no option can override it");
        }
        Ok(())
    }
}

/// Writes the page of a finished sweep again.
pub(crate) fn report(
    dir: &Path,
    figures: &[FigureFormat],
    json: bool,
    stages: &mut Stages<'_>,
) -> Result<()> {
    if !figures.is_empty() {
        bail!(
            "--figures: the page of a sweep has its figure inside; its tasks have files of theirs"
        );
    }
    let findings = lesion::write_sweep_again(dir, stages)?;
    give(&SweepPageAnswer { findings }, json)
}

/// A sweep that ran.
struct SweepAnswer {
    summary: SweepSummary,
    dir: PathBuf,
}

#[derive(Serialize)]
struct SweepJson {
    sweep: SweepFacts,
}

#[derive(Serialize)]
struct SweepFacts {
    folder: String,
    tasks: usize,
    computed: usize,
    table: String,
    record: String,
    report: String,
    claims: usize,
    shown: usize,
}

impl Answer for SweepAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        let SweepSummary { tasks, computed, findings } = &self.summary;
        if computed < tasks {
            writeln!(out, "\n{} of {tasks} tasks were finished already.", tasks - computed)?;
        } else {
            writeln!(out)?;
        }
        writeln!(out, "The table of all tasks is {}.", shown_path(&findings.table))?;
        writeln!(out, "The report is {}.", shown_path(&findings.page))?;
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        let SweepSummary { tasks, computed, findings } = &self.summary;
        let path = |path: &Path| path.display().to_string();
        Ok(SweepJson {
            sweep: SweepFacts {
                folder: path(&self.dir),
                tasks: *tasks,
                computed: *computed,
                table: path(&findings.table),
                record: path(&findings.record),
                report: path(&findings.page),
                claims: findings.claims,
                shown: findings.shown,
            },
        })
    }

    fn next(&self) -> Option<String> {
        let page = self.summary.findings.page.display().to_string();
        Some(format!("open {} in a browser", printable(&page)))
    }
}

/// The page of a sweep that was written again.
struct SweepPageAnswer {
    findings: SweepFindings,
}

#[derive(Serialize)]
struct SweepPageJson<'a> {
    page: String,
    changed: &'a [String],
}

impl Answer for SweepPageAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(writeln!(out, "\nThe report is {}.", shown_path(&self.findings.page))?)
    }

    fn json(&self) -> Result<impl Serialize> {
        let SweepFindings { page, changed, .. } = &self.findings;
        Ok(SweepPageJson { page: page.display().to_string(), changed })
    }
}

/// The tasks of a sweep with their costs.
struct SweepPlanAnswer {
    plan: SweepPlan,
}

#[derive(Serialize)]
struct SweepPlanJson<'a> {
    sweep: &'a SweepPlan,
}

impl Answer for SweepPlanAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        write_tasks(out, &self.plan)?;
        write_costs(out, &self.plan)
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(SweepPlanJson { sweep: &self.plan })
    }

    fn next(&self) -> Option<String> {
        Some(next_step::typed_with("run"))
    }
}

/// Writes the first tasks of a sweep.
fn write_tasks(out: &mut impl Write, plan: &SweepPlan) -> Result<()> {
    let mut header = vec!["task".to_owned()];
    header.extend(plan.axes.iter().cloned());
    header.extend(["claims", "random sets", "forward passes", "about"].map(str::to_owned));
    let mut alignment = vec![R];
    alignment.extend(plan.axes.iter().map(|_| L));
    alignment.extend([R; 4]);
    let mut rows = table(&header, &alignment);
    for task in plan.tasks.iter().take(SHOWN) {
        let PlannedTask { number, values, claims, random_sets, passes, seconds, .. } = task;
        let mut cells = vec![number.to_string()];
        cells.extend(plan.axes.iter().map(|key| printable(&values[key]).into_owned()));
        cells.extend([claims.to_string(), random_sets.to_string(), format!("{passes:.0}")]);
        cells.push(duration(*seconds));
        rows.add_row(cells);
    }
    writeln!(out, "{rows}")?;
    if plan.tasks.len() > SHOWN {
        writeln!(out, "... and {} more; --json lists all", plan.tasks.len() - SHOWN)?;
    }
    Ok(())
}

/// Writes what all tasks cost and what they can show.
fn write_costs(out: &mut impl Write, plan: &SweepPlan) -> Result<()> {
    writeln!(
        out,
        "In all at most about {} on this machine, if every task is computed by itself. Computed once and \
         shared by tasks of the same model: the model ({} here), encoded texts, plain predictions, \
         activations, selections, and every batch of lesions that several tasks have in common.",
        duration(plan.seconds),
        plural(plan.models, "model")
    )?;
    if let Some(smallest_p) = plan.smallest_p {
        writeln!(
            out,
            "With {} and at most {} in {}, the smallest p that is corrected over all of them is \
             {smallest_p:.4}.",
            plural(plan.random_sets, "random set"),
            plural(plan.claims, "claim"),
            plural(plan.tasks.len(), "task")
        )?;
        if smallest_p > LEVEL {
            writeln!(
                out,
                "With --nulls {} it would be {LEVEL}; that takes at most about {}.",
                plan.needed_random_sets,
                duration(plan.needed_seconds)
            )?;
        }
    }
    for MissingModel { model, bytes } in &plan.downloads {
        writeln!(
            out,
            "The model {} is not on this machine, or not complete: a run first downloads {}. Its tasks \
             are not listed.",
            printable(model),
            DecimalBytes(*bytes)
        )?;
    }
    for line in shown(&plan.warnings) {
        writeln!(out, "Warning: {}", printable(&line))?;
    }
    let state = match plan.warnings.len() {
        0 => "Everything that this sweep reads is in order".to_owned(),
        count => format!("The sweep can run, with {}", plural(count, "warning")),
    };
    Ok(writeln!(out, "{state}: {}.", plural(plan.tasks.len(), "task"))?)
}
