//! Tables: the type of their rows, their files, the documentation of their columns, and CSV.

use std::io::{self, Read};

use serde::{Serialize, de::DeserializeOwned};

use crate::choice::joined;

/// A row of a table.
pub trait Row: Serialize + DeserializeOwned {
    /// The table and its columns.
    const TABLE: Table;
}

/// A table: its file and its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of its file.
    pub file: &'static str,
    /// The meaning of a row.
    pub row: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its documentation, line by line.
    pub doc: &'static [&'static str],
    /// The Rust type of its values.
    pub value: &'static str,
}

/// The kind of a column's values. A cell may be empty whatever the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// `true` or `false`.
    Flag,
    /// Integers.
    Integer,
    /// Numbers.
    Number,
    /// Texts, or names of choices.
    Text,
}

impl Table {
    /// The names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.name)
    }
}

impl Column {
    /// Its documentation as one text.
    #[must_use]
    pub fn text(&self) -> String {
        joined(self.doc)
    }

    /// The kind of its values.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        let inner = self.value.strip_prefix("Option<").and_then(|value| value.strip_suffix('>'));
        match inner.unwrap_or(self.value) {
            "bool" => ColumnKind::Flag,
            "usize" | "u64" | "i64" => ColumnKind::Integer,
            "f64" => ColumnKind::Number,
            _ => ColumnKind::Text,
        }
    }
}

/// Declares the rows of tables: `RowType in "file": "what a row is" { columns }`.
macro_rules! tables {
    ($(
        $(#[$meta:meta])*
        pub struct $type:ident in $file:literal: $row:literal {
            $($(#[doc = $doc:literal])+ $column:ident: $value:ty,)+
        }
    )+) => {$(
        #[doc = concat!("A row of `", $file, "`: ", $row, ".")]
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $type {
            $($(#[doc = $doc])+ pub $column: $value,)+
        }

        impl $crate::row::Row for $type {
            const TABLE: $crate::row::Table = $crate::row::Table {
                file: $file,
                row: $row,
                columns: &[$($crate::row::Column {
                    name: stringify!($column),
                    doc: &[$($doc),+],
                    value: stringify!($value),
                }),+],
            };
        }
    )+};
}

pub(crate) use tables;

/// An error of a table that is read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The bytes cannot be read.
    #[error(transparent)]
    Read(io::Error),

    /// A row that does not fit the table.
    #[error("line {line}: {problem}")]
    Row {
        /// The line, counted from 1.
        line: u64,
        /// The problem.
        problem: Box<RowProblem>,
    },
}

/// A problem of a row.
#[derive(Debug, thiserror::Error)]
pub enum RowProblem {
    /// A cell that is not a value of its column.
    #[error("column `{column}`: {problem}")]
    Cell {
        /// The column.
        column: String,
        /// The problem.
        problem: csv::DeserializeErrorKind,
    },

    /// A cell that is missing.
    #[error("{0}")]
    NoCell(csv::DeserializeErrorKind),

    /// More or fewer cells than columns.
    #[error("{cells} cells for {columns} columns")]
    Length {
        /// Number of cells.
        cells: u64,
        /// Number of columns.
        columns: u64,
    },

    /// Bytes that are not text.
    #[error("it is not UTF-8 text")]
    Encoding,

    /// A text that is not CSV.
    #[error("it is not CSV")]
    Syntax,
}

/// Writes rows as CSV. The header is written even if there are no rows.
///
/// # Errors
/// If a row cannot be written.
pub fn encode<R: Row>(rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>, TableError> {
    let names: Vec<String> = R::TABLE.names().map(str::to_owned).collect();
    encode_cells(&names, rows)
}

/// Writes values as CSV, each as a row with the cells that it contains, in order.
///
/// # Errors
/// If a row cannot be written.
pub(crate) fn encode_cells<R: Serialize>(
    names: &[String],
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>, TableError> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(names).map_err(|error| row_error(None, error))?;
    for row in rows {
        writer.serialize(row).map_err(|error| row_error(None, error))?;
    }
    writer.into_inner().map_err(|error| TableError::Read(error.into_error()))
}

/// Reads rows from CSV, one after the other. Columns are found by name; others are ignored.
///
/// # Errors
/// If the bytes cannot be read. Each row is an error by itself if it is not a row of the table.
pub fn decode<R: Row>(
    reader: impl Read,
) -> Result<impl Iterator<Item = Result<R, TableError>>, TableError> {
    let mut reader = csv::Reader::from_reader(reader);
    let columns = reader.headers().map_err(|error| row_error(None, error))?.clone();
    let rows = reader.into_deserialize();
    Ok(rows.map(move |row| row.map_err(|error| row_error(Some(&columns), error))))
}

fn row_error(columns: Option<&csv::StringRecord>, error: csv::Error) -> TableError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.into_kind() {
        csv::ErrorKind::Io(source) => return TableError::Read(source),
        csv::ErrorKind::Deserialize { err, .. } => {
            let index = err.field().and_then(|index| usize::try_from(index).ok());
            let problem = err.kind().clone();
            match index.and_then(|index| columns?.get(index)) {
                Some(column) => RowProblem::Cell { column: column.to_owned(), problem },
                None => RowProblem::NoCell(problem),
            }
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            RowProblem::Length { cells: len, columns: expected_len }
        }
        csv::ErrorKind::Utf8 { .. } => RowProblem::Encoding,
        _ => RowProblem::Syntax,
    };
    TableError::Row { line, problem: Box::new(problem) }
}
