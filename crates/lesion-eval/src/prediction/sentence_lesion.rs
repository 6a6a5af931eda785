//! A lesion of one sentence, without a study.

use std::sync::Arc;

use activation_capture::Target;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        lesion_method::{LesionMethod, PreparedLesionMethod},
        reference::ReferenceActivations,
    },
    error::StudyError,
    passes::subject::Subject,
};

/// A lesion of one sentence.
#[derive(Clone, Debug)]
pub struct SentenceLesion {
    /// How neurons are lesioned. The target is the row's own mask.
    pub method: LesionMethod,
    /// The lesioned layers, each with its neurons.
    pub layers: Vec<(usize, Arc<[usize]>)>,
    /// The values that neurons are set to, if these come from other sentences.
    pub values: Option<LesionValues>,
}

/// Values from other sentences.
#[derive(Clone, Debug)]
pub enum LesionValues {
    /// Those of the kind of lesion, such as means, over these sentences.
    Reference(Arc<ReferenceActivations>),
    /// The activations at the mask of one sentence.
    Patch {
        /// The sentence.
        sentence: String,
        /// Its activations, `layers x neurons`.
        values: Arc<[f32]>,
    },
}

impl SentenceLesion {
    /// Checks that the model has the lesioned layers, and finds positions and values in each row.
    ///
    /// # Errors
    /// If a layer or token does not exist, or the kind of lesion needs values that are not given.
    pub(crate) fn prepare(
        &self,
        subject: Subject<'_>,
        masks: &[MaskedPrompt],
    ) -> Result<PreparedLesionMethod, StudyError> {
        for &(layer, _) in &self.layers {
            subject.check_layer(layer)?;
        }
        match &self.values {
            Some(LesionValues::Patch { values, .. }) => {
                let neurons = subject.model.config().intermediate_size;
                self.method.prepare_given(masks, values, neurons)
            }
            Some(LesionValues::Reference(values)) => self.method.prepare(Some(values), masks, 0),
            None => self.method.prepare(None, masks, 0),
        }
    }

    /// The lesioned neurons at each token of each row.
    pub(crate) fn targets<'a>(
        &'a self,
        prepared: &'a PreparedLesionMethod,
        rows: usize,
    ) -> Vec<Target<'a>> {
        let mut targets = Vec::new();
        for row in 0..rows {
            for &(layer, ref neurons) in &self.layers {
                for &position in prepared.positions(row) {
                    let edit = prepared.edit(row, layer, position);
                    targets.push(Target { row, layer, position, neurons, edit });
                }
            }
        }
        targets
    }

    /// The lowest lesioned layer.
    pub(crate) fn lowest_layer(&self) -> usize {
        self.layers.iter().map(|&(layer, _)| layer).min().unwrap_or_default()
    }
}
