//! Patterns of words: `*ing`, `s?e`.

/// A pattern of a whole word: `*` stands for any letters, also none, and `?` for any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPattern(Vec<char>);

impl WordPattern {
    /// Reads a pattern. Every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().collect())
    }

    /// Whether a word fits the pattern.
    #[must_use]
    pub fn fits(&self, word: &str) -> bool {
        let word: Vec<char> = word.chars().collect();
        let mut pattern = 0;
        let mut place = 0;
        // The place after the last `*`, and the place in the word up to which that `*` reaches.
        let mut last_star = None;
        while place < word.len() {
            match self.0.get(pattern) {
                Some('*') => {
                    pattern += 1;
                    last_star = Some((pattern, place));
                }
                Some(&character) if character == '?' || character == word[place] => {
                    pattern += 1;
                    place += 1;
                }
                _ => {
                    let Some((after_star, reach)) = last_star else { return false };
                    last_star = Some((after_star, reach + 1));
                    pattern = after_star;
                    place = reach + 1;
                }
            }
        }
        self.0[pattern..].iter().all(|&character| character == '*')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: the first character of the pattern decides what the rest may fit.
    fn fits_by_definition(pattern: &[char], word: &[char]) -> bool {
        match pattern {
            [] => word.is_empty(),
            ['*', rest @ ..] => {
                (0..=word.len()).any(|skipped| fits_by_definition(rest, &word[skipped..]))
            }
            [character, rest @ ..] => {
                let is_same = |first: &char| *character == '?' || character == first;
                word.first().is_some_and(is_same) && fits_by_definition(rest, &word[1..])
            }
        }
    }

    #[test]
    fn a_pattern_is_one_of_a_whole_word() {
        for (pattern, word, fits) in [
            ("*ing", "running", true),
            ("*ing", "rings", false),
            ("s?e", "she", true),
            ("s?e", "shoe", false),
            ("*é*", "café", true),
            ("??", "日本", true),
            ("her", "here", false),
            ("", "a", false),
            ("*", "a", true),
        ] {
            assert_eq!(WordPattern::new(pattern).fits(word), fits, "{pattern} {word}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_fits_as_its_definition_says(pattern in "[ab*?]{0,8}", word in "[ab]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<char>>();
            let expected = fits_by_definition(&characters(&pattern), &characters(&word));
            prop_assert_eq!(WordPattern::new(&pattern).fits(&word), expected);
        }
    }
}
