//! Runs lesions: the clean pass once, and each lesion from its first layer on, many in one batch.

use std::{
    io, iter,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use activation_capture::{Lesion, Target};
use bert_model::{MlpHook, NoHook, Projections, Site, TokenBatch, TokenSet};
use burn::tensor::{Device, Int, Tensor};

use crate::{
    Batching, MaskedPrompt, PreparedManner, StudyError, Subject,
    predict::{log_sum, margin, read_logits},
    subject::{even, side_by_side},
};

/// A pass of a batch without a lesion, that remembers what a lesion can start from: what entered
/// each layer, what its attention made of that, and what its MLP read at the mask.
pub(crate) struct CleanPass<'a> {
    subject: Subject<'a>,
    batch: TokenBatch,
    /// Each row's mask.
    positions: Vec<usize>,
    /// `[batch, seq, hidden]` for each layer.
    entering: Vec<Tensor<3>>,
    /// For each layer but the last, which needs none.
    projections: Vec<Projections>,
    /// `[batch, 1, hidden]` for each layer.
    attended: Vec<Tensor<3>>,
    /// What left the last layer at the masks, `[batch, hidden]`.
    last: Tensor<2>,
}

impl<'a> CleanPass<'a> {
    pub(crate) fn run(
        subject: Subject<'a>,
        batch: TokenBatch,
        positions: Vec<usize>,
    ) -> Result<Self, StudyError> {
        let (mut entering, mut projections, mut attended) = (Vec::new(), Vec::new(), Vec::new());
        let last = if subject.plain {
            subject.forward_at(&batch, &positions, &mut NoHook)?
        } else {
            let model = subject.model;
            let mut hidden = model.embed(&batch)?;
            let masks = TokenSet::OneEach(&positions);
            for layer in 0..model.config().num_hidden_layers - 1 {
                entering.push(hidden.clone());
                let projected = model.project(layer, hidden.clone())?;
                projections.push(projected.clone());
                let read = model.attend_projected(layer, hidden, projected)?;
                attended.push(masks.of(read.clone()));
                hidden = model.mlp(layer, read, TokenSet::All, &mut NoHook)?;
            }
            entering.push(hidden.clone());
            let last = entering.len() - 1;
            let read = model.attend(last, hidden, masks)?;
            attended.push(read.clone());
            model.mlp(last, read, masks, &mut NoHook)?.squeeze_dim(1)
        };
        Ok(Self { subject, batch, positions, entering, projections, attended, last })
    }

    /// What left the last layer at the masks without a lesion, `[batch, hidden]`.
    pub(crate) fn hidden(&self) -> Tensor<2> {
        self.last.clone()
    }

    /// What leaves the last layer at the masks, `[rows, hidden]`, of a batch whose row i is row
    /// `rows[i]` of the clean pass, with the lesion's targets counted in the new rows. No target
    /// lies below layer `from`.
    ///
    /// A lesion changes nothing below its layer, and at the mask alone nothing in its layer but the
    /// MLP there, and in the next the queries, keys and values there: only what it can change is
    /// computed.
    pub(crate) fn lesioned(
        &self,
        rows: &[usize],
        from: usize,
        site: Site,
        targets: &[Target<'_>],
    ) -> Result<Tensor<2>, StudyError> {
        let (subject, model) = (self.subject, self.subject.model);
        let shape = [rows.len(), self.batch.length()];
        let mut lesion = Lesion::new(site, shape, model.config(), targets)?;
        let positions: Vec<usize> = rows.iter().map(|&row| self.positions[row]).collect();
        if subject.plain {
            let ids = rows.iter().map(|&row| self.batch.rows()[row].clone()).collect();
            return subject.forward_at(&TokenBatch::new(ids)?, &positions, &mut lesion);
        }
        let clean = [self.positions.len(), self.batch.length()];
        let picked = Picked::new(rows, &positions, clean, &self.last.device());
        let (last, masks) = (self.projections.len(), TokenSet::OneEach(&positions));
        let here = |target: &&Target<'_>| target.layer == from;
        let at_mask =
            targets.iter().filter(here).all(|target| target.position == positions[target.row]);
        let read = if from == last {
            picked.of(&self.attended[last])
        } else if at_mask {
            let changed = model.mlp(from, picked.of(&self.attended[from]), masks, &mut lesion)?;
            model.attend(last, self.above(from + 1, changed, &picked, &mut lesion)?, masks)?
        } else {
            let hidden = picked.of(&self.entering[from]);
            model.attend(last, model.run_layers(from..last, hidden, &mut lesion)?, masks)?
        };
        Ok(model.mlp(last, read, masks, &mut lesion)?.squeeze_dim(1))
    }

    /// What enters the last layer where layer `next` and those above it run on the clean pass with
    /// `changed`, `[rows, 1, hidden]`, in place of what enters `next` at the masks. The queries, keys
    /// and values of all other tokens are the clean ones.
    fn above(
        &self,
        next: usize,
        changed: Tensor<3>,
        picked: &Picked,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, StudyError> {
        let (model, last) = (self.subject.model, self.projections.len());
        let hidden = picked.put(&self.entering[next], changed.clone());
        if next == last {
            return Ok(hidden);
        }
        let (clean, changed) = (&self.projections[next], model.project(next, changed)?);
        let projections = Projections {
            queries: picked.put(&clean.queries, changed.queries),
            keys: picked.put(&clean.keys, changed.keys),
            values: picked.put(&clean.values, changed.values),
        };
        let read = model.attend_projected(next, hidden, projections)?;
        let hidden = model.mlp(next, read, TokenSet::All, hook)?;
        Ok(model.run_layers(next + 1..last, hidden, hook)?)
    }
}

/// Rows of a clean pass, in which a lesion's run as a batch of their own.
struct Picked {
    rows: Tensor<1, Int>,
    /// Where each of their tokens lies among the clean pass's and, after these, one of each row.
    mixed: Tensor<1, Int>,
}

impl Picked {
    /// `rows` of a pass of `[clean, length]` tokens, and a position in each.
    fn new(
        rows: &[usize],
        positions: &[usize],
        [clean, length]: [usize; 2],
        device: &Device,
    ) -> Self {
        let tokens = rows.iter().zip(positions).enumerate().flat_map(|(row, (&from, &at))| {
            let token = move |i| if i == at { clean * length + row } else { from * length + i };
            (0..length).map(token)
        });
        let indices = |indices: Vec<i64>| Tensor::from_data(indices.as_slice(), device);
        Self {
            rows: indices(rows.iter().map(|&row| row as i64).collect()),
            mixed: indices(tokens.map(|token| token as i64).collect()),
        }
    }

    /// These rows of what the clean pass kept.
    fn of(&self, kept: &Tensor<3>) -> Tensor<3> {
        kept.clone().select(0, self.rows.clone())
    }

    /// The same, `[rows, seq, hidden]`, with other values, `[rows, 1, hidden]`, at the positions.
    fn put(&self, kept: &Tensor<3>, values: Tensor<3>) -> Tensor<3> {
        let ([clean, length, width], rows) = (kept.dims(), values.dims()[0]);
        let kept = kept.clone().reshape([clean * length, width]);
        let tokens = Tensor::cat(vec![kept, values.squeeze_dim(1)], 0);
        tokens.select(0, self.mixed.clone()).reshape([rows, length, width])
    }
}

/// A lesion of one prompt.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Index of the prompt among the laboratory's.
    pub prompt: usize,
    /// The lesioned layers, each with its neurons.
    pub layers: Vec<(usize, Arc<[usize]>)>,
}

impl Trial {
    /// A lesion of one layer.
    #[must_use]
    pub fn single(prompt: usize, layer: usize, neurons: Arc<[usize]>) -> Self {
        Self { prompt, layers: vec![(layer, neurons)] }
    }
}

/// What a model says at a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The candidates' logits, the right word's first.
    pub logits: Vec<f32>,
    /// The logarithm of the sum of exp(logit) over the whole vocabulary; not a number where only
    /// the candidates were read.
    pub log_sum: f64,
}

