//! The method of a lesion: the new value of an activation, the site and the tokens.

use std::{collections::BTreeMap, sync::Arc};

use activation_capture::Edit;
use study_record::{LesionKind, SharedLayers, Site, Study, Tokens};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    engine::{
        batch_store::KeyBuilder, lesioned_tokens::lesioned_positions, prompt_passes::PromptPasses,
        reference::ReferenceActivations,
    },
    error::StudyError,
    translate::model_site,
};

/// A way to lesion neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionMethod {
    /// The new value of their activations.
    pub kind: LesionKind,
    /// Before or after the activation function.
    pub site: Site,
    /// The lesioned tokens.
    pub tokens: Tokens,
    /// The lesioned layers, if layers share weights.
    pub shared: SharedLayers,
}

impl LesionMethod {
    /// The method of a study's laboratory.
    #[must_use]
    pub fn of(study: &Study) -> Self {
        let lesion = &study.lesion;
        Self {
            kind: lesion.kind,
            site: lesion.site,
            tokens: lesion.at.clone(),
            shared: lesion.shared,
        }
    }

    /// The paper's method, zero where the word is predicted, in a neuron's own layer.
    #[must_use]
    pub fn zero(site: Site) -> Self {
        let shared = SharedLayers::Here;
        Self { kind: LesionKind::Zero, site, tokens: Tokens::Target, shared }
    }

    /// The paper's method, zero where the word is predicted, in a study.
    #[must_use]
    pub fn paper(study: &Study) -> Self {
        Self { shared: study.lesion.shared, ..Self::zero(study.lesion.site) }
    }

    /// Computes the positions and values of lesions in the passes of these prompts. All passes of a prompt
    /// have the same values. Only kinds that use the activations of other sentences need `reference`.
    ///
    /// # Errors
    /// [`StudyError::Offset`] if an offset leaves a sentence, [`StudyError::NoActivations`] if the
    /// kind needs activations and there are none, [`StudyError::NoSentences`] or
    /// [`StudyError::NoCounterpart`] if a prompt has no sentence to take them from.
    pub fn prepare(
        &self,
        reference: Option<&ReferenceActivations>,
        prompts: &[MaskedPrompt],
        seed: u64,
    ) -> Result<PreparedLesionMethod, StudyError> {
        let passes = PromptPasses::of(prompts);
        let positions = self.positions(&passes.list)?;
        let given = |values: Vec<Arc<[f32]>>| Values::Given(passes.repeat(&values));
        let values = match self.kind {
            LesionKind::Zero => Values::Zero,
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            LesionKind::Scale(factor) => Values::Scale(factor as f32),
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            LesionKind::Value(value) => Values::Number(value as f32),
            LesionKind::Mean => given(self.require(reference, prompts)?.means(prompts)),
            LesionKind::Median => given(self.require(reference, prompts)?.medians(prompts)),
            LesionKind::Resample => given(self.require(reference, prompts)?.samples(prompts, seed)),
            LesionKind::Patch => {
                let reference = self.require_any(reference)?;
                let mut patches = Vec::with_capacity(passes.list.len());
                for (prompt, positions) in passes.list.iter().zip(&positions) {
                    patches.push(reference.patches(prompt, positions)?);
                }
                Values::Patched(patches)
            }
        };
        let neurons = reference.map_or(0, ReferenceActivations::neurons);
        Ok(self.placed(&passes.list, positions, neurons, values))
    }

    /// The method in these prompts if it sets activations to `values`: of every neuron of every layer,
    /// with `neurons` neurons in a layer.
    ///
    /// # Errors
    /// [`StudyError::Offset`] if an offset leaves a sentence.
    pub(crate) fn prepare_given(
        &self,
        prompts: &[MaskedPrompt],
        values: &Arc<[f32]>,
        neurons: usize,
    ) -> Result<PreparedLesionMethod, StudyError> {
        let passes = PromptPasses::of(prompts);
        let positions = self.positions(&passes.list)?;
        let values = Values::Given(vec![values.clone(); passes.list.len()]);
        Ok(self.placed(&passes.list, positions, neurons, values))
    }

    /// The lesioned positions of each pass.
    fn positions(&self, prompts: &[MaskedPrompt]) -> Result<Vec<Vec<usize>>, StudyError> {
        prompts.iter().map(|prompt| lesioned_positions(&self.tokens, prompt)).collect()
    }

    /// The method with these positions and values in each pass.
    fn placed(
        &self,
        prompts: &[MaskedPrompt],
        positions: Vec<Vec<usize>>,
        neurons: usize,
        values: Values,
    ) -> PreparedLesionMethod {
        PreparedLesionMethod {
            site: model_site(self.site),
            shared: self.shared,
            zeroes: matches!(values, Values::Zero),
            neurons,
            masks: prompts.iter().map(|prompt| prompt.position).collect(),
            positions,
            values,
        }
    }

