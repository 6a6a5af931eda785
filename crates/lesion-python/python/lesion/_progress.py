"""Progress bars, if ``tqdm`` is installed, and notes."""

from __future__ import annotations

import time
import warnings
from types import TracebackType
from typing import Any

from ._errors import Notice

_FIRST_SHOWN = 0.5
"""Seconds that a call takes before its progress is shown."""


class Progress:
    """The progress of a call. Called by the native half with the stage, its steps, and notes."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._stage = ""
        self._bar: Any = None
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def __call__(self, stage: str, done: int, all_steps: int, notes: list[str]) -> None:
        """Shows the steps of a stage, and warns of notes."""
        for note in notes:
            warnings.warn(note, Notice, stacklevel=4)
        if not self._shown or time.monotonic() - self._started < _FIRST_SHOWN:
            return
        if stage != self._stage:
            self._close()
            self._stage = stage
        if all_steps == 0:
            return
        if self._bar is None:
            self._bar = _new_bar(stage)
        if self._bar is None:
            self._shown = False
            return
        self._bar.total = all_steps
        self._bar.n = min(done, all_steps)
        self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _new_bar(stage: str) -> Any:
    try:
        with warnings.catch_warnings():
            # That a notebook without `ipywidgets` has a bar of text.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(desc=stage, leave=False)
