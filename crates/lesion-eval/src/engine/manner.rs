//! How neurons are lesioned: the new value of an activation, the site and the tokens.

use std::{fmt, str::FromStr};

use activation_capture::Edit;
use bert_model::Site;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    encoding::masked_prompt::MaskedPrompt,
    error::StudyError,
    random::{Purpose, stream},
    selection::activations::Activations,
};

/// The new value of a lesioned activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LesionKind {
    /// 0.
    Zero,
    /// The neuron's mean over the targets of the stimuli.
    Mean,
    /// The neuron's activation at the target of one stimulus, chosen at random for each prompt.
    Resample,
    /// The activation times this factor.
    Scale(f64),
}

impl LesionKind {
    /// Checks that the factor leaves a sensible activation.
    ///
    /// # Errors
    /// If it does not, with a sentence that says so.
    pub fn check(self) -> Result<Self, String> {
        match self {
            Self::Scale(factor) if factor.is_nan() || factor.abs() > LARGEST_FACTOR => {
                Err(format!(
                    "{factor} is not a valid factor; 0.5 halves an activation, and the largest factor is \
                 {LARGEST_FACTOR:e}"
                ))
            }
            kind => Ok(kind),
        }
    }
}

/// A larger factor makes activations overflow a few layers later.
const LARGEST_FACTOR: f64 = 1e4;

impl fmt::Display for LesionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("zero"),
            Self::Mean => f.write_str("mean"),
            Self::Resample => f.write_str("resample"),
            Self::Scale(factor) => write!(f, "scale={factor}"),
        }
    }
}

impl FromStr for LesionKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "zero" => Ok(Self::Zero),
            None if text == "mean" => Ok(Self::Mean),
            None if text == "resample" => Ok(Self::Resample),
            Some(("scale", factor)) => match factor.parse() {
                Ok(factor) => Self::Scale(factor).check(),
                Err(_) => {
                    Err(format!("`{factor}` is not a number; `scale=0.5` halves an activation"))
                }
            },
            _ => Err(format!(
                "`{text}` is not a kind of lesion; use `zero`, `mean`, `resample` or `scale=0.5`"
            )),
        }
    }
}

/// The tokens of a prompt at which neurons are lesioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// The mask.
    Target,
    /// Every token, including `[CLS]` and `[SEP]`.
    All,
    /// The tokens at these distances from the mask: -1 is the token before it.
    Offsets(Vec<i64>),
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("target"),
            Self::All => f.write_str("all"),
            Self::Offsets(offsets) => {
                f.write_str(&offsets.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "target" => Ok(Self::Target),
            "all" => Ok(Self::All),
            _ => {
                let offsets: Result<Vec<i64>, _> =
                    text.split(',').map(|part| part.trim().parse()).collect();
                offsets.map(Self::Offsets).map_err(|_| {
                    format!(
                        "`{text}` does not name tokens; use `target`, `all` or distances from the \
                         mask, as in `-1,0,1`"
                    )
                })
            }
        }
    }
}

/// How neurons are lesioned.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    /// The new value of their activations.
    pub kind: LesionKind,
    /// Before or after GELU.
    pub site: Site,
    /// The lesioned tokens.
    pub tokens: Tokens,
}

impl Manner {
    /// The paper's manner: zero at the mask.
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
    ) -> Result<PreparedManner, StudyError> {
        let mut positions = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            positions.push(self.tokens.positions(prompt)?);
        }
        let values = match self.kind {
            LesionKind::Zero => Values::Zero,
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            LesionKind::Scale(factor) => Values::Scale(factor as f32),
            LesionKind::Mean => Values::Mean(self.require(activations)?.mean(self.site)),
            LesionKind::Resample => {
                let activations = self.require(activations)?;
                let sentences = (0..prompts.len())
                    .map(|prompt| choose_sentence(activations, self.site, seed, prompt));
                Values::Resample(sentences.collect())
            }
        };
        Ok(PreparedManner {
            site: self.site,
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
fn choose_sentence(activations: &Activations, site: Site, seed: u64, prompt: usize) -> Vec<f32> {
    let mut rng = stream(seed, Purpose::Resample, 0, prompt);
    let side = &activations.at(site)[rng.random_range(0..2)];
    let pair = rng.random_range(0..activations.pairs);
    let width = activations.layers * activations.neurons;
    side[pair * width..][..width].to_vec()
}

impl Tokens {
    /// Checks that every prompt has such tokens.
    ///
    /// # Errors
    /// [`StudyError::Offset`] if an offset leaves a sentence.
    pub fn check(&self, prompts: &[MaskedPrompt]) -> Result<(), StudyError> {
        for prompt in prompts {
            self.positions(prompt)?;
        }
        Ok(())
    }

    fn positions(&self, prompt: &MaskedPrompt) -> Result<Vec<usize>, StudyError> {
        match self {
            Self::Target => Ok(vec![prompt.position]),
            Self::All => Ok((0..prompt.length()).collect()),
            Self::Offsets(offsets) => offsets.iter().map(|&offset| shift(prompt, offset)).collect(),
        }
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

/// A manner with its positions and values in each prompt.
#[derive(Clone, Debug)]
pub struct PreparedManner {
    pub(crate) site: Site,
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

impl PreparedManner {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manners_print_as_they_parse() {
        for kind in ["zero", "mean", "resample", "scale=0.5", "scale=-2"] {
            assert_eq!(kind.parse::<LesionKind>().unwrap().to_string(), kind);
        }
        for tokens in ["target", "all", "-1,0,3"] {
            assert_eq!(tokens.parse::<Tokens>().unwrap().to_string(), tokens);
        }
        assert!("scale=x".parse::<LesionKind>().is_err() && "half".parse::<LesionKind>().is_err());
        assert!("here".parse::<Tokens>().is_err() && "".parse::<Tokens>().is_err());
    }
}
