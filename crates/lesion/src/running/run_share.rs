//! A share of a study's batches. Shares run on any machines with the same folder, in any order; a run without
//! a share then writes the results.
//!
//! A share goes through the parts in rounds. In each it computes its own batches of all lesions that do not
//! depend on a missing result. Then it reads what other shares have finished meanwhile, and looks whether
//! more can be computed. It waits only while another share of the study is at work.

use std::{
    thread,
    time::{Duration, Instant},
};

use lesion_eval::{BatchShare, Bench, EarlierRounds, Progress, StudyError, find_part};
use study_record::{MANIFEST, Part};
use study_report::{StudyFiles as _, StudyFolder};

use crate::{
    error::LesionError,
    running::{
        file_journal::{FileJournal, share_file},
        prepared_study::PreparedStudy,
        run::{neuron_sets, open_bench, run_part, tell_journal},
        shared_work::SharedWork,
        stages::Stages,
    },
};

/// Summary of a share that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSummary {
    /// The share.
    pub share: BatchShare,
    /// File name of its journal.
    pub journal: String,
    /// Batches that it computed.
    pub computed: usize,
    /// Batches in the journals of all shares.
    pub finished: usize,
    /// Parts that need batches of other shares, which are neither finished nor being computed. The run
    /// that writes the results computes the rest of them, or this share does if it runs again.
    pub left: Vec<Part>,
    /// True if the results were written already, so that nothing was left to compute.
    pub is_study_finished: bool,
}

/// Interval at which a share that waits looks for signals.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest time after which a share that waits looks for other runs.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A share that waits looks after a twentieth of the time that it has waited.
const PARTS: u32 = 20;

/// Computes a share of a study's batches into its journal in a folder.
///
/// # Errors
/// If the folder has another study, the model cannot be run, the journal cannot be written, the run is
/// cancelled, or another run computes the same share or the whole study there. The journal then contains
/// the finished batches.
pub fn run_share(
    prepared: &PreparedStudy<'_>,
    share: BatchShare,
    folder: &StudyFolder,
    stages: &mut Stages<'_>,
) -> Result<ShareSummary, LesionError> {
    let replaces = prepared.options.replaces;
    let mut summary = ShareSummary {
        share,
        journal: share_file(share),
        computed: 0,
        finished: 0,
        left: Vec::new(),
        is_study_finished: false,
    };
    if !replaces {
        prepared.check_results(folder)?;
        if folder.open(MANIFEST).is_ok() {
            summary.is_study_finished = true;
            return Ok(summary);
        }
    }
    let mut journal = FileJournal::open(&folder.0, Some(share), prepared.identity()?, replaces)?;
    tell_journal(&journal, folder, stages);
    let design = prepared.design();
    let mut shared = SharedWork::default();
    let activations = stages.run("activations", |progress| shared.measure(prepared, progress))?;
    let selected =
        stages.run("selection", |progress| shared.select(prepared, &activations, progress))?;
    let reference = stages
        .run("reference", |progress| shared.measure_reference(prepared, &activations, progress))?;
    let (labelled, lesioned) = neuron_sets(prepared, &selected);
    let has_batches = |part: &Part| find_part(*part).has_batches();
    let mut parts: Vec<Part> = prepared.parts().filter(has_batches).collect();
    let mut earlier = EarlierRounds::default();
    loop {
        let bench = open_bench(
            design,
            &selected,
            reference.as_ref().as_ref(),
            (&labelled, &lesioned),
            (&mut journal, Some(share), None),
        )?;
        let mut bench = bench.after(earlier);
        let left = run_round(&parts, &mut bench, stages);
        let left_batches = bench.batches().left;
        earlier = bench.into_earlier_rounds();
        summary.computed = journal.kept_batches();
        summary.finished = journal.known_batches();
        summary.left = left.map_err(|error| count_known(error, summary.finished))?;
        if summary.left.is_empty() || !wait_for_others(&mut journal, left_batches, stages)? {
            break;
        }
        // Parts that are complete do not run again.
        parts.clone_from(&summary.left);
    }
    // Results that are there from the beginning may be those that are to be replaced.
    summary.is_study_finished = !replaces && folder.open(MANIFEST).is_ok();
    Ok(summary)
}

/// Runs parts as far as they depend on no batch of other shares. Returns those that need such batches.
fn run_round(
    parts: &[Part],
    bench: &mut Bench<'_, '_>,
    stages: &mut Stages<'_>,
) -> Result<Vec<Part>, LesionError> {
    let mut left = Vec::new();
    for &part in parts {
        match run_part(part, bench, stages) {
            Err(LesionError::Study(StudyError::LeftToShares)) => left.push(part),
            result => drop(result?),
        }
    }
    Ok(left)
}

/// Lets the error of a share that was stopped count all batches that it knows, and not only those of a round.
fn count_known(error: LesionError, known: usize) -> LesionError {
    match error {
        LesionError::Stopped { finished, planned } => {
            let missing = planned.saturating_sub(finished);
            LesionError::Stopped { finished: known, planned: known + missing }
        }
        error => error,
    }
}

/// Waits until other shares have finished the batches that were left to them, or none of them is at work.
/// False if there are no new batches, or the study is finished.
fn wait_for_others(
    journal: &mut FileJournal,
    left_batches: usize,
    stages: &mut Stages<'_>,
) -> Result<bool, LesionError> {
    journal.unlock();
    let found = stages.run("waiting", |progress| watch_others(journal, left_batches, progress));
    match found {
        Ok(true) => journal.lock_again(),
        Err(LesionError::Study(StudyError::Cancelled)) => {
            let known = journal.known_batches();
            Err(LesionError::Stopped { finished: known, planned: known })
        }
        found => found,
    }
}

/// Looks for the batches of others until there are new ones, or nobody is at work. A round takes time even if
/// it computes nothing, so none begins for a few batches.
fn watch_others(
    journal: &mut FileJournal,
    left: usize,
    progress: Progress<'_>,
) -> Result<bool, LesionError> {
    let known = journal.known_batches();
    let begun = Instant::now();
    let mut next_look = begun;
    let mut found = 0;
    loop {
        if progress(found, left).is_break() {
            return Err(StudyError::Cancelled.into());
        }
        let looked = Instant::now();
        if looked < next_look {
            thread::sleep(PAUSE);
            continue;
        }
        next_look = looked + (begun.elapsed() / PARTS).clamp(PAUSE, LONGEST_PAUSE);
        // Looked at first: a share that is done by now has written everything.
        let is_other_at_work = journal.is_other_at_work();
        found = (journal.read_others()? - known).min(left);
        if found == left || !is_other_at_work {
            return Ok(found > 0);
        }
    }
}
