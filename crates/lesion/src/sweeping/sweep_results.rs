//! The results of a sweep: `sweep.csv`, `sweep.json` and the page, from the files of its tasks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lesion_eval::{UncorrectedEvidence, judge_together};
use study_record::{
    SWEEP, Sweep, SweepColumns, SweepRecord, SweepRow, SweepTask, SweepTaskRecord,
    tables::{ProfileRow, VerdictRow},
};
use study_report::{FinishedStudy, StudyFolder, SweptStudies, SweptStudy, hash, sweep_report};

use crate::{
    error::LesionError,
    running::{
        folder::create_folder,
        place::{Place as _, REPORT},
        stages::Stages,
        watch::Note,
    },
};

/// The results of a sweep.
#[derive(Clone, Debug)]
pub struct SweepFindings {
    /// Path of the page.
    pub page: PathBuf,
    /// Path of the table.
    pub table: PathBuf,
    /// Path of the list of tasks.
    pub record: PathBuf,
    /// Claims with controls in all tasks.
    pub claims: usize,
    /// Claims that are shown to differ from random sets, if p is corrected over all of them.
    pub shown: usize,
    /// Files that were changed after a task wrote them.
    pub changed: Vec<String>,
}

/// Writes the table, the list of tasks and the page of a sweep whose tasks are finished, and tells the
/// sections of the page.
pub(crate) fn write_sweep(
    sweep: &Sweep,
    dir: &Path,
    stages: &mut Stages<'_>,
) -> Result<SweepFindings, LesionError> {
    let axes: Vec<String> = sweep.axes().iter().map(|axis| axis.key.clone()).collect();
    let mut tasks = Vec::with_capacity(sweep.count());
    for SweepTask { number, values, .. } in sweep.tasks() {
        tasks.push(SweepTaskRecord {
            number,
            folder: sweep.folder(number),
            values: axes.iter().cloned().zip(values).collect(),
            sha256: String::new(),
        });
    }
    let lesion = env!("CARGO_PKG_VERSION").to_owned();
    write_tasks(SweepRecord { lesion, axes, tasks }, dir, stages)
}

/// Writes the table, the list of tasks and the page of a finished sweep again, from the files of its
/// tasks.
///
/// # Errors
/// If the folder has no finished sweep, a task is not finished, or a file cannot be written.
pub fn write_sweep_again(
    dir: &Path,
    stages: &mut Stages<'_>,
) -> Result<SweepFindings, LesionError> {
    let path = dir.join(SWEEP);
    let bytes = fs::read(&path).map_err(LesionError::read(&path))?;
    match serde_json::from_slice(&bytes) {
        Ok(record) => write_tasks(record, dir, stages),
        Err(source) => Err(LesionError::SweepRecord { path, source }),
    }
}

fn write_tasks(
    record: SweepRecord,
    dir: &Path,
    stages: &mut Stages<'_>,
) -> Result<SweepFindings, LesionError> {
    let mut record = record;
    let mut changed = Vec::new();
    let mut studies = Vec::with_capacity(record.tasks.len());
    for task in &mut record.tasks {
        stages.check_cancelled()?;
        let folder = StudyFolder(dir.join(&task.folder));
        let study = FinishedStudy::read(&folder)?;
        for change in study.changed() {
            let note = Note::Changed { place: folder.0.clone(), change: change.clone() };
            stages.note(&note);
            changed.push(format!("in {}, {change}", folder.0.display()));
        }
        let file = study_record::MANIFEST;
        let outputs = serde_json::to_vec(&study.manifest().outputs);
        let outputs = outputs.map_err(|source| LesionError::Json { file, source })?;
        task.sha256 = hash::of_bytes(&outputs);
        studies.push(read_study(task, &study)?);
    }
    judge(&mut studies)?;
    let csv = encode_rows(&record.axes, &studies)?;
    let sweep = SweptStudies { axes: record.axes.clone(), studies };
    let report = sweep_report(&sweep)?;
    let mut json = serde_json::to_vec_pretty(&record)
        .map_err(|source| LesionError::Json { file: SWEEP, source })?;
    json.push(b'\n');
    let mut folder = create_folder(dir)?;
    folder.put(SweepRow::TABLE.file, &csv)?;
    folder.put(REPORT, report.html.as_bytes())?;
    // The list comes last: a folder with it has a finished sweep.
    folder.put(SWEEP, &json)?;
    for section in &report.sections {
        stages.section(section);
    }
    Ok(SweepFindings {
        page: dir.join(REPORT),
        table: dir.join(SweepRow::TABLE.file),
        record: dir.join(SWEEP),
        claims: sweep.looked_at(),
        shown: sweep.shown().len(),
        changed,
    })
}

fn read_study(
    task: &SweepTaskRecord,
    study: &FinishedStudy<'_>,
) -> Result<SweptStudy, LesionError> {
    let manifest = study.manifest();
    let profile: Option<Vec<ProfileRow>> = study.rows_if_written()?;
    let verdicts: Vec<VerdictRow> = study.rows()?;
    Ok(SweptStudy {
        record: task.clone(),
        labels: [manifest.label_a.clone(), manifest.label_b.clone()],
        score: manifest.study.score,
        layers: manifest.model_layers,
        random_sets: manifest.random_sets,
        profile: profile.unwrap_or_default(),
        judged: verdicts.clone(),
        verdicts,
    })
}

/// Judges the claims of all studies together.
fn judge(studies: &mut [SweptStudy]) -> Result<(), LesionError> {
    let mut evidence = Vec::new();
    for study in &*studies {
        evidence.extend(study.verdicts.iter().map(|row| UncorrectedEvidence {
            excess: row.excess,
            p: row.p,
            sets: study.random_sets,
            p_equivalence: row.p_equivalence,
        }));
    }
    let mut judgements = judge_together(&evidence)?.into_iter();
    for row in studies.iter_mut().flat_map(|study| &mut study.judged) {
        if let Some(judgement) = judgements.next() {
            row.p_corrected = judgement.p_corrected;
            row.p_no_effect = judgement.p_no_effect;
            row.verdict = judgement.verdict;
        }
    }
    Ok(())
}

/// The rows of `sweep.csv`.
fn encode_rows(axes: &[String], studies: &[SweptStudy]) -> Result<Vec<u8>, LesionError> {
    let rows = studies.iter().flat_map(|study| {
        study.profile.iter().map(|row| SweepRow {
            task: study.record.number,
            values: axes.iter().map(|key| study.record.values[key].clone()).collect(),
            profile: row.clone(),
            columns: claim_columns(study, row),
        })
    });
    Ok(SweepRow::encode(axes, rows)?)
}

fn claim_columns(study: &SweptStudy, row: &ProfileRow) -> SweepColumns {
    let by_itself = row.find_claim(&study.verdicts);
    let judged = row.find_claim(&study.judged);
    SweepColumns {
        p: by_itself.and_then(|claim| claim.p),
        p_corrected: by_itself.and_then(|claim| claim.p_corrected),
        p_sweep: judged.and_then(|claim| claim.p_corrected),
        p_no_effect_sweep: judged.and_then(|claim| claim.p_no_effect),
        verdict_sweep: judged.map(|claim| claim.verdict),
    }
}
