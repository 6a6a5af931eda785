//! The place where a model predicts a word, with its names in texts about a study.

use crate::choice::choices;

choices! {
    /// The token at which a model predicts a word.
    pub enum PredictedAt: "place of a prediction" {
        /// A mask in the word's place.
        Mask = "mask",
        /// The token before the word.
        TokenBefore = "token-before",
    }
}

impl PredictedAt {
    /// The token, in a text.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Mask => "the mask",
            Self::TokenBefore => "the token before the word",
        }
    }

    /// The tokens of many prompts, in a text.
    #[must_use]
    pub const fn tokens(self) -> &'static str {
        match self {
            Self::Mask => "the masks",
            Self::TokenBefore => "the tokens before the words",
        }
    }

    /// A prompt with one word to predict, in a text.
    #[must_use]
    pub const fn prompt(self) -> &'static str {
        match self {
            Self::Mask => "masked prompt",
            Self::TokenBefore => "prompt",
        }
    }
}
