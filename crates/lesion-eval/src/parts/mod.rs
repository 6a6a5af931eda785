//! The parts of the laboratory.

pub(crate) mod causal;
pub(crate) mod controls;
pub(crate) mod dissociation;
pub(crate) mod dose;
pub(crate) mod dynamic;
pub(crate) mod joint;
pub(crate) mod laboratory_part;
pub(crate) mod layer_controls;
pub(crate) mod layer_pattern;
pub(crate) mod profile;
pub(crate) mod random_sets;
pub(crate) mod template_bootstrap;

use laboratory_part::LaboratoryPart;

/// Every part, in the order in which they run.
pub static PARTS: [&dyn LaboratoryPart; 5] =
    [&controls::Controls, &joint::Joint, &dose::Dose, &causal::Causal, &dynamic::Dynamic];
