//! Every setting of a study, declared once: key, documentation, type, default and options.

pub(crate) mod choices;
pub(crate) mod index_ranges;
pub(crate) mod may_differ;
mod settings_macro;
mod study_file;
pub(crate) mod sweep;
pub(crate) mod values;

use std::ffi::OsStr;

use serde::{Deserialize, Serialize};

pub use settings_macro::{OptionForm, Section, Setting, SettingError};
pub use study_file::in_users_words;

use crate::part_tables::Part;
use choices::{
    Backend, Correction, Scope, ScoreUnit, SelectAt, SharedLayers, Site, Strength, TTestKind,
    ValuesFrom,
};
use index_ranges::{IndexRanges, LayerGroups};
use settings_macro::{setting, settings, unset};
use values::{
    Alpha, Count, FilePath, HeldOut, InvalidValue, LesionKind, SetRule, SettingValue, Share, Sizes,
    Tokens,
};

settings! {
    /// Everything that a study decides. Paths in a file are relative to its folder.
    pub struct Study in "" {
        /// A language model: a checkpoint folder, or its name on the Hugging Face hub,
        /// `owner/name[@revision]`, from where it is downloaded once.
        model: Option<FilePath> => unset("the bundled model")
            .example("google-bert/bert-base-uncased").option("model", "MODEL"),
        /// Random seed of weights that replace the model's, drawn as `transformers` initialises them:
        /// a control, because an untrained model knows nothing about the contrast.
        untrained: Option<u64> => unset("the model's own weights").example("1").option("untrained", "SEED"),
        /// Minimal pairs, one template per line: `The dog followed {him|her} home.` Or single
        /// sentences: `The dog followed {him} home.`
        stimuli: Option<FilePath> =>
            unset("bundled pairs, or bundled context pairs to select at the masked target")
            .example("pairs.txt").option("stimuli", "FILE"),
        /// Prompts, with the right word first: `We thanked {her|him}.`
        prompts: Option<FilePath> => unset("the paper's two")
            .example("prompts.txt").option("prompts", "FILE"),
        /// Score by which the candidates of a prompt are compared. `word`: the word's logit.
        /// `sentence`: the sum of the log probabilities of all tokens of the sentence with the candidate, which
        /// may then be several words.
        score: ScoreUnit => setting("word").option("score", "UNIT"),
        /// Compute backend; `wgpu` and `cuda` run on a GPU. A plain build has `flex` only; `cargo
        /// xtask` also builds in the backend that an option or the study file asks for.
        backend: Backend => setting("flex").option("backend", "BACKEND"),
        /// Random seed of all random sets, relabellings, resamples and splits.
        seed: u64 => setting("0").option("seed", "N"),
        /// The parts of the laboratory to run. `[]`, as an option `none`, runs no part.
        parts: Option<Vec<Part>> => unset("all that can run")
            .example("[\"controls\", \"dose\"]").option("parts", "LIST"),
    } with {
        /// How neurons are selected.
        selection: SelectionSettings,
        /// What is lesioned, and how.
        lesion: LesionSettings,
        /// Control sets.
        controls: ControlsSettings,
        /// Lesions of several layers.
        joint: JointSettings,
        /// Lesions of more and more neurons.
        dose: DoseSettings,
        /// Lesions of single neurons.
        causal: CausalSettings,
        /// Selections on other stimuli.
        stability: StabilitySettings,
        /// Other ways to choose neurons.
        selectors: SelectorsSettings,
        /// Intervals.
        bootstrap: BootstrapSettings,
    }
}

