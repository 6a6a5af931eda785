//! The parts of the laboratory.

pub(crate) mod causal;
pub(crate) mod claim;
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
pub(crate) mod reselection;
pub(crate) mod selector_scores;
pub(crate) mod selectors;
pub(crate) mod set_lesions;
pub(crate) mod specificity;
pub(crate) mod stability;
pub(crate) mod template_bootstrap;

use study_record::Part;

use laboratory_part::LaboratoryPart;

/// The computation of a part.
#[must_use]
pub fn find_part(part: Part) -> &'static dyn LaboratoryPart {
    match part {
        Part::Controls => &controls::Controls,
        Part::Joint => &joint::Joint,
        Part::Dose => &dose::Dose,
        Part::Causal => &causal::Causal,
        Part::Stability => &stability::Stability,
        Part::Selectors => &selectors::Selectors,
        Part::Specificity => &specificity::Specificity,
        Part::Dynamic => &dynamic::Dynamic,
    }
}
