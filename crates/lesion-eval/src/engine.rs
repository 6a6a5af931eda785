//! Runs lesions: the clean pass once, and each lesion from its first layer on, many in one batch.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use activation_capture::{Lesion, Target};
use bert_model::{NoHook, Site, TokenBatch};
use burn::tensor::{Int, Tensor};
use rayon::prelude::*;

use crate::{
    MaskedPrompt, PreparedManner, StudyError, Subject,
    predict::{margin, read_logits},
    subject::{BATCH_ROWS, by_length},
};

/// A plain pass of a batch that remembers what entered each layer. A lesion of layer l changes
/// nothing below l, so it starts there.
pub(crate) struct CleanPass<'a> {
    subject: Subject<'a>,
    /// `[batch, seq, hidden]` for each layer, and last what left the last one.
    entering: Vec<Tensor<3>>,
}

impl<'a> CleanPass<'a> {
    pub(crate) fn run(subject: Subject<'a>, batch: &TokenBatch) -> Result<Self, StudyError> {
        let mut hidden = subject.model.embed(batch)?;
        let mut entering = vec![hidden.clone()];
        for layer in 0..subject.model.config().num_hidden_layers {
            hidden = subject.model.run_layers(layer..layer + 1, hidden, &mut NoHook)?;
            entering.push(hidden.clone());
        }
        Ok(Self { subject, entering })
    }

    /// The last hidden states without a lesion.
    pub(crate) fn hidden(&self) -> Tensor<3> {
        self.entering[self.entering.len() - 1].clone()
    }

    /// What entered each layer, and last what left the last one.
    pub(crate) fn entering(&self) -> &[Tensor<3>] {
        &self.entering
    }

    /// The last hidden states of a batch whose row i is row `rows[i]` of the clean pass, with the
    /// lesion's targets counted in the new rows. No target lies below layer `from`.
    pub(crate) fn lesioned(
        &self,
        rows: &[usize],
        from: usize,
        site: Site,
        targets: &[Target<'_>],
    ) -> Result<Tensor<3>, StudyError> {
        let model = self.subject.model;
        let entering = self.entering[from].clone();
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &entering.device());
        let hidden = entering.select(0, rows);
        let [count, length, _] = hidden.dims();
        let mut lesion = Lesion::new(site, [count, length], model.config(), targets)?;
        let layers = model.config().num_hidden_layers;
        Ok(model.run_layers(from..layers, hidden, &mut lesion)?)
    }
}

/// A lesion of one prompt.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// Index of the prompt among the laboratory's.
    pub(crate) prompt: usize,
    /// The lesioned layers, each with its neurons.
    pub(crate) layers: Vec<(usize, Arc<[usize]>)>,
}

impl Trial {
    /// A lesion of one layer.
    pub(crate) fn single(prompt: usize, layer: usize, neurons: Arc<[usize]>) -> Self {
        Self { prompt, layers: vec![(layer, neurons)] }
    }
}

/// What a model says at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The candidates' logits, the right word's first.
    pub logits: Vec<f32>,
    /// The logarithm of the sum of exp(logit) over the whole vocabulary.
    pub log_sum: f64,
}

impl Reading {
    pub(crate) fn of(prompt: &MaskedPrompt, logits: &[f32]) -> Self {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Shifted by the highest logit, so that no exponential overflows.
        let exp = |&logit: &f32| (f64::from(logit) - f64::from(highest)).exp();
        let log_sum = f64::from(highest) + logits.iter().map(exp).sum::<f64>().ln();
        let candidates = prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]);
        Self { logits: candidates.collect(), log_sum }
    }

    /// The probability of a candidate over the whole vocabulary.
    ///
    /// # Panics
    /// Where there is no such candidate.
    #[must_use]
    pub fn prob(&self, candidate: usize) -> f64 {
        (f64::from(self.logits[candidate]) - self.log_sum).exp()
    }
}

/// What a lesion did at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Without the lesion, in the same batch.
    pub clean: Reading,
    /// With it.
    pub lesioned: Reading,
}

/// How far the right word fell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drops {
    /// The fall of its logit.
    pub logit: f64,
    /// The fall of its margin over the strongest other candidate. A shift common to all logits
    /// changes no prediction, and no margin.
    pub margin: f64,
}

impl Outcome {
    /// The fall of the right word.
    ///
    /// # Panics
    /// Where there is no candidate.
    #[must_use]
    pub fn drops(&self) -> Drops {
        let margin = |reading: &Reading| margin(reading.logits.iter().copied());
        Drops {
            logit: f64::from(self.clean.logits[0]) - f64::from(self.lesioned.logits[0]),
            margin: margin(&self.clean) - margin(&self.lesioned),
        }
    }
}

