//! The other side of a prompt's template: the same word to predict in another context.

use bert_model::MASK;

use crate::{encoding::filled::Filled, passes::subject::Subject, texts::prompts::Prompt};

/// The counterpart of a prompt. The word to predict is in the same brace, and every other brace contains the
/// second of its two words: `The queen smiled when we met [MASK].` is the counterpart of
/// `The king smiled when we met [MASK].`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// The sentence, with [`MASK`] in the target's place.
    pub sentence: String,
    /// Position at which the prediction is read; the first token is 0.
    pub(crate) position: usize,
    /// The tokens from which the word is predicted.
    pub(crate) masked: Vec<u32>,
}

impl Counterpart {
    /// Encodes the counterpart of a prompt. None if its template has no other brace, another brace does
    /// not have exactly two words, or the right word is not one token there.
    pub(crate) fn encode(subject: Subject<'_>, prompt: Prompt<'_>) -> Option<Self> {
        let Prompt { brace, template, .. } = prompt;
        let mut others = template.braces.clone();
        others.remove(brace);
        if others.is_empty() || others.iter().any(|words| words.len() != 2) {
            return None;
        }
        let (sentence, place) = template.fill_sides(1, brace, prompt.right());
        let asked = Filled::encode(subject, &sentence, place).ok()?.asked(subject).ok()?;
        Some(Self {
            sentence: template.fill_sides(1, brace, MASK).0,
            position: asked.position,
            masked: asked.ids,
        })
    }
}
