//! Tables in Arrow's C stream interface, which pandas, polars and pyarrow read.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    RecordBatchOptions, StringArray, ffi_stream::FFI_ArrowArrayStream,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use pyo3::{prelude::*, types::PyCapsule};

use crate::{column_values::ColumnValues, native_error::NativeError};

/// The columns of a table, by name.
type NamedColumns = [(String, ColumnValues)];

/// A capsule with a table of so many rows as a stream of one batch.
///
/// # Errors
/// If the table cannot be represented in Arrow.
pub(crate) fn arrow_capsule<'py>(
    py: Python<'py>,
    columns: &NamedColumns,
    rows: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let batch =
        record_batch(columns, rows).map_err(|error| NativeError::Panic(error.to_string()))?;
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    Ok(PyCapsule::new_with_value(py, stream, c"arrow_array_stream")?.into_any())
}

fn record_batch(columns: &NamedColumns, rows: usize) -> Result<RecordBatch, ArrowError> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (name, values) in columns {
        let (data_type, array): (DataType, ArrayRef) = match values {
            ColumnValues::Flags(values) => {
                (DataType::Boolean, Arc::new(BooleanArray::from(values.clone())))
            }
            ColumnValues::Integers(values) => {
                (DataType::Int64, Arc::new(Int64Array::from(values.clone())))
            }
            ColumnValues::Numbers(values) => {
                (DataType::Float64, Arc::new(Float64Array::from(values.clone())))
            }
            ColumnValues::Texts(values) => {
                (DataType::Utf8, Arc::new(values.iter().cloned().collect::<StringArray>()))
            }
        };
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}