settings! {
    /// How neurons are selected.
    pub struct SelectionSettings in "selection" {
        /// Target at which neurons are tested: the visible word, as in the paper, or the place where it is
        /// predicted, in context pairs: `{The king|The queen} smiled when we greeted {him|her}.`
        at: SelectAt => setting("visible").option("select-at", "TARGET"),
        /// Site at which neurons are tested: before the activation function (GELU in BERT), as in the
        /// paper, or after it, where lesions are by default.
        site: Site => setting("pre").option("select-site", "SITE"),
        /// The t-test of each neuron; single sentences cannot be paired.
        test: Option<TTestKind> => unset("paired for pairs, welch for single sentences")
            .example("student").option("test", "TEST"),
        /// Correction of p for the number of tests; `max-t` is by permutation.
        correction: Correction => setting("bh").option("correction", "CORRECTION"),
        /// The tests that are corrected together: those of each layer, or of the whole model.
        scope: Scope => setting("layer").option("scope", "SCOPE"),
        /// Whether the two directions are corrected separately, with one-sided p. This bounds the
        /// error rate of each label.
        directional: bool => setting("false").switch("directional"),
        /// A neuron is significant if its corrected p is at most this.
        alpha: Alpha => setting("0.05").option("alpha", "ALPHA"),
        /// Random relabellings for max-T; all of them if there are no more.
        permutations: Count<1, 10_000_000> => setting("10000").option("permutations", "N"),
        /// Share of the stimuli that are kept out of the selection, to test the selected neurons again.
        held_out: HeldOut => setting("0").option("held-out", "SHARE"),
    }
}

settings! {
    /// What is lesioned, and how.
    pub struct LesionSettings in "lesion" {
        /// The layer of the paper's lesion and, unless `dose.layers` or `causal.layers` names others, of
        /// the parts `dose` and `causal`, counted from 0. By default the parts look at the layer with the
        /// largest effect that the controls tell from random sets, if there is one.
        layer: Option<usize> => unset("three quarters of the way up: 4 of 6, 9 of 12")
            .example("9").option("layer", "N"),
        /// The layers of the parts `controls`, `joint` and `dynamic`.
        layers: IndexRanges => setting("all").option("layers", "LIST"),
        /// Significant neurons to lesion: the strongest of each label, equally many and at most a
        /// share of the layer; the strongest N of each label; or all.
        sets: SetRule => setting("share=0.1")
            .spelling("share", "SHARE", "share=",
                "Lesion equally many neurons of both labels, at most this share of a layer")
            .spelling("top", "N", "top=", "Lesion the strongest N neurons of each label")
            .flag("significant", "significant", "Lesion every significant neuron"),
        /// Measure of a neuron's strength in `sets`, doses and least-tuned controls: the size of t,
        /// or of the mean difference between the sides.
        strength: Strength => setting("t").option("strength", "MEASURE"),
        /// A `neuron_sets.json` whose sets are lesioned instead of those that are selected.
        neurons: Option<FilePath> => unset("none").example("neuron_sets.json")
            .option("neurons", "FILE"),
        /// New value of an activation: 0, its mean, its median or its value in a random sentence of
        /// `from`, its value in the prompt's counterpart, a multiple of it, or a number. Those that use
        /// other sentences need a study.
        kind: LesionKind => setting("zero").option("kind", "KIND"),
        /// Sentences that `mean`, `median` and `resample` take values from.
        from: ValuesFrom => setting("stimuli").option("from", "SENTENCES"),
        /// Site of the lesion: before or after the activation function, which is GELU in BERT.
        site: Site => setting("post").option("site", "SITE"),
        /// Tokens to lesion; `target` is the mask or, in a decoder, the token before the word.
        at: Tokens => setting("target").hyphen_option("at", "TOKENS"),
        /// Layers of a lesion if all layers share weights, as in ALBERT: that of the neuron, or every layer.
        shared: SharedLayers => setting("here").option("shared", "LAYERS"),
    }
}

