//! Runs lesions: the clean pass of each group of prompts once, and many lesions in one batch.

use std::{
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use activation_capture::Target;
use bert_model::TokenBatch;
use burn::tensor::Tensor;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        journal::Journal,
        manner::PreparedManner,
        trial::{Outcome, Read, Reading, Trial},
    },
    error::StudyError,
    passes::{
        batching::{Batching, even},
        clean_pass::CleanPass,
        logits::read_logits,
        progress::Progress,
        side_by_side::side_by_side,
        subject::Subject,
    },
};

/// Where lesions are run: a model, masked prompts, and a way of lesioning.
pub struct Laboratory<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) prompts: &'a [MaskedPrompt],
    manner: PreparedManner,
    journal: &'a mut dyn Journal,
}

impl<'a> Laboratory<'a> {
    /// Whether lesions are zero at the mask, as the paper's.
    pub(crate) fn zeroes_at_masks(&self) -> bool {
        let at_mask = |(index, prompt): (usize, &MaskedPrompt)| {
            self.manner.positions(index) == [prompt.position]
        };
        self.manner.zeroes && self.prompts.iter().enumerate().all(at_mask)
    }

    /// A laboratory for prompts that `manner` was prepared for.
    pub fn new(
        subject: Subject<'a>,
        prompts: &'a [MaskedPrompt],
        manner: PreparedManner,
        journal: &'a mut dyn Journal,
    ) -> Self {
        Self { subject, prompts, manner, journal }
    }

    /// The prompts that a neuron set of `label` is matched to.
    pub(crate) fn labelled(&self, label: &str) -> Vec<usize> {
        let own = |&prompt: &usize| self.prompts[prompt].label.as_deref() == Some(label);
        (0..self.prompts.len()).filter(own).collect()
    }

    /// Runs every trial of one part of a study. Trials from the same layer on, of prompts of the
    /// same length, share a batch. `part` names the part in the journal, and has the same trials
    /// whenever a study is run.
    ///
    /// # Errors
    /// Where a layer or neuron does not exist, the model cannot be run or gives logits that are not
    /// finite, or the journal cannot be written.
    ///
    /// # Panics
    /// Where there is no such prompt.
    pub fn run(
        &mut self,
        part: &str,
        trials: &[Trial],
        read: Read,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, StudyError> {
        let mut of_prompt = vec![Vec::new(); self.prompts.len()];
        for (index, trial) in trials.iter().enumerate() {
            of_prompt[trial.prompt].push(index);
        }
        let tried: Vec<usize> =
            (0..self.prompts.len()).filter(|&prompt| !of_prompt[prompt].is_empty()).collect();
        let lengths = tried.iter().map(|&prompt| self.prompts[prompt].masked.len());
        let subject = self.subject;
        let (mut groups, mut units) = (Vec::new(), 0..);
        for group in subject.passes(lengths) {
            let prompts: Vec<usize> = group.into_iter().map(|index| tried[index]).collect();
            let length = self.prompts[prompts[0]].masked.len();
            let mut indices: Vec<usize> =
                prompts.iter().flat_map(|&prompt| of_prompt[prompt].iter().copied()).collect();
            indices
                .sort_by_key(|&index| (first_layer(&trials[index]), trials[index].prompt, index));
            let clean = Batch { from: None, rows: prompts.clone(), trials: Vec::new() };
            let batches = batches(trials, &indices, subject.rows(length, subject.batching.rows));
            let batches = iter::once(clean).chain(batches).zip(units.by_ref());
            let batches = batches.map(|(batch, unit)| (format!("{part} {unit}"), batch)).collect();
            groups.push(Group { prompts, length, batches });
        }
        let work = Work {
            subject,
            manner: &self.manner,
            prompts: self.prompts,
            trials,
            read,
            log: Mutex::new(Log { journal: &mut *self.journal, progress, done: 0 }),
        };
        let shapes = groups.iter().map(|group| [group.prompts.len(), group.length]);
        let at_once = subject.at_once(Batching::clean_at_once, shapes);
        let outcomes = Mutex::new(vec![None; trials.len()]);
        side_by_side(groups, at_once, |group| {
            let readings = work.run(&group)?;
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            for ((_, batch), lesioned) in group.batches.iter().zip(&readings).skip(1) {
                for (&index, lesioned) in batch.trials.iter().zip(lesioned) {
                    let clean = readings[0].get(group.place(trials[index].prompt)).cloned();
                    outcomes[index] =
                        clean.map(|clean| Outcome { clean, lesioned: lesioned.clone() });
                }
            }
            Ok(())
        })?;
        let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let complete: Option<Vec<Outcome>> = outcomes.into_iter().collect();
        complete.ok_or_else(|| StudyError::Impossible {
            problem: format!("part \"{part}\" has lesions without an outcome"),
        })
    }
}

/// Prompts of one length that share a clean pass, and the lesions that start from it.
struct Group {
    prompts: Vec<usize>,
    /// Tokens of each.
    length: usize,
    /// Each with its name in the journal; the first is the prompts without a lesion.
    batches: Vec<(String, Batch)>,
}

impl Group {
    /// A prompt's row in the clean pass.
    fn place(&self, prompt: usize) -> usize {
        self.prompts.iter().position(|&own| own == prompt).unwrap_or_default()
    }
}

/// What is told of a run while it runs.
struct Log<'a> {
    journal: &'a mut dyn Journal,
    progress: Progress<'a>,
    /// Trials that are done.
    done: usize,
}

