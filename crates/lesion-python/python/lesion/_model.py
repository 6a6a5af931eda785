"""Models."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._arguments import (
    Lines,
    NeuronChoice,
    lesion_argument,
    neuron_texts,
    setting_values,
    text_argument,
)
from ._errors import MissingPackageError, SettingError
from ._lesion import ActivationArray, OpenedModel
from ._progress import Progress
from ._table import Table

if TYPE_CHECKING:
    import numpy
    import numpy.typing
    from typing_extensions import Unpack

    from ._settings import SelectionSettings

_MOST_TOP = 1000


def load_model(
    name: str | os.PathLike[str] | None = None,
    *,
    untrained: int | None = None,
    progress: bool = True,
) -> Model:
    """Opens a model of a supported family.

    Parameters
    ----------
    name
        A checkpoint folder, or a name on the Hugging Face hub, ``owner/name[@revision]``, from where it is
        downloaded once. By default the bundled model, which needs no network.
    untrained
        A random seed: the weights are drawn anew, as a control.
    progress
        Whether to show a progress bar, if ``tqdm`` is installed.

    """
    with Progress(progress) as report:
        return Model(OpenedModel.open(name, untrained, report))


class Model:
    """A model that stays loaded. :func:`load_model` opens one; threads can share it.

    Neurons are given by layer, counted from 0: ``{4: [7, 12]}``, ``{4: "0-99"}``, ``{"all": "her"}``, or
    as on the command line, ``"4:7,12"``. A label such as ``"her"`` stands for the neurons that the
    bundled pairs select, or for those of the file ``sets``, a ``neuron_sets.json``.
    """

    def __init__(self, native: OpenedModel) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """The name in results: a path, ``bundled``, or a name and commit on the hub."""
        return self._native.name

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self._native.shape[0]

    @property
    def neurons(self) -> int:
        """Number of MLP neurons in each layer."""
        return self._native.shape[1]

    def __repr__(self) -> str:
        return f"<lesion.Model {self.name}: {self.layers} layers of {self.neurons} neurons>"

    def predict(
        self,
        sentences: str | Sequence[str],
        candidates: Sequence[str] = (),
        *,
        lesion: NeuronChoice | None = None,
        sets: str | os.PathLike[str] | None = None,
        kind: str | Mapping[str, float] = "zero",
        site: str = "post",
        at: str | Iterable[int] = "target",
        shared: str = "here",
        patch: str | None = None,
        top: int = 10,
    ) -> Table:
        """Predicts the masked words of a sentence, or of many side by side.

        Parameters
        ----------
        sentences
            A sentence with ``[MASK]`` for each word to predict, or a list of them.
        candidates
            The words to rate. By default the ``top`` words of the vocabulary.
        lesion
            Neurons to lesion.
        sets
            A ``neuron_sets.json`` that labels refer to.
        kind
            The new value of an activation: ``"zero"``, ``"mean"``, ``"median"``, or ``{"scale": 0.5}``.
        site
            Before or after the activation function: ``"pre"`` or ``"post"``.
        at
            The tokens: ``"target"``, the mask; ``"all"``; or distances from the mask, ``[-1, 0]``.
        shared
            The layers, if all layers share weights, as in ALBERT: ``"here"``, that of the neuron, or
            ``"everywhere"``, every layer.
        patch
            A sentence with a mask: the neurons take their activations at it, whatever the kind.
        top
            Number of words per mask without candidates.

        Returns
        -------
        Table
            One row per word and mask: ``position``, ``candidate``, ``logit``, ``prob`` and ``rank``, and
            with a lesion ``logit_lesioned``, ``logit_drop``, ``prob_lesioned`` and ``rank_lesioned``. For a
            list, ``sentence`` comes first, counted from 0.

        """
        if not 1 <= top <= _MOST_TOP:
            raise SettingError(f"`top` is {top}; use an integer from 1 to {_MOST_TOP}")
        request = None
        if lesion is not None:
            request = lesion_argument(
                lesion, sets=sets, kind=kind, site=site, at=at, shared=shared, patch=patch
            )
        numbered = not isinstance(sentences, str)
        texts = [sentences] if isinstance(sentences, str) else list(sentences)
        with Progress(False) as report:
            return Table(
                self._native.predict(texts, numbered, list(candidates), top, request, report)
            )

    def lesion(
        self,
        sentences: str | Sequence[str],
        neurons: NeuronChoice,
        candidates: Sequence[str] = (),
        **options: Any,
    ) -> Table:
        """Predicts with neurons lesioned: :meth:`predict` with ``lesion=neurons`` and these options."""
        return self.predict(sentences, candidates, lesion=neurons, **options)

    def patch(
        self,
        sentences: str | Sequence[str],
        source: str,
        neurons: NeuronChoice,
        candidates: Sequence[str] = (),
        **options: Any,
    ) -> Table:
        """Predicts with neurons set to their activations at the first mask of ``source``."""
        return self.predict(sentences, candidates, lesion=neurons, patch=source, **options)

    def each(
        self,
        sentence: str,
        neurons: NeuronChoice,
        candidates: Sequence[str] = (),
        *,
        sets: str | os.PathLike[str] | None = None,
        kind: str | Mapping[str, float] = "zero",
        site: str = "post",
        at: str | Iterable[int] = "target",
        shared: str = "here",
        patch: str | None = None,
    ) -> Table:
        """Lesions each neuron by itself, at each mask of a sentence.

        Returns
        -------
        Table
            One row per neuron and mask, the largest change of the margin first: ``position``, ``word``,
            ``layer``, ``neuron``, ``pre``, ``post``, ``logit_drop``, ``margin_drop``, and the direct effect of
            the neuron, ``direct``, ``direct_logit_drop`` and ``direct_margin_drop``. The word is the first
            candidate, or the model's top word.

        """
        request = lesion_argument(
            neurons, sets=sets, kind=kind, site=site, at=at, shared=shared, patch=patch
        )
        with Progress(True) as report:
            return Table(self._native.each(sentence, list(candidates), request, report))

    def view(self, sentence: str, neurons: NeuronChoice) -> Table:
        """The activations of neurons at every token of a sentence.

        ``{4: "top20"}`` takes the 20 neurons that are most active at the first mask.

        Returns
        -------
        Table
            One row per neuron and token: ``layer``, ``neuron``, ``position``, ``token``, ``pre`` and ``post``.

        """
        with Progress(False) as report:
            return Table(self._native.view(sentence, neuron_texts(neurons), report))

    def activations(
        self, sentences: str | Sequence[str], *, at: str | int = "[MASK]", site: str = "post"
    ) -> numpy.typing.NDArray[numpy.float32]:
        """The activations of every neuron at one token of each sentence, without a copy.

        Parameters
        ----------
        sentences
            The sentences.
        at
            ``"[MASK]"``, the first mask; a word, the first token of it; or a position, where ``[CLS]`` is 0
            and the last token -1.
        site
            Before or after the activation function: ``"pre"`` or ``"post"``.

        Returns
        -------
        numpy.ndarray
            ``[sentence, layer, neuron]``, of type float32.

        """
        try:
            import numpy
        except ImportError:
            raise MissingPackageError("activations needs numpy: pip install numpy") from None
        return numpy.asarray(self._activation_array(sentences, at, site))

    def _activation_array(
        self, sentences: str | Sequence[str], at: str | int, site: str
    ) -> ActivationArray:
        texts = [sentences] if isinstance(sentences, str) else list(sentences)
        with Progress(True) as report:
            return self._native.activations(texts, at, site, report)

    def select(
        self,
        stimuli: Lines | None = None,
        *,
        seed: int = 0,
        **settings: Unpack[SelectionSettings],
    ) -> Selection:
        """Tests every neuron for a difference between the two sides of stimuli.

        Parameters
        ----------
        stimuli
            Templates such as ``"The dog followed {him|her} home."``, in a list or a file. By default the
            bundled pairs.
        seed
            The random seed of max-T's relabellings.
        settings
            The settings of ``selection`` in a study, such as ``test``, ``correction`` and ``alpha``.

        Returns
        -------
        Selection
            One row per neuron: ``layer``, ``neuron``, ``t``, ``df``, ``p``, ``q``, ``effect``, ``label`` and
            more, as in ``neurons.csv``.

        """
        values = [("seed", str(int(seed))), *setting_values({"selection": settings})]
        with Progress(True) as report:
            columns, labels = self._native.select(text_argument(stimuli), values, report)
            return Selection(columns, labels)


class Selection(Table):
    """The tests of all neurons, one row each."""

    def __init__(self, columns: Any, labels: tuple[str, str]) -> None:
        super().__init__(columns)
        self._labels = (labels[0], labels[1])

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of sides a and b. A positive t means a larger activation on side a."""
        return self._labels

    def neurons(self, label: str, layer: int) -> list[int]:
        """The neurons of a layer that carry a label, for a lesion: ``{layer: neurons}``."""
        if label not in self.labels:
            raise SettingError(f"no neuron carries the label {label!r}; there are {self.labels}")
        cells = zip(self["layer"], self["neuron"], self["label"], strict=True)
        return [neuron for place, neuron, other in cells if place == layer and other == label]
