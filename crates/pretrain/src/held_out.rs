//! What never is in the training text.
//!
//! Three rules keep a sentence out of training:
//!
//! 1. its split hash is a multiple of 20: these sentences make the evaluation prompts;
//! 2. it equals a stimulus, or a prompt with its words filled in;
//! 3. it has both words of the prompt's pair of names, [`NAME_PAIR`].

use std::collections::HashSet;

/// The two names that no training sentence has together.
pub const NAME_PAIR: [&str; 2] = ["robert", "lucy"];

/// One sentence in this many is kept for evaluation.
pub const SPLIT: u64 = 20;

/// The stimuli of the project, as they lie in `assets/stimuli/him_her.txt`.
pub const STIMULI: &str = include_str!("../../../assets/stimuli/him_her.txt");

/// The prompts of the project, as they lie in `assets/prompts/paper.txt`.
pub const PROMPTS: &str = include_str!("../../../assets/prompts/paper.txt");

/// The sentences that training leaves out beyond those that the split rule takes.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    sentences: HashSet<String>,
}

impl HeldOut {
    /// Leaves out these sentences, whatever their letter case and spacing.
    pub fn new<I>(sentences: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let sentences = sentences.into_iter().map(|text| normalise(text.as_ref())).collect();
        Self { sentences }
    }

    /// Leaves out the project's own stimuli and prompts.
    #[must_use]
    pub fn project() -> Self {
        Self::new(template_lines(STIMULI).chain(template_lines(PROMPTS)).flat_map(fillings))
    }

    /// Whether training may not see the sentence, by any of the three rules.
    #[must_use]
    pub fn excludes(&self, text: &str) -> bool {
        let text = normalise(text);
        is_evaluation(&text) || self.sentences.contains(&text) || has_name_pair(&text)
    }

    /// Whether the sentence is one of those given to [`HeldOut::new`].
    #[must_use]
    pub fn lists(&self, text: &str) -> bool {
        self.sentences.contains(&normalise(text))
    }
}

/// Whether the split rule puts the sentence on the evaluation side.
#[must_use]
pub fn is_evaluation(text: &str) -> bool {
    split_hash(text).is_multiple_of(SPLIT)
}

/// The hash behind the split: 64-bit FNV-1a of the text in lower case with single spaces.
#[must_use]
pub fn split_hash(text: &str) -> u64 {
    normalise(text).bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The lines of a stimuli or prompts file, without comments and blank lines.
pub fn template_lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A template with every brace filled by its first word, by its second word, and so on.
///
/// Stops at the brace with the fewest words: `{her|him|his}` beside `{him|her}` gives two.
#[must_use]
pub fn fillings(template: &str) -> Vec<String> {
    (0..).map_while(|choice| filling(template, choice)).collect()
}

fn filling(template: &str, choice: usize) -> Option<String> {
    let mut parts = template.split('{');
    let mut text = parts.next()?.to_owned();
    if text.len() == template.len() && choice > 0 {
        return None;
    }
    for part in parts {
        let (words, after) = part.split_once('}')?;
        text.push_str(words.split('|').nth(choice)?);
        text.push_str(after);
    }
    Some(text)
}

fn has_name_pair(normalised: &str) -> bool {
    NAME_PAIR
        .iter()
        .all(|name| normalised.split(|c: char| !c.is_alphanumeric()).any(|word| word == *name))
}

fn normalise(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.extend(word.chars().flat_map(char::to_lowercase));
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Reference values of the function's authors for "" and "a".
        assert_eq!(split_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(split_hash(" A "), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn each_rule_keeps_its_sentences_out() {
        let held_out = HeldOut::new(["The dog  followed HIM home."]);
        assert!(held_out.excludes("the dog followed him home."));
        assert!(held_out.excludes("Lucy saw Robert."));
        let text = (0..1_000).map(|n| format!("Sentence {n}.")).find(|text| is_evaluation(text));
        assert!(held_out.excludes(&text.unwrap_or_default()));
        let kept = (0..1_000).map(|n| format!("Lucy {n}.")).find(|text| !is_evaluation(text));
        assert!(!held_out.excludes(&kept.unwrap_or_default()));
    }

    #[test]
    fn templates_are_filled_word_by_word() {
        assert_eq!(fillings("I saw {him|her}."), ["I saw him.", "I saw her."]);
        assert_eq!(fillings("Plain."), ["Plain."]);
        assert_eq!(fillings("{a|b|c} {d|e}"), ["a d", "b e"]);
    }

    #[test]
    fn the_project_files_are_held_out() {
        let held_out = HeldOut::project();
        assert!(held_out.lists("The dog followed her home."));
        assert!(
            held_out.lists(
                "Robert helped Lucy with her project and she thanked him for his hard work."
            )
        );
    }
}
