//! The parts of the laboratory: the question that each asks, and the rows of the tables that it
//! writes. Drops are means over the prompts of a label, unless a row is of one prompt.

use crate::{
    choice::choices,
    row::{Row, Table, tables},
};

choices! {
    /// A part of the laboratory.
    pub enum Part: "part of the laboratory" {
        /// Each layer by itself beside control sets, its profile, and the double dissociation.
        Controls = "controls",
        /// Several layers at once.
        Joint = "joint",
        /// More and more neurons of a layer.
        Dose = "dose",
        /// Every labelled neuron of a layer by itself.
        Causal = "causal",
        /// Selections on other stimuli.
        Stability = "stability",
        /// Other ways to choose neurons.
        Selectors = "selectors",
        /// The whole distribution, in the prompts and in unrelated ones.
        Specificity = "specificity",
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
            Self::Stability => {
                "Would other stimuli select the same neurons, and would their lesion have the same \
                 effect?"
            }
            Self::Selectors => {
                "Which way of choosing finds the neurons that matter: by t, by gradients, by a probe?"
            }
            Self::Specificity => {
                "What else changes? How far does the whole distribution move, where the prompts predict \
                 a word and in unrelated sentences?"
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
                RandomSetRow::TABLE,
            ],
            Self::Joint => &[JointRow::TABLE],
            Self::Dose => &[DoseRow::TABLE],
            Self::Causal => &[CausalRow::TABLE],
            Self::Stability => &[StabilityRow::TABLE],
            Self::Selectors => &[SelectorRow::TABLE],
            Self::Specificity => &[SpecificityRow::TABLE],
            Self::Dynamic => &[DynamicRow::TABLE],
        }
    }
}

choices! {
    /// A way to choose neurons of a layer for a label. Those after `probe` use the label's prompts, and
    /// are judged on prompts that they have not seen.
    pub enum Selector: "way to choose neurons" {
        /// The largest t in the label's direction, at the site of the selection.
        T = "t",
        /// The largest difference of means before the activation function.
        DifferencePre = "difference-pre",
        /// The largest difference of means after the activation function.
        DifferencePost = "difference-post",
        /// The largest norm of the output weights: neurons that could write much, whatever it is.
        OutputNorm = "output-norm",
        /// The largest weight of a linear probe that tells the sides apart, at the site of the selection.
        Probe = "probe",
        /// The largest mean size of the activation after the activation function, where words are predicted.
        Loudest = "loudest",
        /// The largest direct effect on the margin.
        Direct = "direct",
        /// The largest attribution: gradient of the margin times what the lesion takes from the activation.
        Attribution = "attribution",
        /// The largest integrated gradient from the lesioned layer to the intact one.
        IntegratedGradients = "integrated-gradients",
    }
}

choices! {
    /// Which of a label's neurons are lesioned.
    pub enum SetChoice: "choice of neurons" {
        /// Those of `lesion.sets`, with the study's kind of lesion.
        Lesioned = "lesioned",
        /// All that carry the label, set to zero where the word is predicted: the paper's
        /// lesion.
        Labelled = "labelled",
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
        /// A random set of the same size from the whole layer, matched neurons included.
        Random = "random",
        /// A random set that has, in each group of 16 neurons next to each other in the order of
        /// activity, as many neurons as the matched set. Activity is the mean |activation| after
        /// the activation function where the label's prompts predict in the plain pass.
        RandomActive = "random-active",
        /// The same in the order of displacement: activity times the norm of the neuron's output
        /// weights, which is what zeroing the neuron removes from the residual stream.
        RandomDisplaced = "random-displaced",
        /// As many neurons as the same selection finds if the sides of the stimuli are swapped at
        /// random.
        Reselected = "reselected",
    }
}

impl SetKind {
    /// The random kinds.
    pub const RANDOM: [Self; 4] =
        [Self::Random, Self::RandomActive, Self::RandomDisplaced, Self::Reselected];

