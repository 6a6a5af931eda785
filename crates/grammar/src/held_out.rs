//! Sentences that training never sees.
//!
//! Three rules exclude a sentence from the training text:
//!
//! 1. its split hash is a multiple of [`SPLIT`]: these sentences make the evaluation prompts;
//! 2. it equals a stimulus or a prompt with its braces filled in;
//! 3. it contains both names of [`NAME_PAIR`].

use std::collections::HashSet;

/// The names of the paper's prompt, which no training sentence contains together.
const NAME_PAIR: [&str; 2] = ["robert", "lucy"];

/// One sentence in this many is reserved for evaluation.
const SPLIT: u64 = 20;

/// The project's stimuli, `assets/stimuli/him_her.txt`.
pub const STIMULI: &str = include_str!("../../../assets/stimuli/him_her.txt");

/// The project's prompts, `assets/prompts/paper.txt`.
pub const PROMPTS: &str = include_str!("../../../assets/prompts/paper.txt");

/// Listed sentences that are excluded from training, in addition to those of rules 1 and 3.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    sentences: HashSet<String>,
}

impl HeldOut {
    /// Lists `sentences`. Letter case and spacing do not matter.
    pub fn new<I>(sentences: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let sentences = sentences.into_iter().map(|text| normalise(text.as_ref())).collect();
        Self { sentences }
    }

    /// Lists the project's stimuli and prompts.
    #[must_use]
    pub fn project() -> Self {
        let templates = template_lines(STIMULI).chain(template_lines(PROMPTS));
        Self::new(templates.flat_map(fill_template))
    }

    /// Whether any of the three rules excludes the sentence from training.
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

/// Whether the split reserves the sentence for evaluation.
#[must_use]
pub fn is_evaluation(text: &str) -> bool {
    split_hash(text).is_multiple_of(SPLIT)
}

/// The hash that decides the split: 64-bit FNV-1a of the text in lower case with single spaces.
#[must_use]
pub fn split_hash(text: &str) -> u64 {
    let offset_basis = 0xcbf2_9ce4_8422_2325;
    let prime = 0x0000_0100_0000_01b3;
    normalise(text)
        .bytes()
        .fold(offset_basis, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(prime))
}

/// The lines of a stimuli or prompts file, without comments and blank lines.
pub fn template_lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Fills every brace of a template with its first word, then every brace with its second, and so on.
///
/// The brace with the fewest words decides how many sentences there are: `{her|him|his}` and
/// `{him|her}` in one template give two.
fn fill_template(template: &str) -> Vec<String> {
    (0..).map_while(|choice| fill_braces(template, choice)).collect()
}

/// The template with word `choice` of each brace, unless a brace has fewer words.
fn fill_braces(template: &str, choice: usize) -> Option<String> {
    let mut parts = template.split('{');
    let mut text = parts.next()?.to_owned();
    let has_braces = text.len() < template.len();
    if !has_braces && choice > 0 {
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
    let words: Vec<&str> = normalised.split(|c: char| !c.is_alphanumeric()).collect();
    NAME_PAIR.iter().all(|name| words.contains(name))
}

/// The text in lower case with single spaces.
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
        // Reference values by the authors of the hash, for "" and "a".
        assert_eq!(split_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(split_hash(" A "), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn each_rule_excludes_its_sentences() {
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
        assert_eq!(fill_template("I saw {him|her}."), ["I saw him.", "I saw her."]);
        assert_eq!(fill_template("Plain."), ["Plain."]);
        assert_eq!(fill_template("{a|b|c} {d|e}"), ["a d", "b e"]);
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
