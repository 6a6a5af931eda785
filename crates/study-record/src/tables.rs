//! The rows of the tables that every study writes. Field names are the column names.
//!
//! Layers, neurons, positions (`[CLS]` is 0) and prompts count from 0. Logits are written as the
//! f64 that equals the model's f32, so that a reader's own difference equals `logit_drop`. The
//! tables of the laboratory's parts are beside their parts, in `part_tables.rs`.

use crate::{
    choice::choices,
    row::tables,
    settings::{
        SelectionSettings,
        choices::{Correction, Scope, ScoreUnit, Site},
    },
    verdict::{Question, Verdict},
};

pub use crate::gather_tables::{GATHERED, GatherEstimateRow, GatherRow};
pub use crate::part_tables::*;
pub use crate::row::{Column, ColumnKind, Row, RowProblem, Table, TableError, decode, encode};

tables! {
    pub struct NeuronRow in "neurons.csv": "a neuron and its test" {
        /// The layer.
        layer: usize,
        /// The neuron.
        neuron: usize,
        /// Mean activation at the target, at the site of `selection.site`, on side a, the first words.
        mean_a: f64,
        /// Mean activation on side b.
        mean_b: f64,
        /// t statistic of a − b. A neuron without variance has no t: it and `effect` are NaN, p and
        /// q are 1, and it is never significant.
        t: f64,
        /// Degrees of freedom of t.
        df: f64,
        /// Two-sided p from the survival function, so that it is not 0 at large t.
        p: f64,
        /// p under the chosen correction, scope and direction; by default Benjamini-Hochberg per
        /// layer.
        q: f64,
        /// Effect size: Cohen's `d_z` (paired test) or d (others).
        effect: f64,
        /// Lower end of its 95 % confidence interval, from the noncentral t distribution.
        effect_low: f64,
        /// Upper end of that interval.
        effect_high: f64,
        /// The label of the side on which the neuron is higher if q is at most alpha; otherwise
        /// empty.
        label: Option<String>,
        /// Lower end of the 95 % confidence interval of the mean difference a − b.
        ci_low: f64,
        /// Upper end of that interval.
        ci_high: f64,
        /// Storey's q-value. This and the following are in the chosen scope and direction.
        p_storey: f64,
        /// p under Benjamini-Hochberg.
        p_bh: f64,
        /// p under Benjamini-Yekutieli.
        p_by: f64,
        /// p by permutation, from the distribution of the largest t.
        p_max_t: f64,
        /// p under Holm.
        p_holm: f64,
        /// p under Bonferroni.
        p_bonferroni: f64,
    }

    pub struct SelectionRow in "selection.csv":
        "a layer, a correction and a label: how many neurons" {
        /// The layer.
        layer: usize,
        /// The tests that are corrected together, as in `selection.scope`.
        scope: Scope,
        /// Whether each direction is corrected by itself.
        directional: bool,
        /// The correction, as in `selection.correction`; `none` is plain p.
        correction: Correction,
        /// The label.
        label: String,
        /// How many neurons of the layer carry it.
        neurons: usize,
    }

    pub struct HistogramRow in "histogram.csv": "a bin of a layer's activations at a site" {
        /// The layer.
        layer: usize,
        /// `pre` or `post`: before or after the activation function.
        site: Site,
        /// Lower edge of one of 100 equal bins between whole numbers that hold every value of the
        /// site in any layer. It belongs to the bin.
        low: f64,
        /// Upper edge. It belongs to the next bin, or to the last one.
        high: f64,
        /// Number of activations.
        count: usize,
    }

    pub struct NormalityRow in "normality.csv":
        "the pre-activations of a neuron, or of a layer pooled" {
        /// The layer.
        layer: usize,
        /// The neuron; empty for all neurons of the layer pooled.
        neuron: Option<usize>,
        /// Number of values.
        count: usize,
        /// Mean.
        mean: f64,
        /// Standard deviation, with n − 1.
        sd: f64,
        /// Skewness; 0 for a normal distribution.
        skewness: f64,
        /// Excess kurtosis; 0 for a normal distribution.
        excess_kurtosis: f64,
        /// Jarque and Bera's statistic.
        jarque_bera: f64,
        /// Its p.
        jarque_bera_p: f64,
        /// D'Agostino and Pearson's K²; NaN for fewer than 8 values.
        k_squared: f64,
        /// Its p.
        k_squared_p: f64,
    }

    pub struct SparsityRow in "sparsity.csv":
        "a measure of how few values or neurons carry a layer" {
        /// The layer.
        layer: usize,
        /// After the activation function: `zero`, values exactly 0; `below`, values with a size below `at`;
        /// `top`, the squared norm that the `at` strongest neurons carry.
        measure: SparsityMeasure,
        /// The threshold, or the number of neurons; empty for `zero`.
        at: Option<f64>,
        /// The share, between 0 and 1.
        share: f64,
    }

    pub struct HeldOutRow in "held_out.csv":
        "a layer and label, tested on stimuli that were held out" {
        /// The layer.
        layer: usize,
        /// The label.
        label: String,
        /// How many neurons carry it on the kept stimuli.
        neurons: usize,
        /// How many of them have a t of the same sign on the held-out stimuli.
        same_direction: usize,
        /// How many of them are significant there and carry the same label. With fewer stimuli a test
        /// finds less.
        replicated: usize,
    }

    pub struct PromptRow in "prompts.csv": "a prompt with one word to predict" {
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The sentence with `[MASK]` in the word's place, whatever the model calls its mask. A decoder
        /// reads what stands before it.
        sentence: String,
        /// The position at which the word is predicted: that of the mask or, in a decoder, of the token
        /// before the word.
        position: usize,
        /// The right word.
        target: String,
        /// The label of the neurons that are matched to it. Empty if there is none; then the prompt
        /// is not lesioned.
        label: Option<String>,
        /// The group of its template, if it has one: intervals resample groups.
        group: Option<String>,
        /// The sentence whose activations replace those of lesioned neurons, if `lesion.kind` is
        /// `resample`: its label, and its place among the sentences of this label, counted from 0.
        resampled_from: Option<String>,
        /// The counterpart whose activations replace those of lesioned neurons, if `lesion.kind` is
        /// `patch`, with `[MASK]` in the word's place.
        counterpart: Option<String>,
        /// Score by which its candidates are compared: the logit of the `word`, or the score of the whole `sentence`.
        score: ScoreUnit,
    }

    pub struct PredictionRow in "predictions.csv": "a candidate of a prompt" {
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position at which the word is predicted.
        position: usize,
        /// The right word.
        target: String,
        /// The candidate.
        candidate: String,
        /// Its logit or, if sentences are scored, the score of its sentence.
        logit: f64,
        /// Its probability over the whole vocabulary, or that of its sentence.
        prob: f64,
        /// Its rank over the whole vocabulary, or that of its sentence among the candidates'; 1 is the top.
        rank: usize,
        /// Score by which candidates are compared: the logit of the `word`, or the score of the whole `sentence`.
        score: ScoreUnit,
    }

    pub struct LesionRow in "lesions.csv": "a candidate of a lesioned prompt: the paper's lesion" {
        /// The lesioned layer.
        layer: usize,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position at which the word is predicted; in the control of a masked model, that of the
        /// visible word.
        position: usize,
        /// The right word.
        target: String,
        /// The label of the neurons set to zero; empty in the control.
        neuron_set: Option<String>,
        /// How many neurons were set to zero; 0 in the control.
        neurons: usize,
        /// The candidate.
        candidate: String,
        /// Its logit in the plain pass or, if sentences are scored, the score of its sentence.
        logit_clean: f64,
        /// Its logit in the lesioned pass.
        logit_lesioned: f64,
        /// `logit_clean - logit_lesioned`.
        logit_drop: f64,
        /// The right word's margin drop; the same for all candidates of a prompt.
        margin_drop: f64,
        /// Its probability over the whole vocabulary in the plain pass, or that of its sentence.
        prob_clean: f64,
        /// Its probability in the lesioned pass.
        prob_lesioned: f64,
        /// Score by which candidates are compared: the logit of the `word`, or the score of the whole `sentence`.
        score: ScoreUnit,
    }

    pub struct VerdictRow in "verdicts.csv": "a claim that the study tests, and the verdict on it" {
        /// What the claim is about, see below.
        question: Question,
        /// Which neurons are lesioned, see below.
        sets: SetChoice,
        /// The lesioned layers, separated by spaces.
        layers: String,
        /// The label of the neurons.
        neuron_set: String,
        /// The value in logits or, if sentences are scored, in nats: a mean margin drop, a difference of two, or
        /// a synergy.
        value: f64,
        /// Lower end of its 95 % interval over templates; empty with fewer than 10 templates.
        low: Option<f64>,
        /// Upper end of that interval.
        high: Option<f64>,
        /// Lower end of the range that holds 95 % of the values of random sets.
        random_low: Option<f64>,
        /// Upper end of that range.
        random_high: Option<f64>,
        /// The value minus the mean of random sets. Empty if there are no controls, as are the
        /// following.
        excess: Option<f64>,
        /// Two-sided p: the share of random sets, and of the value itself, that lie at least as far
        /// from the mean of all. If several comparisons are made, it is the largest of their p.
        p: Option<f64>,
        /// p corrected by Holm over all claims of the study.
        p_corrected: Option<f64>,
        /// Whether p is the smallest that the number of random sets admits, so that `p_corrected` is
        /// an upper bound.
        at_floor: Option<bool>,
        /// The margin of equivalence, in the unit of the value.
        equivalence: Option<f64>,
        /// p of the test that the excess lies within this margin (two one-sided t-tests over
        /// templates).
        p_equivalence: Option<f64>,
        /// The same corrected by Holm over all claims that have it.
        p_no_effect: Option<f64>,
        /// JZS Bayes factor of the excess over templates: above 1 it speaks for an effect, below 1
        /// for none.
        bayes_factor: Option<f64>,
        /// The verdict, see below.
        verdict: Verdict,
    }
}