/// Keeps the readings of finished batches, so that a run that was stopped goes on where it was.
pub trait Journal: Send {
    /// The readings of a unit that is finished.
    fn finished(&mut self, unit: &str) -> Option<Vec<Reading>>;

    /// Keeps the readings of a unit.
    ///
    /// # Errors
    /// Where they cannot be written.
    fn keep(&mut self, unit: &str, readings: &[Reading]) -> io::Result<()>;
}

/// The journal of a run that is too short to need one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn finished(&mut self, _unit: &str) -> Option<Vec<Reading>> {
        None
    }

    fn keep(&mut self, _unit: &str, _readings: &[Reading]) -> io::Result<()> {
        Ok(())
    }
}

/// Told the steps done and all steps.
pub type Progress<'a> = &'a mut (dyn FnMut(usize, usize) + Send);

/// Where lesions are run: a model, masked prompts, and a way of lesioning.
pub struct Laboratory<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) prompts: &'a [MaskedPrompt],
    manner: PreparedManner,
    journal: &'a mut dyn Journal,
}

impl<'a> Laboratory<'a> {
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
    /// same length, share a batch with their prompts without a lesion. `part` names the part in the
    /// journal, and has the same trials whenever a study is run.
    pub(crate) fn run(
        &mut self,
        part: &str,
        trials: &[Trial],
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, StudyError> {
        let mut of_prompt = vec![Vec::new(); self.prompts.len()];
        for (index, trial) in trials.iter().enumerate() {
            of_prompt[trial.prompt].push(index);
        }
        let tried: Vec<usize> =
            (0..self.prompts.len()).filter(|&prompt| !of_prompt[prompt].is_empty()).collect();
        let mut outcomes = vec![None; trials.len()];
        let (mut unit, mut done) = (0, 0);
        let lengths = tried.iter().map(|&prompt| self.prompts[prompt].masked.len());
        for group in by_length(lengths, BATCH_ROWS) {
            let group: Vec<usize> = group.into_iter().map(|index| tried[index]).collect();
            let mut indices: Vec<usize> =
                group.iter().flat_map(|&prompt| of_prompt[prompt].iter().copied()).collect();
            indices
                .sort_by_key(|&index| (first_layer(&trials[index]), trials[index].prompt, index));
            let batches = batches(trials, &indices);
            let names: Vec<String> =
                (unit..).take(batches.len()).map(|unit| format!("{part} {unit}")).collect();
            unit += batches.len();
            let mut readings: Vec<_> =
                names.iter().map(|name| self.journal.finished(name)).collect();
            if readings.iter().any(Option::is_none) {
                let pass = self.clean_pass(&group)?;
                let (subject, manner, prompts) = (self.subject, &self.manner, self.prompts);
                let journal = Mutex::new((&mut *self.journal, &mut *progress, done));
                let missing = readings.par_iter_mut().zip(&batches).zip(&names);
                missing.filter(|((readings, _), _)| readings.is_none()).try_for_each(
                    |((readings, batch), name)| {
                        let found = read(subject, manner, prompts, &pass, &group, trials, batch)?;
                        let mut guard = journal.lock().unwrap_or_else(PoisonError::into_inner);
                        let (journal, progress, done) = &mut *guard;
                        journal.keep(name, &found).map_err(StudyError::Journal)?;
                        *done += batch.trials.len();
                        progress(*done, trials.len());
                        *readings = Some(found);
                        Ok::<_, StudyError>(())
                    },
                )?;
            }
            for (batch, readings) in batches.iter().zip(readings.iter().flatten()) {
                let (clean, lesioned) = readings.split_at(batch.prompts.len());
                for (&index, lesioned) in batch.trials.iter().zip(lesioned) {
                    let own = |&prompt: &usize| prompt == trials[index].prompt;
                    let row = batch.prompts.iter().position(own).unwrap_or_default();
                    let (clean, lesioned) = (clean[row].clone(), lesioned.clone());
                    outcomes[index] = Some(Outcome { clean, lesioned });
                }
                done += batch.trials.len();
            }
            progress(done, trials.len());
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    fn clean_pass(&self, group: &[usize]) -> Result<CleanPass<'a>, StudyError> {
        let rows = group.iter().map(|&prompt| self.prompts[prompt].masked.clone()).collect();
        CleanPass::run(self.subject, &TokenBatch::new(rows)?)
    }
}

/// The readings of a batch: of its prompts without a lesion and then of its trials. `group` are the
/// prompts of the clean pass.
fn read(
    subject: Subject<'_>,
    manner: &PreparedManner,
    prompts: &[MaskedPrompt],
    pass: &CleanPass<'_>,
    group: &[usize],
    trials: &[Trial],
    batch: &Batch,
) -> Result<Vec<Reading>, StudyError> {
    let lesioned = batch.trials.iter().map(|&index| trials[index].prompt);
    let rows: Vec<usize> = batch.prompts.iter().copied().chain(lesioned).collect();
    let mut targets = Vec::new();
    for (row, &index) in (batch.prompts.len()..).zip(&batch.trials) {
        let Trial { prompt, layers } = &trials[index];
        for &(layer, ref neurons) in layers {
            let edit = manner.edit(*prompt, layer);
            let at = manner.positions(*prompt).iter();
            targets.extend(at.map(|&position| Target { row, layer, position, neurons, edit }));
        }
    }
    let place = |prompt: &usize| group.iter().position(|own| own == prompt).unwrap_or_default();
    let clean_rows: Vec<usize> = rows.iter().map(place).collect();
    let hidden = pass.lesioned(&clean_rows, batch.from, manner.site, &targets)?;
    let places: Vec<_> =
        rows.iter().enumerate().map(|(row, &prompt)| (row, prompts[prompt].position)).collect();
    let name = |place: usize| prompts[rows[place]].prompt;
    let logits = read_logits(subject, hidden, &places, name)?;
    let readings = rows.iter().zip(&logits);
    Ok(readings.map(|(&prompt, logits)| Reading::of(&prompts[prompt], logits)).collect())
}

/// Trials that run together, after their prompts without a lesion.
struct Batch {
    /// The first layer that runs.
    from: usize,
    prompts: Vec<usize>,
    trials: Vec<usize>,
}

fn first_layer(trial: &Trial) -> usize {
    trial.layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default()
}

/// Cuts trials that are sorted by first layer and prompt.
fn batches(trials: &[Trial], indices: &[usize]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for &index in indices {
        let (from, prompt) = (first_layer(&trials[index]), trials[index].prompt);
        let fits = batches.last().is_some_and(|last| {
            let more = 1 + usize::from(last.prompts.last() != Some(&prompt));
            last.from == from && last.prompts.len() + last.trials.len() + more <= BATCH_ROWS
        });
        if !fits {
            batches.push(Batch { from, prompts: Vec::new(), trials: Vec::new() });
        }
        if let Some(last) = batches.last_mut() {
            if last.prompts.last() != Some(&prompt) {
                last.prompts.push(prompt);
            }
            last.trials.push(index);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use activation_capture::Edit;
    use bert_model::{BertForMaskedLm, Checkpoint};
    use burn::tensor::Device;

    use super::*;

    fn open() -> (Checkpoint, BertForMaskedLm) {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/model");
        let mut checkpoint = Checkpoint::open(dir).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        (checkpoint, model)
    }

    fn values(tensor: Tensor<3>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn a_lesion_from_its_layer_on_equals_the_plain_pass() {
        let (checkpoint, model) = open();
        let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer };
        let batch = TokenBatch::new(vec![vec![2, 40, 4, 60, 3], vec![2, 50, 41, 4, 3]]).unwrap();
        let pass = CleanPass::run(subject, &batch).unwrap();
        let plain = model.forward(&batch, &mut NoHook).unwrap();
        assert_eq!(values(pass.hidden()), values(plain));

        // Three lesions of the two rows, against each by itself in a plain pass.
        let lesions = [(1, 3, vec![5, 6]), (0, 2, vec![0, 63]), (1, 1, vec![])];
        for layer in 0..3 {
            for site in [Site::Pre, Site::Post] {
                let rows: Vec<usize> = lesions.iter().map(|lesion| lesion.0).collect();
                let targets: Vec<Target<'_>> = lesions
                    .iter()
                    .enumerate()
                    .map(|(row, (_, position, neurons))| Target {
                        row,
                        layer,
                        position: *position,
                        neurons,
                        edit: Edit::Zero,
                    })
                    .collect();
                let together = values(pass.lesioned(&rows, layer, site, &targets).unwrap());
                for ((row, position, neurons), found) in
                    lesions.iter().zip(together.chunks_exact(together.len() / lesions.len()))
                {
                    let alone = TokenBatch::new(vec![batch.rows()[*row].clone()]).unwrap();
                    let (position, edit) = (*position, Edit::Zero);
                    let target = Target { row: 0, layer, position, neurons, edit };
                    let shape = alone.shape();
                    let mut hook = Lesion::new(site, shape, model.config(), &[target]).unwrap();
                    let plain = values(model.forward(&alone, &mut hook).unwrap());
                    let worst = found.iter().zip(&plain).map(|(a, b)| (a - b).abs());
                    assert!(worst.fold(0.0, f32::max) < 1e-5, "layer {layer}, {site}");
                }
            }
        }
    }
}
