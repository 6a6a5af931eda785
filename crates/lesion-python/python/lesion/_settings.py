"""The settings of a study as keyword arguments, from their one declaration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

SettingValue = str | float | bool | os.PathLike[str] | Sequence[Any] | Mapping[str, Any] | None
"""A value as in a study file; ``None`` is the default."""


class SelectionSettings(TypedDict, total=False):
    """The settings of `selection`."""

    at: SettingValue
    """Target at which neurons are tested: the visible word, as in the paper, or the place where
    it is predicted, in context pairs: `{The king|The queen} smiled when we greeted
    {him|her}.` Value: `visible` or `masked`. By default `"visible"`."""

    site: SettingValue
    """Site at which neurons are tested: before the activation function (GELU in BERT), as in the
    paper, or after it, where lesions are by default. Value: `pre` or `post`. By default
    `"pre"`."""

    test: SettingValue
    """The t-test of each neuron; single sentences cannot be paired. Value: `paired`, `student`
    or `welch`. By default paired for pairs, welch for single sentences."""

    correction: SettingValue
    """Correction of p for the number of tests; `max-t` is by permutation. Value: `none`,
    `storey`, `bh`, `by`, `max-t`, `holm` or `bonferroni`. By default `"bh"`."""

    scope: SettingValue
    """The tests that are corrected together: those of each layer, or of the whole model. Value:
    `layer` or `model`. By default `"layer"`."""

    directional: SettingValue
    """Whether the two directions are corrected separately, with one-sided p. This bounds the
    error rate of each label. By default `false`."""

    alpha: SettingValue
    """A neuron is significant if its corrected p is at most this. Value: a number above 0 and
    below 1. By default `0.05`."""

    permutations: SettingValue
    """Random relabellings for max-T; all of them if there are no more. Value: an integer from 1
    to 10,000,000. By default `10000`."""

    held_out: SettingValue
    """Share of the stimuli that are kept out of the selection, to test the selected neurons
    again. Value: a number of at least 0 and below 1. By default `0.0`."""


_LesionSettings = TypedDict("_LesionSettings", {"from": SettingValue}, total=False)
"""Sentences that `mean`, `median` and `resample` take values from. Value: `stimuli`,
`prompts` or `other-prompts`. By default `"stimuli"`."""


class LesionSettings(_LesionSettings, total=False):
    """The settings of `lesion`."""

    layer: SettingValue
    """The layer of the paper's lesion and, unless `dose.layers` or `causal.layers` names others,
    of the parts `dose` and `causal`, counted from 0. By default the parts look at the layer
    with the largest effect that the controls tell from random sets, if there is one. By
    default three quarters of the way up: 4 of 6, 9 of 12."""

    layers: SettingValue
    """The layers of the parts `controls`, `joint` and `dynamic`. Value: numbers and ranges such
    as `0-5` or `0-2,4`, or `all`. By default `"all"`."""

    sets: SettingValue
    """Significant neurons to lesion: the strongest of each label, equally many and at most a
    share of the layer; the strongest N of each label; or all. Value: `significant`, `top=N`
    with N at least 1, or `share=S` with S above 0 and below 1, such as `share=0.1`. By
    default `{ share = 0.1 }`."""

    strength: SettingValue
    """Measure of a neuron's strength in `sets`, doses and least-tuned controls: the size of t,
    or of the mean difference between the sides. Value: `t` or `difference`. By default `"t"`."""

    neurons: SettingValue
    """A `neuron_sets.json` whose sets are lesioned instead of those that are selected. By
    default none."""

    kind: SettingValue
    """New value of an activation: 0, its mean, its median or its value in a random sentence of
    `from`, its value in the prompt's counterpart, a multiple of it, or a number. Those that
    use other sentences need a study. Value: `zero`, `mean`, `median`, `resample`, `patch`, or
    `scale=0.5` or `value=1.5` with a number from -10,000 to 10,000. By default `"zero"`."""

    site: SettingValue
    """Site of the lesion: before or after the activation function, which is GELU in BERT. Value:
    `pre` or `post`. By default `"post"`."""

    at: SettingValue
    """Tokens to lesion; `target` is the mask or, in a decoder, the token before the word. Value:
    `target`, `all`, or distances from the target such as `-1,0,1`. By default `"target"`."""

    shared: SettingValue
    """Layers of a lesion if all layers share weights, as in ALBERT: that of the neuron, or every
    layer. Value: `here` or `everywhere`. By default `"here"`."""


class ControlsSettings(TypedDict, total=False):
    """The settings of `controls`."""

    nulls: SettingValue
    """Random sets of each kind that lesions are compared with. Value: an integer from 1 to
    100,000. By default 25 per tested claim, so that a corrected p can be 0.04."""

    bystanders: SettingValue
    """Prompts about other things, for the part `specificity`: how far does a lesion move their
    distributions? By default none."""

    every_kind: SettingValue
    """Whether every kind of random set is lesioned everywhere. By default kinds beyond the first
    are left out where they could not show an effect, because the first p is above 0.05. By
    default `false`."""

    save_sets: SettingValue
    """Whether to write the neurons of every random set, as `random_sets.csv`. By default
    `false`."""

    equivalence: SettingValue
    """Margin of equivalence, as a share of the mean margin without a lesion: an effect that is
    shown to differ from that of random sets by less is called no effect. Value: a number
    above 0 and below 1. By default `0.05`."""


class JointSettings(TypedDict, total=False):
    """The settings of `joint`."""

    layers: SettingValue
    """Groups of layers to lesion together, besides those that grow from the bottom and from the
    top: `[[0, 3], "2-4"]`. Value: numbers and ranges such as `0-5` or `0-2,4`, or `all`. By
    default `[]`."""


class DoseSettings(TypedDict, total=False):
    """The settings of `dose`."""

    layers: SettingValue
    """The layers. Value: numbers and ranges such as `0-5` or `0-2,4`, or `all`. By default one,
    see `lesion.layer`."""

    sizes: SettingValue
    """Sizes of the sets; empty for 1, 2, 4 and so on up to all that carry the label. A size
    above that is left out. Value: integers of at least 1. By default `[]`."""

    draws: SettingValue
    """Random sets of each size. Value: an integer from 1 to 10,000. By default `10`."""


class CausalSettings(TypedDict, total=False):
    """The settings of `causal`."""

    layers: SettingValue
    """The layers. Value: numbers and ranges such as `0-5` or `0-2,4`, or `all`. By default one,
    see `lesion.layer`."""


class StabilitySettings(TypedDict, total=False):
    """The settings of `stability`."""

    resamples: SettingValue
    """Resamples of the stimuli. Value: an integer from 10 to 10,000. By default `100`."""


class SelectorsSettings(TypedDict, total=False):
    """The settings of `selectors`."""

    sizes: SettingValue
    """Sizes of the sets; empty for 1, 2, 4 and so on up to that of the label's lesioned set.
    Value: integers of at least 1. By default `[]`."""

    draws: SettingValue
    """Random sets of each size. Value: an integer from 1 to 10,000. By default `40`."""


class BootstrapSettings(TypedDict, total=False):
    """The settings of `bootstrap`."""

    draws: SettingValue
    """Resamples of the templates for each interval. Value: an integer from 1,000 to 1,000,000.
    By default `10000`."""


class StudySettings(TypedDict, total=False):
    """All settings of a study."""

    stimuli: SettingValue
    """Minimal pairs, one template per line: `The dog followed {him|her} home.` Or single
    sentences: `The dog followed {him} home.` By default bundled pairs, or bundled context
    pairs to select at the masked target."""

    prompts: SettingValue
    """Prompts, with the right word first: `We thanked {her|him}.` By default the paper's two."""

    score: SettingValue
    """Score by which the candidates of a prompt are compared. `word`: the word's logit.
    `sentence`: the sum of the log probabilities of all tokens of the sentence with the
    candidate, which may then be several words. Value: `word` or `sentence`. By default
    `"word"`."""

    seed: SettingValue
    """Random seed of all random sets, relabellings, resamples and splits. By default `0`."""

    parts: SettingValue
    """The parts of the laboratory to run. `[]`, as an option `none`, runs no part. Value:
    `controls`, `joint`, `dose`, `causal`, `stability`, `selectors`, `specificity` or
    `dynamic`. By default all that can run."""

    selection: SelectionSettings

    lesion: LesionSettings

    controls: ControlsSettings

    joint: JointSettings

    dose: DoseSettings

    causal: CausalSettings

    stability: StabilitySettings

    selectors: SelectorsSettings

    bootstrap: BootstrapSettings
