//! What `nulls.csv` says, gathered row by row: it may have millions.

use std::collections::BTreeMap;

use neuron_stats::quantile;

use crate::rows::{Kind, Null};

/// A logit drop and a margin drop.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drops {
    pub(crate) logit: f64,
    pub(crate) margin: f64,
}

/// One of two measures of a lesion.
pub(crate) type Measure = fn(&Drops) -> f64;

/// The two measures, with their names.
pub(crate) const MEASURES: [(&str, Measure); 2] =
    [("logit drop", |of| of.logit), ("margin drop", |of| of.margin)];

/// All lesions of one layer and label, or of one prompt: for each set of neurons the mean over
/// prompts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    sets: BTreeMap<(Kind, usize), (Drops, usize)>,
}

impl Cell {
    fn push(&mut self, row: &Null) {
        let (sum, prompts) = self.sets.entry((row.kind, row.draw)).or_default();
        sum.logit += row.logit_drop;
        sum.margin += row.margin_drop;
        *prompts += 1;
    }

    fn of(&self, kind: Kind, measure: Measure) -> Vec<f64> {
        let range = (kind, 0)..=(kind, usize::MAX);
        self.sets.range(range).map(|(_, (sum, prompts))| measure(sum) / *prompts as f64).collect()
    }

    /// The mean drop of a kind that has one set.
    pub(crate) fn mean(&self, kind: Kind, measure: Measure) -> Option<f64> {
        self.of(kind, measure).first().copied()
    }

    /// The mean drops that 95 % of the sets of a random kind lie between.
    pub(crate) fn band(&self, kind: Kind, measure: Measure) -> Option<(f64, f64)> {
        let mut drops = self.of(kind, measure);
        drops.sort_by(f64::total_cmp);
        (!drops.is_empty()).then(|| (quantile(&drops, 0.025), quantile(&drops, 0.975)))
    }
}

/// The controlled lesions.
#[derive(Debug, Default)]
pub(crate) struct Nulls {
    cells: BTreeMap<(usize, String), Cell>,
    /// The prompts by themselves, in the layer that the page looks at closely.
    pub(crate) prompts: BTreeMap<(usize, usize), Cell>,
}

impl Nulls {
    /// `layer` is the one whose prompts are kept apart.
    pub(crate) fn push(&mut self, row: &Null, layer: usize) {
        if row.layer == layer {
            self.prompts.entry((row.prompt, row.position)).or_default().push(row);
        }
        let cell = (row.layer, row.neuron_set.clone());
        self.cells.entry(cell).or_default().push(row);
    }

    /// The lesions of a layer and label.
    pub(crate) fn cell(&self, layer: usize, label: &str) -> Option<&Cell> {
        self.cells.get(&(layer, label.to_owned()))
    }
}