settings! {
    /// Control sets.
    pub struct ControlsSettings in "controls" {
        /// Random sets of each kind that lesions are compared with.
        nulls: Option<Count<1, 100_000>> => unset("25 per tested claim, so that a corrected p can be 0.04")
            .example("1000").option("nulls", "N"),
        /// Prompts about other things, for the part `specificity`: how far does a lesion move their
        /// distributions?
        bystanders: Option<FilePath> => unset("none").example("bystanders.txt")
            .option("bystanders", "FILE"),
        /// Whether every kind of random set is lesioned everywhere. By default kinds beyond the first
        /// are left out where they could not show an effect, because the first p is above 0.05.
        every_kind: bool => setting("false").switch("every-kind"),
        /// Whether to write the neurons of every random set, as `random_sets.csv`.
        save_sets: bool => setting("false").switch("save-sets"),
        /// Margin of equivalence, as a share of the mean margin without a lesion: an effect that is
        /// shown to differ from that of random sets by less is called no effect.
        equivalence: Share => setting("0.05").option("equivalence", "SHARE"),
    }
}

settings! {
    /// Lesions of several layers.
    pub struct JointSettings in "joint" {
        /// Groups of layers to lesion together, besides those that grow from the bottom and from
        /// the top: `[[0, 3], "2-4"]`.
        layers: LayerGroups => setting("none"),
    }
}

settings! {
    /// Lesions of more and more neurons.
    pub struct DoseSettings in "dose" {
        /// The layers.
        layers: Option<IndexRanges> => unset("one, see `lesion.layer`").example("3-5"),
        /// Sizes of the sets; empty for 1, 2, 4 and so on up to all that carry the label. A size
        /// above that is left out.
        sizes: Sizes => setting("none"),
        /// Random sets of each size.
        draws: Count<1, 10_000> => setting("10"),
    }
}

settings! {
    /// Lesions of single neurons.
    pub struct CausalSettings in "causal" {
        /// The layers.
        layers: Option<IndexRanges> => unset("one, see `lesion.layer`").example("3-5"),
    }
}

settings! {
    /// Selections on other stimuli.
    pub struct StabilitySettings in "stability" {
        /// Resamples of the stimuli.
        resamples: Count<10, 10_000> => setting("100"),
    }
}

settings! {
    /// Other ways to choose neurons.
    pub struct SelectorsSettings in "selectors" {
        /// Sizes of the sets; empty for 1, 2, 4 and so on up to that of the label's lesioned set.
        sizes: Sizes => setting("none"),
        /// Random sets of each size.
        draws: Count<1, 10_000> => setting("40"),
    }
}

settings! {
    /// Intervals.
    pub struct BootstrapSettings in "bootstrap" {
        /// Resamples of the templates for each interval.
        draws: Count<1_000, 1_000_000> => setting("10000"),
    }
}

impl SelectionSettings {
    /// The t-test of each neuron, for stimuli that are pairs or not.
    #[must_use]
    pub fn test_of(&self, paired: bool) -> TTestKind {
        let default = if paired { TTestKind::Paired } else { TTestKind::Welch };
        self.test.unwrap_or(default)
    }
}

impl Study {
    /// Sets one setting from an option's text.
    ///
    /// # Errors
    /// If there is no such key, or the text is not a value of it.
    pub fn set(&mut self, key: &str, text: impl AsRef<OsStr>) -> Result<(), SettingError> {
        match self.assign(key, text.as_ref()) {
            Some(result) => Ok(result?),
            None => Err(SettingError::NoSuchKey { key: key.to_owned() }),
        }
    }

    /// The study without its paths: the contents they lead to are known by their hashes.
    #[must_use]
    pub fn without_paths(&self) -> Self {
        let mut study = self.clone();
        study.model = None;
        for path in study.text_paths() {
            *path = None;
        }
        study
    }

    /// The path of every text file that a study may name.
    fn text_paths(&mut self) -> [&mut Option<FilePath>; 4] {
        [
            &mut self.stimuli,
            &mut self.prompts,
            &mut self.lesion.neurons,
            &mut self.controls.bystanders,
        ]
    }
}
