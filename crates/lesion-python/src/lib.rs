//! The native half of the Python package `lesion`.
//!
//! It opens models and studies through the library `lesion`, and hands tables and activations to Python
//! without a copy. The classes that users see are in `python/lesion`; this module has no docs of its own
//! there.

#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands over arguments as values")]

mod activation_array;
mod arrow_stream;
mod cell_serializer;
mod column_values;
mod columns;
mod computation;
mod csv_columns;
mod finished_results;
mod native_error;
mod neuron_argument;
mod opened_model;
mod setting_values;
mod study_inputs;
mod text_argument;

use pyo3::prelude::*;

/// The module `lesion._lesion`.
#[pymodule]
mod _lesion {
    #[pymodule_export]
    use crate::activation_array::ActivationArray;
    #[pymodule_export]
    use crate::columns::Columns;
    #[pymodule_export]
    use crate::computation::panic;
    #[pymodule_export]
    use crate::finished_results::{FinishedResults, cite, convert_figure};
    #[pymodule_export]
    use crate::opened_model::OpenedModel;
    #[pymodule_export]
    use crate::setting_values::settings;
    #[pymodule_export]
    use crate::study_inputs::{StudyInputs, check_study, run_study};

    use super::{Bound, PyModule, PyModuleMethods as _, PyResult};

    /// Adds the version of the package.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
