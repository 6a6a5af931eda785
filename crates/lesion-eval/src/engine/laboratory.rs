//! Runs lesions: one clean pass for each group of prompts, and many lesions in one batch.

use std::{
    borrow::Cow,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use activation_capture::Target;
use bert_model::TokenBatch;
use burn::tensor::Tensor;
use study_record::SharedLayers;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        batch_share::{BatchCount, BatchShare},
        batch_store::{BatchKey, BatchStore, KeyBuilder},
        journal::Journal,
        lesion_method::PreparedLesionMethod,
        lesioned_layers::{layers_of, spread},
        prompt_passes::{PassGroup, PromptPasses},
        trial::{DistributionChange, Outcome, Read, Reading, Trial},
    },
    error::StudyError,
    passes::{
        batching::{Batching, even_batch},
        clean_pass::CleanPass,
        logits::{read_each, read_logits},
        progress::{Progress, report},
        read_tokens::{ReadTokens, row_indices},
        side_by_side::{lock, run_side_by_side},
        subject::Subject,
    },
    share::floor_share,
};

/// Runs lesions of one method in prompts.
pub struct Laboratory<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) prompts: &'a [MaskedPrompt],
    /// The passes in which the prompts are read.
    passes: PromptPasses<'a>,
    method: PreparedLesionMethod,
    journal: &'a mut dyn Journal,
    /// The share of the batches that it computes; none if it computes all.
    share: Option<BatchShare>,
    /// Finished batches of other studies of the same model.
    store: Option<&'a BatchStore>,
    batches: BatchCount,
}

impl<'a> Laboratory<'a> {
    /// A laboratory for prompts that `method` was prepared for.
    pub fn new(
        subject: Subject<'a>,
        prompts: &'a [MaskedPrompt],
        method: PreparedLesionMethod,
        journal: &'a mut dyn Journal,
    ) -> Self {
        let batches = BatchCount::default();
        let passes = PromptPasses::of(prompts);
        Self { subject, prompts, passes, method, journal, share: None, store: None, batches }
    }

    /// The same laboratory with a store of batches. It takes those that are there, and keeps its own.
    #[must_use]
    pub fn with_store(mut self, store: &'a BatchStore) -> Self {
        self.store = Some(store);
        self
    }

    /// The same laboratory for one share of the batches. The others are taken from the journal, or are
    /// left to other shares.
    #[must_use]
    pub fn with_share(mut self, share: BatchShare) -> Self {
        self.share = Some(share);
        self
    }

    /// Numbers of its batches so far.
    #[must_use]
    pub fn batches(&self) -> BatchCount {
        self.batches
    }

    /// Replaces the prompts and the method that was prepared for them, and returns the former ones.
    pub(crate) fn replace_prompts(
        &mut self,
        prompts: &'a [MaskedPrompt],
        method: PreparedLesionMethod,
    ) -> (&'a [MaskedPrompt], PreparedLesionMethod) {
        self.passes = PromptPasses::of(prompts);
        let prompts = std::mem::replace(&mut self.prompts, prompts);
        (prompts, self.replace_method(method))
    }

    /// Replaces the method of its lesions, and returns the former one.
    pub(crate) fn replace_method(&mut self, method: PreparedLesionMethod) -> PreparedLesionMethod {
        std::mem::replace(&mut self.method, method)
    }

    /// The method of its lesions.
    pub(crate) fn method(&self) -> &PreparedLesionMethod {
        &self.method
    }

    /// The layers in which it lesions a neuron of `layer`.
    pub(crate) fn lesioned_layers(&self, layer: usize) -> Vec<usize> {
        layers_of(self.method.shared, layer, self.subject.model.config().num_hidden_layers)
    }

