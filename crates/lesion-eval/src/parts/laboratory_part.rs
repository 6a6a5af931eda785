//! A part of the laboratory: its trials, and the tables that it computes.

use std::sync::Arc;

use neuron_stats::Bootstrap;
use study_record::{
    IndexRanges, Part, PatternKind, SETS_PER_CLAIM, ScoreUnit, Study,
    tables::{Row, Table, TableError, encode},
};

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::{
        batch_share::BatchCount, laboratory::Laboratory, lesion_method::PreparedLesionMethod,
    },
    error::StudyError,
    parts::{
        claim::Claim,
        layer_pattern::LayerPattern,
        set_lesions::{DrawnSets, LesionedSet, RandomSetLesions, RandomSetPlan},
    },
    passes::{progress::Progress, subject::Subject},
    selection::{
        neuron_sets::NeuronSets,
        observations::Observations,
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

    /// True if its lesions run in the laboratory, so that shares divide them.
    fn has_batches(&self) -> bool {
        true
    }

    /// Its trials, or an upper bound of them.
    fn trials(&self, design: &Design<'_>) -> Trials;

    /// Runs its trials and draws conclusions.
    ///
    /// # Errors
    /// If the model cannot be run or gives logits that are not finite, the journal cannot be written,
    /// or `progress` cancels the run. [`StudyError::LeftToShares`] if batches of other shares are
    /// missing. Those of this share that depend on none of them are finished by then.
    fn run(
        &self,
        bench: &mut Bench<'_, '_>,
        progress: Progress<'_>,
    ) -> Result<PartResult, StudyError>;
}

/// Checks that a part that reads one prediction of each prompt can run.
///
/// # Errors
/// [`StudyError::ScoredSentences`] if sentences are scored.
pub(crate) fn check_words_are_scored(study: &Study) -> Result<(), StudyError> {
    match study.score {
        ScoreUnit::Word => Ok(()),
        ScoreUnit::Sentence => Err(StudyError::ScoredSentences),
    }
}

/// The results of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct PartResult {
    /// Its tables.
    pub tables: Vec<EncodedTable>,
    /// The claims that it tests.
    pub claims: Vec<Claim>,
}

impl PartResult {
    /// A table without a claim.
    pub(crate) fn table(table: EncodedTable) -> Self {
        Self { tables: vec![table], claims: Vec::new() }
    }
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
    /// Prompts about other things.
    pub bystanders: &'a [MaskedPrompt],
    /// The layer of the paper's lesion and, by default, of doses and of single neurons.
    pub layer: usize,
    /// The layers of the laboratory, ascending.
    pub layers: &'a [usize],
    /// The layers that are lesioned together.
    pub patterns: &'a [LayerPattern],
}

