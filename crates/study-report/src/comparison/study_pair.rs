//! Two studies, A and B.

use study_record::Manifest;

use crate::{finished_study::FinishedStudy, sections::score_note::margin_unit};

/// The names of the two studies.
pub(super) const LETTERS: [&str; 2] = ["A", "B"];

/// Two studies, A and B.
pub(super) struct StudyPair<'a> {
    pub(super) studies: [&'a FinishedStudy<'a>; 2],
}

impl<'a> StudyPair<'a> {
    pub(super) fn manifests(&self) -> [&'a Manifest; 2] {
        self.studies.map(FinishedStudy::manifest)
    }

    /// Whether both have the same model, so that a layer and index name the same neuron.
    pub(super) fn same_model(&self) -> bool {
        let [a, b] = self.manifests().map(|manifest| &manifest.inputs.model.sha256);
        a == b
    }

    /// The unit of margins.
    pub(super) fn unit(&self) -> String {
        margin_unit(self.manifests().map(|manifest| manifest.study.score))
    }

    /// The layers of the deeper model.
    pub(super) fn layers(&self) -> usize {
        let [a, b] = self.manifests().map(|manifest| manifest.model_layers);
        a.max(b)
    }

    /// Both labels, each as both studies name it.
    pub(super) fn labels(&self) -> [[&'a str; 2]; 2] {
        let [a, b] = self.manifests().map(Manifest::labels);
        [[a[0], b[0]], [a[1], b[1]]]
    }
}

/// A label as both studies name it.
pub(super) fn label_name([a, b]: [&str; 2]) -> String {
    if a == b { a.to_owned() } else { format!("{a} / {b}") }
}
