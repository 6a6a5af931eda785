//! Layers that are lesioned together.

use study_record::PatternKind;

/// Layers that are lesioned together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPattern {
    /// How the layers were chosen.
    pub kind: PatternKind,
    /// The layers, ascending.
    pub layers: Vec<usize>,
}

impl LayerPattern {
    /// The patterns of a study: every one of `layers` by itself, all cumulative patterns from the
    /// bottom and from the top, and the given ones. No layers occur twice.
    #[must_use]
    pub fn all(layers: &[usize], given: &[Vec<usize>]) -> Vec<Self> {
        let mut patterns = Vec::new();
        for &layer in layers {
            patterns.push(Self::new(PatternKind::Single, &[layer]));
        }
        for count in 2..=layers.len() {
            patterns.push(Self::new(PatternKind::Up, &layers[..count]));
        }
        for count in 2..layers.len() {
            patterns.push(Self::new(PatternKind::Down, &layers[layers.len() - count..]));
        }
        for layers in given {
            let pattern = Self::new(PatternKind::Given, layers);
            if !patterns.iter().any(|other| other.layers == pattern.layers) {
                patterns.push(pattern);
            }
        }
        patterns
    }

    pub(crate) fn new(kind: PatternKind, layers: &[usize]) -> Self {
        let mut layers = layers.to_vec();
        layers.sort_unstable();
        layers.dedup();
        Self { kind, layers }
    }

    /// The layers as text, `2 3 4`.
    #[must_use]
    pub fn name(&self) -> String {
        self.layers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_grow_from_both_ends_and_none_occurs_twice() {
        let all = LayerPattern::all(&[0, 1, 2], &[vec![2, 0, 2], vec![0, 2], vec![1, 0]]);
        let found: Vec<_> =
            all.iter().map(|pattern| (pattern.kind.to_string(), pattern.name())).collect();
        let expected = [
            ("single", "0"),
            ("single", "1"),
            ("single", "2"),
            ("up", "0 1"),
            ("up", "0 1 2"),
            ("down", "1 2"),
            ("given", "0 2"),
        ];
        assert_eq!(found, expected.map(|(kind, name)| (kind.to_owned(), name.to_owned())));
    }
}
