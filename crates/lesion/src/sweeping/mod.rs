//! Sweeps: studies that differ in some settings, run and judged together.

pub(crate) mod check_sweep;
pub(crate) mod run_sweep;
pub(crate) mod sweep_request;
pub(crate) mod sweep_results;
pub(crate) mod task_preparation;
pub(crate) mod task_watch;
