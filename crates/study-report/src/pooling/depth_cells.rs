//! Layers of models of different depth, matched by their share of the depth.

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
        (2 * layer + 1) * self.cells / (2 * layers)
    }

    /// The layers of a model with so many layers that are in a cell.
    pub(crate) fn layers(self, cell: usize, layers: usize) -> Vec<usize> {
        (0..layers).filter(|&layer| self.cell(layer, layers) == cell).collect()
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
        assert!((0..12).all(|layer| cells.layers(layer, 12) == [layer]));
        assert_eq!(DepthCells::of([6, 12]).layers(2, 12), [4, 5]);
        assert_eq!(DepthCells::of([6, 8]).layers(1, 8), [1, 2]);
    }
}
