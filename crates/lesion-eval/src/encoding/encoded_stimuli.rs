//! Stimuli as the model reads them.

use std::{fmt, str::FromStr};

use crate::{
    encoding::filled::{Filled, fill},
    error::StudyError,
    passes::subject::Subject,
    share::whole,
    texts::stimuli::{Contrast, Stimuli},
};

/// What stands at the target when its neurons are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectAt {
    /// The target's word, as in the paper. The two sides differ in the word itself.
    Visible,
    /// The mask, in context pairs: the sides differ in what the model makes of the context.
    Masked,
}

impl fmt::Display for SelectAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Visible => "visible",
            Self::Masked => "masked",
        })
    }
}

impl FromStr for SelectAt {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "visible" => Ok(Self::Visible),
            "masked" => Ok(Self::Masked),
            other => Err(format!("`{other}` is no target; `visible` and `masked` are")),
        }
    }
}

/// Stimuli as the model reads them.
#[derive(Clone, Debug)]
pub struct EncodedStimuli {
    pub(crate) contrast: Contrast,
    /// Side a and side b of the first pair, then of the next.
    pub(crate) sentences: Vec<Filled>,
}

impl EncodedStimuli {
    /// Encodes both sides of every pair.
    ///
    /// # Errors
    /// [`StudyError::Line`] where a target is not one token of the model, where the sides of a pair
    /// have different numbers of tokens, and where masking the target leaves no difference.
    pub fn encode(
        subject: Subject<'_>,
        stimuli: &Stimuli,
        at: SelectAt,
    ) -> Result<Self, StudyError> {
        let mut sentences = Vec::with_capacity(2 * stimuli.pairs().len());
        for pair in stimuli.pairs() {
            let template = &pair.template;
            let problem = |problem: String| StudyError::Line {
                file: stimuli.file.clone(),
                line: template.line,
                problem,
            };
            let target = template.braces.len() - 1;
            if at == SelectAt::Masked && target == 0 {
                return Err(problem(
                    "the sides do not differ where the target is masked; write a context pair, \
                     {The king|The queen} smiled when we greeted {him|her}."
                        .to_owned(),
                ));
            }
            for (side, word) in template.braces[target].iter().enumerate() {
                let filled = fill(subject, &stimuli.file, template, side, target, word)?;
                let mask = subject.tokenizer.mask_id();
                sentences.push(match at {
                    SelectAt::Visible => filled,
                    SelectAt::Masked => Filled { ids: filled.masked(mask), ..filled },
                });
            }
            if let [.., a, b] = &sentences[..]
                && (a.ids.len() != b.ids.len() || a.position != b.position)
            {
                return Err(problem(format!(
                    "the sides have {} and {} tokens, with the target at {} and {}; they must \
                     be alike",
                    a.ids.len(),
                    b.ids.len(),
                    a.position,
                    b.position
                )));
            }
        }
        Ok(Self { contrast: stimuli.contrast().clone(), sentences })
    }

    /// Checks that a share of the pairs can be held out.
    ///
    /// # Errors
    /// [`StudyError::Impossible`] where either part would have fewer than 2 pairs.
    pub fn check_split(&self, held_out: f64) -> Result<(), StudyError> {
        held_out_pairs(self.sentences.len() / 2, held_out).map(|_| ())
    }

    /// Number of sentences, two a pair.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }
}

/// How many of `pairs` a share of them is, if both parts can be tested.
pub(crate) fn held_out_pairs(pairs: usize, share: f64) -> Result<usize, StudyError> {
    let count = whole((share * pairs as f64).round());
    if count >= 2 && pairs >= count + 2 {
        return Ok(count);
    }
    let problem = format!(
        "holding out {share} of {pairs} pairs leaves a part with fewer than the 2 that a t-test \
         needs"
    );
    Err(StudyError::Impossible { problem })
}
