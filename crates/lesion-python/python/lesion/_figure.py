"""Figures and pages."""

from __future__ import annotations

import html
import os
from pathlib import Path

from ._lesion import convert_figure


class Figure:
    """A figure, which a notebook shows. ``figure.svg`` is its text."""

    def __init__(self, name: str, svg: str) -> None:
        self._name = name
        self._svg = svg

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def svg(self) -> str:
        """The figure as SVG."""
        return self._svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the figure into a file whose name ends in ``.svg``, ``.pdf`` or ``.png``.

        PDF and PNG contain the font.
        """
        path = Path(path)
        path.write_bytes(convert_figure(self._svg, path.suffix.lower().removeprefix(".")))
        return path

    def _repr_svg_(self) -> str:
        return self._svg

    def __repr__(self) -> str:
        return f"<lesion.Figure {self._name}>"


class Page:
    """A page of results, in one file of HTML. A notebook shows it in a frame."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def html(self) -> str:
        """The page as HTML."""
        return self._text

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page into a file."""
        path = Path(path)
        path.write_text(self._text, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        source = html.escape(self._text, quote=True)
        return f'<iframe srcdoc="{source}" width="100%" height="600"></iframe>'

    def __repr__(self) -> str:
        return f"<lesion.Page of {len(self._text)} characters>"
