"""Results of studies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, overload

from ._errors import NoSuchResultError, SettingError
from ._figure import Figure, Page
from ._lesion import Columns, FinishedResults
from ._table import Table


class NeuronSets(Mapping[tuple[str, int], list[int]]):
    """The neurons that carry a label, by label and layer: ``run.neuron_sets["her", 4]``."""

    def __init__(self, results: FinishedResults, lesioned: bool) -> None:
        self._results = results
        self._lesioned = lesioned

    def __getitem__(self, key: tuple[str, int]) -> list[int]:
        label, layer = key
        return self._results.neuron_set(label, layer, self._lesioned)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self._results.neuron_set_keys())

    def __len__(self) -> int:
        return len(self._results.neuron_set_keys())


class TableAttributes:
    """Tables as attributes: ``results.profile`` is ``results.table("profile")``."""

    @property
    def tables(self) -> list[str]:
        """The names of the tables."""
        raise NotImplementedError

    def table(self, name: str) -> Table:
        """A table by its name."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Table:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.table(name)
        except NoSuchResultError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]


class Run(TableAttributes):
    """A finished study. Each of its tables is an attribute: ``run.profile`` is ``profile.csv``."""

    def __init__(self, results: FinishedResults) -> None:
        self._results = results

    @property
    def folder(self) -> Path | None:
        """The folder of the results; ``None`` if they are in memory."""
        folder = self._results.folder
        return None if folder is None else Path(folder)

    @property
    def manifest(self) -> dict[str, Any]:
        """Everything that decided the results: settings, versions, and hashes of inputs and outputs."""
        manifest: dict[str, Any] = json.loads(self._results.manifest_json())
        return manifest

    @property
    def tables(self) -> list[str]:
        """The names of the tables."""
        return self._results.tables()

    @property
    def figures(self) -> list[str]:
        """The names of the figures."""
        return self._results.figures()

    @property
    def warnings(self) -> list[str]:
        """Doubts about the study, as sentences."""
        return self._results.warnings()

    @property
    def changed(self) -> list[str]:
        """Files that are no longer those that the study wrote."""
        return self._results.changed()

    @property
    def neuron_sets(self) -> NeuronSets:
        """The neurons that carry a label, by label and layer."""
        return NeuronSets(self._results, lesioned=False)

    @property
    def lesioned_sets(self) -> NeuronSets:
        """Those of them that the controlled lesions take."""
        return NeuronSets(self._results, lesioned=True)

    def table(self, name: str) -> Table:
        """A table by its name, as in docs/output.md: ``"neurons"``, ``"profile"``, ``"verdicts"``."""
        return Table(self._results.table(name))

    def figure(self, name: str) -> Figure:
        """A figure by its name, such as ``"profile"`` or ``"dose"``."""
        return Figure(name, self._results.figure(name))

    def report(self) -> Page:
        """The page of the study, with its tables and figures."""
        return Page(self._results.page())

    def methods(self) -> str:
        """A paragraph of methods, with the numbers, versions and hashes of this study."""
        return self._results.methods()

    def results(self) -> list[str]:
        """A sentence per finding: its size and interval, then p, random sets and random seed."""
        return self._results.results()

    def latex(self) -> dict[str, str]:
        """The main tables by their names, in LaTeX with ``booktabs``."""
        return dict(self._results.latex_tables())

    def cite(self) -> str:
        """The references that the methods cite, in BibTeX: the program, the method and its statistics."""
        return self._results.bibtex()

    def __repr__(self) -> str:
        place = "memory" if self.folder is None else str(self.folder)
        return f"<lesion.Run in {place}: {len(self.tables)} tables, {len(self.figures)} figures>"


def open_run(folder: str | os.PathLike[str]) -> Run:
    """Opens the results of a finished study in a folder, whoever ran it."""
    return Run(FinishedResults.open(folder))


class Gathered(TableAttributes):
    """Tables of several runs, one below the other, each with the column ``run`` first."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self._runs = dict(runs)

    @property
    def runs(self) -> list[str]:
        """The names of the runs."""
        return list(self._runs)

    @property
    def tables(self) -> list[str]:
        """The names of the tables that all runs have."""
        names: list[str] | None = None
        for run in self._runs.values():
            names = run.tables if names is None else [name for name in names if name in run.tables]
        return names or []

    def table(self, name: str) -> Table:
        """The rows of a table in all runs."""
        columns = [run._results.table(name) for run in self._runs.values()]
        return Table(Columns.stack("run", self.runs, columns))

    def __repr__(self) -> str:
        return f"<lesion.Gathered: {', '.join(self.runs)}>"


@overload
def gather(runs: Mapping[str, Run]) -> Gathered: ...


@overload
def gather(runs: Iterable[Run]) -> Gathered: ...


def gather(runs: Mapping[str, Run] | Iterable[Run]) -> Gathered:
    """Brings the tables of several runs together.

    A dictionary names the runs; those of a list are called after their folders, or by their places in it.
    """
    if isinstance(runs, Mapping):
        return Gathered(runs)
    named: dict[str, Run] = {}
    for place, run in enumerate(runs):
        name = str(place) if run.folder is None else str(run.folder)
        if name in named:
            raise SettingError(f"two runs are in {name}; name the runs in a dictionary")
        named[name] = run
    return Gathered(named)
