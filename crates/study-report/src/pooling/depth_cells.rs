//! Layers of models of different depth, matched by their share of the depth.

use std::ops::Range;

/// As many equal parts of a model's depth as the shallowest of several models has layers.
///
/// Layer l of L lies at the share `(l + 0.5) / L` of the depth, and belongs to the part that contains it.
/// In the shallowest model each part is a layer; in a deeper one it has one or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DepthCells {
    cells: usize,
}

impl DepthCells {
    /// The cells of models with these numbers of layers.
    pub(crate) fn of(layers: impl IntoIterator<Item = usize>) -> Self {
        Self { cells: layers.into_iter().min().unwrap_or(0) }
    }

    /// Number of cells.
    pub(crate) fn count(self) -> usize {
        self.cells
    }

    /// The cell of a layer of a model with so many layers.
    pub(crate) fn cell(self, layer: usize, layers: usize) -> usize {
        let cell = (2 * layer as u128 + 1) * self.cells as u128 / (2 * layers as u128);
        usize::try_from(cell).unwrap_or(usize::MAX)
    }

    /// The layers of a model with so many layers that are in a cell.
    pub(crate) fn layers(self, cell: usize, layers: usize) -> Range<usize> {
        self.first_layer(cell as u128, layers)..self.first_layer(cell as u128 + 1, layers)
    }

    /// The lowest layer whose share of the depth is at least that at which a cell begins.
    fn first_layer(self, cell: u128, layers: usize) -> usize {
        // (2 l + 1) / (2 L) is at least c / C.
        let cells = self.cells as u128;
        let above = (2 * layers as u128 * cell).saturating_sub(cells);
        usize::try_from(above.div_ceil(2 * cells)).unwrap_or(usize::MAX)
    }

    /// The shares of the depth at which a cell begins and ends.
    pub(crate) fn depth(self, cell: usize) -> (f64, f64) {
        let cells = self.cells as f64;
        (cell as f64 / cells, (cell + 1) as f64 / cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_a_layer_of_every_model() {
        for shallowest in 1..9 {
            for layers in shallowest..40 {
                let cells = DepthCells::of([layers, shallowest]);
                for cell in 0..shallowest {
                    let (low, high) = cells.depth(cell);
                    let inside = cells.layers(cell, layers);
                    assert!(!inside.is_empty(), "{cell} of {shallowest}, {layers} layers");
                    for layer in inside {
                        assert_eq!(cells.cell(layer, layers), cell);
                        let depth = (layer as f64 + 0.5) / layers as f64;
                        assert!(low - 1e-12 <= depth && depth < high + 1e-12);
                    }
                }
            }
        }
    }

    #[test]
    fn models_of_the_same_depth_match_layer_by_layer() {
        let cells = DepthCells::of([12, 12]);
        assert!((0..12).all(|layer| cells.layers(layer, 12) == (layer..layer + 1)));
        assert_eq!(DepthCells::of([6, 12]).layers(2, 12), 4..6);
        assert_eq!(DepthCells::of([6, 8]).layers(1, 8), 1..3);
    }
}
