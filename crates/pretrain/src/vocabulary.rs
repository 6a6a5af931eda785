//! The word pieces of the model's tokenizer.

use std::collections::BTreeSet;

use crate::grammar::Case;
use crate::grammar::FAMILIES;
use crate::held_out::{PROMPTS, STIMULI, template_lines};
use crate::lexicon::{
    Gender, KINSHIP, NEUTRAL_NAMES, OWNERS, PHRASES, ROLE_ADJECTIVES, ROLES, SURNAMES,
    TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME, WORDS, first_names,
};

/// The special pieces, in the order of their ids.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Pieces for punctuation.
const PUNCTUATION: &str = ".,?!;:'\"-()";

/// Every piece, at the place of its id: the special ones, punctuation, single letters and digits
/// (whole and as continuations, so that any other word can still be spelt), then the words.
#[must_use]
pub fn wordpiece() -> Vec<String> {
    let single: Vec<String> = ('a'..='z').chain('0'..='9').map(String::from).collect();
    let mut pieces: Vec<String> = SPECIAL.map(str::to_owned).to_vec();
    pieces.extend(PUNCTUATION.chars().map(String::from));
    pieces.extend(single.iter().cloned());
    pieces.extend(single.iter().map(|piece| format!("##{piece}")));
    pieces.extend(words().into_iter().filter(|word| word.len() > 1));
    pieces
}

/// Every word that a sentence of the grammar, a stimulus or a prompt can have, in lower case.
#[must_use]
pub fn words() -> BTreeSet<String> {
    let mut words = grammar_words();
    for line in template_lines(STIMULI).chain(template_lines(PROMPTS)) {
        words.extend(words_of(line));
    }
    words
}

/// Every word that a sentence of the grammar can have, in lower case.
#[must_use]
pub fn grammar_words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = ["a", "an"].map(str::to_owned).into();
    for gender in [Gender::Male, Gender::Female] {
        words.extend(first_names(gender).map(str::to_lowercase));
        words.extend(Case::ALL.map(|case| case.pronoun(gender).to_owned()));
    }
    for list in [SURNAMES, NEUTRAL_NAMES, &OWNERS, &ROLE_ADJECTIVES] {
        words.extend(list.iter().map(|word| word.to_lowercase()));
    }
    for pairs in [TITLES_WITH_SURNAME, TITLES_WITH_FIRST_NAME, KINSHIP, ROLES] {
        words.extend(pairs.iter().flat_map(|&(m, f)| [m.to_lowercase(), f.to_lowercase()]));
    }
    for (_, class) in WORDS {
        words.extend(words_of(class));
    }
    for (_, phrases) in PHRASES {
        words.extend(phrases.iter().flat_map(|phrase| literals(phrase)));
    }
    for family in FAMILIES {
        words.extend(family.shapes.iter().flat_map(|shape| literals(shape)));
    }
    words
}

/// The words of a text, in lower case, without what stands between them.
pub fn words_of(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// The words of a shape outside its slots.
fn literals(shape: &str) -> Vec<String> {
    let outside =
        shape.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    outside.flat_map(words_of).collect()
}