    /// The trials with every layer in which their neurons are lesioned.
    fn spread<'b>(&self, trials: &'b [Trial]) -> Cow<'b, [Trial]> {
        if self.method.shared == SharedLayers::Here {
            return Cow::Borrowed(trials);
        }
        let layers = self.subject.model.config().num_hidden_layers;
        let mut spread_trials = Vec::with_capacity(trials.len());
        for Trial { prompt, layers: lesioned } in trials {
            let lesioned = spread(self.method.shared, lesioned, layers);
            spread_trials.push(Trial { prompt: *prompt, layers: lesioned });
        }
        Cow::Owned(spread_trials)
    }

    /// True if lesions are zero where the word is predicted, like the paper's.
    pub(crate) fn zeroes_at_masks(&self) -> bool {
        self.method.zeroes_at_masks()
    }

    /// True if it scores sentences, so that a prompt may have several passes, each of which predicts a
    /// token of its own.
    pub(crate) fn scores_sentences(&self) -> bool {
        self.passes.score_sentences()
    }

    /// The prompts that a neuron set of `label` is matched to.
    pub(crate) fn labelled(&self, label: &str) -> Vec<usize> {
        (0..self.prompts.len())
            .filter(|&prompt| self.prompts[prompt].label.as_deref() == Some(label))
            .collect()
    }

    /// Runs every trial of one part of a study. Trials with the same lowest layer, in prompts of the
    /// same length, share a batch. If sentences are scored, a trial is one in each pass of its prompt, and the
    /// readings are the scores. `journal_key` names the trials in the journal; it must have the same
    /// trials whenever the study is resumed.
    ///
    /// # Errors
    /// If a layer or neuron does not exist, the model cannot be run or gives logits that are not
    /// finite, the journal cannot be written, or `progress` cancels the run. Finished batches are in
    /// the journal by then. [`StudyError::LeftToShares`] if batches of other shares are missing and
    /// those of this share are finished.
    ///
    /// # Panics
    /// If a trial's prompt does not exist.
    pub fn run(
        &mut self,
        journal_key: &str,
        trials: &[Trial],
        read: Read,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, StudyError> {
        if !self.scores_sentences() {
            return self.run_passes(journal_key, trials, read, progress);
        }
        let expanded = self.passes.expand(trials);
        let all = trials.len();
        let per_trial = expanded.len() as f64 / all.max(1) as f64;
        let mut watch = |done: usize, _| progress(floor_share(1.0 / per_trial, done), all);
        let read = if read == Read::Candidates { Read::Probabilities } else { read };
        let outcomes = self.run_passes(journal_key, &expanded, read, &mut watch)?;
        Ok(self.passes.combine(trials, &outcomes))
    }

    /// Runs trials of passes.
    fn run_passes(
        &mut self,
        journal_key: &str,
        trials: &[Trial],
        read: Read,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, StudyError> {
        let subject = self.subject;
        let trials = &self.spread(trials);
        let mut groups = plan_groups(subject, &self.passes, &self.method, journal_key, trials);
        self.divide(&mut groups, journal_key);
        let shapes = groups.iter().map(|group| [group.members.rows.len(), group.length]);
        let at_once = subject.at_once(Batching::clean_at_once, shapes);
        let journal = &mut *self.journal;
        let work = Work {
            subject,
            method: &self.method,
            prompts: &self.passes.list,
            trials,
            read,
            store: self.store,
            log: Mutex::new(Log { journal, progress, done: 0, kept: 0, cancelled: false }),
        };
        let outcomes = Mutex::new(vec![None; trials.len()]);
        let are_left = AtomicBool::new(false);
        let result = run_side_by_side(groups, at_once, |group| {
            let Some(readings) = work.run(&group)? else {
                are_left.store(true, Ordering::Relaxed);
                return Ok(());
            };
            let mut outcomes = lock(&outcomes);
            for (unit, lesioned) in group.units.iter().zip(&readings).skip(1) {
                for (&index, lesioned) in unit.trials.iter().zip(lesioned) {
                    let clean = readings[0][group.mask(trials[index].prompt)].clone();
                    outcomes[index] = Some(Outcome { clean, lesioned: lesioned.clone() });
                }
            }
            Ok(())
        });
        self.batches.finished += lock(&work.log).kept;
        result?;
        if are_left.into_inner() {
            return Err(StudyError::LeftToShares);
        }
        let mut complete = Vec::with_capacity(trials.len());
        for outcome in lock(&outcomes).drain(..) {
            let Some(outcome) = outcome else {
                return Err(StudyError::MissingOutcome { journal_key: journal_key.to_owned() });
            };
            complete.push(outcome);
        }
        Ok(complete)
    }

    /// Decides which batches are computed here, and counts them.
    fn divide(&mut self, groups: &mut [Group], journal_key: &str) {
        let units = groups.iter_mut().flat_map(|group| &mut group.units);
        for (number, unit) in units.enumerate() {
            unit.is_left = self.share.is_some_and(|share| !share.contains(journal_key, number));
            let is_finished = self.journal.is_finished(&unit.name);
            self.batches.finished += usize::from(is_finished);
            let is_missing = unit.is_left && !is_finished;
            self.batches.left += usize::from(is_missing);
            self.batches.planned += usize::from(!is_missing);
        }
    }
}

/// Passes of prompts that share a clean pass, and the lesions that start from it.
struct Group {
    members: PassGroup,
    /// Tokens of each row.
    length: usize,
    /// The batches; the first is the prompts without a lesion.
    units: Vec<Unit>,
}

impl Group {
    /// A pass's place among those that are read in the clean pass.
    fn mask(&self, pass: usize) -> usize {
        let mask = self.members.passes.iter().position(|&other| other == pass);
        mask.expect("a group has all passes of its trials")
    }
}

/// A batch that is kept in the journal: prompts without a lesion, or trials that run together.
struct Unit {
    /// Its name in the journal.
    name: String,
    /// The lowest lesioned layer; `None` without a lesion.
    from: Option<usize>,
    /// The prompt of each row.
    rows: Vec<usize>,
    /// The trial of each row; none without a lesion.
    trials: Vec<usize>,
    /// For each trial, the lesioned row in which it is read, counted from 0. A row with several trials has the
    /// lesion of the last of them.
    lesioned: Vec<usize>,
    /// True if another share computes it.
    is_left: bool,
}

/// Groups the passes that are lesioned, and cuts their trials into batches. The order decides the
/// units' names in the journal.
fn plan_groups(
    subject: Subject<'_>,
    passes: &PromptPasses<'_>,
    method: &PreparedLesionMethod,
    journal_key: &str,
    trials: &[Trial],
) -> Vec<Group> {
    let mut trials_of_pass = vec![Vec::new(); passes.list.len()];
    for (index, trial) in trials.iter().enumerate() {
        trials_of_pass[trial.prompt].push(index);
    }
    let read: Vec<usize> =
        (0..passes.list.len()).filter(|&pass| !trials_of_pass[pass].is_empty()).collect();
    let mut groups = Vec::new();
    for members in passes.group(subject, &read) {
        let length = passes.list[members.rows[0]].length();
        let indices: Vec<usize> =
            members.passes.iter().flat_map(|&pass| &trials_of_pass[pass]).copied().collect();
        let rows = LesionedRows { subject, passes, method, trials }.plan(indices);
        let most = subject.rows(length, subject.batching.rows);
        let mut units = vec![Unit::clean(&members)];
        for rows in rows
            .chunk_by(|a, b| (a.from, a.length) == (b.from, b.length))
            .flat_map(|rows| rows.chunks(even_batch(rows.len(), most)))
        {
            units.push(Unit::lesioned(rows, trials));
        }
        groups.push(Group { members, length, units });
    }
    let units = groups.iter_mut().flat_map(|group: &mut Group| &mut group.units);
    for (number, unit) in units.enumerate() {
        unit.name = format!("{journal_key} {number}");
    }
    groups
}

impl Unit {
    /// The passes of a group without a lesion.
    fn clean(members: &PassGroup) -> Self {
        Self {
            name: String::new(),
            from: None,
            rows: members.passes.clone(),
            trials: Vec::new(),
            lesioned: Vec::new(),
            is_left: false,
        }
    }

    /// Lesions that run together.
    fn lesioned(rows: &[LesionedRow], trials: &[Trial]) -> Self {
        let mut unit = Self {
            name: String::new(),
            from: Some(rows[0].from),
            rows: Vec::new(),
            trials: Vec::new(),
            lesioned: Vec::new(),
            is_left: false,
        };
        for (row, LesionedRow { trials: indices, .. }) in rows.iter().enumerate() {
            unit.rows.extend(indices.iter().map(|&index| trials[index].prompt));
            unit.trials.extend(indices);
            unit.lesioned.extend(std::iter::repeat_n(row, indices.len()));
        }
        unit
    }

    /// The last trial of each lesioned row.
    fn last_trials(&self) -> Vec<usize> {
        let mut last = Vec::new();
        for (&index, &row) in self.trials.iter().zip(&self.lesioned) {
            last.truncate(row);
            last.push(index);
        }
        last
    }
}

/// A lesioned row of tokens, and the trials that are read in it, the longest pass last.
struct LesionedRow {
    /// The lowest lesioned layer.
    from: usize,
    /// The tokens that must be computed, if these differ between rows of a batch; 0 otherwise.
    length: usize,
    trials: Vec<usize>,
}

/// Plans the lesioned rows in which trials are read.
struct LesionedRows<'a> {
    subject: Subject<'a>,
    passes: &'a PromptPasses<'a>,
    method: &'a PreparedLesionMethod,
    trials: &'a [Trial],
}

