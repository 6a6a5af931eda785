//! The values of a table's column.

use std::ops::Range;

use pyo3::{prelude::*, types::PyList};

use crate::{cell_serializer::Cell, native_error::NativeError};

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

impl ColumnValues {
    /// The values of cells. Their kind is that of the first cell that is not empty; integers among
    /// numbers become numbers.
    pub(crate) fn of_cells(cells: Vec<Cell>) -> Self {
        let is_number = cells.iter().any(|cell| matches!(cell, Cell::Number(_)));
        let first = cells.iter().find(|cell| **cell != Cell::Empty);
        match first {
            Some(Cell::Flag(_)) => Self::Flags(cells.iter().map(flag).collect()),
            Some(Cell::Integer(_) | Cell::Number(_)) if is_number => {
                Self::Numbers(cells.iter().map(number).collect())
            }
            Some(Cell::Integer(_)) => Self::Integers(cells.iter().map(integer).collect()),
            _ => Self::Texts(cells.into_iter().map(text).collect()),
        }
    }

    /// Adds the values of another column after these.
    ///
    /// # Errors
    /// If both columns are not of one kind.
    pub(crate) fn extend(&mut self, other: &Self) -> Result<(), NativeError> {
        match (self, other) {
            (Self::Flags(values), Self::Flags(more)) => values.extend_from_slice(more),
            (Self::Integers(values), Self::Integers(more)) => values.extend_from_slice(more),
            (Self::Numbers(values), Self::Numbers(more)) => values.extend_from_slice(more),
            (Self::Texts(values), Self::Texts(more)) => values.extend_from_slice(more),
            _ => return Err(NativeError::OtherColumns),
        }
        Ok(())
    }

    /// The values as a list of Python.
    pub(crate) fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        match self {
            Self::Flags(values) => PyList::new(py, values),
            Self::Integers(values) => PyList::new(py, values),
            Self::Numbers(values) => PyList::new(py, values),
            Self::Texts(values) => PyList::new(py, values),
        }
    }

    /// The name of their kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flags(_) => "bool",
            Self::Integers(_) => "int",
            Self::Numbers(_) => "float",
            Self::Texts(_) => "str",
        }
    }

    /// The values of some rows.
    pub(crate) fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Flags(values) => Self::Flags(values[rows].to_vec()),
            Self::Integers(values) => Self::Integers(values[rows].to_vec()),
            Self::Numbers(values) => Self::Numbers(values[rows].to_vec()),
            Self::Texts(values) => Self::Texts(values[rows].to_vec()),
        }
    }
}

fn flag(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(*flag),
        _ => None,
    }
}

fn integer(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(integer) => Some(*integer),
        _ => None,
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(*number),
        Cell::Integer(integer) => Some(*integer as f64),
        _ => None,
    }
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}
