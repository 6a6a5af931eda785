//! Access tokens.

use std::fmt;

/// An access token, with the variable or file that it comes from. Its text does not print.
#[derive(Clone)]
pub struct Token {
    text: String,
    origin: String,
}

impl Token {
    /// `None` if the text has a character that no token has. A token becomes a header, which must not
    /// have line breaks.
    #[must_use]
    pub fn new(text: &str, origin: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        Some(Self { text: text.to_owned(), origin: origin.to_owned() })
    }

    /// The variable or file that the token comes from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(from {})", self.origin)
    }
}