impl LesionedRows<'_> {
    /// The rows of these trials. Passes of a sentence share one if each is the beginning of the longest one
    /// with its lesion.
    fn plan(&self, mut indices: Vec<usize>) -> Vec<LesionedRow> {
        let trials = self.trials;
        let row_of = |index: usize| self.passes.row_of(self.subject, trials[index].prompt);
        indices.sort_by_key(|&index| (lowest_layer(&trials[index]), row_of(index), index));
        let mut rows = Vec::new();
        for indices in indices.chunk_by(|&a, &b| self.may_share_row(a, b)) {
            let last = &trials[indices[indices.len() - 1]];
            rows.push(LesionedRow {
                from: lowest_layer(last),
                length: self.length(last.prompt),
                trials: indices.to_vec(),
            });
        }
        rows.sort_by_key(|row| (row.from, row.length));
        rows
    }

    /// True if the second trial is the first one in a longer pass of the same sentence.
    fn may_share_row(&self, first: usize, second: usize) -> bool {
        let [first, second] = [first, second].map(|index| &self.trials[index]);
        let passes = [first.prompt, second.prompt];
        let [row, other] = passes.map(|pass| self.passes.row_of(self.subject, pass));
        passes[0] != passes[1]
            && row == other
            && first.layers == second.layers
            && self.method.begins_alike(passes)
    }

    /// The tokens that a lesion of a pass computes, if it computes more than the mask and passes may share rows;
    /// 0 otherwise.
    fn length(&self, pass: usize) -> usize {
        if !self.passes.score_sentences() || self.method.is_at_mask(pass) {
            return 0;
        }
        self.passes.list[pass].length()
    }
}

