//! A run of a study, from its inputs to its tables, page and figures.

use std::collections::BTreeMap;

use lesion_eval::{
    BatchCount, BatchShare, BatchStore, Bench, Design, Journal, Laboratory, LesionMethod,
    NeuronSetFile, NeuronSets, PartResult, ReferenceActivations, StudyError, find_part,
    judge_claims, lesion, never_right, predicted_at, study_rows,
};
use study_record::{LesionKind, MANIFEST, Manifest, Part, Seconds, SetRule, Warning, shown};
use study_report::{FinishedStudy, StudyFiles};

use crate::{
    error::LesionError,
    running::{
        place::{NEURON_SETS, Place, RunJournal, StudyWriter, write_report},
        prepared_study::PreparedStudy,
        results::Results,
        shared_work::{Selected, SelectionResults, SharedWork},
        stages::Stages,
        watch::Note,
    },
};

/// Summary of a run. [`FinishedStudy::read`] reads its results from the place.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Names of its tables and JSON files.
    pub files: Vec<String>,
    /// Wall-clock seconds of each stage.
    pub seconds: Seconds,
}

/// Runs a study and writes its tables, manifest, page and figures into a place. Resumes an
/// interrupted run of the same study in the same place.
///
/// The observer of the stages is told each warning before anything is computed, and each section of the
/// results when it is final: selection, activations, predictions and the paper's lesion after their
/// stage, and the parts of the laboratory at the end, because the claims of all parts are judged
/// together.
///
/// # Errors
/// If the place has another study, the model cannot be run, the place cannot be written, or the run is
/// cancelled. The journal of a folder then contains the finished batches.
pub fn run(
    prepared: &PreparedStudy<'_>,
    place: &mut dyn Place,
    stages: &mut Stages<'_>,
) -> Result<RunSummary, LesionError> {
    run_sharing(prepared, place, &mut SharedWork::default(), stages)
}

/// Runs a study as [`run`] does, and shares work with other studies of the same model.
///
/// # Errors
/// If [`run`] fails.
pub(crate) fn run_sharing(
    prepared: &PreparedStudy<'_>,
    place: &mut dyn Place,
    shared: &mut SharedWork,
    stages: &mut Stages<'_>,
) -> Result<RunSummary, LesionError> {
    let mut journal = open_journal(prepared, place, stages)?;
    tell_warnings(&prepared.warnings, stages);
    let design = prepared.design();
    let (subject, study, prompts) = (design.subject, design.study, design.prompts);
    let predictions = stages.run("baseline", |progress| shared.predict(prepared, progress))?;
    let never_right = never_right(prompts, &predictions);
    let warnings = prepared.warnings_with(never_right.clone())?;
    tell_warnings(&never_right, stages);
    let activations = stages.run("activations", |progress| shared.measure(prepared, progress))?;
    let selected =
        stages.run("selection", |progress| shared.select(prepared, &activations, progress))?;
    let reference = stages
        .run("reference", |progress| shared.measure_reference(prepared, &activations, progress))?;
    let reference = reference.as_ref().as_ref();
    let is_resampled = study.lesion.kind == LesionKind::Resample;
    let resampled = reference.filter(|_| is_resampled);
    let resampled = resampled.map(|values| values.sampled_sentences(prompts, study.seed));
    let mut results = Results::new(manifest(prepared, &selected, warnings)?);
    let is_patched = study.lesion.kind == LesionKind::Patch;
    results.add(study_rows::prompts(prompts, resampled, is_patched))?;
    results.add(study_rows::predictions(&predictions))?;
    selected.add_tables(&mut results)?;
    results.tell_sections(stages);
    let diagnostics =
        stages.run("diagnostics", |progress| shared.diagnose(prepared, &activations, progress))?;
    results.add(study_rows::histogram(&diagnostics))?;
    results.add(study_rows::normality(&diagnostics))?;
    results.add(study_rows::sparsity(&diagnostics))?;
    results.tell_sections(stages);
    let (labelled, lesioned) = neuron_sets(prepared, &selected);
    let layer = design.layer;
    let site = study.lesion.site;
    let lesioned_at = (layer, study.lesion.shared);
    let outcomes = stages.run("lesion", |progress| {
        lesion(subject, prompts, &labelled, lesioned_at, site, progress)
    })?;
    results.add(study_rows::lesions(layer, &outcomes))?;
    results.tell_sections(stages);

    let sets = (&labelled, &lesioned);
    let batches = (&mut *journal as &mut dyn Journal, None, shared.batches.as_ref());
    let mut bench = open_bench(design, &selected, reference, sets, batches)?;
    let mut claims = Vec::new();
    for part in prepared.parts() {
        let result = run_part(part, &mut bench, stages)?;
        results.tables.extend(result.tables);
        claims.extend(result.claims);
    }
    results.add(judge_claims(&claims, study)?)?;

    stages.check_cancelled()?;
    let mut writer = StudyWriter::begin(place)?;
    writer.tables(&results.tables)?;
    writer.compact_json(NEURON_SETS, &NeuronSetFile::new(&labelled, &lesioned))?;
    let saved = prepared.options.save_activations.then_some(&*activations);
    writer.activations(saved)?;
    results.manifest.seconds = stages.seconds().clone();
    results.manifest.outputs = writer.written().clone();
    writer.json(MANIFEST, &results.manifest)?;
    let files = writer.written().keys().cloned().collect();
    let report = study_report::report(&FinishedStudy::read(&*place)?)?;
    write_report(place, &report, &[])?;
    journal.complete()?;
    results.tell_rest(&report.sections, stages);
    Ok(RunSummary { files, seconds: results.manifest.seconds })
}

