//! Planted worlds: checkpoints of BERT with known neurons for him and her, in ten ways that an inference
//! about such neurons can go right or wrong.
//!
//! All worlds are one random model ([`world_checkpoint`]) that knows the right word from a noun in the
//! sentence, with a mean margin of about 4 logits. They differ in their planted neurons: in whether
//! these respond at the visible word, where they are active, and what they write. The other neurons
//! respond to everything a little and write a little. The random seed was chosen so that a study finds
//! nothing among them.

mod seeded_numbers;
mod world_checkpoint;
mod world_texts;

use std::{fs, path::Path};

use seeded_numbers::SeededNumbers;
use world_checkpoint::{LAYERS, NEURONS, Reads, WorldCheckpoint};

/// Pairs of stimuli.
const PAIRS: usize = 40;
/// Prompts of each label, each with a template of its own.
const PROMPTS: usize = 24;
/// Size of a planted set: nearly the tenth of a layer that a study lesions by default.
const SET: usize = 24;

pub(crate) const LABELS: [&str; 2] = ["him", "her"];

/// Planted neurons of a model. Where a variant describes those for him, those for her are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// The him neurons are active only at the masks of him, and write him there.
    Causal,
    /// They respond in the same way and write nothing.
    Nothing,
    /// The strongest responders write nothing. The causal ones respond more weakly, and there are more
    /// than a study lesions.
    InertOutrank,
    /// The causal neurons do not respond at the visible word. Others do, and write nothing.
    SilentAtWord,
    /// Two layers write the same content, and the model needs it once.
    RedundantCopies,
    /// Half of the responders write him, and as many with the same activations write against him.
    CancellingPairs,
    /// Neurons of the next layer write what is missing after a lesion.
    SelfRepair,
    /// The him neurons are as active at the masks of her, and write him there too.
    Prior,
    /// One of twelve responders writes everything.
    OneOfTwelve,
    /// The him neurons are active only at the masks of him, and write against him.
    Suppressor,
}

/// Planted neurons of one layer with one task, equally many for him and for her.
struct Group {
    name: &'static str,
    layer: usize,
    size: usize,
    reads: Reads,
    /// Logits by which all neurons of a label raise the margin at the masks of that label.
    margin: f32,
}

/// Effects of a lesion of all neurons of some groups and one label, at the mask. Both are means over
/// the prompts of a label, and about the same for both labels.
pub(crate) struct Truth {
    pub(crate) groups: &'static [&'static str],
    /// Margin drop in the prompts of the neurons' label.
    pub(crate) matched_drop: f64,
    /// Margin drop in the prompts of the other label.
    pub(crate) swapped_drop: f64,
}

/// Active at the visible word and at the masks of its label.
const RESPONDER: Reads = Reads { visible: 3.0, gender: 3.0, content: 0.0, bias: -0.5, noise: 0.4 };
/// Active at the visible word, and at the masks of both labels.
const BIASED: Reads = Reads { gender: 0.0, bias: 2.5, ..RESPONDER };
/// Active at the masks of its label if the layer below has not written its content.
const REPAIRING: Reads = Reads { visible: 0.0, gender: 6.5, content: -6.2, bias: -2.5, noise: 0.0 };