fn lowest_layer(trial: &Trial) -> usize {
    trial.layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default()
}

/// The journal and the progress of a run.
struct Log<'a> {
    journal: &'a mut dyn Journal,
    progress: Progress<'a>,
    /// Finished trials.
    done: usize,
    /// Batches that were added to the journal.
    kept: usize,
    cancelled: bool,
}

impl Log<'_> {
    /// Reports that so many more trials of `all` are finished.
    fn report(&mut self, trials: usize, all: usize) -> Result<(), StudyError> {
        self.done += trials;
        let reported = report(&mut *self.progress, self.done, all);
        self.cancelled |= reported.is_err();
        reported
    }
}

/// State that all groups of prompts share.
struct Work<'a> {
    subject: Subject<'a>,
    method: &'a PreparedLesionMethod,
    prompts: &'a [MaskedPrompt],
    trials: &'a [Trial],
    read: Read,
    store: Option<&'a BatchStore>,
    log: Mutex<Log<'a>>,
}

impl<'a> Work<'a> {
    /// The readings of each unit of a group, from the journal or from the model; none if one is left to
    /// another share.
    fn run(&self, group: &Group) -> Result<Option<Vec<Vec<Reading>>>, StudyError> {
        let mut readings = Vec::with_capacity(group.units.len());
        for unit in &group.units {
            readings.push(self.resume(unit)?);
        }
        let shared = self.store.map(|store| (store, self.group_key(group)));
        let mut missing = Vec::new();
        let mut are_left = false;
        for (readings, unit) in readings.iter_mut().zip(&group.units) {
            let stored =
                shared.as_ref().map(|(store, key)| (*store, self.unit_key(key, group, unit)));
            match (&*readings, stored) {
                (Some(readings), Some((store, key))) => store.keep(key, readings),
                (Some(_), None) => {}
                (None, _) if unit.is_left => are_left = true,
                (None, stored) => {
                    if let Some((store, key)) = stored {
                        *readings = self.take_stored(store, &key, unit)?;
                    }
                    if readings.is_none() {
                        missing.push((readings, unit, stored));
                    }
                }
            }
        }
        if !missing.is_empty() {
            self.check_cancelled()?;
            let pass = self.run_clean_pass(group)?;
            let shapes = missing.iter().map(|(_, unit, _)| [unit.rows.len(), group.length]);
            let at_once = self.subject.at_once(Batching::at_once, shapes);
            run_side_by_side(missing, at_once, |(readings, unit, stored)| {
                self.check_cancelled()?;
                let found = self.run_unit(&pass, group, unit)?;
                if let Some((store, key)) = stored {
                    store.keep(key, &found);
                }
                self.finish(unit, &found)?;
                *readings = Some(found);
                Ok(())
            })?;
        }
        if are_left {
            return Ok(None);
        }
        Ok(Some(readings.into_iter().flatten().collect()))
    }

