//! Activations that numpy reads in place.

use lesion_eval::SentenceActivations;
use pyo3::{prelude::*, types::PyDict};

/// Activations, `[sentences, layers, neurons]`, for numpy's array interface. Rust does not touch them
/// while numpy uses them.
#[pyclass(frozen, module = "lesion._lesion")]
pub(crate) struct ActivationArray {
    shape: [usize; 3],
    positions: Vec<usize>,
    /// The address of the first value.
    address: usize,
    /// Keeps the values in their place.
    _values: Vec<f32>,
}

impl From<SentenceActivations> for ActivationArray {
    fn from(activations: SentenceActivations) -> Self {
        let SentenceActivations { shape, mut values, positions } = activations;
        let address = values.as_mut_ptr() as usize;
        Self { shape, positions, address, _values: values }
    }
}

#[pymethods]
impl ActivationArray {
    /// The address of the first value.
    #[getter]
    fn address(&self) -> usize {
        self.address
    }

    /// The position of each sentence's token.
    #[getter]
    fn positions(&self) -> Vec<usize> {
        self.positions.clone()
    }

    /// The place, type and shape of the values, for numpy.
    #[getter(__array_interface__)]
    fn array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let [sentences, layers, neurons] = self.shape;
        let byte_order = if cfg!(target_endian = "big") { '>' } else { '<' };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (sentences, layers, neurons))?;
        interface.set_item("typestr", format!("{byte_order}f4"))?;
        interface.set_item("data", (self.address, false))?;
        Ok(interface)
    }
}
