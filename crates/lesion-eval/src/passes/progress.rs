//! How far a run is.

/// Told the steps done and all steps.
pub type Progress<'a> = &'a mut (dyn FnMut(usize, usize) + Send);