    /// Adds a unit to the journal, and reports it.
    fn finish(&self, unit: &Unit, readings: &[Reading]) -> Result<(), StudyError> {
        let mut log = self.log();
        log.journal.keep(&unit.name, readings).map_err(StudyError::Journal)?;
        log.kept += 1;
        log.report(unit.trials.len(), self.trials.len())
    }

    /// The readings of a unit that the store has.
    fn take_stored(
        &self,
        store: &BatchStore,
        key: &BatchKey,
        unit: &Unit,
    ) -> Result<Option<Vec<Reading>>, StudyError> {
        let widths = unit.rows.iter().map(|&prompt| self.prompts[prompt].candidates.len());
        let Some(readings) = store.find(key, widths) else { return Ok(None) };
        if !self.fits(&readings, unit) {
            return Ok(None);
        }
        self.check_cancelled()?;
        self.finish(unit, &readings)?;
        Ok(Some(readings))
    }

    /// The hash of what every unit of a group depends on: its clean pass, and the method.
    fn group_key(&self, group: &Group) -> KeyBuilder {
        let mut key = KeyBuilder::new();
        key.number(usize::from(self.subject.plain));
        key.number(match self.read {
            Read::Candidates => 0,
            Read::Probabilities => 1,
            Read::Distribution => 2,
        });
        key.numbers(&group.members.row_of);
        for &index in &group.members.passes {
            let prompt = &self.prompts[index];
            key.ids(&prompt.masked);
            key.number(prompt.position);
            let ids: Vec<u32> = prompt.candidates.iter().map(|candidate| candidate.id).collect();
            key.ids(&ids);
            self.method.add_to_key(index, &mut key);
        }
        key
    }

    /// The hash of everything that the readings of a unit depend on, besides the model.
    fn unit_key(&self, group_key: &KeyBuilder, group: &Group, unit: &Unit) -> BatchKey {
        let mut key = group_key.clone();
        let masks: Vec<usize> = unit.rows.iter().map(|&pass| group.mask(pass)).collect();
        key.numbers(&masks);
        key.number(unit.trials.len());
        for &index in &unit.trials {
            let layers = &self.trials[index].layers;
            key.number(layers.len());
            for (layer, neurons) in layers {
                key.number(*layer);
                key.numbers(neurons);
            }
        }
        key.finish()
    }

    /// Checks that no group was told to stop.
    fn check_cancelled(&self) -> Result<(), StudyError> {
        if self.log().cancelled {
            return Err(StudyError::Cancelled);
        }
        Ok(())
    }

