//! How neurons are lesioned: what becomes of an activation, at which site and at which tokens.

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

/// What becomes of a lesioned activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LesionKind {
    /// It becomes 0.
    Zero,
    /// It becomes the neuron's mean over the stimuli, at their targets.
    Mean,
    /// It becomes what it is at the target of one stimulus, drawn at random for each prompt.
    Resample,
    /// It is multiplied: below 1 damped, above 1 amplified.
    Scale(f64),
}

impl LesionKind {
    /// Refuses factors that leave no sensible activation.
    ///
    /// # Errors
    /// A sentence that says so.
    pub fn check(self) -> Result<Self, String> {
        match self {
            Self::Scale(factor) if factor.is_nan() || factor.abs() > MOST_FACTOR => Err(format!(
                "{factor} is no factor; 0.5 halves an activation, and {MOST_FACTOR:e} is the most"
            )),
            kind => Ok(kind),
        }
    }
}

/// Activations that are larger by more are no longer numbers a few layers on.
const MOST_FACTOR: f64 = 1e4;

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
                _ => Err(format!("`{factor}` is no factor; `scale=0.5` halves an activation")),
            },
            _ => Err(format!(
                "`{text}` is no kind of lesion; `zero`, `mean`, `resample` and `scale=0.5` are"
            )),
        }
    }
}

/// At which tokens of a prompt neurons are lesioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// At the mask.
    Target,
    /// At every token, `[CLS]` and `[SEP]` too.
    All,
    /// At these distances from the mask: -1 is the token before it.
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
                let offsets = text.split(',').map(|part| part.trim().parse());
                offsets.collect::<Result<_, _>>().map(Self::Offsets).map_err(|_| {
                    format!(
                        "`{text}` names no tokens; `target`, `all` and distances from the mask as \
                         in `-1,0,1` do"
                    )
                })
            }
        }
    }
}

/// How neurons are lesioned.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    /// What becomes of their activations.
    pub kind: LesionKind,
    /// Before or after GELU.
    pub site: Site,
    /// At which tokens.
    pub tokens: Tokens,
}

impl Manner {
    /// The paper's: zero at the mask.
    #[must_use]
    pub fn zero(site: Site) -> Self {
        Self { kind: LesionKind::Zero, site, tokens: Tokens::Target }
    }

    /// Works out everything that a lesion of these prompts needs to know. `activations` are those
    /// of the stimuli; only a kind that puts some of them in needs any.
    ///
    /// # Errors
    /// [`StudyError::Offset`] where an offset leaves a sentence, [`StudyError::Impossible`] where
    /// the kind needs activations and there are none.
    pub fn prepare(
        &self,
        activations: Option<&Activations>,
        prompts: &[MaskedPrompt],
        seed: u64,
    ) -> Result<PreparedManner, StudyError> {
        let measured = || {
            activations.ok_or_else(|| StudyError::Impossible {
                problem: format!(
                    "kind `{}` puts in activations of a study's stimuli, and here is no study; \
                     `zero` and `scale=0.5` need none",
                    self.kind
                ),
            })
        };
        let positions = prompts.iter().map(|prompt| self.tokens.positions(prompt));
        let positions = positions.collect::<Result<_, _>>()?;
        let values = match self.kind {
            LesionKind::Zero => Values::Zero,
            #[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
            LesionKind::Scale(factor) => Values::Scale(factor as f32),
            LesionKind::Mean => Values::Mean(measured()?.mean(self.site)),
            LesionKind::Resample => {
                let activations = measured()?;
                let sides = activations.at(self.site);
                let sentence = |prompt| {
                    let mut rng = stream(seed, Purpose::Resample, 0, prompt);
                    let side = &sides[rng.random_range(0..2)];
                    let pair = rng.random_range(0..activations.pairs);
                    let width = activations.layers * activations.neurons;
                    side[pair * width..][..width].to_vec()
                };
                Values::Resample((0..prompts.len()).map(sentence).collect())
            }
        };
        let (site, neurons) = (self.site, activations.map_or(0, |of| of.neurons));
        let zeroes = self.kind == LesionKind::Zero;
        Ok(PreparedManner { site, zeroes, neurons, positions, values })
    }
}

impl Tokens {
    /// Checks that every prompt has such tokens.
    ///
    /// # Errors
    /// [`StudyError::Offset`] where an offset leaves a sentence.
    pub fn check(&self, prompts: &[MaskedPrompt]) -> Result<(), StudyError> {
        prompts.iter().try_for_each(|prompt| self.positions(prompt).map(|_| ()))
    }

    fn positions(&self, prompt: &MaskedPrompt) -> Result<Vec<usize>, StudyError> {
        match self {
            Self::Target => Ok(vec![prompt.position]),
            Self::All => Ok((0..prompt.masked.len()).collect()),
            Self::Offsets(offsets) => offsets
                .iter()
                .map(|&offset| {
                    let found = (prompt.position as i64).checked_add(offset);
                    found
                        .and_then(|found| usize::try_from(found).ok())
                        .filter(|&found| found < prompt.masked.len())
                        .ok_or(StudyError::Offset {
                            offset,
                            prompt: prompt.prompt,
                            position: prompt.position,
                            length: prompt.masked.len(),
                        })
                })
                .collect(),
        }
    }
}

/// A manner with the positions and values that it has in each prompt.
#[derive(Clone, Debug)]
pub struct PreparedManner {
    pub(crate) site: Site,
    /// Whether activations become 0.
    pub(crate) zeroes: bool,
    /// Neurons in a layer, where values are put in.
    neurons: usize,
    /// For each prompt.
    positions: Vec<Vec<usize>>,
    values: Values,
}

/// What activations become. Lists hold every neuron of every layer.
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

    /// What becomes of the activations of `layer` in a prompt.
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
