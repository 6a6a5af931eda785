//! Neurons of a layer, as the user writes them.

use std::{ops::RangeInclusive, str::FromStr};

/// A layer and some of its neurons, as in the option: `4:12,19`, `4:0-99` or `4:her`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerNeurons {
    /// The layer.
    pub layer: usize,
    /// Its neurons.
    pub neurons: Neurons,
}

/// Numbered neurons, or all neurons with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Neurons {
    /// The neurons in these ranges.
    Numbered(Vec<RangeInclusive<usize>>),
    /// The neurons with this label.
    Labelled(String),
}

impl FromStr for LayerNeurons {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem =
            || format!("`{text}` names no neurons; use for example `4:12,19`, `4:0-99` or `4:her`");
        let (layer, neurons) = text.split_once(':').ok_or_else(problem)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| problem());
        let layer = number(layer)?;
        let neurons = if neurons.starts_with(|first: char| first.is_ascii_digit()) {
            let range = |part: &str| {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let range = number(first)?..=number(last)?;
                if range.is_empty() { Err(problem()) } else { Ok(range) }
            };
            Neurons::Numbered(neurons.split(',').map(range).collect::<Result<_, String>>()?)
        } else if neurons.trim().is_empty() {
            return Err(problem());
        } else {
            Neurons::Labelled(neurons.trim().to_owned())
        };
        Ok(Self { layer, neurons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_numbers_ranges_or_a_label() {
        let parse = |text: &str| text.parse::<LayerNeurons>();
        let numbered = |layer, ranges| LayerNeurons { layer, neurons: Neurons::Numbered(ranges) };
        assert_eq!(parse("4:12,19"), Ok(numbered(4, vec![12..=12, 19..=19])));
        assert_eq!(parse("0:0-99, 767"), Ok(numbered(0, vec![0..=99, 767..=767])));
        let neurons = Neurons::Labelled("her".to_owned());
        assert_eq!(parse("4:her"), Ok(LayerNeurons { layer: 4, neurons }));
        for text in ["", "4", "4:", "her:4", ":her", "4:1,x", "4:1-", "-1:2", "4:1,,2", "4:9-1"] {
            assert!(parse(text).is_err_and(|problem| problem.contains("`4:12,19`")), "{text}");
        }
    }
}