impl Log<'_> {
    fn did(&mut self, trials: usize, of: usize) {
        self.done += trials;
        (self.progress)(self.done, of);
    }
}

/// What all groups of prompts share.
struct Work<'a> {
    subject: Subject<'a>,
    manner: &'a PreparedManner,
    prompts: &'a [MaskedPrompt],
    trials: &'a [Trial],
    read: Read,
    log: Mutex<Log<'a>>,
}

impl<'a> Work<'a> {
    /// The readings of each batch of a group: those that the journal has, and the others.
    fn run(&self, group: &Group) -> Result<Vec<Vec<Reading>>, StudyError> {
        let mut readings: Vec<_> =
            group.batches.iter().map(|(name, batch)| self.finished(name, batch)).collect();
        if readings.iter().any(Option::is_none) {
            let pass = self.clean_pass(group)?;
            let missing = readings.iter_mut().zip(&group.batches);
            let missing: Vec<_> = missing.filter(|(readings, _)| readings.is_none()).collect();
            let shapes = missing.iter().map(|(_, (_, batch))| [batch.rows.len(), group.length]);
            let at_once = self.subject.at_once(Batching::at_once, shapes);
            side_by_side(missing, at_once, |(readings, (name, batch))| {
                let found = self.readings(&pass, group, batch)?;
                let mut log = self.log();
                log.journal.keep(name, &found).map_err(StudyError::Journal)?;
                log.did(batch.trials.len(), self.trials.len());
                *readings = Some(found);
                Ok(())
            })?;
        }
        Ok(readings.into_iter().flatten().collect())
    }

