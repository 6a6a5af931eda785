"""Tables go to other libraries without text in between."""

import math
import re
import sys
from typing import Any

import lesion
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


@pytest.fixture(scope="module")
def table(bert: lesion.Model) -> lesion.Table:
    return bert.select()


def test_a_table_is_columns_and_rows(table: lesion.Table) -> None:
    assert table.shape == (len(table), len(table.columns))
    assert "t" in table
    assert list(table[:2])[1]["neuron"] == 1
    assert table[2:5]["neuron"] == [2, 3, 4]
    assert table.to_dict()["q"] == table["q"]
    with pytest.raises(lesion.NoSuchResultError, match="no column `u`; there are layer, neuron"):
        table["u"]


def test_polars_and_pyarrow_read_a_table_in_place(table: lesion.Table) -> None:
    arrow = pa.table(table)
    frame = pl.DataFrame(table)
    assert arrow.column_names == frame.columns == table.columns
    for name in table.columns:
        assert arrow[name].to_pylist() == frame[name].to_list() == table[name]
    assert frame.schema["neuron"] == pl.Int64
    assert frame.schema["t"] == pl.Float64
    assert frame.schema["label"] == pl.String
    assert table.to_polars().equals(frame)


def test_pandas_needs_no_pyarrow(table: lesion.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = table.to_pandas()
    assert list(frame.columns) == table.columns
    assert frame["neuron"].dtype == np.int64
    assert frame["t"].dtype == np.float64
    assert frame["label"].isna().sum() == table["label"].count(None)
    assert isinstance(frame, pd.DataFrame)


def test_an_empty_table_has_its_columns(bert: lesion.Model) -> None:
    empty = bert.select()[:0]
    assert len(empty) == 0
    assert pl.DataFrame(empty).columns == empty.columns
    assert pa.table(empty).num_rows == 0
    assert list(empty.to_pandas().columns) == empty.columns
    assert "0 rows" in repr(empty)


def test_tables_show_themselves(bert: lesion.Model) -> None:
    html = bert.predict("We saw [MASK].", ["her", "him"])._repr_html_()
    assert html.count("<tr>") == 3
    assert len(html) < 2000
    many = bert.select()
    assert many._repr_html_().count("<tr>") == 11
    assert "the first 10 of 4608 rows" in repr(many)
    assert "<script>" not in lesion.load_model().predict("<script> [MASK].")._repr_html_()


def test_columns_of_results_have_their_types(small_run: lesion.Run) -> None:
    for name in small_run.tables:
        table = small_run.table(name)
        frame = pl.DataFrame(table)
        for column in table.columns:
            is_number = frame.schema[column].is_numeric()
            texts = [str(cell) for cell in table[column] if cell is not None]
            looks = [re.fullmatch(r"-?(\d[\d.e-]*|nan|inf)", text.lower()) for text in texts]
            # Layers of a claim are a list in a text, even if it is one layer.
            if column not in {"layers", "group", "rank"} and texts and not is_number:
                assert not all(looks), f"{name}.{column} is text but looks like numbers"


def test_cells_without_a_value_are_none_and_nan_stays(small_run: lesion.Run) -> None:
    table = small_run.normality
    assert None in table["neuron"]
    values: list[Any] = small_run.neurons["t"]
    assert all(isinstance(value, float) or math.isnan(value) for value in values)