choices! {
    /// A measure of how few values or neurons carry a layer's activations after the activation function.
    pub enum SparsityMeasure: "measure of sparsity" {
        /// The share of values that are exactly 0.
        Zero = "zero",
        /// The share of values whose size is below a threshold.
        Below = "below",
        /// The share of the squared norm that the strongest neurons carry.
        Top = "top",
    }
}

/// A rated word in a sentence without a known right word.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RatingRow {
    /// The word.
    pub candidate: String,
    /// Its logit.
    pub logit: f64,
    /// Its probability over the whole vocabulary.
    pub prob: f64,
    /// Its rank over the whole vocabulary; 1 is the top.
    pub rank: usize,
    /// The same with the lesion, if there is one.
    #[serde(flatten)]
    pub lesioned: Option<LesionedRating>,
}

/// A neuron of a sentence that is lesioned by itself.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SingleLesionRow {
    /// Position at which the word is predicted; that of the first token is 0.
    pub position: usize,
    /// The word whose logit and margin fall.
    pub word: String,
    /// The layer.
    pub layer: usize,
    /// The neuron.
    pub neuron: usize,
    /// Its activation before the activation function, where the word is predicted.
    pub pre: f64,
    /// Its activation after the activation function, where the word is predicted.
    pub post: f64,
    /// The fall of the word's logit.
    pub logit_drop: f64,
    /// The fall of the word's margin over the strongest other word.
    pub margin_drop: f64,
    /// Computation of the direct effect; only if the lesion is zero where the word is predicted.
    pub direct: Option<Directness>,
    /// The direct effect of the neuron on the word's logit.
    pub direct_logit_drop: Option<f64>,
    /// The direct effect of the neuron on the margin.
    pub direct_margin_drop: Option<f64>,
}