    fn clean_pass(&self, group: &Group) -> Result<CleanPass<'_>, StudyError> {
        let prompts = group.prompts.iter().map(|&prompt| &self.prompts[prompt]);
        let rows = prompts.clone().map(|prompt| prompt.masked.clone()).collect();
        let positions = prompts.map(|prompt| prompt.position).collect();
        CleanPass::run(self.subject, TokenBatch::new(rows)?, positions)
    }

    fn log(&self) -> MutexGuard<'_, Log<'a>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The readings of a batch that the journal has.
    fn finished(&self, name: &str, batch: &Batch) -> Option<Vec<Reading>> {
        let mut log = self.log();
        let readings = log.journal.finished(name)?;
        let fits = fits(&readings, batch, self.prompts, self.read);
        fits.then(|| {
            log.did(batch.trials.len(), self.trials.len());
            readings
        })
    }

    /// The readings of a batch.
    fn readings(
        &self,
        pass: &CleanPass<'_>,
        group: &Group,
        batch: &Batch,
    ) -> Result<Vec<Reading>, StudyError> {
        let Some(from) = batch.from else { return self.read(pass.hidden(), &batch.rows) };
        let mut targets = Vec::new();
        for (row, &index) in batch.trials.iter().enumerate() {
            let Trial { prompt, layers } = &self.trials[index];
            for &(layer, ref neurons) in layers {
                let edit = self.manner.edit(*prompt, layer);
                let at = self.manner.positions(*prompt).iter();
                targets.extend(at.map(|&position| Target { row, layer, position, neurons, edit }));
            }
        }
        let rows: Vec<usize> = batch.rows.iter().map(|&prompt| group.place(prompt)).collect();
        let hidden = pass.lesioned(&rows, from, self.manner.site, &targets)?;
        self.read(hidden, &batch.rows)
    }

    /// Reads last hidden states, `[rows, hidden]`, of these prompts.
    fn read(&self, hidden: Tensor<2>, rows: &[usize]) -> Result<Vec<Reading>, StudyError> {
        let prompts = || rows.iter().map(|&prompt| &self.prompts[prompt]);
        if self.read == Read::Probabilities {
            let logits = read_logits(self.subject, hidden, |row| self.prompts[rows[row]].prompt)?;
            let readings = prompts().zip(&logits);
            return Ok(readings.map(|(prompt, logits)| Reading::of(prompt, logits)).collect());
        }
        let candidates = prompts().flat_map(|prompt| &prompt.candidates);
        let mut ids: Vec<u32> = candidates.map(|candidate| candidate.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let logits = self.subject.model.logits_of(hidden, &ids)?.into_data();
        let logits: Vec<f32> = logits.iter::<f32>().collect();
        prompts()
            .zip(logits.chunks_exact(ids.len()))
            .map(|(prompt, logits)| {
                let of = |id: u32| ids.binary_search(&id).map_or(f32::NAN, |place| logits[place]);
                let logits: Vec<f32> =
                    prompt.candidates.iter().map(|candidate| of(candidate.id)).collect();
                match logits.iter().find(|logit| !logit.is_finite()) {
                    Some(&value) => Err(StudyError::NotFinite { value, prompt: prompt.prompt }),
                    None => Ok(Reading { logits, log_sum: f64::NAN }),
                }
            })
            .collect()
    }
}

/// Whether these readings can be those of the batch.
fn fits(readings: &[Reading], batch: &Batch, prompts: &[MaskedPrompt], read: Read) -> bool {
    let fits = |(reading, &prompt): (&Reading, &usize)| {
        reading.logits.len() == prompts[prompt].candidates.len()
            && reading.logits.iter().all(|logit| logit.is_finite())
            && reading.log_sum.is_finite() == (read == Read::Probabilities)
    };
    readings.len() == batch.rows.len() && readings.iter().zip(&batch.rows).all(fits)
}

/// Prompts without a lesion, or trials that run together.
struct Batch {
    /// The first layer that a lesion touches; none where there is no lesion.
    from: Option<usize>,
    /// The prompt of each row.
    rows: Vec<usize>,
    trials: Vec<usize>,
}

fn first_layer(trial: &Trial) -> usize {
    trial.layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default()
}

/// Cuts trials that are sorted by first layer.
fn batches(trials: &[Trial], indices: &[usize], most: usize) -> Vec<Batch> {
    indices
        .chunk_by(|&a, &b| first_layer(&trials[a]) == first_layer(&trials[b]))
        .flat_map(|of_layer| of_layer.chunks(even(of_layer.len(), most)))
        .map(|batch| Batch {
            from: batch.first().map(|&index| first_layer(&trials[index])),
            rows: batch.iter().map(|&index| trials[index].prompt).collect(),
            trials: batch.to_vec(),
        })
        .collect()
}
