"""Finds the neurons of a BERT that respond to a contrast, silences them, and shows what that does.

:func:`load_model` opens a :class:`Model`, which answers questions about sentences. A :class:`Study` selects
neurons on stimuli and lesions them in prompts, with controls; its results are a :class:`Run`.
"""

from ._errors import (
    InternalError,
    MissingPackageError,
    ModelError,
    NoSuchResultError,
    Notice,
    SettingError,
    Stopped,
    TextError,
    UserError,
)
from ._figure import Figure, Page
from ._lesion import __version__, cite
from ._lesion import settings as _settings
from ._model import Model, Selection, load_model
from ._run import Gathered, NeuronSets, Run, gather, open_run
from ._study import Plan, PlannedStep, Study
from ._table import Table

__all__ = [
    "Figure",
    "Gathered",
    "InternalError",
    "MissingPackageError",
    "Model",
    "ModelError",
    "NeuronSets",
    "NoSuchResultError",
    "Notice",
    "Page",
    "Plan",
    "PlannedStep",
    "Run",
    "Selection",
    "SettingError",
    "Stopped",
    "Study",
    "Table",
    "TextError",
    "UserError",
    "__version__",
    "cite",
    "gather",
    "load_model",
    "open_run",
    "settings",
]


def settings() -> dict[str, tuple[str, str]]:
    """Every keyword argument of :class:`Study` by its full name, with its default and its meaning."""
    return {
        key: (default, meaning) for key, default, meaning, is_argument in _settings() if is_argument
    }