/// The journal of a laboratory, its share of the batches, and batches of other studies.
type BatchSources<'a> = (&'a mut dyn Journal, Option<BatchShare>, Option<&'a BatchStore>);

/// The bench of a study, for all batches or for a share of them. Finished batches are in the journal.
pub(crate) fn open_bench<'a>(
    design: Design<'a>,
    selected: &'a Selected<'a>,
    reference: Option<&ReferenceActivations>,
    sets: (&'a NeuronSets, &'a NeuronSets),
    (journal, share, store): BatchSources<'a>,
) -> Result<Bench<'a, 'a>, StudyError> {
    let Design { subject, study, prompts, .. } = design;
    let method = LesionMethod::of(study);
    let prepare = |prompts| method.prepare(reference, prompts, study.seed);
    let mut laboratory = Laboratory::new(subject, prompts, prepare(prompts)?, journal);
    if let Some(share) = share {
        laboratory = laboratory.with_share(share);
    }
    if let Some(store) = store {
        laboratory = laboratory.with_store(store);
    }
    let mut bystanders = None;
    if !design.bystanders.is_empty() {
        bystanders = Some((design.bystanders, prepare(design.bystanders)?));
    }
    let selection = &selected.tested.selection;
    Ok(Bench::new(design, &selected.observations, selection, sets, laboratory, bystanders))
}

/// Runs a part of the laboratory. If it is cancelled, the error counts the batches of the run.
pub(crate) fn run_part(
    part: Part,
    bench: &mut Bench<'_, '_>,
    stages: &mut Stages<'_>,
) -> Result<PartResult, LesionError> {
    let computation = find_part(part);
    let result = stages.run(part.name(), |progress| computation.run(bench, progress));
    result.map_err(|error| match error {
        StudyError::Cancelled if bench.batches().planned > 0 => {
            let BatchCount { finished, planned, .. } = bench.batches();
            LesionError::Stopped { finished, planned }
        }
        error => error.into(),
    })
}