impl Design<'_> {
    /// The prompts that have a label, as indices, ascending.
    pub(crate) fn labelled(&self) -> Vec<usize> {
        (0..self.prompts.len()).filter(|&prompt| self.prompts[prompt].label.is_some()).collect()
    }

    /// The claims that the study tests, if every layer has neurons of both labels.
    #[must_use]
    pub fn claims(&self) -> usize {
        let runs = |part| self.study.parts.as_ref().is_none_or(|parts| parts.contains(&part));
        let contrast = &self.stimuli.contrast;
        let has_prompts = |label: &&String| {
            self.prompts.iter().any(|prompt| prompt.label.as_ref() == Some(*label))
        };
        let labels = [&contrast.a, &contrast.b].iter().filter(|label| has_prompts(label)).count();
        let mut claims = 0;
        if runs(Part::Controls) {
            // Effects in each layer and of the paper's lesion, and dissociations in each layer.
            claims += labels * (self.layers.len() + 1);
            if labels == 2 {
                claims += labels * self.layers.len();
            }
        }
        if runs(Part::Joint) {
            claims += labels * self.tested_patterns().count();
        }
        claims
    }

    /// The patterns of layers whose synergy is compared with that of random sets: all layers of the
    /// laboratory together, and the given ones.
    pub(crate) fn tested_patterns(&self) -> impl Iterator<Item = &LayerPattern> {
        self.patterns.iter().filter(|pattern| {
            let is_given = pattern.kind == PatternKind::Given;
            pattern.layers.len() > 1 && (is_given || pattern.layers == self.layers)
        })
    }

    pub(crate) fn random_set_plan(&self) -> RandomSetPlan {
        let count = self.random_sets();
        RandomSetPlan { neurons: self.neurons(), count, seed: self.study.seed }
    }

    /// Random sets of each kind.
    #[must_use]
    pub fn random_sets(&self) -> usize {
        match self.study.controls.nulls {
            Some(count) => count.get(),
            None => SETS_PER_CLAIM * self.claims().max(1),
        }
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
    pub(crate) design: Design<'a>,
    /// The observations that neurons were selected on.
    pub(crate) selected_on: &'a Observations<'a>,
    /// The tests of every neuron.
    pub(crate) selection: &'a Selection,
    /// The neurons that carry a label.
    pub(crate) labelled: &'a NeuronSets,
    /// The neurons that the laboratory lesions.
    pub(crate) lesioned: &'a NeuronSets,
    /// The engine.
    pub(crate) laboratory: Laboratory<'l>,
    /// The bystander prompts, with the method that was prepared for them.
    bystanders: Option<(&'l [MaskedPrompt], PreparedLesionMethod)>,
    /// The random sets that were drawn so far.
    pub(crate) drawn: DrawnSets,
    random_sets: RandomSetLesions,
    /// The layer with the largest effect that the controls tell from random sets.
    pub(crate) strongest_layer: Option<usize>,
    /// True if that layer is not known, because batches of the controls are left to other shares.
    pub(crate) awaits_controls: bool,
}

impl<'a, 'l> Bench<'a, 'l> {
    /// A bench for the parts of one study. `selected_on` are the observations of `selection`;
    /// `labelled` and `lesioned` are the neurons that carry a label and those that are lesioned;
    /// `bystanders` are prompts about other things, with the method that was prepared for them.
    #[must_use]
    pub fn new(
        design: Design<'a>,
        selected_on: &'a Observations<'a>,
        selection: &'a Selection,
        (labelled, lesioned): (&'a NeuronSets, &'a NeuronSets),
        laboratory: Laboratory<'l>,
        bystanders: Option<(&'l [MaskedPrompt], PreparedLesionMethod)>,
    ) -> Self {
        let random_sets = RandomSetLesions::default();
        Self {
            design,
            selected_on,
            selection,
            labelled,
            lesioned,
            laboratory,
            bystanders,
            drawn: DrawnSets::default(),
            random_sets,
            strongest_layer: None,
            awaits_controls: false,
        }
    }

    /// The same bench after earlier rounds, in which parts were completed that do not run again.
    #[must_use]
    pub fn after(mut self, earlier: EarlierRounds) -> Self {
        self.drawn = earlier.drawn;
        self.strongest_layer = earlier.strongest_layer;
        self
    }

    /// The results that later rounds need.
    #[must_use]
    pub fn into_earlier_rounds(self) -> EarlierRounds {
        EarlierRounds { drawn: self.drawn, strongest_layer: self.strongest_layer }
    }

    /// Numbers of the laboratory's batches so far.
    #[must_use]
    pub fn batches(&self) -> BatchCount {
        self.laboratory.batches()
    }

    /// Lets the laboratory read the bystander prompts, and returns the former prompts and method. None
    /// if there are no bystanders.
    pub(crate) fn read_bystanders(&mut self) -> Option<(&'l [MaskedPrompt], PreparedLesionMethod)> {
        let (prompts, method) = self.bystanders.clone()?;
        Some(self.laboratory.replace_prompts(prompts, method))
    }

    /// The layer that doses and single neurons look at by default.
    ///
    /// # Errors
    /// If it depends on batches that are left to other shares.
    pub(crate) fn layer_of_interest(&self) -> Result<usize, StudyError> {
        match (self.design.study.lesion.layer, self.strongest_layer) {
            (None, _) if self.awaits_controls => Err(StudyError::LeftToShares),
            (None, Some(strongest)) => Ok(strongest),
            _ => Ok(self.design.layer),
        }
    }

    /// The layers that a setting gives or, by default, the layer of interest.
    ///
    /// # Errors
    /// If [`Bench::layer_of_interest`] fails.
    pub(crate) fn layers_or_interest(
        &self,
        given: Option<&IndexRanges>,
    ) -> Result<Vec<usize>, StudyError> {
        // Given layers depend on no result.
        let default = if given.is_some() { self.design.layer } else { self.layer_of_interest()? };
        Ok(layers_or(self.design.subject, given, default))
    }

    /// Random sets of `size` neurons of a layer, lesioned in every prompt that has a label. Each size
    /// of a layer is lesioned once.
    ///
    /// # Errors
    /// If [`Laboratory::run`] fails.
    pub(crate) fn lesion_random_sets(
        &mut self,
        layer: usize,
        size: usize,
        progress: Progress<'_>,
    ) -> Result<Arc<Vec<LesionedSet>>, StudyError> {
        let plan = self.design.random_set_plan();
        let prompts = self.design.labelled();
        let drawn = &mut self.drawn;
        let laboratory = &mut self.laboratory;
        self.random_sets.lesion(laboratory, drawn, plan, (layer, size), &prompts, progress)
    }
}

/// The results of a share's earlier rounds that later ones need.
#[derive(Default)]
pub struct EarlierRounds {
    drawn: DrawnSets,
    strongest_layer: Option<usize>,
}

/// The layers of a part, ascending: the given ones or, by default, one.
pub(crate) fn layers_or(
    subject: Subject<'_>,
    given: Option<&IndexRanges>,
    default: usize,
) -> Vec<usize> {
    let count = subject.model.config().num_hidden_layers;
    let layers = given.and_then(|layers| layers.resolve(count).ok());
    layers.unwrap_or_else(|| vec![default])
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
