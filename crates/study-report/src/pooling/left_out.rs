//! Cells of studies that are not pooled.

/// The reason why a cell of a study is not pooled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LeftOut {
    /// The study lesioned no layer that is in the cell.
    #[error("no layer of this depth was lesioned")]
    NoLayer,
    /// No neuron carries the label, or no prompt does.
    #[error("no neuron was lesioned")]
    NoNeurons,
    /// There are no random sets, or only one.
    #[error("there are fewer than two random sets")]
    NoRandomSets,
    /// There are too few templates for a variance.
    #[error("prompts of fewer than two templates have no variance")]
    FewTemplates,
    /// All templates and all random sets agree exactly.
    #[error("the effect does not vary")]
    NoVariation,
    /// The margin without a lesion cannot be a unit.
    #[error("the margin without a lesion is not above 0 by two standard errors")]
    NoMargin,
}
