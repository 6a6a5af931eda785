//! A part of the laboratory: its trials, and the tables that it computes.

use neuron_stats::Bootstrap;
use study_record::{
    Study,
    tables::{Row, Table, TableError, encode},
};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::laboratory::Laboratory,
    error::StudyError,
    parts::layer_pattern::LayerPattern,
    passes::{progress::Progress, subject::Subject},
    selection::{
        neuron_sets::NeuronSets,
        select::{CONFIDENCE, Selection},
    },
};

/// A part of the laboratory.
pub trait LaboratoryPart: Sync {
    /// Checks that the part can run in a study.
    ///
    /// # Errors
    /// If it cannot, with the reason.
    fn check(&self, _study: &Study) -> Result<(), StudyError> {
        Ok(())
    }

    /// Its trials, or an upper bound of them.
    fn trials(&self, design: &Design<'_>) -> Trials;

    /// Runs its trials and draws conclusions. Returns its tables.
    ///
    /// # Errors
    /// If the model cannot be run or gives logits that are not finite, the journal cannot be written,
    /// or `progress` cancels the run.
    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<Vec<EncodedTable>, StudyError>;
}

/// Everything that is decided before anything runs.
#[derive(Clone, Copy)]
pub struct Design<'a> {
    /// The model.
    pub subject: Subject<'a>,
    /// The settings.
    pub study: &'a Study,
    /// The stimuli.
    pub stimuli: &'a EncodedStimuli,
    /// The prompts.
    pub prompts: &'a [MaskedPrompt],
    /// The layer of the paper's lesion, of doses and of single neurons.
    pub layer: usize,
    /// The layers of the laboratory, ascending.
    pub layers: &'a [usize],
    /// The layers that are lesioned together.
    pub patterns: &'a [LayerPattern],
}

impl Design<'_> {
    /// Number of prompts that have a label.
    pub(crate) fn labelled_prompts(&self) -> usize {
        self.prompts.iter().filter(|prompt| prompt.label.is_some()).count()
    }

    /// Neurons in each layer.
    pub(crate) fn neurons(&self) -> usize {
        self.subject.model.config().intermediate_size
    }

    /// The bootstrap of intervals.
    pub(crate) fn bootstrap(&self) -> Bootstrap {
        Bootstrap {
            draws: self.study.bootstrap.draws.get(),
            seed: self.study.seed,
            level: CONFIDENCE,
        }
    }
}

/// The design, the selected neurons and the engine, for the parts.
pub struct Bench<'a, 'l> {
    /// Everything that was decided.
    pub design: Design<'a>,
    /// The tests of every neuron.
    pub selection: &'a Selection,
    /// The neurons that carry a label.
    pub labelled: &'a NeuronSets,
    /// The neurons that the laboratory lesions.
    pub lesioned: &'a NeuronSets,
    /// The engine.
    pub laboratory: Laboratory<'l>,
}

/// Number of trials per first layer, which determines their cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trials {
    /// Number of lesions, or of sentences that pass.
    pub count: usize,
    /// Whether there may be fewer, because the selection decides.
    pub at_most: bool,
    /// Passes of one sentence: the first layer, and how many.
    passes: Vec<(usize, usize)>,
}

impl Trials {
    /// Sentences that pass through all layers.
    #[must_use]
    pub fn whole_passes(count: usize) -> Self {
        Self::starting_at(0, count)
    }

    /// Lesions that start at a layer.
    #[must_use]
    pub fn starting_at(layer: usize, count: usize) -> Self {
        Self::by_layer([(layer, count)])
    }

    /// Numbers of lesions by the layer that they start at.
    #[must_use]
    pub fn by_layer(passes: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let passes: Vec<(usize, usize)> = passes.into_iter().collect();
        let count = passes.iter().map(|&(_, count)| count).sum();
        Self { count, at_most: false, passes }
    }

    /// The same as an upper bound.
    #[must_use]
    pub fn at_most(mut self) -> Self {
        self.at_most = true;
        self
    }

    /// The same sentences with further passes from a layer on.
    pub(crate) fn and_passes(mut self, layer: usize, count: usize) -> Self {
        self.passes.push((layer, count));
        self
    }

    /// The number of whole passes of one sentence that they are worth, in a model of so many layers.
    #[must_use]
    pub fn passes(&self, layers: usize) -> f64 {
        let share = |layer: usize| (layers - layer) as f64 / layers as f64;
        self.passes.iter().map(|&(layer, count)| share(layer) * count as f64).sum()
    }
}

/// A table as CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedTable {
    /// The table.
    pub table: Table,
    /// Its rows.
    pub csv: Vec<u8>,
}

impl EncodedTable {
    /// Writes rows as CSV.
    ///
    /// # Errors
    /// If a row cannot be written.
    pub fn new<R: Row>(rows: impl IntoIterator<Item = R>) -> Result<Self, TableError> {
        Ok(Self { table: R::TABLE, csv: encode(rows)? })
    }
}