impl Reading {
    pub(crate) fn of(prompt: &MaskedPrompt, logits: &[f32]) -> Self {
        let candidates = prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]);
        Self { logits: candidates.collect(), log_sum: log_sum(logits) }
    }

    /// The probability of a candidate over the whole vocabulary; not a number where only the
    /// candidates were read.
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

/// What is read at a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The candidates' logits.
    Candidates,
    /// Their probabilities too, which takes the logits of the whole vocabulary.
    Probabilities,
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

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// A lesion's row of the clean pass, and its layers, each with a position and neurons.
    type Made = (usize, Vec<(usize, usize, Vec<usize>)>);

    #[test]
    fn a_lesion_from_its_layer_on_equals_the_plain_pass() {
        let (checkpoint, model) = open();
        let (tokenizer, batching) = (&checkpoint.tokenizer, Batching::default());
        let subject = |plain| Subject { model: &model, tokenizer, plain, batching };
        let batch = || TokenBatch::new(vec![vec![2, 40, 4, 60, 3], vec![2, 50, 41, 4, 3]]).unwrap();
        let pass = |plain| CleanPass::run(subject(plain), batch(), vec![2, 3]).unwrap();
        let (quick, plain) = (pass(false), pass(true));
        let near = |a: Tensor<2>, b: Tensor<2>| {
            let (a, b) = (values(a), values(b));
            assert_eq!(a.len(), b.len());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
        };
        near(quick.hidden(), plain.hidden());

        // At the mask, beside it, at all tokens, in several layers, and nowhere.
        let lesions: [Made; 5] = [
            (1, vec![(0, 3, vec![5, 6])]),
            (0, vec![(0, 1, vec![0, 63]), (0, 2, vec![0, 63])]),
            (1, vec![(0, 3, vec![1]), (1, 3, vec![2, 3]), (2, 3, vec![4])]),
            (0, vec![(1, 2, vec![9]), (2, 4, vec![9])]),
            (1, vec![]),
        ];
        for site in [Site::Pre, Site::Post] {
            for above in 0..3 {
                // The same lesions moved up, alone and together.
                let moved = |made: &Made| -> Made {
                    let up = made
                        .1
                        .iter()
                        .map(|(layer, at, neurons)| (layer + above, *at, neurons.clone()));
                    (made.0, up.filter(|&(layer, ..)| layer < 3).collect())
                };
                let moved: Vec<Made> = lesions.iter().map(moved).collect();
                for some in moved.chunks(1).chain([&moved[..]]) {
                    let rows: Vec<usize> = some.iter().map(|made| made.0).collect();
                    let mut targets = Vec::new();
                    for (row, (_, layers)) in some.iter().enumerate() {
                        for &(layer, position, ref neurons) in layers {
                            let edit = Edit::Zero;
                            targets.push(Target { row, layer, position, neurons, edit });
                        }
                    }
                    let from = targets.iter().map(|target| target.layer).min().unwrap_or(above);
                    near(
                        quick.lesioned(&rows, from, site, &targets).unwrap(),
                        plain.lesioned(&rows, from, site, &targets).unwrap(),
                    );
                }
            }
        }
    }
}
