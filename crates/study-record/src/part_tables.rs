//! The parts of the laboratory: the question that each asks, and the rows of the tables that it
//! writes. Drops are means over the prompts of a label, unless a row is of one prompt.

use crate::{
    choice::choices,
    row::{Row, Table, tables},
    verdict::{Verdict, are_alike, range_contains},
};

choices! {
    /// A part of the laboratory.
    pub enum Part: "part of the laboratory" {
        /// Each layer by itself beside control sets, its profile, and the double dissociation.
        Controls = "controls",
        /// Several layers at once.
        Joint = "joint",
        /// More and more neurons of one layer.
        Dose = "dose",
        /// Every labelled neuron of one layer by itself.
        Causal = "causal",
        /// Selection and lesion in one pass.
        Dynamic = "dynamic",
    }
}

impl Part {
    /// The question that the part asks.
    #[must_use]
    pub const fn question(self) -> &'static str {
        match self {
            Self::Controls => {
                "Layer by layer: would other neurons of the same number do the same? Do the \
                 neurons matter for their own prompts, and less for those of the other label?"
            }
            Self::Joint => {
                "Is the effect of several layers together larger than the sum of their single effects?"
            }
            Self::Dose => "How does the right word fall as more neurons are lesioned?",
            Self::Causal => {
                "What is the effect of each labelled neuron alone, and how much of it is direct?"
            }
            Self::Dynamic => "Do selection and lesion in one pass give the same result?",
        }
    }

    /// The tables that it writes.
    #[must_use]
    pub const fn tables(self) -> &'static [Table] {
        match self {
            Self::Controls => &[
                NullRow::TABLE,
                PromptControlRow::TABLE,
                ProfileRow::TABLE,
                DissociationRow::TABLE,
            ],
            Self::Joint => &[JointRow::TABLE],
            Self::Dose => &[DoseRow::TABLE],
            Self::Causal => &[CausalRow::TABLE],
            Self::Dynamic => &[DynamicRow::TABLE],
        }
    }
}

choices! {
    /// Which neurons a lesion takes.
    pub enum SetKind: "kind of set" {
        /// Those of the prompt's own label.
        Matched = "matched",
        /// Those of the other label. The same size by default; otherwise see `neurons`.
        Swapped = "swapped",
        /// As many as matched, the weakest of all outside the matched set.
        LeastTuned = "least-tuned",
        /// A random set of the same size from the neurons outside the matched set; `controls.nulls`
        /// sets.
        Random = "random",
        /// A random set of the same size in which each neuron is drawn from the 16 next to a matched
        /// neuron in the order of activity; as many sets. Activity is the mean |activation| after
        /// GELU at the masks of the label's prompts in the plain pass.
        RandomActive = "random-active",
    }
}

impl SetKind {
    /// The random kinds.
    pub const RANDOM: [Self; 2] = [Self::Random, Self::RandomActive];

    /// Number of neurons with the nearest activity that [`Self::RandomActive`] chooses from. The
    /// documentation of that kind says it too.
    pub const NEAREST: usize = 16;
}

choices! {
    /// How the layers of a joint lesion are chosen.
    pub enum PatternKind: "pattern of layers" {
        /// One layer by itself.
        Single = "single",
        /// From the lowest layer up.
        Up = "up",
        /// From the highest layer down.
        Down = "down",
        /// As `joint.layers` specifies.
        Given = "given",
    }
}

choices! {
    /// How a direct effect is computed.
    pub enum Directness: "way to compute a direct effect" {
        /// Exactly, in the last layer.
        Exact = "exact",
        /// With LayerNorm scales and the head's GELU frozen, below the last layer.
        Linearised = "linearised",
    }
}