    fn run_clean_pass(&self, group: &Group) -> Result<CleanPass<'_>, StudyError> {
        let batch = TokenBatch::new(group.members.tokens(self.prompts))?;
        CleanPass::run(self.subject, batch, group.members.reads(self.prompts))
    }

    fn log(&self) -> MutexGuard<'_, Log<'a>> {
        lock(&self.log)
    }

    /// The readings of a unit that the journal has.
    fn resume(&self, unit: &Unit) -> Result<Option<Vec<Reading>>, StudyError> {
        let mut log = self.log();
        let Some(readings) = log.journal.finished(&unit.name) else { return Ok(None) };
        if !self.fits(&readings, unit) {
            return Ok(None);
        }
        log.report(unit.trials.len(), self.trials.len())?;
        Ok(Some(readings))
    }

    /// Whether these readings can be those of the unit.
    fn fits(&self, readings: &[Reading], unit: &Unit) -> bool {
        readings.len() == unit.rows.len()
            && readings.iter().zip(&unit.rows).all(|(reading, &prompt)| {
                reading.logits.len() == self.prompts[prompt].candidates.len()
                    && reading.logits.iter().all(|logit| logit.is_finite())
                    && reading.log_sum.is_finite() == (self.read != Read::Candidates)
                    && (reading.change.is_some() || !self.needs_change(unit))
            })
    }

    /// Runs a unit and reads its predictions.
    fn run_unit(
        &self,
        pass: &CleanPass<'_>,
        group: &Group,
        unit: &Unit,
    ) -> Result<Vec<Reading>, StudyError> {
        let Some(from) = unit.from else { return self.read(pass.hidden(), &unit.rows) };
        let mut targets = Vec::new();
        let last_trials = unit.last_trials();
        for (row, &index) in last_trials.iter().enumerate() {
            let Trial { prompt, layers } = &self.trials[index];
            for &(layer, ref neurons) in layers {
                for &position in self.method.positions(*prompt) {
                    let edit = self.method.edit(*prompt, layer, position);
                    targets.push(Target { row, layer, position, neurons, edit });
                }
            }
        }
        let masks: Vec<usize> = unit.rows.iter().map(|&pass| group.mask(pass)).collect();
        let site = self.method.site;
        let hidden = if last_trials.len() == unit.trials.len() {
            pass.lesioned(&masks, from, site, &targets)?
        } else {
            let last = last_trials.iter().map(|&index| group.mask(self.trials[index].prompt));
            let rows: Vec<usize> = last.map(|mask| pass.row_of(mask)).collect();
            let positions = unit.rows.iter().map(|&pass| self.prompts[pass].position).collect();
            let reads = ReadTokens { rows: unit.lesioned.clone(), positions };
            pass.lesioned_rows(&rows, &reads, from, site, &targets)?
        };
        if self.needs_change(unit) {
            return self.read_changes(&hidden, unit, &masks, &pass.hidden());
        }
        self.read(hidden, &unit.rows)
    }

    /// Whether the distributions of a unit are compared with those of the plain pass.
    fn needs_change(&self, unit: &Unit) -> bool {
        self.read == Read::Distribution && unit.from.is_some()
    }

    /// Reads last hidden states of a unit and compares each row with its mask in `clean`, the last hidden states
    /// of the clean pass.
    fn read_changes(
        &self,
        hidden: &Tensor<2>,
        unit: &Unit,
        masks: &[usize],
        clean: &Tensor<2>,
    ) -> Result<Vec<Reading>, StudyError> {
        let prompt = |row: usize| &self.prompts[unit.rows[row]];
        let mut readings = Vec::with_capacity(masks.len());
        // Logits of a whole vocabulary take much memory.
        let most = self.subject.batching.rows.max(1);
        for (part, masks) in masks.chunks(most).enumerate() {
            let first = part * most;
            let mut read = masks.to_vec();
            read.sort_unstable();
            read.dedup();
            let clean = clean.clone().select(0, row_indices(&read, &clean.device()));
            let clean = read_logits(self.subject, clean, |_| prompt(first).prompt)?;
            let hidden = hidden.clone().narrow(0, first, masks.len());
            let logits = read_logits(self.subject, hidden, |row| prompt(first + row).prompt)?;
            for (row, (lesioned, mask)) in logits.iter().zip(masks).enumerate() {
                let place = read.binary_search(mask).unwrap_or_default();
                let change = Some(DistributionChange::between(&clean[place], lesioned));
                readings.push(Reading { change, ..Reading::pick(prompt(first + row), lesioned) });
            }
        }
        Ok(readings)
    }

    /// Reads last hidden states, `[rows, hidden]`, of the prompts `rows`.
    fn read(&self, hidden: Tensor<2>, rows: &[usize]) -> Result<Vec<Reading>, StudyError> {
        match self.read {
            Read::Candidates => self.read_candidates(hidden, rows),
            Read::Probabilities | Read::Distribution => {
                let pass_of_row = |row: usize| &self.prompts[rows[row]];
                read_each(self.subject, &hidden, pass_of_row, Reading::pick)
            }
        }
    }

    /// Reads the logits of the candidates only.
    fn read_candidates(
        &self,
        hidden: Tensor<2>,
        rows: &[usize],
    ) -> Result<Vec<Reading>, StudyError> {
        let candidates = rows.iter().flat_map(|&prompt| &self.prompts[prompt].candidates);
        let mut ids: Vec<u32> = candidates.map(|candidate| candidate.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let data = self.subject.model.logits_of(hidden, &ids)?.into_data();
        let all: Vec<f32> = data.iter::<f32>().collect();
        let mut readings = Vec::with_capacity(rows.len());
        for (&prompt, row) in rows.iter().zip(all.chunks_exact(ids.len())) {
            let prompt = &self.prompts[prompt];
            let mut logits = Vec::with_capacity(prompt.candidates.len());
            for candidate in &prompt.candidates {
                let value = ids.binary_search(&candidate.id).map_or(f32::NAN, |place| row[place]);
                if !value.is_finite() {
                    return Err(StudyError::NotFinite { value, prompt: prompt.prompt });
                }
                logits.push(value);
            }
            readings.push(Reading { logits, log_sum: f64::NAN, change: None });
        }
        Ok(readings)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io, ops::ControlFlow};

    use bert_model::Checkpoint;
    use burn::tensor::Device;
    use study_record::{LesionKind, Site, Tokens};

    use super::*;
    use crate::{
        encoding::{counterpart::Counterpart, masked_prompt::Candidate},
        engine::{
            journal::NoJournal, lesion_method::LesionMethod, reference::ReferenceActivations,
        },
        passes::progress::unwatched,
    };

    #[derive(Default)]
    struct MemoryJournal {
        units: BTreeMap<String, Vec<Reading>>,
        resumed: usize,
    }

    impl Journal for MemoryJournal {
        fn is_finished(&self, unit: &str) -> bool {
            self.units.contains_key(unit)
        }

        fn finished(&mut self, unit: &str) -> Option<Vec<Reading>> {
            let readings = self.units.get(unit).cloned();
            self.resumed += usize::from(readings.is_some());
            readings
        }

        fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()> {
            self.units.insert(unit.to_owned(), readings.to_vec());
            Ok(())
        }
    }

    fn prompt(prompt: usize, masked: &[u32], position: usize) -> MaskedPrompt {
        let candidates = [("a", 50), ("b", 51)];
        MaskedPrompt {
            prompt,
            sentence: String::new(),
            position,
            candidates: candidates.map(|(word, id)| Candidate { word: word.into(), id }).into(),
            label: None,
            group: None,
            cluster: prompt,
            masked: masked.to_vec(),
            unmasked: Vec::new(),
            counterpart: None,
            scored: None,
        }
    }

    #[test]
    fn a_patch_from_the_same_sentence_changes_nothing() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/model");
        let mut checkpoint = Checkpoint::open(dir).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        let tokenizer = &checkpoint.tokenizer;
        let mut prompts = [prompt(0, &[2, 40, 4, 60, 3], 2), prompt(1, &[2, 50, 41, 41, 4, 3], 4)];
        for prompt in &mut prompts {
            let masked = prompt.masked.clone();
            let sentence = String::new();
            prompt.counterpart = Some(Counterpart { sentence, position: prompt.position, masked });
        }
        let every: std::sync::Arc<[usize]> = (0..64).collect();
        let none: std::sync::Arc<[usize]> = [].into();
        let mut layers = vec![vec![0], vec![1], vec![2], vec![1, 2], vec![0, 1, 2]];
        layers.extend(layers.clone());
        let mut trials = Vec::new();
        for prompt in 0..prompts.len() {
            for (index, layers) in layers.iter().enumerate() {
                let neurons = if index < 5 { &every } else { &none };
                let layers = layers.iter().map(|&layer| (layer, neurons.clone())).collect();
                trials.push(Trial { prompt, layers });
            }
        }
        // Values are measured in plain passes of one sentence. There no bit changes; in other batches
        // the last ones may.
        for (plain, rows, tolerance) in [(true, 1, 0.0), (true, 512, 1e-5), (false, 512, 1e-5)] {
            let batching = Batching { rows, ..Batching::default() };
            let subject = Subject { model: &model, tokenizer, plain, batching };
            for site in [Site::Pre, Site::Post] {
                for tokens in [Tokens::Target, Tokens::All, Tokens::Offsets(vec![-1, 1])] {
                    let reference = ReferenceActivations::of_counterparts(
                        subject,
                        &prompts.each_ref(),
                        &tokens,
                        site,
                        &mut unwatched(),
                    );
                    let kind = LesionKind::Patch;
                    let method = LesionMethod { kind, tokens, ..LesionMethod::zero(site) };
                    let prepared = method.prepare(Some(&reference.unwrap()), &prompts, 0).unwrap();
                    let mut journal = NoJournal;
                    let outcomes = Laboratory::new(subject, &prompts, prepared, &mut journal)
                        .run("part", &trials, Read::Probabilities, &mut unwatched())
                        .unwrap();
                    for outcomes in outcomes.chunks(layers.len()) {
                        for (patched, intact) in outcomes[..5].iter().zip(&outcomes[5..]) {
                            let logits = |outcome: &Outcome| outcome.lesioned.logits.clone();
                            for (patched, intact) in logits(patched).iter().zip(logits(intact)) {
                                assert!((patched - intact).abs() <= tolerance, "{method:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_cancelled_run_stops_early_and_resumes_to_the_same_outcomes() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/model");
        let mut checkpoint = Checkpoint::open(dir).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        let batching = Batching { rows: 2, ..Batching::default() };
        let subject =
            Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain: false, batching };
        let prompts = [prompt(0, &[2, 40, 4, 60, 3], 2), prompt(1, &[2, 50, 41, 41, 4, 3], 4)];
        let mut trials = Vec::new();
        for index in 0..24 {
            trials.push(Trial::single(index % 2, index % 3, [index].into()));
        }
        let run = |journal: &mut MemoryJournal, progress: Progress<'_>| {
            let method = LesionMethod::zero(Site::Post).prepare(None, &prompts, 0).unwrap();
            Laboratory::new(subject, &prompts, method, journal).run(
                "part",
                &trials,
                Read::Probabilities,
                progress,
            )
        };
        let mut complete = MemoryJournal::default();
        let outcomes = run(&mut complete, &mut unwatched()).unwrap();
        // 12 trials per prompt, 4 in each layer: a clean pass and 6 batches.
        assert_eq!(complete.units.len(), 2 * (1 + 6));

        let mut journal = MemoryJournal::default();
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let cancelled = one_thread.install(|| {
            run(&mut journal, &mut |done, all| {
                assert_eq!(all, trials.len());
                if done < 4 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        });
        assert_eq!(cancelled.unwrap_err().to_string(), "the run was cancelled");
        // The first clean pass and two batches.
        assert_eq!(journal.units.len(), 3);
        assert!(journal.units.iter().all(|(unit, readings)| complete.units[unit] == *readings));

        assert_eq!(run(&mut journal, &mut unwatched()).unwrap(), outcomes);
        assert_eq!((journal.resumed, journal.units), (3, complete.units));
    }
}
