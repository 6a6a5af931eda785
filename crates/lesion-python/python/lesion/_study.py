"""Studies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _lesion
from ._arguments import setting_values, text_argument
from ._errors import SettingError, Stopped
from ._model import Model
from ._progress import Progress
from ._run import Run

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._settings import StudySettings


@dataclass(frozen=True)
class PlannedStep:
    """A step of a study and its cost."""

    name: str
    """Name of the step."""
    sentences: int
    """Number of sentences or lesions."""
    passes: float
    """Cost in whole forward passes of one sentence."""
    at_most: bool
    """Whether the numbers are upper bounds, because they depend on the selection."""


@dataclass(frozen=True)
class Plan:
    """The steps of a study and its limits, before it runs."""

    stimuli: int
    """Number of stimulus sentences."""
    prompts: int
    """Number of prompts with one word to predict each."""
    predicted_at: str
    """The token at which the model predicts a word: a ``mask`` in its place, or the ``token-before`` it."""
    layers: int
    """Number of layers."""
    neurons: int
    """Number of neurons per layer."""
    selected_on: Mapping[str, Any]
    """The stimuli that neurons are selected on: ``paired``, ``sentences`` and ``groups``."""
    detectable_effect: float | None
    """Smallest effect size that one neuron's test detects with a probability of 80 % at alpha."""
    detectable_effect_corrected: float | None
    """The same if alpha is divided by the number of tests that are corrected together."""
    claims: int
    """Most claims that the controls of the study test."""
    random_sets: int
    """Random sets of each kind."""
    smallest_p: float | None
    """The smallest corrected p that so many random sets and claims admit."""
    warnings: list[str]
    """Doubts about the study, as sentences."""
    notes: list[str]
    """Notes about the model and the bundled prompts. They raise no doubt about the study."""
    predicted_prompts: int
    """Most prompts of a label that the model predicted for the warnings; 0 if that takes too long."""
    steps: list[PlannedStep]
    """The steps of the study."""
    seconds_per_pass: float
    """Measured seconds of one forward pass of one sentence on this machine."""
    seconds: float
    """Estimated seconds of all steps."""


class Study:
    """A study of a model: neurons are selected on stimuli, and lesioned in prompts, with controls.

    Keyword arguments are the keys of a study file, sections as dictionaries: ``seed=1``,
    ``selection={"alpha": 0.01}``, ``controls={"nulls": 1000}``. :func:`lesion.settings` lists them with
    their defaults and meaning. ``stimuli``, ``prompts`` and ``controls={"bystanders": ..}`` are paths of
    files or lists of lines.
    """

    def __init__(self, model: Model, /, **settings: Unpack[StudySettings]) -> None:
        if not isinstance(model, Model):
            raise SettingError("a study needs a model first: lesion.Study(lesion.load_model(), ..)")
        self._model = model
        self._settings = dict(settings)
        values: dict[str, Any] = dict(settings)
        stimuli = text_argument(values.pop("stimuli", None))
        prompts = text_argument(values.pop("prompts", None))
        controls = values.get("controls")
        bystanders = None
        if isinstance(controls, Mapping):
            values["controls"] = {k: v for k, v in controls.items() if k != "bystanders"}
            bystanders = text_argument(controls.get("bystanders"))
        self._inputs = _lesion.StudyInputs(setting_values(values), stimuli, prompts, bystanders)

    @property
    def model(self) -> Model:
        """The model."""
        return self._model

    def __repr__(self) -> str:
        names = "".join(f", {name}=.." for name in self._settings)
        return f"<lesion.Study of {self._model.name}{names}>"

    def toml(self) -> str:
        """The settings as a study file for the program, without the texts that are lists."""
        return self._inputs.toml()

    def check(self) -> Plan:
        """The steps of the study, its limits and the time that it takes, without running it."""
        with Progress(False) as report:
            text, warnings = _lesion.check_study(self._model._native, self._inputs, report)
        values = json.loads(text)
        values["steps"] = [PlannedStep(**step) for step in values["steps"]]
        values["warnings"] = warnings
        return Plan(**values)

    def run(
        self,
        out: str | os.PathLike[str] | None = None,
        *,
        replace: bool = False,
        save_activations: bool = False,
        progress: bool = True,
    ) -> Run:
        """Runs the study.

        Ctrl-C stops it with :class:`lesion.Stopped`, and the same call resumes it, if ``out`` is a folder.
        The results are those of a run that was not stopped, byte for byte.

        Parameters
        ----------
        out
            The folder of the results. By default they are kept in memory.
        replace
            Whether to replace the results, or the interrupted run, of another study in this folder.
        save_activations
            Whether to write the tested activations too.
        progress
            Whether to show a progress bar, if ``tqdm`` is installed.

        """
        command = ["python", "-c", self._code(out)]
        try:
            with Progress(progress) as report:
                return Run(
                    _lesion.run_study(
                        self._model._native,
                        self._inputs,
                        out,
                        command,
                        replace,
                        save_activations,
                        report,
                    )
                )
        except KeyboardInterrupt as interrupt:
            if out is None:
                raise
            message = f"Stopped. The same call resumes the study in {os.fspath(out)}."
            raise Stopped(message) from interrupt

    def _code(self, out: str | os.PathLike[str] | None) -> str:
        """The Python code of this run, for the manifest."""
        name = "" if self._model.name == "bundled" else repr(self._model.name)
        settings = "".join(f", {name}={value!r}" for name, value in self._settings.items())
        place = "" if out is None else repr(os.fspath(out))
        return f"import lesion; lesion.Study(lesion.load_model({name}){settings}).run({place})"
