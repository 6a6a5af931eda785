//! A lesion of one sentence, without a study.

use std::sync::Arc;

use activation_capture::Target;

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        lesion_method::{LesionMethod, PreparedLesionMethod},
        lesioned_layers::{LesionedLayers, check_shared_layers, spread},
        reference::ReferenceActivations,
    },
    error::StudyError,
    passes::subject::Subject,
};

/// A lesion of one sentence.
#[derive(Clone, Debug)]
pub struct SentenceLesion {
    /// Kind, site and tokens of the lesion. The target is the token of the row's own prediction.
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
    /// The activations of one sentence, where its word is predicted.
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
    /// If a layer or token does not exist, the layers share no weights but should, or the kind of lesion needs values that are not given.
    pub(crate) fn prepare(
        &self,
        subject: Subject<'_>,
        masks: &[MaskedPrompt],
    ) -> Result<PreparedLesionMethod, StudyError> {
        for &(layer, _) in &self.layers {
            subject.check_layer(layer)?;
        }
        check_shared_layers(self.method.shared, subject.model.config())?;
        match &self.values {
            Some(LesionValues::Patch { values, .. }) => {
                let neurons = subject.model.config().intermediate_size;
                self.method.prepare_given(masks, values, neurons)
            }
            Some(LesionValues::Reference(values)) => self.method.prepare(Some(values), masks, 0),
            None => self.method.prepare(None, masks, 0),
        }
    }

    /// Every layer in which neurons are lesioned, each with these neurons.
    pub(crate) fn spread(&self, subject: Subject<'_>) -> LesionedLayers {
        spread(self.method.shared, &self.layers, subject.model.config().num_hidden_layers)
    }
}

/// The lesioned neurons at each token of each row.
pub(crate) fn targets<'a>(
    layers: &'a [(usize, Arc<[usize]>)],
    prepared: &'a PreparedLesionMethod,
    rows: usize,
) -> Vec<Target<'a>> {
    let mut targets = Vec::new();
    for row in 0..rows {
        for &(layer, ref neurons) in layers {
            for &position in prepared.positions(row) {
                let edit = prepared.edit(row, layer, position);
                targets.push(Target { row, layer, position, neurons, edit });
            }
        }
    }
    targets
}
