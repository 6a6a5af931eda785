//! The rows of the study's tables, one type a file. Field names are the column names.
//!
//! Layers, neurons, positions (`[CLS]` is 0) and prompts count from 0. Logits are written as the
//! f64 that equals the model's f32, so that a reader's own difference equals `logit_drop`.

mod laboratory;
mod lesions;
mod selection;

pub use laboratory::{
    CausalRow, DissociationRow, DoseRow, DynamicRow, JointRow, NullRow, ProfileRow, causal,
    dissociation, dose, dynamic, joint, nulls, profile,
};
pub use lesions::{
    LesionRow, LesionedRating, PredictionRow, PromptRow, RatingRow, lesions, predictions, prompts,
    ratings,
};
pub use selection::{
    HeldOutRow, HistogramRow, NeuronRow, NormalityRow, SelectionRow, SparsityRow, chosen, held_out,
    histogram, neurons, normality, selection, sparsity,
};