tables! {
    pub struct NullRow in "nulls.csv": "a lesion of a matched or control set in a prompt" {
        /// The lesioned layer.
        layer: usize,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position of the mask.
        position: usize,
        /// The right word.
        target: String,
        /// The label of the prompt, and of the matched set.
        neuron_set: String,
        /// Which neurons were lesioned, see below.
        kind: SetKind,
        /// Which set of a random kind it is; 0 for the other kinds.
        draw: usize,
        /// How many neurons were lesioned.
        neurons: usize,
        /// Activity of the set: the root mean square of its neurons' activity (see `random-active`).
        activity: f64,
        /// The fall of the right word's logit.
        logit_drop: f64,
        /// The fall of the right word's margin.
        margin_drop: f64,
    }

    pub struct PromptControlRow in "prompt_controls.csv":
        "a matched lesion of a prompt, and the range of random sets there" {
        /// The lesioned layer.
        layer: usize,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position of the mask.
        position: usize,
        /// The label of the prompt, and of the matched set.
        neuron_set: String,
        /// The fall of the right word's logit under the matched lesion.
        logit_drop: f64,
        /// The fall of the right word's margin.
        margin_drop: f64,
        /// Lower end of the range that holds 95 % of the `random` sets' logit drops in this prompt.
        random_logit_low: Option<f64>,
        /// Upper end of that range.
        random_logit_high: Option<f64>,
        /// Lower end of the range that holds 95 % of their margin drops.
        random_margin_low: Option<f64>,
        /// Upper end of that range.
        random_margin_high: Option<f64>,
    }

    pub struct ProfileRow in "profile.csv":
        "a layer and label: what its lesion does, beside random sets" {
        /// The layer.
        layer: usize,
        /// The label of neurons and prompts.
        neuron_set: String,
        /// How many neurons of the layer carry the label.
        significant: usize,
        /// Their share of the layer.
        significant_share: f64,
        /// How many were lesioned.
        neurons: usize,
        /// Number of prompts of the label.
        prompts: usize,
        /// Mean logit drop of the matched lesion; 0 if no neuron was lesioned.
        logit_drop: f64,
        /// Mean size of the logit drop.
        abs_logit_drop: f64,
        /// Mean margin drop of the matched lesion.
        margin_drop: f64,
        /// Mean size of the margin drop.
        abs_margin_drop: f64,
        /// In how many prompts the margin fell.
        margin_falls: usize,
        /// (1 + b) / (1 + N): of the N `random` sets, b have a mean margin drop at least as large as
        /// the matched set's. Empty if there are no controls, as are the other p.
        p_random: Option<f64>,
        /// Mean `activity` of the `random-active` sets, as a share of the matched set's.
        activity_ratio: Option<f64>,
        /// The same p with the `random-active` sets. If `activity_ratio` is far from 1, no other
        /// neurons have a similar activity, and these sets are the nearest there are.
        p_random_active: Option<f64>,
        /// The larger of both p, corrected by Holm over all layers and labels that have controls.
        p_corrected: Option<f64>,
        /// Conclusion from the controls, see below.
        verdict: Verdict,
        /// Mean logit drop of the `swapped` set.
        swapped_logit_drop: Option<f64>,
        /// Its mean margin drop.
        swapped_margin_drop: Option<f64>,
        /// Mean logit drop of the `least-tuned` set.
        least_tuned_logit_drop: Option<f64>,
        /// Its mean margin drop.
        least_tuned_margin_drop: Option<f64>,
        /// Lower end of the range that holds 95 % of the `random` sets' mean logit drops.
        random_logit_low: Option<f64>,
        /// Upper end of that range.
        random_logit_high: Option<f64>,
        /// Lower end of the range that holds 95 % of their mean margin drops.
        random_margin_low: Option<f64>,
        /// Upper end of that range.
        random_margin_high: Option<f64>,
        /// Lower end of the range that holds 95 % of the `random-active` sets' mean logit drops.
        random_active_logit_low: Option<f64>,
        /// Upper end of that range.
        random_active_logit_high: Option<f64>,
        /// Lower end of the range of their mean margin drops.
        random_active_margin_low: Option<f64>,
        /// Upper end of that range.
        random_active_margin_high: Option<f64>,
    }

    pub struct DissociationRow in "dissociation.csv":
        "the neurons of a label in the prompts of both labels" {
        /// The layer.
        layer: usize,
        /// The label of the lesioned neurons.
        neuron_set: String,
        /// How many neurons.
        neurons: usize,
        /// Number of prompts of their label.
        own_prompts: usize,
        /// Number of prompts of the other label.
        other_prompts: usize,
        /// Mean logit drop in their own prompts.
        own_logit_drop: f64,
        /// Mean logit drop in the other prompts.
        other_logit_drop: f64,
        /// Mean margin drop in their own prompts.
        own_margin_drop: f64,
        /// Mean margin drop in the other prompts.
        other_margin_drop: f64,
        /// `own_margin_drop - other_margin_drop`.
        difference: f64,
        /// Lower end of its interval; empty with fewer than 10 templates of either label.
        low: Option<f64>,
        /// Upper end of its interval.
        high: Option<f64>,
        /// `true` if both labels' neurons in this layer lower the margin of their own prompts, and
        /// both intervals lie above 0.
        double: bool,
    }

    pub struct JointRow in "joint.csv": "several layers lesioned together" {
        /// `single`, one layer; `up`, from the lowest layer up; `down`, from the highest down;
        /// `given`, as `joint.layers` specifies.
        pattern: PatternKind,
        /// The lesioned layers, separated by spaces.
        layers: String,
        /// The label of neurons and prompts.
        neuron_set: String,
        /// Neurons in all these layers together.
        neurons: usize,
        /// Number of prompts.
        prompts: usize,
        /// Mean logit drop of the joint lesion.
        logit_drop: f64,
        /// Mean margin drop of the joint lesion.
        margin_drop: f64,
        /// Mean over prompts of the sum of the margin drops of each layer's lesion by itself.
        sum_of_single: f64,
        /// `margin_drop - sum_of_single`: above 0 the layers do more together, below 0 less.
        synergy: f64,
        /// Lower end of its interval; empty for one layer.
        synergy_low: Option<f64>,
        /// Upper end of its interval.
        synergy_high: Option<f64>,
        /// Mean probability of the right word in the plain pass.
        prob_clean: f64,
        /// Mean probability of the right word in the lesioned pass.
        prob_lesioned: f64,
    }

    pub struct DoseRow in "dose.csv": "a set of some number of neurons" {
        /// The layer.
        layer: usize,
        /// The label of the prompts.
        neuron_set: String,
        /// `matched`, the strongest of the label; `swapped`, as many of the other label, if it has
        /// them; `random`, as many of all others, if these are at least twice as many.
        kind: SetKind,
        /// Which random set it is; 0 for the other kinds.
        draw: usize,
        /// How many neurons were lesioned.
        neurons: usize,
        /// Number of prompts.
        prompts: usize,
        /// Mean logit drop.
        logit_drop: f64,
        /// Mean margin drop.
        margin_drop: f64,
    }

    pub struct CausalRow in "neurons_causal.csv": "a neuron lesioned by itself in a prompt" {
        /// The layer.
        layer: usize,
        /// The neuron.
        neuron: usize,
        /// Its label.
        label: String,
        /// Its t.
        t: f64,
        /// Its effect size.
        effect: f64,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position of the mask.
        position: usize,
        /// The right word.
        target: String,
        /// The fall of the right word's logit if this neuron alone is lesioned.
        logit_drop: f64,
        /// The fall of the right word's margin.
        margin_drop: f64,
        /// `exact` in the last layer, `linearised` below. This and the following are empty unless
        /// lesions are zero at the mask.
        direct: Option<Directness>,
        /// The fall of the right word's logit if what the neuron writes at the mask is taken away,
        /// and no later attention or MLP reacts.
        direct_logit_drop: Option<f64>,
        /// The same of the right word's logit less that of the candidate that is strongest against
        /// it in the plain pass.
        direct_margin_drop: Option<f64>,
    }

    pub struct DynamicRow in "dynamic.csv": "a prompt lesioned in the pass that selects" {
        /// `single`, `up`, `down` or `given`, as in `joint.csv`.
        pattern: PatternKind,
        /// The lesioned layers, separated by spaces.
        layers: String,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position of the mask.
        position: usize,
        /// The right word.
        target: String,
        /// The label of the lesioned neurons.
        neuron_set: Option<String>,
        /// Neurons in all these layers together.
        neurons: usize,
        /// Whether two passes, one that selects and one that lesions, choose the same neurons.
        same_neurons: bool,
        /// The fall of the right word's logit.
        logit_drop: f64,
        /// The fall of the right word's margin.
        margin_drop: f64,
    }
}