/// A neuron at a token of a sentence.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TokenActivationRow {
    /// The layer.
    pub layer: usize,
    /// The neuron.
    pub neuron: usize,
    /// Position of the token; that of the first is 0.
    pub position: usize,
    /// The token.
    pub token: String,
    /// The activation before the activation function.
    pub pre: f64,
    /// The activation after the activation function.
    pub post: f64,
}

/// A rated word with a lesion.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LesionedRating {
    /// Its logit in the lesioned pass.
    pub logit_lesioned: f64,
    /// `logit - logit_lesioned`.
    pub logit_drop: f64,
    /// Its probability in the lesioned pass.
    pub prob_lesioned: f64,
    /// Its rank in the lesioned pass.
    pub rank_lesioned: usize,
}

impl VerdictRow {
    /// The interval of the value.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.low.zip(self.high)
    }

    /// The range that holds 95 % of the values of random sets.
    #[must_use]
    pub fn random(&self) -> Option<Range> {
        self.random_low.zip(self.random_high)
    }
}

impl SelectionRow {
    /// Whether the row counts the neurons that a study's own choices select.
    #[must_use]
    pub fn is_chosen_by(&self, selection: &SelectionSettings) -> bool {
        (self.scope, self.directional, self.correction)
            == (selection.scope, selection.directional, selection.correction)
    }
}

/// The tables that every study writes, in the order of the work.
pub const ALWAYS: [Table; 9] = [
    NeuronRow::TABLE,
    SelectionRow::TABLE,
    HistogramRow::TABLE,
    NormalityRow::TABLE,
    SparsityRow::TABLE,
    PromptRow::TABLE,
    PredictionRow::TABLE,
    LesionRow::TABLE,
    VerdictRow::TABLE,
];

/// Every table that a study may write.
#[must_use]
pub fn all() -> Vec<Table> {
    let parts = Part::ALL.iter().flat_map(|part| part.tables());
    ALWAYS.iter().chain([&HeldOutRow::TABLE]).chain(parts).copied().collect()
}
