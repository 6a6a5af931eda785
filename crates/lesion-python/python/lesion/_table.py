"""Tables."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ._errors import MissingPackageError
from ._lesion import Columns

if TYPE_CHECKING:
    import pandas
    import polars

_SHOWN_ROWS = 10


class Table:
    """A table of results: named columns, one row a result.

    ``table["p"]`` is a column as a list, ``table[:5]`` the first rows, and a loop goes over the rows as
    dictionaries. ``pl.DataFrame(table)`` and ``pyarrow.table(table)`` read it in place of Arrow's C
    interface, and :meth:`to_pandas` needs no ``pyarrow``.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._columns.names()

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return len(self._columns), len(self.columns)

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...

    @overload
    def __getitem__(self, key: slice) -> Table: ...

    def __getitem__(self, key: str | slice) -> list[Any] | Table:
        """A column as a list, or some rows in a row as a table."""
        if isinstance(key, str):
            return self._columns.column(key)
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError("rows are taken one after the other: use a step of 1")
        return Table(self._columns.slice(start, stop))

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = self.columns
        for cells in zip(*(self[name] for name in names), strict=True):
            yield dict(zip(names, cells, strict=True))

    def to_dict(self) -> dict[str, list[Any]]:
        """The columns as lists, by name. An empty cell is ``None``."""
        return {name: self[name] for name in self.columns}

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a ``pandas.DataFrame``; integers with empty cells are ``Int64``."""
        try:
            import pandas
        except ImportError:
            raise MissingPackageError("to_pandas needs pandas: pip install pandas") from None
        series = {}
        for name, kind in zip(self.columns, self._columns.kinds(), strict=True):
            values = self[name]
            dtype: Any = {"float": "float64", "str": "object"}.get(kind)
            if dtype is None and None in values:
                dtype = {"int": "Int64", "bool": "boolean"}[kind]
            series[name] = pandas.Series(values, dtype=dtype or kind)
        frame: pandas.DataFrame = pandas.DataFrame(series, columns=self.columns)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """The table as a ``polars.DataFrame``."""
        try:
            import polars
        except ImportError:
            raise MissingPackageError("to_polars needs polars: pip install polars") from None
        return polars.DataFrame(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as a stream of Arrow's C interface, in its own types."""
        return self._columns.arrow_stream()

    def __repr__(self) -> str:
        rows = self._shown_rows()
        names = self.columns
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in [names, *rows]
        ]
        return "\n".join([*lines, self._row_note()])

    def _repr_html_(self) -> str:
        head = _html_row("th", self.columns)
        body = "".join(_html_row("td", row) for row in self._shown_rows())
        return (
            f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self._row_note())}</p>"
        )

    def _shown_rows(self) -> list[list[str]]:
        part = self._columns.slice(0, _SHOWN_ROWS)
        columns = [[_cell_text(cell) for cell in part.column(name)] for name in self.columns]
        return [list(row) for row in zip(*columns, strict=True)]

    def _row_note(self) -> str:
        count = len(self)
        if count > _SHOWN_ROWS:
            return f"the first {_SHOWN_ROWS} of {count} rows"
        return f"{count} {'row' if count == 1 else 'rows'}"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)
