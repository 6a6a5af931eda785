//! How neurons are lesioned: the new value of an activation, the site and the tokens.

use activation_capture::Edit;
use rand::RngExt;
use study_record::{LesionKind, Site, Study, Tokens};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    error::StudyError,
    random::{Purpose, stream},
    selection::activations::Activations,
    translate::model_site,
};

/// How neurons are lesioned.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionMethod {
    /// The new value of their activations.
    pub kind: LesionKind,
    /// Before or after GELU.
    pub site: Site,
    /// The lesioned tokens.
    pub tokens: Tokens,
}

impl LesionMethod {
    /// The method of a study's laboratory.
    #[must_use]
    pub fn of(study: &Study) -> Self {
        let lesion = &study.lesion;
        Self { kind: lesion.kind, site: lesion.site, tokens: lesion.at.clone() }
    }

    /// The paper's method: zero at the mask.
    #[must_use]
    pub fn zero(site: Site) -> Self {
        Self { kind: LesionKind::Zero, site, tokens: Tokens::Target }
    }

    /// Computes the positions and values of lesions in these prompts. `activations` are those of the
    /// stimuli; only kinds that use their values need any.
    ///
    /// # Errors
    /// [`StudyError::Offset`] if an offset leaves a sentence, [`StudyError::NoActivations`] if the
    /// kind needs activations and there are none.
    pub fn prepare(
        &self,
        activations: Option<&Activations>,
        prompts: &[MaskedPrompt],
        seed: u64,
    ) -> Result<PreparedLesionMethod, StudyError> {
        let mut positions = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            positions.push(lesioned_positions(&self.tokens, prompt)?);
        }
        let site = model_site(self.site);
        let values = match self.kind {
            LesionKind::Zero => Values::Zero,
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            LesionKind::Scale(factor) => Values::Scale(factor as f32),
            LesionKind::Mean => Values::Mean(self.require(activations)?.mean(site)),
            LesionKind::Resample => {
                let activations = self.require(activations)?;
                let sentences = (0..prompts.len())
                    .map(|prompt| choose_sentence(activations, site, seed, prompt));
                Values::Resample(sentences.collect())
            }
        };
        Ok(PreparedLesionMethod {
            site,
            zeroes: self.kind == LesionKind::Zero,
            neurons: activations.map_or(0, |activations| activations.neurons),
            positions,
            values,
        })
    }

    fn require<'a>(
        &self,
        activations: Option<&'a Activations>,
    ) -> Result<&'a Activations, StudyError> {
        activations.ok_or_else(|| StudyError::NoActivations { kind: self.kind.to_string() })
    }
}

/// The activations of a random stimulus, one for each prompt.
fn choose_sentence(
    activations: &Activations,
    site: bert_model::Site,
    seed: u64,
    prompt: usize,
) -> Vec<f32> {
    let mut rng = stream(seed, Purpose::Resample, 0, prompt);
    let side = &activations.at(site)[rng.random_range(0..2)];
    let pair = rng.random_range(0..activations.pairs);
    let width = activations.layers * activations.neurons;
    side[pair * width..][..width].to_vec()
}

/// Checks that every prompt has such tokens.
///
/// # Errors
/// [`StudyError::Offset`] if an offset leaves a sentence.
pub fn check_tokens(tokens: &Tokens, prompts: &[MaskedPrompt]) -> Result<(), StudyError> {
    for prompt in prompts {
        lesioned_positions(tokens, prompt)?;
    }
    Ok(())
}

fn lesioned_positions(tokens: &Tokens, prompt: &MaskedPrompt) -> Result<Vec<usize>, StudyError> {
    match tokens {
        Tokens::Target => Ok(vec![prompt.position]),
        Tokens::All => Ok((0..prompt.length()).collect()),
        Tokens::Offsets(offsets) => offsets.iter().map(|&offset| shift(prompt, offset)).collect(),
    }
}

/// The position at a distance from a prompt's mask.
fn shift(prompt: &MaskedPrompt, offset: i64) -> Result<usize, StudyError> {
    let length = prompt.length();
    let shifted = (prompt.position as i64).checked_add(offset);
    let position = shifted.and_then(|shifted| usize::try_from(shifted).ok());
    match position {
        Some(position) if position < length => Ok(position),
        _ => Err(StudyError::Offset {
            offset,
            prompt: prompt.prompt,
            position: prompt.position,
            length,
        }),
    }
}

/// A method with its positions and values in each prompt.
#[derive(Clone, Debug)]
pub struct PreparedLesionMethod {
    pub(crate) site: bert_model::Site,
    /// Whether activations become 0.
    pub(crate) zeroes: bool,
    /// Neurons in a layer; 0 if the values need no activations.
    neurons: usize,
    /// For each prompt.
    positions: Vec<Vec<usize>>,
    values: Values,
}

/// The new values of activations. Lists contain every neuron of every layer.
#[derive(Clone, Debug)]
enum Values {
    Zero,
    Scale(f32),
    Mean(Vec<f32>),
    /// For each prompt.
    Resample(Vec<Vec<f32>>),
}

impl PreparedLesionMethod {
    /// The lesioned positions of a prompt.
    pub(crate) fn positions(&self, prompt: usize) -> &[usize] {
        &self.positions[prompt]
    }

    /// The edit of the activations of `layer` in a prompt.
    pub(crate) fn edit(&self, prompt: usize, layer: usize) -> Edit<'_> {
        let layer = layer * self.neurons..(layer + 1) * self.neurons;
        match &self.values {
            Values::Zero => Edit::Zero,
            Values::Scale(factor) => Edit::Scale(*factor),
            Values::Mean(means) => Edit::Replace(&means[layer]),
            Values::Resample(sentences) => Edit::Replace(&sentences[prompt][layer]),
        }
    }
}
