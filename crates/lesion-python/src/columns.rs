//! Tables, column by column.

use pyo3::{prelude::*, types::PyList};
use serde::Serialize;

use crate::{
    arrow_stream::arrow_capsule,
    cell_serializer::{Cell, NotFlat, cells_of},
    column_values::ColumnValues,
    native_error::NativeError,
};

/// A table: named columns of one length.
#[pyclass(frozen, module = "lesion._lesion")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    columns: Vec<(String, ColumnValues)>,
    rows: usize,
}

impl Columns {
    /// A table of columns, which all have `rows` values.
    pub(crate) fn new(columns: Vec<(String, ColumnValues)>, rows: usize) -> Self {
        Self { columns, rows }
    }

    /// The table of rows.
    ///
    /// # Errors
    /// If a row is not flat.
    pub(crate) fn of_rows<R: Serialize>(rows: impl Iterator<Item = R>) -> Result<Self, NotFlat> {
        let mut names: Vec<String> = Vec::new();
        let mut columns: Vec<Vec<Cell>> = Vec::new();
        let mut count = 0;
        for row in rows {
            for (place, (name, cell)) in cells_of(&row)?.into_iter().enumerate() {
                if count == 0 {
                    names.push(name);
                    columns.push(Vec::new());
                }
                columns[place].push(cell);
            }
            count += 1;
        }
        let columns = columns.into_iter().map(ColumnValues::of_cells);
        Ok(Self { columns: names.into_iter().zip(columns).collect(), rows: count })
    }

    fn find(&self, name: &str) -> Result<&ColumnValues, NativeError> {
        let found = self.columns.iter().find(|(column, _)| column == name);
        match found {
            Some((_, values)) => Ok(values),
            None => Err(NativeError::NoSuchColumn { name: name.to_owned(), known: self.names() }),
        }
    }
}

#[pymethods]
impl Columns {
    fn __len__(&self) -> usize {
        self.rows
    }

    /// The names of the columns.
    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The kind of each column: `bool`, `int`, `float` or `str`.
    fn kinds(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(_, values)| values.kind()).collect()
    }

    /// The values of a column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        self.find(name)?.list(py)
    }

    /// The rows from `start` to `end`, without `end`.
    fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.rows);
        let start = start.min(end);
        let columns = self.columns.iter();
        let columns =
            columns.map(|(name, values)| (name.clone(), values.slice(start..end))).collect();
        Self { columns, rows: end - start }
    }

    /// The table as a stream of Arrow's C interface.
    fn arrow_stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        arrow_capsule(py, &self.columns, self.rows)
    }

    /// The rows of all tables, one table after the other, with the name of each row's table before the
    /// other columns.
    #[staticmethod]
    fn stack(column: &str, names: Vec<String>, tables: Vec<Bound<'_, Self>>) -> PyResult<Self> {
        let mut rows = 0;
        let mut table_names = Vec::new();
        let mut stacked: Option<Vec<(String, ColumnValues)>> = None;
        for (name, table) in names.into_iter().zip(&tables) {
            let table = table.get();
            rows += table.rows;
            table_names.extend(std::iter::repeat_n(Some(name), table.rows));
            let Some(columns) = &mut stacked else {
                stacked = Some(table.columns.clone());
                continue;
            };
            if columns.len() != table.columns.len() {
                return Err(NativeError::OtherColumns.into());
            }
            for ((name, values), (other, more)) in columns.iter_mut().zip(&table.columns) {
                if name != other {
                    return Err(NativeError::OtherColumns.into());
                }
                values.extend(more)?;
            }
        }
        let mut columns = vec![(column.to_owned(), ColumnValues::Texts(table_names))];
        columns.extend(stacked.unwrap_or_default());
        Ok(Self { columns, rows })
    }
}