    fn require<'a>(
        &self,
        reference: Option<&'a ReferenceActivations>,
        prompts: &[MaskedPrompt],
    ) -> Result<&'a ReferenceActivations, StudyError> {
        let reference = self.require_any(reference)?;
        if !reference.covers(prompts) {
            return Err(StudyError::NoSentences { kind: self.kind.to_string() });
        }
        Ok(reference)
    }

    fn require_any<'a>(
        &self,
        reference: Option<&'a ReferenceActivations>,
    ) -> Result<&'a ReferenceActivations, StudyError> {
        reference.ok_or_else(|| StudyError::NoActivations { kind: self.kind.to_string() })
    }
}

/// A method with its positions and values in each pass of a prompt.
#[derive(Clone, Debug)]
pub struct PreparedLesionMethod {
    pub(crate) site: bert_model::Site,
    /// The lesioned layers, if layers share weights.
    pub(crate) shared: SharedLayers,
    /// True if activations become 0.
    zeroes: bool,
    /// Neurons in a layer; 0 if the values need no activations.
    neurons: usize,
    /// The position at which each pass predicts.
    masks: Vec<usize>,
    /// The lesioned positions of each pass.
    positions: Vec<Vec<usize>>,
    values: Values,
}

/// The new values of activations.
#[derive(Clone, Debug)]
enum Values {
    Zero,
    Scale(f32),
    Number(f32),
    /// For each pass, those of every neuron of every layer.
    Given(Vec<Arc<[f32]>>),
    /// The same by position, for each pass: that of its prediction and its lesioned tokens.
    Patched(Vec<BTreeMap<usize, Arc<[f32]>>>),
}

impl PreparedLesionMethod {
    /// True if activations become 0 where each pass predicts, and nowhere else.
    pub(crate) fn zeroes_at_masks(&self) -> bool {
        let mut positions = self.positions.iter().zip(&self.masks);
        self.zeroes && positions.all(|(positions, mask)| positions[..] == [*mask])
    }

    /// True if a lesion of a pass is at its mask, and nowhere else.
    pub(crate) fn is_at_mask(&self, pass: usize) -> bool {
        self.positions[pass][..] == [self.masks[pass]]
    }

    /// True if a lesion of the second pass does to the tokens up to the mask of the first one what a lesion of the
    /// first does.
    pub(crate) fn begins_alike(&self, [first, second]: [usize; 2]) -> bool {
        let end = self.masks[first];
        let beginning = self.positions[second].iter().filter(|&&position| position <= end);
        if !beginning.eq(&self.positions[first]) {
            return false;
        }
        match &self.values {
            Values::Zero | Values::Scale(_) | Values::Number(_) => true,
            Values::Given(values) => Arc::ptr_eq(&values[first], &values[second]),
            Values::Patched(_) => false,
        }
    }

    /// The lesioned positions of a pass.
    pub(crate) fn positions(&self, pass: usize) -> &[usize] {
        &self.positions[pass]
    }

    /// The edit of the activations of `layer` at a position of a pass: that of its prediction or a
    /// lesioned token.
    pub(crate) fn edit(&self, pass: usize, layer: usize, position: usize) -> Edit<'_> {
        let layer = layer * self.neurons..(layer + 1) * self.neurons;
        match &self.values {
            Values::Zero => Edit::Zero,
            Values::Scale(factor) => Edit::Scale(*factor),
            Values::Number(value) => Edit::Set(*value),
            Values::Given(values) => Edit::Replace(&values[pass][layer]),
            Values::Patched(values) => Edit::Replace(&values[pass][&position][layer]),
        }
    }

    /// Adds what a lesion of a pass depends on, besides its neurons.
    pub(crate) fn add_to_key(&self, pass: usize, key: &mut KeyBuilder) {
        key.number(usize::from(self.site == bert_model::Site::Pre));
        let positions = &self.positions[pass];
        key.numbers(positions);
        // One number for each kind of value.
        match &self.values {
            Values::Zero => key.number(0),
            Values::Scale(factor) => {
                key.number(1);
                key.values(&[*factor]);
            }
            Values::Number(value) => {
                key.number(2);
                key.values(&[*value]);
            }
            Values::Given(values) => {
                key.number(3);
                key.values(&values[pass]);
            }
            Values::Patched(values) => {
                for (position, values) in &values[pass] {
                    key.number(4);
                    key.number(*position);
                    key.values(values);
                }
            }
        }
    }

    /// The values that a lesion gives the neurons of `layer` where a pass predicts, from their intact ones.
    pub(crate) fn lesioned_values(&self, pass: usize, layer: usize, intact: &[f32]) -> Vec<f32> {
        match self.edit(pass, layer, self.masks[pass]) {
            Edit::Zero => vec![0.0; intact.len()],
            Edit::Scale(factor) => intact.iter().map(|value| factor * value).collect(),
            Edit::Set(value) => vec![value; intact.len()],
            Edit::Replace(values) => values.to_vec(),
        }
    }
}
