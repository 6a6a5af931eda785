//! Neurons of layers, as the user writes them.

use std::str::FromStr;

use lesion_eval::{NeuronSetFile, StudyError, Subject};
use study_record::{IndexRanges, SettingValue as _};

/// Some layers and some neurons of each, as in the option: `4:12,19`, `0-5:her` or `all:0-99`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerNeurons {
    /// The layers.
    pub layers: IndexRanges,
    /// Their neurons.
    pub neurons: Neurons,
}

/// Numbered neurons, or all neurons with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Neurons {
    /// The neurons with these numbers.
    Numbered(IndexRanges),
    /// The neurons with this label.
    Labelled(String),
    /// As many neurons as this, the most active ones; only to look at.
    MostActive(usize),
}

/// Text before the number of most active neurons.
const MOST_ACTIVE: &str = "top";

impl LayerNeurons {
    /// The layers of the model, each with its neurons. Labels are looked up in `file`.
    ///
    /// # Errors
    /// If the model does not have a layer or a neuron, or no set of the file has the label.
    pub(crate) fn find(
        &self,
        subject: Subject<'_>,
        file: &NeuronSetFile,
    ) -> Result<Vec<(usize, Vec<usize>)>, StudyError> {
        let mut found = Vec::new();
        for layer in subject.layers(&self.layers)? {
            let neurons = match &self.neurons {
                Neurons::Numbered(list) => subject.neurons(list)?,
                Neurons::Labelled(label) => file.labelled(layer, label)?.into_iter().collect(),
                Neurons::MostActive(_) => return Err(StudyError::MostActive),
            };
            found.push((layer, neurons));
        }
        Ok(found)
    }
}

impl FromStr for LayerNeurons {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "`{text}` names no neurons; use for example `4:12,19`, `4:0-99`, `4:her` or `all:her`"
            )
        };
        let (layers, neurons) = text.split_once(':').ok_or_else(problem)?;
        let layers = IndexRanges::parse(layers).map_err(|_| problem())?;
        let neurons = neurons.trim();
        let is_label = neurons.starts_with(|first: char| !first.is_ascii_digit());
        let count = neurons.strip_prefix(MOST_ACTIVE).and_then(|count| count.parse().ok());
        let neurons = match IndexRanges::parse(neurons) {
            _ if count.is_some_and(|count| count > 0) => {
                Neurons::MostActive(count.unwrap_or_default())
            }
            Ok(list) => Neurons::Numbered(list),
            Err(_) if is_label => Neurons::Labelled(neurons.to_owned()),
            Err(_) => return Err(problem()),
        };
        Ok(Self { layers, neurons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_numbers_ranges_or_a_label() {
        let parse = |text: &str| text.parse::<LayerNeurons>();
        let list = |text: &str| IndexRanges::parse(text).unwrap();
        let numbered = |layers, neurons| LayerNeurons {
            layers: list(layers),
            neurons: Neurons::Numbered(list(neurons)),
        };
        let labelled = |layers, label: &str| LayerNeurons {
            layers: list(layers),
            neurons: Neurons::Labelled(label.to_owned()),
        };
        assert_eq!(parse("4:12,19"), Ok(numbered("4", "12,19")));
        assert_eq!(parse("0:0-99, 767"), Ok(numbered("0", "0-99,767")));
        assert_eq!(parse("4:all"), Ok(numbered("4", "all")));
        assert_eq!(parse("4:her"), Ok(labelled("4", "her")));
        assert_eq!(parse("0-2,4:her"), Ok(labelled("0-2,4", "her")));
        assert_eq!(parse("all: her"), Ok(labelled("all", "her")));
        for text in ["", "4", "4:", "her:4", ":her", "4:1,x", "4:1-", "-1:2", "4:1,,2", "4:9-1"] {
            assert!(parse(text).is_err_and(|problem| problem.contains("`4:12,19`")), "{text}");
        }
    }
}