impl World {
    pub(crate) const ALL: [Self; 10] = [
        Self::Causal,
        Self::Nothing,
        Self::InertOutrank,
        Self::SilentAtWord,
        Self::RedundantCopies,
        Self::CancellingPairs,
        Self::SelfRepair,
        Self::Prior,
        Self::OneOfTwelve,
        Self::Suppressor,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Causal => "causal",
            Self::Nothing => "nothing",
            Self::InertOutrank => "inert-outrank",
            Self::SilentAtWord => "silent-at-word",
            Self::RedundantCopies => "redundant-copies",
            Self::CancellingPairs => "cancelling-pairs",
            Self::SelfRepair => "self-repair",
            Self::Prior => "prior",
            Self::OneOfTwelve => "one-of-twelve",
            Self::Suppressor => "suppressor",
        }
    }

    fn groups(self) -> Vec<Group> {
        let stronger = Reads { noise: 0.2, ..RESPONDER };
        let weaker = Reads { visible: 0.8, ..RESPONDER };
        let silent = Reads { visible: 0.0, ..RESPONDER };
        let precise = Reads { noise: 0.1, ..RESPONDER };
        let groups = match self {
            Self::Causal => vec![("causal", 2, SET, RESPONDER, 2.4)],
            Self::Nothing => vec![("inert", 2, SET, RESPONDER, 0.0)],
            Self::InertOutrank => {
                vec![("inert", 2, SET + 2, stronger, 0.0), ("causal", 2, 40, weaker, 2.4)]
            }
            Self::SilentAtWord => {
                vec![("inert", 2, SET, RESPONDER, 0.0), ("causal", 2, SET, silent, 2.4)]
            }
            Self::RedundantCopies => {
                vec![("lower", 1, SET, RESPONDER, 2.6), ("upper", 2, SET, RESPONDER, 2.5)]
            }
            Self::CancellingPairs => vec![
                ("writers", 2, SET / 2, RESPONDER, 2.4),
                ("opponents", 2, SET / 2, RESPONDER, -2.4),
            ],
            Self::SelfRepair => {
                vec![("causal", 2, SET, RESPONDER, 4.1), ("repair", 3, SET, REPAIRING, 3.2)]
            }
            Self::Prior => vec![("biased", 2, SET, BIASED, 2.4)],
            Self::OneOfTwelve => {
                vec![("causal", 2, 1, precise, 2.4), ("inert", 2, 11, precise, 0.0)]
            }
            Self::Suppressor => vec![("suppressor", 2, SET, RESPONDER, -2.4)],
        };
        groups
            .into_iter()
            .map(|(name, layer, size, reads, margin)| Group { name, layer, size, reads, margin })
            .collect()
    }

    /// Lesions and their effects. In the prompts of the other label the neurons are silent, but for
    /// [`World::Prior`].
    pub(crate) fn truths(self) -> Vec<Truth> {
        let truths: &[(&[&str], f64, f64)] = match self {
            Self::Causal => &[(&["causal"], 2.4, 0.0)],
            Self::Nothing => &[(&["inert"], 0.0, 0.0)],
            Self::InertOutrank | Self::SilentAtWord | Self::OneOfTwelve => {
                &[(&["inert"], 0.0, 0.0), (&["causal"], 2.4, 0.0)]
            }
            // Each layer writes more than the model can use, so both together do less than twice that.
            Self::RedundantCopies => {
                &[(&["lower"], 0.0, 0.0), (&["upper"], 0.0, 0.0), (&["lower", "upper"], 2.0, 0.0)]
            }
            Self::CancellingPairs => &[
                (&["writers"], 2.4, 0.0),
                (&["opponents"], -2.4, 0.0),
                (&["writers", "opponents"], 0.0, 0.0),
            ],
            // If nothing repairs it, the lesion has its direct effect.
            Self::SelfRepair => &[
                (&["causal"], 0.2, 0.0),
                (&["repair"], 0.0, 0.0),
                (&["causal", "repair"], 4.1, 0.0),
            ],
            Self::Prior => &[(&["biased"], 2.4, -2.4)],
            Self::Suppressor => &[(&["suppressor"], -2.4, 0.0)],
        };
        truths
            .iter()
            .map(|&(groups, matched_drop, swapped_drop)| Truth {
                groups,
                matched_drop,
                swapped_drop,
            })
            .collect()
    }

    /// Groups that a study selects in their layers.
    pub(crate) fn selected(self) -> &'static [&'static str] {
        match self {
            Self::Causal | Self::SelfRepair => &["causal"],
            Self::Nothing | Self::InertOutrank | Self::SilentAtWord => &["inert"],
            Self::RedundantCopies => &["lower", "upper"],
            Self::CancellingPairs => &["writers", "opponents"],
            Self::Prior => &["biased"],
            Self::OneOfTwelve => &["causal", "inert"],
            Self::Suppressor => &["suppressor"],
        }
    }

    /// Place where the study selects neurons, a value of `selection.at`.
    pub(crate) fn select_at(self) -> &'static str {
        match self {
            Self::RedundantCopies | Self::SelfRepair => "masked",
            _ => "visible",
        }
    }

    /// Highest layer with selected groups.
    pub(crate) fn layer(self) -> usize {
        self.selected().iter().map(|name| self.group_layer(name)).max().unwrap()
    }

    pub(crate) fn group_layer(self, name: &str) -> usize {
        self.groups().iter().find(|group| group.name == name).unwrap().layer
    }

    /// Neurons of a group and a label, in order.
    pub(crate) fn neurons(self, name: &str, label: &str) -> Vec<usize> {
        let mut next = [0; LAYERS];
        for group in self.groups() {
            let mut start = next[group.layer];
            next[group.layer] += 2 * group.size;
            if group.name == name {
                if label == LABELS[1] {
                    start += group.size;
                }
                let order = SeededNumbers::new(50 + group.layer as u64).order(NEURONS);
                let mut neurons = order[start..start + group.size].to_vec();
                neurons.sort_unstable();
                return neurons;
            }
        }
        panic!("{} has no group {name}", self.name())
    }

    pub(crate) fn stimuli(self) -> String {
        if self.select_at() == "visible" {
            world_texts::visible_stimuli(PAIRS)
        } else {
            world_texts::context_stimuli(PAIRS)
        }
    }

    /// Prompts, the same in every world.
    pub(crate) fn prompts() -> String {
        world_texts::prompts(PROMPTS)
    }

    /// The same prompts, each with a counterpart.
    pub(crate) fn context_prompts() -> String {
        world_texts::context_prompts(PROMPTS)
    }

    /// Study of all layers, beside `model`, `stimuli.txt` and `prompts.txt`.
    pub(crate) fn study(self) -> String {
        let sets = if self == Self::OneOfTwelve { "sets = { top = 12 }\n" } else { "" };
        let (at, layer) = (self.select_at(), self.layer());
        format!(
            "model = \"model\"\nstimuli = \"stimuli.txt\"\nprompts = \"prompts.txt\"\n\
             parts = [\"controls\", \"joint\"]\n\n[selection]\nat = \"{at}\"\n\n\
             [lesion]\nlayer = {layer}\n{sets}"
        )
    }

    /// Writes the study as `study.toml`, with its model and texts, into a folder.
    pub(crate) fn write_study(self, dir: &Path) {
        self.write(&dir.join("model"));
        fs::write(dir.join("stimuli.txt"), self.stimuli()).unwrap();
        fs::write(dir.join("prompts.txt"), Self::prompts()).unwrap();
        fs::write(dir.join("study.toml"), self.study()).unwrap();
    }

    /// Writes the checkpoint in Hugging Face format.
    pub(crate) fn write(self, dir: &Path) {
        let mut checkpoint = WorldCheckpoint::new(self == Self::RedundantCopies);
        for group in self.groups() {
            for label in LABELS {
                // The same for every group, so that the neurons of two groups can be alike.
                let mut random = SeededNumbers::new(if label == LABELS[0] { 31 } else { 32 });
                let neurons = self.neurons(group.name, label);
                let shares: Vec<f32> = neurons.iter().map(|_| random.between(0.5, 1.5)).collect();
                let total: f32 = shares.iter().sum();
                for (&neuron, share) in neurons.iter().zip(shares) {
                    let margin = group.margin * share / total;
                    let reads = group.reads;
                    checkpoint.plant(group.layer, neuron, label, reads, margin, &mut random);
                }
            }
        }
        checkpoint.write(dir);
    }
}
