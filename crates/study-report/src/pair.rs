//! Two studies, and what they have in common.

use std::collections::BTreeMap;

use crate::{Study, rows::Prediction};

/// Two studies, A and B.
pub(crate) struct Pair<'a> {
    pub(crate) studies: [&'a Study; 2],
}

/// One masked prompt that both studies have: its label, and what each found.
pub(crate) struct Common {
    pub(crate) label: Option<String>,
    /// The right word's clean margin.
    pub(crate) margins: [f64; 2],
    /// Its margin drop in the paper's lesion.
    pub(crate) drops: Option<[f64; 2]>,
}

impl Pair<'_> {
    /// The masked prompts that both studies have, with the same candidates.
    pub(crate) fn common(&self) -> Vec<Common> {
        let [a, b] = self.studies.map(|study| {
            let of = |of: &[Prediction]| {
                let prompt = study.prompt(of[0].prompt, of[0].position)?;
                let words: Vec<String> = of.iter().map(|of| of.candidate.clone()).collect();
                let lesion = study
                    .lesions()
                    .find(|row| (row[0].prompt, row[0].position) == (of[0].prompt, of[0].position));
                let found = (margin(of), lesion.map(|of| of[0].margin_drop), prompt.label.clone());
                Some(((prompt.sentence.clone(), words), found))
            };
            study.predicted().filter_map(of).collect::<BTreeMap<_, _>>()
        });
        let both = |(key, one): (&_, &(f64, Option<f64>, Option<String>))| {
            let other = b.get(key)?;
            Some(Common {
                label: one.2.clone(),
                margins: [one.0, other.0],
                drops: one.1.zip(other.1).map(|(one, other)| [one, other]),
            })
        };
        a.iter().filter_map(both).collect()
    }

    /// Whether both looked at the same neurons, so that a layer and index name one neuron.
    pub(crate) fn same_model(&self) -> bool {
        let [a, b] =
            self.studies.map(|study| study.manifest.inputs.get("model").map(|of| &of.sha256));
        a == b
    }

    pub(crate) fn layers(&self) -> usize {
        self.studies.map(Study::layers).into_iter().max().unwrap_or_default()
    }

    /// Both labels, each as both studies call it.
    pub(crate) fn labels(&self) -> [[&str; 2]; 2] {
        let [a, b] = self.studies.map(|study| study.manifest.labels());
        [[a[0], b[0]], [a[1], b[1]]]
    }
}

/// A label as both studies call it.
pub(crate) fn both(label: [&str; 2]) -> String {
    if label[0] == label[1] { label[0].to_owned() } else { format!("{} / {}", label[0], label[1]) }
}

/// How far the right word leads the other candidates.
pub(crate) fn margin(of: &[Prediction]) -> f64 {
    of[0].logit - of[1..].iter().map(|of| of.logit).fold(f64::NEG_INFINITY, f64::max)
}