    /// Number of neurons in a group of [`Self::RandomActive`] and [`Self::RandomDisplaced`]. The
    /// documentation of these kinds says it too.
    pub const GROUP: usize = 16;
}

/// Sets whose activity differs from the matched set's by more than this share are not as active.
const TOLERANCE: f64 = 0.1;

/// Sets that share more than this part of the matched set, by squared activity or displacement, are
/// not other sets.
const MOST_SHARED: f64 = 0.5;

/// Whether these sets are as active, or as displacing, as the matched set, and other neurons.
fn are_alike(ratio: Option<f64>, shared: Option<f64>) -> bool {
    let is_close = ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= TOLERANCE);
    is_close && shared.is_some_and(|shared| shared <= MOST_SHARED)
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
    /// Where the change of a distribution is read.
    pub enum ReadAt: "place to read" {
        /// In the label's prompts.
        Prompts = "prompts",
        /// In the prompts of `controls.bystanders`.
        Bystanders = "bystanders",
    }
}

choices! {
    /// How a direct effect is computed.
    pub enum Directness: "way to compute a direct effect" {
        /// Exactly, in the last layer.
        Exact = "exact",
        /// With LayerNorm scales and the head's activation function frozen, below the last layer.
        Linearised = "linearised",
    }
}

tables! {
    pub struct NullRow in "nulls.csv": "a matched or control set: the mean effect of its lesion" {
        /// The lesioned layer.
        layer: usize,
        /// The label of the prompts, and of the matched set.
        neuron_set: String,
        /// Which of the label's neurons are matched, see below.
        sets: SetChoice,
        /// Which neurons were lesioned, see below.
        kind: SetKind,
        /// Which set of a random kind it is; 0 for the other kinds.
        draw: usize,
        /// How many neurons were lesioned.
        neurons: usize,
        /// Activity of the set: the root mean square of its neurons' activity (see `random-active`).
        activity: f64,
        /// Displacement of the set: the root of the sum of its neurons' squared displacements (see
        /// `random-displaced`).
        displacement: f64,
        /// Mean fall of the right word's logit in the prompts of the label.
        logit_drop: f64,
        /// Mean fall of the right word's margin there.
        margin_drop: f64,
        /// Mean fall of the right word's logit in the prompts of the other label; only for `matched`
        /// and `random` sets.
        other_logit_drop: Option<f64>,
        /// Mean fall of the right word's margin there.
        other_margin_drop: Option<f64>,
    }

    pub struct RandomSetRow in "random_sets.csv": "the neurons of a matched or control set" {
        /// The lesioned layer.
        layer: usize,
        /// The label of the matched set.
        neuron_set: String,
        /// Which of the label's neurons are matched, as in `nulls.csv`.
        sets: SetChoice,
        /// Which neurons were lesioned, as in `nulls.csv`.
        kind: SetKind,
        /// Which set of a random kind it is; 0 for the other kinds.
        draw: usize,
        /// The neurons, ascending, separated by spaces.
        neurons: String,
    }

    pub struct PromptControlRow in "prompt_controls.csv":
        "a matched lesion of a prompt, and the range of random sets there" {
        /// The lesioned layer.
        layer: usize,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position at which the word is predicted.
        position: usize,
        /// The label of the prompt, and of the matched set.
        neuron_set: String,
        /// Which of the label's neurons are matched, see below.
        sets: SetChoice,
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
        /// Mean of their margin drops.
        random_margin_mean: Option<f64>,
    }

    pub struct ProfileRow in "profile.csv":
        "a layer and label: what its lesion does, beside random sets" {
        /// The layer.
        layer: usize,
        /// The label of neurons and prompts.
        neuron_set: String,
        /// Which of the label's neurons are lesioned, see below.
        sets: SetChoice,
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
        /// Lower end of its 95 % interval over templates; empty with fewer than 10 templates.
        margin_low: Option<f64>,
        /// Upper end of that interval.
        margin_high: Option<f64>,
        /// Mean size of the margin drop.
        abs_margin_drop: f64,
        /// In how many prompts the margin fell.
        margin_falls: usize,
        /// Sum of the direct effects of the lesioned neurons on the margin, mean over the prompts:
        /// what the lesion takes away if no later attention or MLP reacts. Empty unless lesions are
        /// zero where the word is predicted.
        direct_margin_drop: Option<f64>,
        /// Mean margin drop of the strongest single neuron of the set, by the drop of its own lesion.
        /// This and the following are empty if `p_random` is above 0.05. The neurons are chosen in the
        /// prompts in which they are measured, so that these drops are rather too large.
        strongest_1_drop: Option<f64>,
        /// Mean margin drop of the lesion of the five strongest together.
        strongest_5_drop: Option<f64>,
        /// Number of the lesioned neurons that are significantly higher where the words of their own label's
        /// prompts are predicted than in those of the other label: Welch's t-test over templates, corrected by
        /// Benjamini-Hochberg over the layer, at 0.05. Empty with fewer than two templates of a label.
        higher_at_masks: Option<usize>,
        /// Number of those that are significantly lower there.
        lower_at_masks: Option<usize>,
        /// Two-sided p against the N `random` sets: with the mean of the N + 1 margin drops as the
        /// centre, the share of them that lie at least as far from it as the matched set's. It is at
        /// least 1 / (N + 1). Empty if there are no controls.
        p_random: Option<f64>,
        /// Mean `activity` of the `random-active` sets, as a share of the matched set's. This and the
        /// following are empty if `p_random` is above 0.05, unless `controls.every_kind` is set: no
        /// other comparison could then show an effect.
        activity_ratio: Option<f64>,
        /// The share of the matched set that an average `random-active` set contains, by the squares
        /// of the neurons' activity.
        activity_shared: Option<f64>,
        /// The same p against the `random-active` sets. It counts only if their activity is within
        /// 10 % of the matched set's and at most half of it is shared: otherwise no other neurons are
        /// as active.
        p_random_active: Option<f64>,
        /// Mean `displacement` of the `random-displaced` sets, as a share of the matched set's.
        displacement_ratio: Option<f64>,
        /// The share of the matched set that an average `random-displaced` set contains, by the squares
        /// of the neurons' displacements.
        displacement_shared: Option<f64>,
        /// The same p against the `random-displaced` sets, with the same condition.
        p_random_displaced: Option<f64>,
        /// The same p of the margin drop divided by the displacement, against the `random` sets. It
        /// counts if no other neurons displace as much.
        p_per_displacement: Option<f64>,
        /// The same p against the `reselected` sets; empty if the neurons were given in a file. It
        /// does not count for the verdict: these sets often contain the same neurons.
        p_reselected: Option<f64>,
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
        /// Standard deviation of these mean margin drops, with n − 1. Empty with fewer than two sets.
        random_margin_sd: Option<f64>,
        /// Lower end of the range that holds 95 % of the `random-active` sets' mean logit drops.
        random_active_logit_low: Option<f64>,
        /// Upper end of that range.
        random_active_logit_high: Option<f64>,
        /// Lower end of the range that holds 95 % of their mean margin drops.
        random_active_margin_low: Option<f64>,
        /// Upper end of that range.
        random_active_margin_high: Option<f64>,
        /// Lower end of the range that holds 95 % of the `random-displaced` sets' mean margin drops.
        random_displaced_margin_low: Option<f64>,
        /// Upper end of that range.
        random_displaced_margin_high: Option<f64>,
        /// Lower end of the range that holds 95 % of the `reselected` sets' mean margin drops.
        reselected_margin_low: Option<f64>,
        /// Upper end of that range.
        reselected_margin_high: Option<f64>,
    }

    pub struct DissociationRow in "dissociation.csv":
        "the neurons of a label in the prompts of both labels" {
        /// The layer.
        layer: usize,
        /// The label of the lesioned neurons.
        neuron_set: String,
        /// Which of the label's neurons are lesioned, as in `profile.csv`. Those of `labelled` are not
        /// compared with random sets.
        sets: SetChoice,
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
        /// Lower end of the range that holds 95 % of the differences of the `random` sets.
        random_low: Option<f64>,
        /// Upper end of that range.
        random_high: Option<f64>,
        /// Two-sided p of the difference against these sets.
        p_difference: Option<f64>,
        /// `own_margin_drop + other_margin_drop`: what the lesion takes from telling the two words
        /// apart. It is 0 if the lesion only makes one of the words more likely in every prompt.
        both: f64,
        /// Lower end of its interval.
        both_low: Option<f64>,
        /// Upper end of its interval.
        both_high: Option<f64>,
        /// Lower end of the range that holds 95 % of the sums of the `random` sets.
        random_both_low: Option<f64>,
        /// Upper end of that range.
        random_both_high: Option<f64>,
        /// Two-sided p of the sum against these sets.
        p_both: Option<f64>,
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
        /// Lower end of the range that holds 95 % of the synergies of random sets: of `random` sets
        /// in all of the layers but the last, with the matched set in the last. Only for all layers
        /// together and for `given` ones.
        random_low: Option<f64>,
        /// Upper end of that range.
        random_high: Option<f64>,
        /// Two-sided p of the synergy against these.
        p_synergy: Option<f64>,
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
        /// them; `random`, as many of the whole layer.
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
        /// Lower end of its interval over templates, for `matched` sets. The intervals of one size in all
        /// of the part's layers hold together with 95 %; with one layer it is a 95 % interval. Empty with
        /// fewer than 10 templates.
        margin_low: Option<f64>,
        /// Upper end of that interval.
        margin_high: Option<f64>,
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
        /// The position at which the word is predicted.
        position: usize,
        /// The right word.
        target: String,
        /// The fall of the right word's logit if this neuron alone is lesioned.
        logit_drop: f64,
        /// The fall of the right word's margin.
        margin_drop: f64,
        /// `exact` in the last layer, `linearised` below. This and the following are empty unless
        /// lesions are zero where the word is predicted.
        direct: Option<Directness>,
        /// The fall of the right word's logit if what the neuron writes where it is predicted is
        /// taken away, and no later attention or MLP reacts.
        direct_logit_drop: Option<f64>,
        /// The same of the right word's logit less that of the candidate that is strongest against
        /// it in the plain pass.
        direct_margin_drop: Option<f64>,
    }

    pub struct StabilityRow in "stability.csv":
        "a layer and label: how far its neurons and their effect depend on the stimuli" {
        /// The layer.
        layer: usize,
        /// The label.
        neuron_set: String,
        /// How many neurons are selected: as many as in the matched set, each time the strongest.
        neurons: usize,
        /// Number of resamples of the stimuli, drawn with replacement.
        resamples: usize,
        /// Mean Dice coefficient of the matched set and a set that is selected on a resample: twice
        /// the number of common neurons, divided by both sizes together.
        dice: f64,
        /// The Dice coefficient of two random sets of these sizes.
        dice_chance: f64,
        /// Mean margin drop of the matched set.
        margin_drop: f64,
        /// Lower end of the range that holds 95 % of the drops of the sets selected on resamples.
        drop_low: Option<f64>,
        /// Upper end of that range.
        drop_high: Option<f64>,
        /// Lower end of the 95 % interval of the drop minus the mean drop of `random` sets, if
        /// stimuli, templates and random sets are resampled together; empty with fewer than 10
        /// templates.
        joint_low: Option<f64>,
        /// Upper end of that interval.
        joint_high: Option<f64>,
        /// Mean effect size, in the direction of the label, of neurons selected on a random half of the
        /// stimuli, on this half. Mean of both halves.
        effect_selected: f64,
        /// The same on the other half: without the selection's own bias.
        effect_cross_fitted: f64,
        /// Mean margin drop of the sets selected on either half.
        drop_cross_fitted: f64,
    }

    pub struct SelectorRow in "selectors.csv":
        "a label, a way to choose its neurons, and how many are chosen" {
        /// The layer.
        layer: usize,
        /// The label.
        neuron_set: String,
        /// How the neurons are chosen; see below.
        selector: Selector,
        /// How many are chosen, the strongest first.
        neurons: usize,
        /// Number of prompts.
        prompts: usize,
        /// Dice coefficient of the chosen set and that of `t`.
        dice_t: f64,
        /// Mean logit drop of the chosen set.
        logit_drop: f64,
        /// Mean margin drop.
        margin_drop: f64,
        /// Lower end of its 95 % interval over templates; empty with fewer than 10.
        margin_low: Option<f64>,
        /// Upper end of that interval.
        margin_high: Option<f64>,
        /// Mean margin drop minus that of the set that `t` chooses.
        beyond_t: f64,
        /// Lower end of its 95 % interval over templates.
        beyond_t_low: Option<f64>,
        /// Upper end of that interval.
        beyond_t_high: Option<f64>,
        /// Number of random sets of this size.
        random_sets: usize,
        /// Lower end of the range that holds 95 % of their mean margin drops.
        random_low: Option<f64>,
        /// Upper end of that range.
        random_high: Option<f64>,
        /// Share of held-out stimuli whose side the probe predicts; of `probe` only.
        probe_accuracy: Option<f64>,
    }

    pub struct SpecificityRow in "specificity.csv":
        "a layer and label: how far its lesion moves whole distributions" {
        /// The layer.
        layer: usize,
        /// The label of the lesioned neurons.
        neuron_set: String,
        /// `prompts`, the prompts of the label, or `bystanders`, those of `controls.bystanders`.
        read_at: ReadAt,
        /// How many neurons were lesioned.
        neurons: usize,
        /// Number of prompts, one for each word that is predicted.
        prompts: usize,
        /// Mean Kullback-Leibler divergence of the lesioned distribution over the vocabulary from the
        /// plain one, in nats. If sentences are scored, a prompt's is the mean over all of its predictions.
        divergence: f64,
        /// In how many prompts another word is on top, at any token if sentences are scored.
        top_changes: usize,
        /// Random sets of the whole layer that the lesion is compared with: at most 100.
        random_sets: usize,
        /// Lower end of the range that holds 95 % of their mean divergences.
        random_low: Option<f64>,
        /// Upper end of that range.
        random_high: Option<f64>,
        /// Mean number of prompts in which they change the top word.
        random_top_changes: Option<f64>,
    }

    pub struct DynamicRow in "dynamic.csv": "a prompt lesioned in the pass that selects" {
        /// `single`, `up`, `down` or `given`, as in `joint.csv`.
        pattern: PatternKind,
        /// The lesioned layers, separated by spaces.
        layers: String,
        /// The template, as an index into the prompts file.
        prompt: usize,
        /// The position at which the word is predicted.
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
    /// The layer and label: `5 (her)`, or `4 (all her)` for all labelled neurons.
    #[must_use]
    pub fn name(&self) -> String {
        match self.sets {
            SetChoice::Lesioned => format!("{} ({})", self.layer, self.neuron_set),
            SetChoice::Labelled => format!("{} (all {})", self.layer, self.neuron_set),
        }
    }

    /// The interval of the margin drop.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.margin_low.zip(self.margin_high)
    }

    /// Mean drops of a kind that has one set.
    #[must_use]
    pub fn drops(&self, kind: SetKind) -> Measured<Option<f64>> {
        let (logit, margin) = match kind {
            SetKind::Matched => (Some(self.logit_drop), Some(self.margin_drop)),
            SetKind::Swapped => (self.swapped_logit_drop, self.swapped_margin_drop),
            SetKind::LeastTuned => (self.least_tuned_logit_drop, self.least_tuned_margin_drop),
            SetKind::Random
            | SetKind::RandomActive
            | SetKind::RandomDisplaced
            | SetKind::Reselected => (None, None),
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

    /// The same of the `random-active` sets. `None` if these are not as active as the matched set, or
    /// mostly the same neurons.
    #[must_use]
    pub fn as_active(&self) -> Measured<Option<Range>> {
        if !self.has_active_alikes() {
            return Measured { logit: None, margin: None };
        }
        Measured {
            logit: self.random_active_logit_low.zip(self.random_active_logit_high),
            margin: self.random_active_margin_low.zip(self.random_active_margin_high),
        }
    }

    /// The range that holds 95 % of the mean margin drops of the `random-displaced` sets. `None` if
    /// these do not displace as much as the matched set, or are mostly the same neurons.
    #[must_use]
    pub fn as_displaced(&self) -> Option<Range> {
        if !self.has_displaced_alikes() {
            return None;
        }
        self.random_displaced_margin_low.zip(self.random_displaced_margin_high)
    }

    /// Whether other neurons are as active as the matched ones.
    #[must_use]
    pub fn has_active_alikes(&self) -> bool {
        are_alike(self.activity_ratio, self.activity_shared)
    }

    /// Whether other neurons displace as much as the matched ones.
    #[must_use]
    pub fn has_displaced_alikes(&self) -> bool {
        are_alike(self.displacement_ratio, self.displacement_shared)
    }

    /// The largest p of the comparisons that count for the verdict.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        let mut p = self.p_random?;
        if let Some(p_random_active) = self.p_random_active.filter(|_| self.has_active_alikes()) {
            p = p.max(p_random_active);
        }
        // The other comparisons were made.
        if let Some(p_random_displaced) = self.p_random_displaced {
            let displaced = if self.has_displaced_alikes() {
                p_random_displaced
            } else {
                // A set that displaces nothing has no drop per displacement, and none to show.
                self.p_per_displacement.unwrap_or(1.0)
            };
            p = p.max(displaced);
        }
        Some(p)
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

impl StabilityRow {
    /// The range of the drops of sets selected on resampled stimuli.
    #[must_use]
    pub fn drops(&self) -> Option<Range> {
        self.drop_low.zip(self.drop_high)
    }

    /// The interval of the drop beyond random sets, over stimuli, templates and random sets.
    #[must_use]
    pub fn joint_interval(&self) -> Option<Range> {
        self.joint_low.zip(self.joint_high)
    }
}

impl SelectorRow {
    /// The interval of the margin drop.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.margin_low.zip(self.margin_high)
    }

    /// The interval of the margin drop beyond that of `t`.
    #[must_use]
    pub fn beyond_t_interval(&self) -> Option<Range> {
        self.beyond_t_low.zip(self.beyond_t_high)
    }

    /// The range that holds 95 % of the margin drops of random sets.
    #[must_use]
    pub fn random(&self) -> Option<Range> {
        self.random_low.zip(self.random_high)
    }
}

impl SpecificityRow {
    /// The range that holds 95 % of the divergences of random sets.
    #[must_use]
    pub fn random(&self) -> Option<Range> {
        self.random_low.zip(self.random_high)
    }
}

impl DissociationRow {
    /// The interval of the difference.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.low.zip(self.high)
    }

    /// The interval of the sum of both drops.
    #[must_use]
    pub fn interval_of_both(&self) -> Option<Range> {
        self.both_low.zip(self.both_high)
    }
}

impl DoseRow {
    /// The interval of the mean margin drop.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.margin_low.zip(self.margin_high)
    }
}

impl JointRow {
    /// The interval of the synergy.
    #[must_use]
    pub fn interval(&self) -> Option<Range> {
        self.synergy_low.zip(self.synergy_high)
    }

    /// The range that holds 95 % of the synergies of random sets.
    #[must_use]
    pub fn random(&self) -> Option<Range> {
        self.random_low.zip(self.random_high)
    }

    /// How many layers are lesioned together.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.layers.split_whitespace().count()
    }
}
