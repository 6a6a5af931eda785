//! The tables of finished studies, read from their CSV.

use std::io::Read;

use study_record::tables::{Column, ColumnKind, all};

use crate::{column_values::ColumnValues, columns::Columns};

/// A table that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CsvError {
    /// A file that is not CSV, or cannot be read.
    #[error(transparent)]
    Csv(#[from] csv::Error),

    /// A cell that is not a value of its column.
    #[error("line {line}, column `{column}`: invalid value `{cell}`")]
    Cell {
        /// The line, counted from 1.
        line: usize,
        /// The column.
        column: String,
        /// The cell.
        cell: String,
    },
}

/// Reads the table of a file. Its columns have the kinds that the table declares; a column that it does
/// not declare is text.
///
/// # Errors
/// If it is not CSV, or a cell is not a value of its column.
pub(crate) fn read_csv(file: &str, reader: impl Read) -> Result<Columns, CsvError> {
    let table = all().into_iter().find(|table| table.file == file);
    let mut reader = csv::Reader::from_reader(reader);
    let mut columns = Vec::new();
    for name in reader.headers()? {
        let declared = table.and_then(|table| table.columns.iter().find(|one| one.name == name));
        let kind = declared.map_or(ColumnKind::Text, Column::kind);
        columns.push((name.to_owned(), empty_column(kind)));
    }
    let mut rows = 0;
    for record in reader.records() {
        let record = record?;
        rows += 1;
        for ((name, values), cell) in columns.iter_mut().zip(&record) {
            if push_cell(values, cell).is_none() {
                let (column, cell) = (name.clone(), cell.to_owned());
                return Err(CsvError::Cell { line: rows + 1, column, cell });
            }
        }
    }
    Ok(Columns::new(columns, rows))
}

fn empty_column(kind: ColumnKind) -> ColumnValues {
    match kind {
        ColumnKind::Flag => ColumnValues::Flags(Vec::new()),
        ColumnKind::Integer => ColumnValues::Integers(Vec::new()),
        ColumnKind::Number => ColumnValues::Numbers(Vec::new()),
        ColumnKind::Text => ColumnValues::Texts(Vec::new()),
    }
}

/// Adds a cell to a column; none if it is not a value of the column. An empty cell is no value.
fn push_cell(values: &mut ColumnValues, cell: &str) -> Option<()> {
    let is_empty = cell.is_empty();
    match values {
        ColumnValues::Flags(values) => {
            values.push(if is_empty { None } else { Some(cell.parse().ok()?) });
        }
        ColumnValues::Integers(values) => {
            values.push(if is_empty { None } else { Some(cell.parse().ok()?) });
        }
        ColumnValues::Numbers(values) => {
            values.push(if is_empty { None } else { Some(cell.parse().ok()?) });
        }
        ColumnValues::Texts(values) => values.push((!is_empty).then(|| cell.to_owned())),
    }
    Some(())
}
