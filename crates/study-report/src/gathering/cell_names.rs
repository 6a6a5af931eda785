//! Names of cells and of studies.

use std::{collections::BTreeMap, path::Path};

use crate::{
    document::number_text::fixed,
    pooling::{pooled_studies::PooledStudies, study_effects::StudyEffects},
};

/// Characters of a study's name in a figure.
const LONGEST: usize = 24;

impl PooledStudies {
    /// Number of studies.
    #[must_use]
    pub fn studies(&self) -> usize {
        self.effects.len()
    }

    /// The number of layers that all models have; none if they differ.
    pub(super) fn common_layers(&self) -> Option<usize> {
        let first = self.effects.first()?.layers;
        self.effects.iter().all(|study| study.layers == first).then_some(first)
    }

    /// The name of the axis that cells are on.
    pub(super) fn cell_axis(&self) -> &'static str {
        if self.common_layers().is_some() { "layer" } else { "depth" }
    }

    /// The number of a layer, or the range of the depth.
    pub(super) fn cell_place(&self, cell: usize) -> String {
        if self.common_layers().is_some() {
            return cell.to_string();
        }
        let (low, high) = self.cells.depth(cell);
        format!("{} to {}", fixed(low, 2), fixed(high, 2))
    }

    /// `Layer 4`, or `Depth 0.67 to 0.83` if models differ in depth.
    pub(super) fn cell_name(&self, cell: usize) -> String {
        let axis = if self.common_layers().is_some() { "Layer" } else { "Depth" };
        format!("{axis} {}", self.cell_place(cell))
    }

    /// A short name of each study: the last part of its folder's path where that is unique.
    pub(super) fn short_names(&self) -> Vec<String> {
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for study in &self.effects {
            *uses.entry(last_part(study)).or_default() += 1;
        }
        let mut names = Vec::with_capacity(self.effects.len());
        for study in &self.effects {
            let last = last_part(study);
            let name = if uses[&last] == 1 { last } else { study.name.clone() };
            names.push(shortened(&name));
        }
        names
    }
}

fn last_part(study: &StudyEffects) -> String {
    match Path::new(&study.name).file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => study.name.clone(),
    }
}

/// The end of a long name, because names of one family begin alike.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length - LONGEST + 1).collect();
    format!("…{end}")
}
