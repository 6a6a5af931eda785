//! The figures. Each is made of a study's tables alone.

mod activations;
pub(crate) mod beside;
mod laboratory;
mod lesion;
mod neurons;
mod profile;

pub(crate) use activations::{by_layer, pooled, sparsity};
pub(crate) use laboratory::{dissociation, dose, joint};
pub(crate) use lesion::{logits, prompts, scatter};
pub(crate) use neurons::{laminar, t_by_neuron, volcano};
pub(crate) use profile::profile;

use crate::chart::Svg;

/// A figure with what is said below it.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Its name in the page and of its file.
    pub(crate) id: &'static str,
    /// What it shows, for those who cannot see it.
    pub(crate) label: String,
    pub(crate) svg: Svg,
    pub(crate) caption: String,
    /// The tables it comes from.
    pub(crate) sources: &'static [&'static str],
}

impl Figure {
    pub(crate) fn inline(&self) -> String {
        self.svg.inline(&self.label)
    }
}

/// The width of every figure, in points.
const WIDTH: u32 = 720;

/// Rows and columns for so many panels.
fn grid(panels: usize, columns: usize) -> (usize, usize) {
    let columns = columns.min(panels.max(1));
    (panels.div_ceil(columns), columns)
}

/// A size in points; figures are far smaller than what u32 holds.
fn points(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX / 4)
}
