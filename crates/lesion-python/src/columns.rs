//! Tables, column by column.

use pyo3::{prelude::*, types::PyList};
use serde::Serialize;

use crate::{
    arrow_stream::arrow_capsule,
    cell_serializer::{Cell, NotFlat, cells_of},
    native_error::NativeError,
};

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ColumnValues {
    /// True or false.
    Flags(Vec<Option<bool>>),
    /// Integers.
    Integers(Vec<Option<i64>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
}

/// A table: named columns of one length.
#[pyclass(frozen, module = "lesion._lesion")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    columns: Vec<(String, ColumnValues)>,
    rows: usize,
}

impl ColumnValues {
    /// The values of cells. Their kind is that of the first cell that is not empty; integers among
    /// numbers become numbers.
    fn of_cells(cells: Vec<Cell>) -> Self {
        let is_number = cells.iter().any(|cell| matches!(cell, Cell::Number(_)));
        let first = cells.iter().find(|cell| **cell != Cell::Empty);
        match first {
            Some(Cell::Flag(_)) => Self::Flags(cells.into_iter().map(flag).collect()),
            Some(Cell::Integer(_) | Cell::Number(_)) if is_number => {
                Self::Numbers(cells.into_iter().map(number).collect())
            }
            Some(Cell::Integer(_)) => Self::Integers(cells.into_iter().map(integer).collect()),
            _ => Self::Texts(cells.into_iter().map(text).collect()),
        }
    }

    /// The values of another column after these, if both are of one kind.
    fn extend(&mut self, other: &Self) -> Result<(), NativeError> {
        match (self, other) {
            (Self::Flags(values), Self::Flags(more)) => values.extend_from_slice(more),
            (Self::Integers(values), Self::Integers(more)) => values.extend_from_slice(more),
            (Self::Numbers(values), Self::Numbers(more)) => values.extend_from_slice(more),
            (Self::Texts(values), Self::Texts(more)) => values.extend_from_slice(more),
            _ => return Err(NativeError::OtherColumns),
        }
        Ok(())
    }

    fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        match self {
            Self::Flags(values) => PyList::new(py, values),
            Self::Integers(values) => PyList::new(py, values),
            Self::Numbers(values) => PyList::new(py, values),
            Self::Texts(values) => PyList::new(py, values),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Flags(_) => "bool",
            Self::Integers(_) => "int",
            Self::Numbers(_) => "float",
            Self::Texts(_) => "str",
        }
    }
}

fn flag(cell: Cell) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(flag),
        _ => None,
    }
}

fn integer(cell: Cell) -> Option<i64> {
    match cell {
        Cell::Integer(integer) => Some(integer),
        _ => None,
    }
}

fn number(cell: Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(number),
        Cell::Integer(integer) => Some(integer as f64),
        _ => None,
    }
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
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

    /// The columns with their names.
    pub(crate) fn columns(&self) -> &[(String, ColumnValues)] {
        &self.columns
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
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
        let range = start..end;
        let mut columns = Vec::with_capacity(self.columns.len());
        for (name, values) in &self.columns {
            let part = match values {
                ColumnValues::Flags(values) => ColumnValues::Flags(values[range.clone()].to_vec()),
                ColumnValues::Integers(values) => {
                    ColumnValues::Integers(values[range.clone()].to_vec())
                }
                ColumnValues::Numbers(values) => {
                    ColumnValues::Numbers(values[range.clone()].to_vec())
                }
                ColumnValues::Texts(values) => ColumnValues::Texts(values[range.clone()].to_vec()),
            };
            columns.push((name.clone(), part));
        }
        Self { columns, rows: end - start }
    }

    /// The table as a stream of Arrow's C interface.
    fn arrow_stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        arrow_capsule(py, self)
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
