//! What `neurons_causal.csv` says, gathered row by row: it may have millions.

use std::collections::BTreeMap;

use crate::{number::mean, rows::Causal};

/// A labelled neuron, lesioned by itself in the prompts of its own label.
#[derive(Clone, Debug)]
pub(crate) struct Single {
    pub(crate) label: String,
    pub(crate) t: f64,
    drops: Vec<f64>,
    direct: Vec<f64>,
}

impl Single {
    /// The mean margin drop.
    pub(crate) fn drop(&self) -> f64 {
        mean(self.drops.iter().copied())
    }

    /// The mean direct margin drop; NaN where there is none.
    pub(crate) fn direct(&self) -> f64 {
        mean(self.direct.iter().copied())
    }

    pub(crate) fn prompts(&self) -> usize {
        self.drops.len()
    }
}

/// Every labelled neuron of a layer.
#[derive(Debug, Default)]
pub(crate) struct Singles {
    pub(crate) layer: usize,
    /// Whether the direct effects are exact; `None` where there are none.
    pub(crate) exact: Option<bool>,
    pub(crate) neurons: BTreeMap<usize, Single>,
}

impl Singles {
    /// `labels` are those of the prompts.
    pub(crate) fn push(&mut self, row: Causal, labels: &BTreeMap<(usize, usize), String>) {
        if labels.get(&(row.prompt, row.position)) != Some(&row.label) {
            return;
        }
        self.layer = row.layer;
        self.exact = row.direct.map(|how| how == "exact");
        let single = self.neurons.entry(row.neuron).or_insert_with(|| Single {
            label: row.label,
            t: row.t,
            drops: Vec::new(),
            direct: Vec::new(),
        });
        single.drops.push(row.margin_drop);
        single.direct.extend(row.direct_margin_drop);
    }
}