/// A logit drop and a margin drop, or the ends of their ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured<T> {
    /// Of the right word's logit.
    pub logit: T,
    /// Of its margin over the strongest other candidate.
    pub margin: T,
}

/// The least number of templates for an interval: with fewer, a percentile interval is far too narrow.
pub const FEWEST_TEMPLATES: usize = 10;

/// Both ends of a range or interval.
pub type Range = (f64, f64);

impl ProfileRow {
    /// The layer and label: `5 (her)`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} ({})", self.layer, self.neuron_set)
    }

    /// Mean drops of a kind that has one set.
    #[must_use]
    pub fn drops(&self, kind: SetKind) -> Measured<Option<f64>> {
        let (logit, margin) = match kind {
            SetKind::Matched => (Some(self.logit_drop), Some(self.margin_drop)),
            SetKind::Swapped => (self.swapped_logit_drop, self.swapped_margin_drop),
            SetKind::LeastTuned => (self.least_tuned_logit_drop, self.least_tuned_margin_drop),
            SetKind::Random | SetKind::RandomActive => (None, None),
        };
        Measured { logit, margin }
    }

    /// The ranges that hold 95 % of the mean drops of the `random` sets.
    #[must_use]
    pub fn random(&self) -> Measured<Option<Range>> {
        Measured {
            logit: self.random_logit_low.zip(self.random_logit_high),
            margin: self.random_margin_low.zip(self.random_margin_high),
        }
    }

    /// The same of the `random-active` sets. `None` if these are not as active as the matched set.
    #[must_use]
    pub fn as_active(&self) -> Measured<Option<Range>> {
        if !self.has_alikes() {
            return Measured { logit: None, margin: None };
        }
        Measured {
            logit: self.random_active_logit_low.zip(self.random_active_logit_high),
            margin: self.random_active_margin_low.zip(self.random_active_margin_high),
        }
    }

    /// The first range of random sets, with their kind, that the margin drop lies in.
    #[must_use]
    pub fn range_of_drop(&self) -> Option<(SetKind, Range)> {
        let ranges = SetKind::RANDOM.into_iter().zip([self.random(), self.as_active()]);
        let mut ranges = ranges.filter_map(|(kind, range)| Some((kind, range.margin?)));
        ranges.find(|(_, range)| range_contains(*range, self.margin_drop))
    }

    /// Whether the sets that should be as active as the matched set are.
    #[must_use]
    pub fn has_alikes(&self) -> bool {
        are_alike(self.activity_ratio)
    }
}

impl PromptControlRow {
    /// The drops of the matched lesion.
    #[must_use]
    pub fn drops(&self) -> Measured<f64> {
        Measured { logit: self.logit_drop, margin: self.margin_drop }
    }

    /// The ranges that hold 95 % of the drops of the `random` sets.
    #[must_use]
    pub fn random(&self) -> Measured<Option<Range>> {
        Measured {
            logit: self.random_logit_low.zip(self.random_logit_high),
            margin: self.random_margin_low.zip(self.random_margin_high),
        }
    }
}

impl DissociationRow {
    /// The interval of the difference.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.low.zip(self.high)
    }
}

impl JointRow {
    /// The interval of the synergy.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.synergy_low.zip(self.synergy_high)
    }

    /// How many layers are lesioned together.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.layers.split_whitespace().count()
    }
}
