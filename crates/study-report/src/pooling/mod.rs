//! The effects of many studies, pooled over their models.

pub(crate) mod cell_estimate;
pub(crate) mod depth_cells;
pub(crate) mod left_out;
pub(crate) mod mismatch;
pub(crate) mod pooled_cell;
pub(crate) mod pooled_studies;
pub(crate) mod shared_question;
pub(crate) mod study_effects;