/// The manifest of a run before its tables are written.
fn manifest(
    prepared: &PreparedStudy<'_>,
    selected: &Selected<'_>,
    warnings: Vec<Warning>,
) -> Result<Manifest, LesionError> {
    let design = prepared.design();
    let study = design.study;
    let config = design.subject.model.config();
    let SelectionResults { selection, held_out, .. } = &*selected.tested;
    Ok(Manifest {
        lesion: env!("CARGO_PKG_VERSION").to_owned(),
        burn: burn_version().to_owned(),
        platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        threads: rayon::current_num_threads(),
        command: prepared.options.command.clone(),
        study: study.clone(),
        layer: design.layer,
        layers: design.layers.to_vec(),
        random_sets: design.random_sets(),
        model_layers: config.num_hidden_layers,
        model_neurons: config.intermediate_size,
        activation: Some(config.structure.activation_name().to_owned()),
        predicted_at: Some(predicted_at(config)),
        selected_on: selection.counts,
        held_out_stimuli: *held_out,
        held_out: design.stimuli.held_out_lines(study.selection.held_out.get(), study.seed)?,
        relabellings: selection.relabellings.0,
        relabellings_exact: selection.relabellings.1,
        label_a: selection.contrast.a.clone(),
        label_b: selection.contrast.b.clone(),
        registration: prepared.check_registration(),
        skipped: prepared.skipped_parts(),
        warnings,
        notes: prepared.notes.clone(),
        inputs: prepared.inputs().clone(),
        seconds: Seconds::new(),
        outputs: BTreeMap::new(),
    })
}

/// Tells the first of these warnings, and their number. Those about the model were told when it was opened.
fn tell_warnings(warnings: &[Warning], stages: &mut Stages<'_>) {
    let is_new = |warning: &&Warning| !matches!(warning, Warning::Model { .. });
    let warnings: Vec<&Warning> = warnings.iter().filter(is_new).collect();
    for line in shown(&warnings) {
        stages.note(&Note::Doubt(line));
    }
}

/// Opens the journal of a run, unless the place has another study.
fn open_journal(
    prepared: &PreparedStudy<'_>,
    place: &mut dyn Place,
    stages: &mut Stages<'_>,
) -> Result<Box<dyn RunJournal>, LesionError> {
    let replaces = prepared.options.replaces;
    if !replaces {
        prepared.check_results(&*place)?;
    }
    let journal = place.journal(&|| prepared.identity(), replaces)?;
    tell_journal(&*journal, &*place, stages);
    Ok(journal)
}

/// Notes on a journal that was opened.
pub(crate) fn tell_journal(
    journal: &dyn RunJournal,
    place: &dyn StudyFiles,
    stages: &mut Stages<'_>,
) {
    for path in journal.ignored_journals() {
        stages.note(&Note::IgnoredJournal { path: path.clone() });
    }
    let batches = journal.resumed_batches();
    if batches > 0 {
        stages.note(&Note::Resumed { place: place.path(""), batches });
    } else if journal.replaces_another() {
        stages.note(&Note::Replaced { place: place.path("") });
    }
}

impl Selected<'_> {
    /// Adds the tables of the selection.
    fn add_tables(&self, results: &mut Results) -> Result<(), LesionError> {
        let SelectionResults { selection, held_out, replications } = &*self.tested;
        results.add(study_rows::neurons(selection))?;
        results.add(study_rows::selection(selection))?;
        if held_out.is_some() {
            results.add(study_rows::held_out(replications))?;
        }
        Ok(())
    }
}

/// The neurons with a label, and those that the laboratory lesions.
pub(crate) fn neuron_sets(
    prepared: &PreparedStudy<'_>,
    selected: &Selected<'_>,
) -> (NeuronSets, NeuronSets) {
    let selection = &selected.tested.selection;
    if let Some(sets) = prepared.given_sets() {
        return sets.clone();
    }
    let lesion = &prepared.study.lesion;
    let labelled = NeuronSets::choose(selection, SetRule::Significant, lesion.strength);
    let lesioned = NeuronSets::choose(selection, lesion.sets, lesion.strength);
    (labelled, lesioned)
}

/// The version of Burn, which the workspace pins exactly.
fn burn_version() -> &'static str {
    let workspace = include_str!("../../../../Cargo.toml");
    let version = workspace.split("\nburn = { version = \"=").nth(1);
    version.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}
