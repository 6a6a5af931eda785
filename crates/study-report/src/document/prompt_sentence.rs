//! Prompts with their candidates, and the neurons that a reader can look up.

use super::cell::Cell;

/// A masked prompt with its candidates.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// The text before the mask.
    pub before: String,
    /// The text after the mask.
    pub after: String,
    /// The right word.
    pub target: String,
    /// Its name in the tables, and its lesion.
    pub note: String,
    /// The candidates, the right word first.
    pub candidates: Vec<Candidate>,
}

/// A candidate at a mask.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// Whether it is the right one.
    pub is_right: bool,
    /// Its probability in the plain pass.
    pub clean: f64,
    /// Its probability in the lesioned pass and its logit drop, if there was a lesion.
    pub lesioned: Option<(f64, f64)>,
}

impl Candidate {
    /// Probabilities in percent, as wide as their bars.
    pub(crate) fn bars(&self) -> Vec<String> {
        let lesioned = self.lesioned.map(|(prob, _)| prob);
        let probs = [Some(self.clean), lesioned].into_iter().flatten();
        probs.map(|prob| format!("{:.2}", 100.0 * prob)).collect()
    }

    pub(crate) fn cells(&self) -> [Cell; 3] {
        let (prob, drop) = self.lesioned.unzip();
        [
            Cell::probability(self.clean),
            prob.map_or_else(Cell::missing, Cell::probability),
            Cell::optional(drop, 3),
        ]
    }
}

/// Every neuron, for the look-up.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Layers of the model.
    pub layers: usize,
    /// Neurons in each layer.
    pub neurons: usize,
    /// JSON without `<`, so that it cannot end its element.
    pub json: String,
}
