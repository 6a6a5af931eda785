//! A vocabulary, and stimuli and prompts of random words.

use std::{collections::HashSet, ops::Range};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Number of tokens.
pub(crate) const VOCABULARY: usize = 160;
/// Token of *him*.
pub(crate) const HIM: usize = 6;
/// Token of *her*.
pub(crate) const HER: usize = 7;
/// Tokens of words that a planted model reads as male.
pub(crate) const KINGS: Range<usize> = 8..12;
/// Tokens of words that it reads as female.
pub(crate) const QUEENS: Range<usize> = 12..16;

/// Words of a sentence, its target included.
const LENGTH: usize = 6;

/// The tokens of all random models.
pub(crate) fn vocabulary() -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "him", "her"];
    let mut words: Vec<String> = special.map(str::to_owned).into();
    words.extend(KINGS.map(|token| format!("king{token}")));
    words.extend(QUEENS.map(|token| format!("queen{token}")));
    words.extend((words.len()..VOCABULARY).map(|token| format!("word{token}")));
    words
}

/// Minimal pairs of *him* and *her* among random words.
pub(crate) fn draw_pairs(count: usize, seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut lines = Lines::default();
    while lines.seen.len() < count {
        lines.add(draw_sentence("{him|her}", None, &mut rng));
    }
    lines.text
}

/// Templates of random words: `count` of each right word, *him* first. With `cues`, each contains a
/// word that agrees with the right one.
pub(crate) fn draw_prompts(count: usize, cues: bool, seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1);
    let mut lines = Lines::default();
    for (number, brace) in ["{him|her}", "{her|him}"].into_iter().enumerate() {
        while lines.seen.len() < (number + 1) * count {
            let words = if number == 0 { KINGS } else { QUEENS };
            let cue = cues.then(|| vocabulary()[rng.random_range(words)].clone());
            lines.add(draw_sentence(brace, cue, &mut rng));
        }
    }
    lines.text
}

/// Lines that differ from each other.
#[derive(Default)]
struct Lines {
    seen: HashSet<String>,
    text: String,
}

impl Lines {
    fn add(&mut self, line: String) {
        if !self.seen.contains(&line) {
            self.text += &line;
            self.text.push('\n');
            self.seen.insert(line);
        }
    }
}

/// Random words with a brace at a random place, and a cue before it.
fn draw_sentence(brace: &str, cue: Option<String>, rng: &mut ChaCha8Rng) -> String {
    let mut words: Vec<String> = Vec::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        words.push(format!("word{}", rng.random_range(QUEENS.end..VOCABULARY)));
    }
    let place = rng.random_range(1..LENGTH);
    brace.clone_into(&mut words[place]);
    if let Some(cue) = cue {
        words[rng.random_range(0..place)] = cue;
    }
    words.join(" ") + " ."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_have_the_right_number_of_each_word_and_cues_that_agree() {
        let text = draw_prompts(5, true, 1);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        assert!(lines[..5].iter().all(|line| line.contains("{him|her}") && line.contains("king")));
        assert!(lines[5..].iter().all(|line| line.contains("{her|him}") && line.contains("queen")));
        assert_eq!(text, draw_prompts(5, true, 1));
        assert_ne!(text, draw_prompts(5, true, 2));
        assert_eq!(vocabulary().len(), VOCABULARY);
        assert_eq!(vocabulary()[HIM], "him");
        assert_eq!(vocabulary()[HER], "her");
    }
}
